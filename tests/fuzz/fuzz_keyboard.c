/* links: vdtgw-session */
/*
 * Any input in packets of any size: the tokens put together again are the input, none is empty,
 * and the cut into packets changes no key. The first byte is the packets' size.
 */
#include "vdtgw-session/keyboard.h"

#include "tests/fuzz/fuzz.h"

enum {
	INPUT_MAX = 4096,
	SEPARATOR = 0x13,
};

struct transcript {
	uint8_t bytes[INPUT_MAX];
	size_t length;
	uint8_t keys[INPUT_MAX];
	size_t key_count;
};

static void append(struct transcript *transcript, uint8_t byte)
{
	require(transcript->length < INPUT_MAX);
	transcript->bytes[transcript->length++] = byte;
}

static void feed_packet(struct keyboard *keyboard, const uint8_t *bytes, size_t length,
			struct transcript *transcript)
{
	struct keyboard_token token;

	while (keyboard_next(keyboard, &bytes, &length, &token)) {
		for (size_t i = 0; i < token.length; i++)
			append(transcript, token.bytes[i]);
		if (token.length == 0) {
			require(token.key != SEPARATOR);
			append(transcript, SEPARATOR);
			append(transcript, token.key);
			transcript->keys[transcript->key_count++] = token.key;
		}
	}
	require(length == 0);
}

static void feed_in_packets(const uint8_t *data, size_t size, size_t packet,
			    struct transcript *transcript)
{
	struct keyboard keyboard = { 0 };

	transcript->length = 0;
	transcript->key_count = 0;
	for (size_t start = 0; start < size; start += packet) {
		size_t rest = size - start;
		feed_packet(&keyboard, data + start, rest < packet ? rest : packet, transcript);
		require(keyboard_waiting(&keyboard) ==
			(transcript->length + 1 == start + (rest < packet ? rest : packet)));
	}
	if (keyboard_flush(&keyboard))
		append(transcript, SEPARATOR);
	require(!keyboard_waiting(&keyboard));
	require(transcript->length == size);
	require(memcmp(transcript->bytes, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct transcript split;
	static struct transcript whole;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	feed_in_packets(data + 1, size - 1, data[0] + 1U, &split);
	feed_in_packets(data + 1, size - 1, size - 1, &whole);
	require(split.key_count == whole.key_count);
	require(memcmp(split.keys, whole.keys, whole.key_count) == 0);
	return 0;
}
