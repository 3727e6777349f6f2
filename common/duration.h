/* Durations as people write and read them: "100d 20s". Pure. */
#ifndef VDTGW_COMMON_DURATION_H
#define VDTGW_COMMON_DURATION_H

#include <stdint.h>

enum {
	DURATION_TEXT_MAX = 64, /* bytes of a duration as text */
};

/* Whole numbers of d, h, m and s, each unit at most once, in any order, with or without spaces.
 * Returns 0 or -EINVAL. */
int duration_parse(uint64_t *ret_seconds, const char *text);
/* The largest units first; "0s" for none. Returns ret_text. */
const char *duration_format(uint64_t seconds, char ret_text[DURATION_TEXT_MAX]);

#endif
