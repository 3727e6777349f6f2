/*
 * Videotex over text frames: each code point from 0 to 255 is one byte (PROTOCOLS.md section 3).
 * The UTF-8 is RFC 3629's: overlong forms, surrogates and what is above U+10FFFF are errors.
 */
#ifndef VDTGW_COMMON_LATIN1_H
#define VDTGW_COMMON_LATIN1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LATIN1_REPLACEMENT = 0x5f
}; /* stands for a code point above 255 */

/* Zero-initialise at the start of each message. A sequence may be split anywhere. */
struct latin1_decoder {
	uint32_t code_point;
	uint32_t least;    /* smallest code point that the sequence under way may hold */
	uint8_t missing;   /* continuation bytes still to come */
	uint64_t replaced; /* code points above 255 so far */
};

/* Decodes length bytes into out, which has room for length bytes (text never grows). Returns the
 * number written, or -EPROTO for what is not UTF-8. */
long latin1_decode(struct latin1_decoder *decoder, const uint8_t *text, size_t length,
		   uint8_t *out);
/* False while a sequence is incomplete: the end of a message there is an error. */
bool latin1_decoder_complete(const struct latin1_decoder *decoder);
/* Writes at most 2 × length bytes; returns how many. */
size_t latin1_encode(const uint8_t *bytes, size_t length, uint8_t *out);

#endif
