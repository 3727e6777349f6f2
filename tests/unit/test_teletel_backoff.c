/* links: vdtgw-supervisor */
#include "vdtgw-supervisor/teletel/teletel_backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define S UINT64_C(1000000)

static void test_waits_double_up_to_a_minute(void **state)
{
	static const unsigned waits[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
	unsigned previous = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		previous = teletel_backoff(previous, 0);
		assert_int_equal(previous, waits[i]);
	}
}

static void test_health_begins_anew(void **state)
{
	(void)state;
	assert_int_equal(teletel_backoff(60, 60 * S - 1), 60);
	assert_int_equal(teletel_backoff(60, 60 * S), 1);
	assert_int_equal(teletel_backoff(8, UINT64_MAX), 1);
	assert_int_equal(teletel_backoff(0, 0), 1);
	assert_int_equal(teletel_backoff(~0U, 0), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_double_up_to_a_minute),
		cmocka_unit_test(test_health_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
