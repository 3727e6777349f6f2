/* links: common */
/*
 * Any text as a duration: a refusal leaves the output alone; what is accepted is the same when it
 * is written and read again, and so is any number of seconds.
 */
#include "common/duration.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_round_trip(uint64_t seconds)
{
	char text[DURATION_TEXT_MAX];
	uint64_t again;

	require(duration_format(seconds, text) == text && strlen(text) < sizeof(text));
	require(duration_parse(&again, text) == 0 && again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);
	uint64_t seconds = 0x5555, number = 0;
	int result = duration_parse(&seconds, text);

	require(result == 0 || (result == -EINVAL && seconds == 0x5555));
	check_round_trip(seconds);
	memcpy(&number, input, size < sizeof(number) ? size : sizeof(number));
	/* No more days than are read. */
	check_round_trip(number >> 8);
	free(text);
	return 0;
}
