/*
 * Durations as people write and read them: the units in a table, from the largest down.
 */
#include "common/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
	UNIT_COUNT = 4,
	DIGITS_MAX = 12, /* more is more than any limit, and 12 digits of days fit 64 bits */
};

static const char letters[] = "dhms";
static const uint64_t seconds_in[UNIT_COUNT] = { 86400, 3600, 60, 1 };

int duration_parse(uint64_t *ret_seconds, const char *text)
{
	bool seen[UNIT_COUNT] = { false };
	uint64_t total = 0;

	text += strspn(text, " ");
	if (*text == '\0')
		return -EINVAL;
	while (*text) {
		size_t digits = strspn(text, "0123456789");
		uint64_t number = 0;
		const char *unit;

		if (digits == 0 || digits > DIGITS_MAX)
			return -EINVAL;
		for (size_t i = 0; i < digits; i++)
			number = number * 10 + (uint64_t)(text[i] - '0');
		text += digits;
		text += strspn(text, " ");
		unit = *text ? strchr(letters, *text) : NULL;
		if (!unit || seen[unit - letters])
			return -EINVAL;
		seen[unit - letters] = true;
		total += number * seconds_in[unit - letters];
		text++;
		text += strspn(text, " ");
	}
	*ret_seconds = total;
	return 0;
}

const char *duration_format(uint64_t seconds, char ret_text[DURATION_TEXT_MAX])
{
	size_t length = 0;

	for (size_t i = 0; i < UNIT_COUNT; i++) {
		uint64_t number = seconds / seconds_in[i];

		seconds %= seconds_in[i];
		if (number > 0 || (i == UNIT_COUNT - 1 && length == 0))
			length += (size_t)snprintf(ret_text + length, DURATION_TEXT_MAX - length,
						   "%s%" PRIu64 "%c", length > 0 ? " " : "", number,
						   letters[i]);
	}
	return ret_text;
}
