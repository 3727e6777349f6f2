/* links: common */
/*
 * Text to bytes and back: what is accepted, and as what, is the same for any cut and the same as
 * RFC 3629's grammar says; any bytes survive the way to text and back.
 */
#include "common/latin1.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* RFC 3629, section 4: UTF8-2, UTF8-3 and UTF8-4, whose further bytes are all 80 to BF. */
static const struct {
	uint8_t first_least, first_most;
	uint8_t second_least, second_most;
	size_t length;
} grammar[] = {
	{ 0x00, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

/* The length of the character that text begins with, or 0. */
static size_t character_length(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++) {
		if (text[0] < grammar[i].first_least || text[0] > grammar[i].first_most)
			continue;
		if (grammar[i].length > size)
			return 0;
		if (grammar[i].length > 1 &&
		    (text[1] < grammar[i].second_least || text[1] > grammar[i].second_most))
			return 0;
		for (size_t j = 2; j < grammar[i].length; j++) {
			if (text[j] < 0x80 || text[j] > 0xbf)
				return 0;
		}
		return grammar[i].length;
	}
	return 0;
}

/* -EPROTO also for what ends inside a character. */
static long grammar_decode(const uint8_t *text, size_t size, uint8_t *out)
{
	size_t length;
	long written = 0;

	for (size_t i = 0; i < size; i += length) {
		length = character_length(text + i, size - i);
		if (length == 0)
			return -EPROTO;
		if (length == 1)
			out[written++] = text[i];
		else if (length == 2 && text[i] <= 0xc3)
			out[written++] = (uint8_t)(text[i + 1] + (text[i] - 0xc2) * 0x40);
		else
			out[written++] = LATIN1_REPLACEMENT;
	}
	return written;
}

static long split_decode(const uint8_t *text, size_t size, size_t step, uint8_t *out)
{
	struct latin1_decoder decoder = { .missing = 0 };
	long written = 0;

	for (size_t done = 0; done < size; done += step) {
		size_t count = step < size - done ? step : size - done;
		long result = latin1_decode(&decoder, text + done, count, out + written);

		if (result < 0)
			return result;
		require((size_t)(written + result) <= done + count);
		written += result;
	}
	return latin1_decoder_complete(&decoder) ? written : -EPROTO;
}

static void decoding_try(const uint8_t *input, size_t size, uint8_t *expected, uint8_t *out)
{
	long length = grammar_decode(input, size, expected);

	for (size_t step = 1; step <= 5; step++) {
		require(split_decode(input, size, step, out) == length);
		require(length < 0 || memcmp(out, expected, (size_t)length) == 0);
	}
	require(split_decode(input, size, size + 1, out) == length);
}

static void round_trip_try(const uint8_t *input, size_t size, uint8_t *text, uint8_t *out)
{
	struct latin1_decoder decoder = { .missing = 0 };
	size_t length = latin1_encode(input, size, text);

	require(length >= size && length <= 2 * size);
	require(latin1_decode(&decoder, text, length, out) == (long)size);
	require(memcmp(out, input, size) == 0);
	require(latin1_decoder_complete(&decoder) && decoder.replaced == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *first = malloc(2 * size + 1);
	uint8_t *second = malloc(2 * size + 1);

	require(first != NULL && second != NULL);
	decoding_try(input, size, first, second);
	round_trip_try(input, size, first, second);
	free(first);
	free(second);
	return 0;
}
