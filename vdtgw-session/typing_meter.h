/*
 * Whether somebody types faster than a person can. Pure: time comes from outside.
 *
 * The rule. Typed characters raise a level by one each, and time lowers it by the limit, so that it
 * stays where it is at exactly the limit. The level is kept within five seconds' worth of the limit
 * (forty characters at least) on either side of zero: above, the caller types too fast; below,
 * silence has earned what it can. It is zero at the start. Thus the limit holds on average: twice
 * the limit is found out after five seconds, four times the limit in less than two, and what a slow
 * network delivers all at once is paid for by the silence before it.
 *
 * What is typed. One character each: any byte that is none of what follows, an accented letter
 * (SS2), an escape sequence that is not listed, CR LF, CR NUL. Nothing at all:
 * - function keys: SEP and its key; CSI and SS3 sequences, of which the cursor keys are;
 * - answers: to ENQROM and ENQRAM (SOH … EOT, 51 bytes at most), the cursor's position (US and two
 *   bytes, or CSI … R), the terminal's protocol answers (PRO1 to PRO3);
 * - telnet commands and subnegotiations, which a telnet client sends on a raw line too;
 * - the first 144 bytes of the second that begins with the first byte, where that one comes within
 *   two seconds: the preamble of an emulator.
 * A sequence that turns out to be none was typed, every byte of it; one that stops for more than a
 * second is forgotten.
 *
 * A pasted line. Characters that follow each other within a tenth of a second are a burst. A burst
 * of at most 40 characters, with the end of a line (CR, LF, a function key) behind it at most,
 * counts for no more than what may be typed in a second. When it goes on, all of it was typed.
 */
#ifndef VDTGW_SESSION_TYPING_METER_H
#define VDTGW_SESSION_TYPING_METER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TYPING_SPAN = 5,          /* s of the limit that the level may be off zero */
	TYPING_TOLERANCE = 40,    /* characters that it may be off zero at least */
	TYPING_PASTE_MAX = 40,    /* characters of a pasted line */
	TYPING_ANSWER_MAX = 51,   /* bytes of a terminal's answer */
	TYPING_PREAMBLE_MAX = 144 /* bytes */
};

/* Fields are private to typing_meter.c. */
struct typing_meter {
	double limit; /* characters/s; 0: none */
	double level; /* characters */
	uint64_t level_at;
	uint64_t answered_at;
	uint64_t first_at; /* when the first byte came; 0: not yet */
	uint64_t byte_at;  /* when the last byte came */
	uint64_t typed_at; /* when the last character of the burst came; 0: none yet */
	unsigned burst;    /* characters of it */
	unsigned charged;  /* of those, the ones that count */
	bool line_ended;   /* in it */
	bool after_return; /* the last byte was CR */
	bool exceeded;
	uint8_t preamble; /* bytes of it so far */
	uint8_t state;
	uint8_t length;  /* bytes of the sequence under way */
	uint8_t missing; /* of those that are counted out */
};

/* limit: characters/s, 0 for none. now: microseconds, above 0, when the caller was answered. */
void typing_meter_init(struct typing_meter *meter, double limit, uint64_t now);
/* Another limit from now on: what was typed so far stands. */
void typing_meter_set_limit(struct typing_meter *meter, uint64_t now, double limit);
/* The caller's bytes, in order; now never goes back. Returns true once it was too fast. */
bool typing_meter_feed(struct typing_meter *meter, uint64_t now, const uint8_t *bytes,
		       size_t length);

#endif
