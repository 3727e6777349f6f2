/*
 * What people write for a time, a duration or a number, read. The forms are those of journalctl and
 * of this project's configuration.
 */
#include "vdtgwctl/words.h"

#include "common/duration.h"
#include "common/microseconds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	NUMBER_DIGITS = 18,  /* more might not fit */
	FRACTION_DIGITS = 6, /* of a second; further ones are not read */
	YEAR_LEAST = 1970,
	DURATION_DAYS_MAX = 36500,
};

/* Each takes what it can of *at, and leaves it where it was if that is nothing. */

static bool take_digits(const char **at, int least, int most, int *ret_number)
{
	int number = 0, count = 0;

	for (; count < most && (*at)[count] >= '0' && (*at)[count] <= '9'; count++)
		number = number * 10 + ((*at)[count] - '0');
	if (count < least)
		return false;
	*at += count;
	*ret_number = number;
	return true;
}

static bool take_mark(const char **at, const char *mark)
{
	size_t length = strlen(mark);

	if (strncmp(*at, mark, length) != 0)
		return false;
	*at += length;
	return true;
}

static void skip_space(const char **at)
{
	*at += strspn(*at, " ");
}

/* "2026-11-19" */
static bool take_date(const char **at, struct tm *parts)
{
	const char *from = *at;
	int year, month, day;

	if (!take_digits(&from, 4, 4, &year) || !take_mark(&from, "-") ||
	    !take_digits(&from, 1, 2, &month) || !take_mark(&from, "-") ||
	    !take_digits(&from, 1, 2, &day) || year < YEAR_LEAST || month < 1 || month > 12 ||
	    day < 1 || day > 31)
		return false;
	parts->tm_year = year - 1900;
	parts->tm_mon = month - 1;
	parts->tm_mday = day;
	*at = from;
	return true;
}

/* "18:00", "18:00:30", "18:00:30.25" */
static bool take_hour(const char **at, struct tm *parts, int64_t *ret_fraction)
{
	const char *from = *at;
	int hour, minute, second = 0;
	int64_t fraction = 0;

	if (!take_digits(&from, 1, 2, &hour) || !take_mark(&from, ":") ||
	    !take_digits(&from, 2, 2, &minute))
		return false;
	if (take_mark(&from, ":") && !take_digits(&from, 2, 2, &second))
		return false;
	if (take_mark(&from, ".")) {
		int digit, count = 0;

		for (int64_t unit = US_PER_S / 10; take_digits(&from, 1, 1, &digit); unit /= 10) {
			fraction += digit * unit;
			count++;
		}
		if (count == 0 || count > FRACTION_DIGITS)
			return false;
	}
	if (hour > 23 || minute > 59 || second > 59)
		return false;
	parts->tm_hour = hour;
	parts->tm_min = minute;
	parts->tm_sec = second;
	*ret_fraction = fraction;
	*at = from;
	return true;
}

/* "Z", "+01:00", "-0500": seconds to the east of UTC. */
static bool take_zone(const char **at, long *ret_offset)
{
	const char *from = *at;
	bool west = *from == '-';
	int hours, minutes;

	if (take_mark(at, "Z") || take_mark(at, "UTC")) {
		*ret_offset = 0;
		return true;
	}
	if ((!take_mark(&from, "+") && !take_mark(&from, "-")) || !take_digits(&from, 2, 2, &hours))
		return false;
	(void)take_mark(&from, ":");
	if (!take_digits(&from, 2, 2, &minutes) || hours > 14 || minutes > 59)
		return false;
	*ret_offset = (hours * HOUR + minutes * MINUTE) * (west ? -1L : 1L);
	*at = from;
	return true;
}

/* The parts as a time, or -EINVAL for a day that there is not. */
static int join(int64_t *ret_time, struct tm parts, int64_t fraction, const long *offset)
{
	const struct tm wanted = parts;
	time_t seconds = offset != NULL ? timegm(&parts) : mktime(&parts);

	if (parts.tm_mday != wanted.tm_mday || parts.tm_mon != wanted.tm_mon)
		return -EINVAL;
	if (offset != NULL)
		seconds -= *offset;
	if (seconds < 0)
		return -EINVAL;
	*ret_time = (int64_t)seconds * US_PER_S + fraction;
	return 0;
}

static struct tm beginning_of_day(int64_t time)
{
	time_t seconds = (time_t)(time / US_PER_S);
	struct tm parts;

	(void)localtime_r(&seconds, &parts);
	parts.tm_hour = parts.tm_min = parts.tm_sec = 0;
	parts.tm_isdst = -1;
	return parts;
}

/* "2h ago", "-2h", "1d 12h ago". */
static int parse_back(int64_t *ret_time, const char *text, int64_t now)
{
	char counted[WORDS_MAX];
	size_t length = strlen(text);
	bool minus = text[0] == '-';
	uint64_t seconds;

	if (length >= sizeof(counted))
		return -EINVAL;
	strcpy(counted, minus ? text + 1 : text);
	length = strlen(counted);
	if (!minus) {
		if (length < 4 || strcmp(counted + length - 3, "ago") != 0)
			return -EINVAL;
		counted[length - 3] = '\0';
	}
	if (duration_parse(&seconds, counted) < 0 || seconds > (uint64_t)(now / US_PER_S))
		return -EINVAL;
	*ret_time = now - (int64_t)seconds * US_PER_S;
	return 0;
}

int words_parse_time(int64_t *ret_time, const char *text, int64_t now)
{
	struct tm parts = beginning_of_day(now);
	const char *at = text;
	int64_t fraction = 0, seconds;
	bool has_hour = false, has_day = true;
	long offset;

	skip_space(&at);
	if (strcmp(at, "now") == 0) {
		*ret_time = now;
		return 0;
	}
	if (at[0] == '@') {
		if (words_parse_number(&seconds, at + 1, 0, INT64_MAX / US_PER_S) < 0)
			return -EINVAL;
		*ret_time = seconds * US_PER_S;
		return 0;
	}
	if (take_mark(&at, "yesterday")) {
		/* By way of noon, which every day has; mktime() knows the day before the first one.
		 */
		parts.tm_mday--;
		parts.tm_hour = 12;
		(void)mktime(&parts);
		parts.tm_hour = 0;
		parts.tm_isdst = -1;
	} else if (!take_mark(&at, "today")) {
		has_day = take_date(&at, &parts);
	}
	if (has_day && *at != '\0' && !take_mark(&at, "T") && !take_mark(&at, " "))
		return -EINVAL;
	skip_space(&at);
	has_hour = take_hour(&at, &parts, &fraction);
	if (!has_day && !has_hour)
		return parse_back(ret_time, text + strspn(text, " "), now);
	skip_space(&at);
	if (has_hour && take_zone(&at, &offset))
		return *at == '\0' ? join(ret_time, parts, fraction, &offset) : -EINVAL;
	return *at == '\0' ? join(ret_time, parts, fraction, NULL) : -EINVAL;
}

int words_parse_duration(int64_t *ret_duration, const char *text)
{
	uint64_t seconds;

	if (duration_parse(&seconds, text) < 0 || seconds == 0 ||
	    seconds > (uint64_t)DURATION_DAYS_MAX * DAY)
		return -EINVAL;
	*ret_duration = (int64_t)seconds * US_PER_S;
	return 0;
}

int words_parse_number(int64_t *ret_number, const char *text, int64_t least, int64_t most)
{
	size_t digits = strspn(text, "0123456789");
	int64_t number;

	if (digits == 0 || digits > NUMBER_DIGITS || text[digits] != '\0')
		return -EINVAL;
	number = strtoll(text, NULL, 10);
	if (number < least || number > most)
		return -EINVAL;
	*ret_number = number;
	return 0;
}
