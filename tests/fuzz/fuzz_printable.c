/* links: common */
/*
 * Any bytes made safe to show, in room of any size, which the first byte gives: within the room,
 * in UTF-8, free of what acts on a terminal, and safe the second time as it is.
 */
#include "common/printable.h"
#include "common/utf8.h"

#include "tests/fuzz/fuzz.h"

static bool acts_on_terminal(int32_t character)
{
	return character < ' ' || (character >= 0x7f && character < 0xa0) ||
	       (character >= 0x2028 && character <= 0x202e) || character == 0x200e ||
	       character == 0x200f || (character >= 0x2066 && character <= 0x2069);
}

static void check(const char *bytes, size_t length, size_t room)
{
	char *shown = malloc(room + 1);
	char *again = malloc(room + 1);
	const char *rest = shown;
	size_t written, left;

	require(shown != NULL && again != NULL);
	shown[room] = 0x55;
	written = printable(shown, room, bytes, length);
	require(shown[room] == 0x55 && (room == 0 ? written == 0 : written < room));
	if (room > 0) {
		require(strlen(shown) == written);
		for (left = written; left > 0;)
			require(!acts_on_terminal(utf8_next(&rest, &left)));
		require(printable(again, room, shown, written) == written);
		require(memcmp(shown, again, written) == 0);
	}
	free(shown);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *bytes;

	if (size == 0)
		return 0;
	bytes = malloc(size);
	require(bytes != NULL);
	memcpy(bytes, input + 1, size - 1);
	check(bytes, size - 1, input[0]);
	check(bytes, size - 1, 4 * size + 1);
	free(bytes);
	return 0;
}
