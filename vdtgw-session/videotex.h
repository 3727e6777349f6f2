/*
 * The terminal's protocol (STUM), as far as a gateway must understand it: where one sequence ends
 * and the next may begin, and what would complete a cut one. Pure.
 *
 * Sequences are recognised by the seven lower bits, as the terminal does, whether or not a service
 * sends parity. A visit to row 0 (1F 40 col … until 0A, 0C, 1E or a US elsewhere), a download of
 * characters (1F 23 … until another US) and the screen's transparency (1B 25 … until 1B 25 40 or
 * 1B 2F 3F) each count as one sequence, so that two services' bytes do not mix within.
 */
#ifndef VDTGW_SESSION_VIDEOTEX_H
#define VDTGW_SESSION_VIDEOTEX_H

#include <stddef.h>
#include <stdint.h>

enum {
	VIDEOTEX_REP = 0x12, /* repeats the character before it: no other source may come between */

	/* Bytes since the last boundary, above which the sequence is overlong. */
	VIDEOTEX_SEQUENCE_MAX = 64,
	VIDEOTEX_ROW0_MAX = 128,
	VIDEOTEX_DOWNLOAD_MAX = 2048, /* a whole set: 94 characters of at most 20 bytes */

	VIDEOTEX_COMPLETION_MAX = 8, /* bytes that complete any cut sequence */
};

/* Zero-initialised: at a boundary. Fields are private to videotex.c and videotex_feed(). */
struct videotex {
	uint8_t state;
	uint8_t mode;    /* ordinary, downloading, transparent */
	uint8_t row0;    /* 1: the cursor is there */
	uint8_t first;   /* the byte that decides what the rest of a sequence means */
	uint8_t missing; /* arguments that a PRO sequence still needs */
	uint16_t length; /* bytes since the last boundary; stays at its maximum */
	uint16_t limit;  /* length above which it is overlong */
};

enum videotex_position {
	VIDEOTEX_INSIDE,   /* a sequence is under way, a visit to row 0 included */
	VIDEOTEX_BOUNDARY, /* another source may speak here */
	VIDEOTEX_OVERLONG, /* inside, for longer than any true sequence lasts: another source need
			      not wait, and may speak after videotex_complete() */
};

/* For videotex_feed() only. */
enum videotex_position videotex_feed_special(struct videotex *videotex, uint8_t byte);

/* Takes one byte of what a service sends; returns where it leaves the terminal. */
static inline enum videotex_position videotex_feed(struct videotex *videotex, uint8_t byte)
{
	/* Nearly all bytes are characters between sequences: columns 2 to 7, in either half. */
	if ((byte & 0x60) != 0 && (videotex->state | videotex->mode | videotex->row0) == 0)
		return VIDEOTEX_BOUNDARY;
	return videotex_feed_special(videotex, byte);
}
enum videotex_position videotex_position(const struct videotex *videotex);
/* Writes the bytes that bring the terminal to a boundary with the least effect on the screen,
 * leaving row 0 by 0A where it was visited; returns how many, 0 at a boundary. The state becomes
 * a boundary. */
size_t videotex_complete(struct videotex *videotex, uint8_t ret_bytes[VIDEOTEX_COMPLETION_MAX]);

#endif
