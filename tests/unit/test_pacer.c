/* links: vdtgw-session */
/*
 * A line in simulated time: what leaves when, with a timer that is exact, always late, or stalled
 * once.
 */
#include "vdtgw-session/pacer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
	SECOND = 1000000
};

/* Away from zero, and not a multiple of anything. */
static const uint64_t start_of_time = UINT64_C(987654321987);

struct line_case {
	const char *name;
	unsigned speed;
	unsigned characters;
	uint64_t lateness; /* of every timer */
	uint64_t stall_at; /* the timer due first after this time … */
	uint64_t stall;    /* … is late by this much more */
	uint64_t largest;  /* characters of a step, the stall's own excepted */
	uint64_t after;    /* the last character leaves from here … */
	uint64_t before;   /* … to here */
};

static const struct line_case line_cases[] = {
	{ "1200, exact timer", 1200, 1200, 0, 0, 0, 4, 9900000, 10000000 },
	{ "1200, 5 ms late", 1200, 1200, 5000, 0, 0, 4, 9900000, 10100000 },
	{ "1200, 30 ms late", 1200, 1200, 30000, 0, 0, 8, 9900000, 10100000 },
	{ "1200, 2 s stall", 1200, 1200, 0, 4 * SECOND, 2 * SECOND, 4, 9900000, 10000000 },
	{ "75", 75, 75, 0, 0, 0, 1, 9800000, 10000000 },
	{ "110, one at a time", 110, 110, 0, 0, 0, 1, 9900000, 10000000 },
	{ "300", 300, 300, 5000, 0, 0, 1, 9900000, 10100000 },
	{ "4800", 4800, 4800, 0, 0, 0, 16, 9900000, 10000000 },
	{ "9600, 5 ms late", 9600, 9600, 5000, 0, 0, 37, 9900000, 10100000 },
	{ "1234, no round figure", 1234, 1234, 0, 0, 0, 4, 9900000, 10000000 },
	{ "1000000", 1000000, 1000000, 100, 0, 0, 3344, 9900000, 10000000 },
};

static void run_line(const struct line_case *row)
{
	struct pacer pacer;
	uint64_t now = start_of_time;
	uint64_t sent = 0;
	bool stalled = row->stall == 0;

	pacer_init(&pacer, row->speed);
	for (;;) {
		bool after_stall = false;
		uint64_t credit = pacer_credit(&pacer, now);
		if (credit > row->characters - sent)
			credit = row->characters - sent;
		pacer_spend(&pacer, (size_t)credit);
		sent += credit;
		if (sent == row->characters)
			break;
		assert_true(pacer_next_step(&pacer) > now);
		now = pacer_next_step(&pacer) + row->lateness;
		if (!stalled && now >= start_of_time + row->stall_at) {
			now += row->stall;
			stalled = after_stall = true;
		}
		credit = pacer_credit(&pacer, now);
		if (!after_stall && (credit == 0 || credit > row->largest))
			fail_msg("%s: step of %lu", row->name, (unsigned long)credit);
	}
	now -= start_of_time;
	if (now < row->after || now > row->before)
		fail_msg("%s: %lu us", row->name, (unsigned long)now);
}

static void test_rate_is_exact_and_steps_small(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(line_cases) / sizeof(line_cases[0]); i++)
		run_line(&line_cases[i]);
}

struct first_step_case {
	unsigned speed;
	size_t first;
	uint64_t next; /* us until the next full step */
};

static const struct first_step_case first_step_cases[] = {
	{ 75, 1, 133334 },   { 300, 1, 33334 },   { 1200, 4, 33334 },
	{ 4800, 16, 33334 }, { 9600, 32, 33334 }, { 1000000, 3333, 33330 },
};

static void test_first_step_is_one_step(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(first_step_cases) / sizeof(first_step_cases[0]); i++) {
		const struct first_step_case *row = &first_step_cases[i];
		struct pacer pacer;

		pacer_init(&pacer, row->speed);
		assert_int_equal(pacer_next_step(&pacer), UINT64_MAX);
		assert_int_equal(pacer_credit(&pacer, start_of_time), row->first);
		pacer_spend(&pacer, row->first);
		assert_int_equal(pacer_credit(&pacer, start_of_time), 0);
		assert_int_equal(pacer_next_step(&pacer), start_of_time + row->next);
		assert_int_equal(pacer_credit(&pacer, start_of_time + row->next), row->first);
	}
}

static void test_idle_line_saves_up_nothing(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, 1200);
	pacer_spend(&pacer, pacer_credit(&pacer, start_of_time));
	pacer_idle(&pacer);
	assert_int_equal(pacer_next_step(&pacer), UINT64_MAX);
	assert_int_equal(pacer_credit(&pacer, start_of_time + 3600 * (uint64_t)SECOND), 4);
}

static void test_idle_line_still_owes_its_last_characters(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, 1200);
	pacer_spend(&pacer, pacer_credit(&pacer, start_of_time));
	pacer_idle(&pacer);
	assert_int_equal(pacer_credit(&pacer, start_of_time + 1000), 0);
	assert_int_equal(pacer_next_step(&pacer), start_of_time + 33334);
	pacer_idle(&pacer);
	assert_int_equal(pacer_credit(&pacer, start_of_time + 8334), 1);
	pacer_idle(&pacer);
	assert_int_equal(pacer_credit(&pacer, start_of_time + 25001), 3);
}

static void test_typing_echo_leaves_at_once(void **state)
{
	struct pacer pacer;
	uint64_t now = start_of_time;

	(void)state;
	pacer_init(&pacer, 1200);
	/* Each key a character's time (8.33 ms) after the echo before it, and slower. */
	for (uint64_t gap = 8334; gap < SECOND; gap += 8334) {
		assert_true(pacer_credit(&pacer, now) >= 1);
		pacer_spend(&pacer, 1);
		pacer_idle(&pacer);
		now += gap;
	}
}

static void test_trickle_never_exceeds_the_line(void **state)
{
	struct pacer pacer;
	uint64_t now = start_of_time;
	uint64_t sent = 0;
	uint64_t random = 1;

	(void)state;
	pacer_init(&pacer, 1200);
	/* The queue empties at every step and fills again at any time, for 1000 s and more. */
	while (now - start_of_time < 1000 * (uint64_t)SECOND) {
		size_t credit = pacer_credit(&pacer, now);
		pacer_spend(&pacer, credit);
		sent += credit;
		pacer_idle(&pacer);
		assert_true(sent <= (now - start_of_time) * 120 / SECOND + 4);
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
		now += random >> 50;
	}
	assert_true(sent > 110000);
}

static void test_sending_above_the_credit_is_owed(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, 1200);
	assert_int_equal(pacer_credit(&pacer, start_of_time), 4);
	pacer_spend(&pacer, 120);
	assert_int_equal(pacer_credit(&pacer, start_of_time + 900000), 0);
	assert_int_equal(pacer_next_step(&pacer), start_of_time + SECOND);
	assert_int_equal(pacer_credit(&pacer, start_of_time + SECOND), 4);
}

static void test_unlimited_line_takes_all(void **state)
{
	struct pacer pacer;

	(void)state;
	pacer_init(&pacer, 0);
	assert_int_equal(pacer_credit(&pacer, start_of_time), SIZE_MAX);
	pacer_spend(&pacer, SIZE_MAX);
	assert_int_equal(pacer_credit(&pacer, start_of_time), SIZE_MAX);
	assert_int_equal(pacer_next_step(&pacer), UINT64_MAX);
	pacer_idle(&pacer);
	assert_int_equal(pacer_next_step(&pacer), UINT64_MAX);
}

static void test_ten_years_without_a_gap_stay_exact(void **state)
{
	static const unsigned speeds[] = { 75, 1200, 9600, 1000000 };
	const uint64_t seconds = UINT64_C(10) * 365 * 86400;

	(void)state;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct pacer pacer;
		uint64_t carried = seconds * speeds[i] / PACER_BITS_PER_CHARACTER;
		size_t step;

		pacer_init(&pacer, speeds[i]);
		step = pacer_credit(&pacer, start_of_time);
		assert_int_equal(pacer_credit(&pacer, start_of_time + seconds * SECOND),
				 carried + step);
		pacer_spend(&pacer, carried);
		assert_int_equal(pacer_credit(&pacer, start_of_time + seconds * SECOND), step);
		assert_int_equal(pacer_next_step(&pacer), start_of_time + seconds * SECOND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_is_exact_and_steps_small),
		cmocka_unit_test(test_first_step_is_one_step),
		cmocka_unit_test(test_idle_line_saves_up_nothing),
		cmocka_unit_test(test_idle_line_still_owes_its_last_characters),
		cmocka_unit_test(test_typing_echo_leaves_at_once),
		cmocka_unit_test(test_trickle_never_exceeds_the_line),
		cmocka_unit_test(test_sending_above_the_credit_is_owed),
		cmocka_unit_test(test_unlimited_line_takes_all),
		cmocka_unit_test(test_ten_years_without_a_gap_stay_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
