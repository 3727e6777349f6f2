/*
 * Times, durations and numbers of bytes as people read them. Pure, but for the local time zone.
 */
#ifndef VDTGW_COMMON_WORDS_H
#define VDTGW_COMMON_WORDS_H

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

#endif
