/*
 * Bytes as the code points of the same number, and back. The decoder keeps the sequence under way
 * between calls, so that it does not matter where the network cuts a text.
 */
#include "common/latin1.h"

#include <errno.h>

enum {
	ASCII_MAX = 0x7f,
	BYTE_MAX = 0xff,
	CODE_POINT_MAX = 0x10ffff,
	SURROGATE_FIRST = 0xd800,
	SURROGATE_LAST = 0xdfff,
	CONTINUATION_MASK = 0xc0,
	CONTINUATION = 0x80,
	CONTINUATION_BITS = 6,
	CONTINUATION_VALUE = 0x3f,
};

/* RFC 3629, section 3: a leading byte says how many follow, and so the least code point that
 * needs as many. */
static const struct leading {
	uint8_t mask;
	uint8_t value;
	uint8_t missing;
	uint32_t least;
} leadings[] = {
	{ 0xe0, 0xc0, 1, 0x80 },
	{ 0xf0, 0xe0, 2, 0x800 },
	{ 0xf8, 0xf0, 3, 0x10000 },
};

static int sequence_start(struct latin1_decoder *decoder, uint8_t byte)
{
	for (size_t i = 0; i < sizeof(leadings) / sizeof(leadings[0]); i++) {
		if ((byte & leadings[i].mask) == leadings[i].value) {
			decoder->code_point = byte & (uint8_t)~leadings[i].mask;
			decoder->least = leadings[i].least;
			decoder->missing = leadings[i].missing;
			return 0;
		}
	}
	return -EPROTO;
}

static int sequence_continue(struct latin1_decoder *decoder, uint8_t byte)
{
	uint32_t code_point;

	if ((byte & CONTINUATION_MASK) != CONTINUATION)
		return -EPROTO;
	code_point = decoder->code_point << CONTINUATION_BITS | (byte & CONTINUATION_VALUE);
	decoder->code_point = code_point;
	decoder->missing--;
	if (decoder->missing > 0)
		return 0;
	if (code_point < decoder->least || code_point > CODE_POINT_MAX ||
	    (code_point >= SURROGATE_FIRST && code_point <= SURROGATE_LAST))
		return -EPROTO;
	return 0;
}

static uint8_t code_point_to_byte(struct latin1_decoder *decoder)
{
	if (decoder->code_point <= BYTE_MAX)
		return (uint8_t)decoder->code_point;
	decoder->replaced++;
	return LATIN1_REPLACEMENT;
}

long latin1_decode(struct latin1_decoder *decoder, const uint8_t *text, size_t length, uint8_t *out)
{
	long written = 0;
	int result;

	for (size_t i = 0; i < length; i++) {
		if (decoder->missing == 0 && text[i] <= ASCII_MAX) {
			out[written++] = text[i];
			continue;
		}
		if (decoder->missing == 0)
			result = sequence_start(decoder, text[i]);
		else
			result = sequence_continue(decoder, text[i]);
		if (result < 0)
			return result;
		if (decoder->missing == 0)
			out[written++] = code_point_to_byte(decoder);
	}
	return written;
}

bool latin1_decoder_complete(const struct latin1_decoder *decoder)
{
	return decoder->missing == 0;
}

size_t latin1_encode(const uint8_t *bytes, size_t length, uint8_t *out)
{
	size_t written = 0;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] <= ASCII_MAX) {
			out[written++] = bytes[i];
		} else {
			out[written++] = (uint8_t)(0xc0 | bytes[i] >> CONTINUATION_BITS);
			out[written++] = (uint8_t)(CONTINUATION | (bytes[i] & CONTINUATION_VALUE));
		}
	}
	return written;
}
