/*
 * Finds a gateway's identification of its caller among what comes on the caller's connection
 * (PROTOCOLS.md section 4): the frame 01 7F 7F 7F 04, binary, and the frame "PID=…", text, right
 * behind it. Pure.
 *
 * All that a caller types comes over the same connection, so the kinds and the limits of the
 * frames are what tells a gateway's words from a caller's: a gateway passes typing on as frames of
 * one kind, text or binary, so no caller behind it can produce both, one right after the other.
 * What else keeps a caller from being taken for another is with switchboard.h.
 */
#ifndef VDTGW_TELETEL_IDENTIFICATION_H
#define VDTGW_TELETEL_IDENTIFICATION_H

#include "vdtgw-teletel/gateway_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IDENTIFICATION_ROM_LENGTH = 5,
	IDENTIFICATION_TEXT_MAX = 200, /* bytes: a longer text is no identification */
	IDENTIFICATION_HELD_MAX = IDENTIFICATION_ROM_LENGTH + IDENTIFICATION_TEXT_MAX,
};

/* Zero-initialised: nothing received. Fields are private to identification.c. */
struct identification {
	bool after_rom;  /* the last whole message was 01 7F 7F 7F 04 */
	bool collecting; /* the message under way may be one of the two */
	size_t length;
	uint8_t held[IDENTIFICATION_HELD_MAX];
};

/* A piece of a message. */
struct identification_piece {
	bool binary;
	bool first; /* of its message */
	bool last;
	const uint8_t *bytes;
	size_t length;
};

/* Copies to ret_input, which has room for length + IDENTIFICATION_HELD_MAX, what is ordinary
 * input, in its order; returns how much that is. What may be an identification is held back until
 * the next piece decides, and left out if it is one: *ret_found and *ret_caller are set then. */
size_t identification_read(struct identification *identification,
			   const struct identification_piece *piece, uint8_t *ret_input,
			   bool *ret_found, struct gateway_caller *ret_caller);

#endif
