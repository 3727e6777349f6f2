/* links: common */
#include "common/log_budget.h"

#include "common/microseconds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PERIOD ((uint64_t)LOG_BUDGET_PERIOD * US_PER_S)

static void test_lines_beyond_the_budget_are_counted_until_the_next_period(void **state)
{
	struct log_budget budget = { .lines = 0 };
	uint64_t now = 5 * PERIOD;
	unsigned left_out;

	(void)state;
	for (unsigned i = 0; i < LOG_BUDGET_LINES + 3; i++) {
		assert_int_equal(log_budget_take(&budget, now + i, &left_out),
				 i < LOG_BUDGET_LINES);
		assert_int_equal(left_out, 0);
	}
	assert_false(log_budget_take(&budget, now + PERIOD - 1, &left_out));
	assert_true(log_budget_take(&budget, now + PERIOD, &left_out));
	assert_int_equal(left_out, 4);
	assert_true(log_budget_take(&budget, now + 2 * PERIOD, &left_out));
	assert_int_equal(left_out, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_beyond_the_budget_are_counted_until_the_next_period),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
