/* links: vdtgwctl */
#include "vdtgwctl/words.h"

#include "common/array.h"
#include "common/microseconds.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

/* 2026-11-20 08:54:01.5 UTC, a Friday. */
#define NOW (INT64_C(1795164841) * US_PER_S + 500000)

static void use_zone(const char *zone)
{
	(void)setenv("TZ", zone, 1);
	tzset();
}

static void test_durations_are_written_for_people(void **state)
{
	static const struct {
		int64_t duration;
		const char *text;
		const char *exact;
	} cases[] = {
		{ -1, "-", "-" },
		{ 0, "0.0 s", "0:00:00.000" },
		{ 449999, "0.4 s", "0:00:00.449" },
		{ 9 * US_PER_S + 999999, "9.9 s", "0:00:09.999" },
		{ 10 * US_PER_S, "10 s", "0:00:10.000" },
		{ 59 * US_PER_S, "59 s", "0:00:59.000" },
		{ 185 * US_PER_S, "3m 05s", "0:03:05.000" },
		{ 7620 * US_PER_S, "2h 07m", "2:07:00.000" },
		{ 86400 * US_PER_S, "1d 00h", "24:00:00.000" },
		{ (12 * 86400 + 4 * 3600) * US_PER_S, "12d 04h", "292:00:00.000" },
		{ INT64_C(1) << 60, "13343998d 21h", "320255973:30:06.846" },
	};
	char text[WORDS_MAX];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_string_equal(words_duration(text, cases[i].duration), cases[i].text);
		assert_string_equal(words_duration_exact(text, cases[i].duration), cases[i].exact);
	}
}

static void test_sizes_are_written_for_people(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} cases[] = {
		{ -1, "-" },
		{ 0, "0" },
		{ 1023, "1023" },
		{ 1024, "1.0K" },
		{ 1536, "1.5K" },
		{ 1048576, "1.0M" },
		{ 5 << 20, "5.0M" },
		{ INT64_C(1) << 30, "1.0G" },
		{ INT64_C(1) << 60, "1.0E" },
	};
	char text[WORDS_MAX];

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_string_equal(words_size(text, cases[i].bytes), cases[i].text);
}

static void test_times_are_written_in_the_local_zone(void **state)
{
	char text[WORDS_MAX];

	(void)state;
	use_zone("UTC0");
	assert_string_equal(words_time(text, NOW), "2026-11-20 08:54:01");
	assert_string_equal(words_clock(text, NOW), "08:54:01");
	use_zone("CET-1");
	assert_string_equal(words_time(text, NOW), "2026-11-20 09:54:01");
	assert_string_equal(words_time(text, -1), "-");
	/* The largest that an answer may hold. */
	assert_string_equal(words_time(text, INT64_C(1) << 60), "38504-08-17 22:30:06");
}

static void test_times_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t time; /* s since the epoch, in UTC */
	} cases[] = {
		{ "2026-11-19 18:00", 1795111200 },
		{ "2026-11-19T18:00", 1795111200 },
		{ "2026-11-19 18:00:07", 1795111207 },
		{ "2026-11-19", 1795046400 },
		{ "2026-11-19  18:00", 1795111200 },
		{ "2026-1-2 3:04", 1767323040 },
		{ "2026-11-19T18:00:00Z", 1795111200 },
		{ "2026-11-19 18:00 UTC", 1795111200 },
		{ "2026-11-19T18:00:00+01:00", 1795107600 },
		{ "2026-11-19T18:00:00-0530", 1795131000 },
		{ "today", 1795132800 },
		{ "today 8:00", 1795161600 },
		{ "yesterday", 1795046400 },
		{ "yesterday 18:00", 1795111200 },
		{ "18:00", 1795197600 },
		{ "@1795111200", 1795111200 },
		{ "@0", 0 },
	};
	static const struct {
		const char *text;
		int64_t ago; /* s */
	} counted[] = {
		{ "now", 0 },          { "2h ago", 7200 },
		{ "-2h", 7200 },       { "1d 12h ago", 129600 },
		{ "-1d 12h", 129600 }, { " 90s ago", 90 },
		{ "-0s", 0 },
	};
	int64_t time;

	(void)state;
	use_zone("UTC0");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(words_parse_time(&time, cases[i].text, NOW), 0);
		assert_int_equal(time, cases[i].time * US_PER_S);
	}
	for (size_t i = 0; i < LENGTH(counted); i++) {
		assert_int_equal(words_parse_time(&time, counted[i].text, NOW), 0);
		assert_int_equal(time, NOW - counted[i].ago * US_PER_S);
	}
	assert_int_equal(words_parse_time(&time, "2026-11-19 18:00:00.25", NOW), 0);
	assert_int_equal(time, 1795111200 * US_PER_S + 250000);
	/* The day before the first of March, and that before the first of the year. */
	assert_int_equal(words_parse_time(&time, "yesterday", 1772323200 * US_PER_S), 0);
	assert_int_equal(time, 1772236800 * US_PER_S);
	assert_int_equal(words_parse_time(&time, "yesterday", 1767225600 * US_PER_S), 0);
	assert_int_equal(time, 1767139200 * US_PER_S);
}

static void test_local_times_follow_the_zone_and_its_summer(void **state)
{
	int64_t time;

	(void)state;
	use_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(words_parse_time(&time, "2026-11-19 18:00", NOW), 0);
	assert_int_equal(time, 1795107600 * US_PER_S);
	assert_int_equal(words_parse_time(&time, "2026-07-01 00:00", NOW), 0);
	assert_int_equal(time, 1782856800 * US_PER_S);
	assert_int_equal(words_parse_time(&time, "2026-11-19T18:00:00Z", NOW), 0);
	assert_int_equal(time, 1795111200 * US_PER_S);
	/* 2026-10-26 12:00 UTC: yesterday had 25 hours. */
	assert_int_equal(words_parse_time(&time, "yesterday", 1793016000 * US_PER_S), 0);
	assert_int_equal(time, 1792879200 * US_PER_S);
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"tomorrow",
		"yesterdayish",
		"2026-13-01",
		"2026-02-30",
		"2026-11-19 24:00",
		"2026-11-19 18:60",
		"2026-11-19 18",
		"2026-11-19x18:00",
		"2026-11-19 18:00 later",
		"2026-11-19 18:00:00.",
		"2026-11-19 18:00:00.1234567",
		"2026-11-19T18:00:00+1",
		"2026-11-19T18:00:00+25:00",
		"1969-12-31",
		"18",
		"2h",
		"ago",
		" ago",
		"-",
		"-2",
		"2w ago",
		"-999999999999d",
		"@",
		"@-1",
		"@1x",
		"@99999999999999999999",
		"-1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s",
	};
	int64_t time = 42;

	(void)state;
	use_zone("UTC0");
	for (size_t i = 0; i < LENGTH(texts); i++)
		assert_int_equal(words_parse_time(&time, texts[i], NOW), -EINVAL);
	assert_int_equal(time, 42);
}

static void test_durations_and_numbers_are_read(void **state)
{
	int64_t value = 42;

	(void)state;
	assert_int_equal(words_parse_duration(&value, "1d 12h"), 0);
	assert_int_equal(value, 129600 * US_PER_S);
	assert_int_equal(words_parse_duration(&value, "0s"), -EINVAL);
	assert_int_equal(words_parse_duration(&value, "10"), -EINVAL);
	assert_int_equal(words_parse_duration(&value, "999999999999d"), -EINVAL);
	assert_int_equal(words_parse_number(&value, "12", 0, 100), 0);
	assert_int_equal(value, 12);
	assert_int_equal(words_parse_number(&value, "101", 0, 100), -EINVAL);
	assert_int_equal(words_parse_number(&value, "0", 1, 100), -EINVAL);
	assert_int_equal(words_parse_number(&value, "", 0, 100), -EINVAL);
	assert_int_equal(words_parse_number(&value, "-1", 0, 100), -EINVAL);
	assert_int_equal(words_parse_number(&value, "1 ", 0, 100), -EINVAL);
	assert_int_equal(words_parse_number(&value, "9999999999999999999", 0, INT64_MAX), -EINVAL);
	assert_int_equal(value, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_are_written_for_people),
		cmocka_unit_test(test_sizes_are_written_for_people),
		cmocka_unit_test(test_times_are_written_in_the_local_zone),
		cmocka_unit_test(test_times_are_read_as_people_write_them),
		cmocka_unit_test(test_local_times_follow_the_zone_and_its_summer),
		cmocka_unit_test(test_what_is_no_time_is_refused),
		cmocka_unit_test(test_durations_and_numbers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
