/* links: vdtgw-session */
/*
 * Any bytes at any times: the cut into packets changes nothing, no limit is never exceeded, and
 * whatever it is that comes no faster than the limit never exceeds it. Two bytes of the input are a
 * pause in milliseconds and how many bytes come after it.
 */
#include "vdtgw-session/typing_meter.h"

#include "common/microseconds.h"

#include "tests/fuzz/fuzz.h"

enum {
	PACKET_HEADER = 2,
	LIMIT = 10, /* characters/s */
	START = 1000000,
};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct typing_meter whole, split, unlimited, slow;
	uint64_t now = START, slow_now = START;

	typing_meter_init(&whole, LIMIT, now);
	typing_meter_init(&split, LIMIT, now);
	typing_meter_init(&unlimited, 0, now);
	typing_meter_init(&slow, LIMIT, now);
	while (size > PACKET_HEADER) {
		size_t length = input[1];
		bool too_fast, split_too_fast = false;

		now += input[0] * US_PER_MS;
		input += PACKET_HEADER;
		size -= PACKET_HEADER;
		if (length > size)
			length = size;
		too_fast = typing_meter_feed(&whole, now, input, length);
		for (size_t i = 0; i < length; i++) {
			split_too_fast = typing_meter_feed(&split, now, input + i, 1);
			slow_now += US_PER_S / LIMIT;
			require(!typing_meter_feed(&slow, slow_now, input + i, 1));
		}
		require(length == 0 || too_fast == split_too_fast);
		require(!typing_meter_feed(&unlimited, now, input, length));
		require(whole.level <= LIMIT * TYPING_SPAN && whole.level >= -LIMIT * TYPING_SPAN);
		input += length;
		size -= length;
	}
	return 0;
}
