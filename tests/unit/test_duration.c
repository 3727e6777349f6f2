/* links: common */
#include "common/duration.h"

#include "common/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_durations_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} accepted_texts[] = {
		{ "100d 20s", 8640020 },
		{ "1d2h3m4s", 93784 },
		{ "4s 3m 2h 1d", 93784 },
		{ " 1 h  30 m ", 5400 },
		{ "0s", 0 },
		{ "007m", 420 },
		{ "999999999999d", 999999999999 * 86400 },
	};
	static const char *const refused_texts[] = {
		"",   " ",  "20",   "d",    "1d 2",  "1d 1d",          "-1s", "1.5h",
		"1w", "1D", "1s\n", "1\ts", "1d,2h", "1000000000000s", "1dd", "s1",
	};
	uint64_t seconds = 42;

	(void)state;
	for (size_t i = 0; i < LENGTH(accepted_texts); i++) {
		assert_int_equal(duration_parse(&seconds, accepted_texts[i].text), 0);
		assert_true(seconds == accepted_texts[i].seconds);
	}
	seconds = 42;
	for (size_t i = 0; i < LENGTH(refused_texts); i++)
		assert_int_equal(duration_parse(&seconds, refused_texts[i]), -EINVAL);
	assert_int_equal(seconds, 42);
}

static void test_durations_are_written_as_they_are_read(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 59, "59s" },
		{ 60, "1m" },
		{ 3600, "1h" },
		{ 8640020, "100d 20s" },
		{ 93784, "1d 2h 3m 4s" },
		{ UINT64_MAX, "213503982334601d 7h 15s" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char text[DURATION_TEXT_MAX];
		uint64_t seconds;

		assert_string_equal(duration_format(cases[i].seconds, text), cases[i].text);
		if (cases[i].seconds == UINT64_MAX)
			continue; /* more digits than are read */
		assert_int_equal(duration_parse(&seconds, text), 0);
		assert_true(seconds == cases[i].seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_are_read),
		cmocka_unit_test(test_durations_are_written_as_they_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
