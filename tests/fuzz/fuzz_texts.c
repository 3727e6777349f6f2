/* links: vdtgw-session */
/*
 * Any text for row 0, in a session: what is written there is one line of ASCII between its position
 * and its end, and moves nothing else on the screen; a refusal writes nothing.
 */
#include "vdtgw-session/texts.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

enum {
	COLUMNS = 40
};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const char begin[] = "\x1f\x40\x41", end[] = "\x18\x0a";
	char *text = fuzz_text(input, size);
	char row[TEXTS_MAX] = "";
	int result = texts_message(text, row);
	size_t length = strlen(row), extra = sizeof(begin) + sizeof(end) - 2;

	require(result == 0 || (result == -EINVAL && length == 0));
	if (result == 0) {
		require(length > extra && length <= COLUMNS + extra);
		require(memcmp(row, begin, sizeof(begin) - 1) == 0);
		require(memcmp(row + length - sizeof(end) + 1, end, sizeof(end)) == 0);
		for (size_t i = sizeof(begin) - 1; i < length - sizeof(end) + 1; i++)
			require(row[i] >= ' ' && row[i] <= '~');
	}
	free(text);
	return 0;
}
