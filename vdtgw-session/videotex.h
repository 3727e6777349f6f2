/*
 * The terminal's protocol (STUM), as far as a gateway must understand it: where one sequence ends
 * and the next may begin, what would complete a cut one, and where a service asks ENQROM. Pure.
 */
#ifndef VDTGW_SESSION_VIDEOTEX_H
#define VDTGW_SESSION_VIDEOTEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VIDEOTEX_SEQUENCE_MAX = 64,  /* bytes; a longer one (CSI without an end) is given up */
	VIDEOTEX_ROW0_MAX = 128,     /* bytes of one visit to row 0, likewise */
	VIDEOTEX_COMPLETION_MAX = 8, /* bytes that complete any cut sequence */
};

/* Zero-initialised: at a boundary. Fields are private to videotex.c. */
struct videotex {
	uint8_t state;
	uint8_t missing;        /* bytes that the sequence under way still needs */
	uint8_t length;         /* of the sequence under way */
	uint8_t row0_length;    /* bytes since the cursor went to row 0; 0: it is not there */
	uint8_t enqrom_matched; /* bytes of 1B 39 7B seen */
};

enum videotex_position {
	VIDEOTEX_INSIDE,   /* a sequence is under way, a visit to row 0 included */
	VIDEOTEX_BOUNDARY, /* another source may speak here */
};

/* Takes one byte of what a service sends; returns where it leaves the terminal. */
enum videotex_position videotex_feed(struct videotex *videotex, uint8_t byte);
enum videotex_position videotex_position(const struct videotex *videotex);
/* True right after the last byte of 1B 39 7B. */
bool videotex_enqrom_seen(const struct videotex *videotex);
/* Writes the bytes that bring the terminal to a boundary with the least effect on the screen,
 * leaving row 0 by 0A where it was visited; returns how many, 0 at a boundary. The state becomes
 * a boundary. */
size_t videotex_complete(struct videotex *videotex, uint8_t ret_bytes[VIDEOTEX_COMPLETION_MAX]);

#endif
