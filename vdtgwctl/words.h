/*
 * Times, durations and numbers as people write them; common/words.h is the other way round. Pure,
 * but for the local time zone.
 */
#ifndef VDTGWCTL_WORDS_H
#define VDTGWCTL_WORDS_H

#include "common/words.h"

#include <stdint.h>

#define WORDS_TIME_ALLOWED                                                                         \
	"\"2026-11-19 18:00\", \"2026-11-19\", \"18:00\", \"yesterday\", \"yesterday 18:00\", "    \
	"\"today\", \"now\", \"2h ago\", \"-1d 12h\", \"2026-11-19T18:00:00Z\" or \"@1795111200\""

/* A time, as above: a day alone is its beginning, an hour alone is today's; d, h, m and s count
 * back from now; local, unless it ends in Z or in an offset as +01:00; @: seconds since the epoch.
 * now and *ret_time: microseconds since the epoch. Returns 0 or -EINVAL. */
int words_parse_time(int64_t *ret_time, const char *text, int64_t now);
/* "10d", "1d 12h", "90s": a second at least. Microseconds. Returns 0 or -EINVAL. */
int words_parse_duration(int64_t *ret_duration, const char *text);
/* A whole number from least to most, in digits only. Returns 0 or -EINVAL. */
int words_parse_number(int64_t *ret_number, const char *text, int64_t least, int64_t most);

#endif
