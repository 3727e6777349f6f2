/*
 * Writes times, durations and numbers of bytes for people.
 */
#include "common/words.h"

#include "common/microseconds.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
};

const char *words_duration(char ret_text[WORDS_MAX], int64_t duration)
{
	int64_t seconds = duration / US_PER_S;
	long long whole = (long long)seconds;

	if (duration < 0)
		snprintf(ret_text, WORDS_MAX, "-");
	else if (seconds < 10)
		snprintf(ret_text, WORDS_MAX, "%lld.%lld s", whole,
			 (long long)(duration % US_PER_S / (US_PER_S / 10)));
	else if (seconds < MINUTE)
		snprintf(ret_text, WORDS_MAX, "%lld s", whole);
	else if (seconds < HOUR)
		snprintf(ret_text, WORDS_MAX, "%lldm %02llds", whole / MINUTE, whole % MINUTE);
	else if (seconds < DAY)
		snprintf(ret_text, WORDS_MAX, "%lldh %02lldm", whole / HOUR, whole % HOUR / MINUTE);
	else
		snprintf(ret_text, WORDS_MAX, "%lldd %02lldh", whole / DAY, whole % DAY / HOUR);
	return ret_text;
}

const char *words_duration_exact(char ret_text[WORDS_MAX], int64_t duration)
{
	long long seconds = (long long)(duration / US_PER_S);

	if (duration < 0)
		snprintf(ret_text, WORDS_MAX, "-");
	else
		snprintf(ret_text, WORDS_MAX, "%lld:%02lld:%02lld.%03lld", seconds / HOUR,
			 seconds % HOUR / MINUTE, seconds % MINUTE,
			 (long long)(duration % US_PER_S / 1000));
	return ret_text;
}

const char *words_size(char ret_text[WORDS_MAX], int64_t bytes)
{
	static const char units[] = "KMGTPE";
	int64_t divisor = 1024;
	size_t unit = 0;

	if (bytes < 1024)
		return words_number(ret_text, bytes);
	for (; bytes / divisor >= 1024 && unit + 2 < sizeof(units); unit++)
		divisor *= 1024;
	snprintf(ret_text, WORDS_MAX, "%.1f%c", (double)bytes / (double)divisor, units[unit]);
	return ret_text;
}

const char *words_number(char ret_text[WORDS_MAX], int64_t number)
{
	if (number < 0)
		snprintf(ret_text, WORDS_MAX, "-");
	else
		snprintf(ret_text, WORDS_MAX, "%lld", (long long)number);
	return ret_text;
}

/* False for a time that cannot be said. */
static bool split(int64_t time, struct tm *ret_parts)
{
	time_t seconds = (time_t)(time / US_PER_S);

	return time >= 0 && localtime_r(&seconds, ret_parts) != NULL;
}

const char *words_time(char ret_text[WORDS_MAX], int64_t time)
{
	struct tm parts;

	if (!split(time, &parts) || strftime(ret_text, WORDS_MAX, "%Y-%m-%d %H:%M:%S", &parts) == 0)
		snprintf(ret_text, WORDS_MAX, "-");
	return ret_text;
}

const char *words_clock(char ret_text[WORDS_MAX], int64_t time)
{
	struct tm parts;

	if (!split(time, &parts) || strftime(ret_text, WORDS_MAX, "%H:%M:%S", &parts) == 0)
		snprintf(ret_text, WORDS_MAX, "-");
	return ret_text;
}
