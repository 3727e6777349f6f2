/*
 * Times, durations and numbers of bytes as people write and read them. Pure, but for the local time
 * zone.
 */
#ifndef VDTGWCTL_WORDS_H
#define VDTGWCTL_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum {
	WORDS_MAX = 64, /* bytes of any of these texts */
};

/* "0.4 s", "12 s", "3m 05s", "2h 07m", "12d 04h"; "-" where it is not known (negative).
 * Microseconds. Each returns ret_text. */
const char *words_duration(char ret_text[WORDS_MAX], int64_t duration);
/* "1:02:03", "0:00:00.4": for machines and spreadsheets. */
const char *words_duration_exact(char ret_text[WORDS_MAX], int64_t duration);
/* "812", "3.4K", "12.0M": bytes, by 1024. */
const char *words_size(char ret_text[WORDS_MAX], int64_t bytes);
const char *words_number(char ret_text[WORDS_MAX], int64_t number);
/* "2026-11-20 08:54:01" and "08:54:01", local; time is in microseconds since the epoch. */
const char *words_time(char ret_text[WORDS_MAX], int64_t time);
const char *words_clock(char ret_text[WORDS_MAX], int64_t time);

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
