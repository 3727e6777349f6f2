/* links: vdtgw-session */
/*
 * Any bytes: a completion is bounded, brings another parser that sees it to a boundary, holds no
 * command, and no sequence stays un-overlong for ever.
 */
#include "vdtgw-session/videotex.h"

#include "tests/fuzz/fuzz.h"

/* What PRO1 to PRO3 and the cursor request would have the terminal do. */
static void check_harmless(const uint8_t *completion, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		require(completion[i] != 0x0c && completion[i] != 0x05 && completion[i] != 0x18);
		if (i > 0 && completion[i - 1] == 0x1b)
			require(completion[i] == 0x25);
	}
}

static void check_completion(struct videotex cut)
{
	struct videotex terminal = cut;
	uint8_t completion[VIDEOTEX_COMPLETION_MAX];
	uint8_t second[VIDEOTEX_COMPLETION_MAX];
	enum videotex_position before = videotex_position(&cut);
	enum videotex_position after = before;
	size_t length = videotex_complete(&cut, completion);

	require(length <= VIDEOTEX_COMPLETION_MAX);
	require((length == 0) == (before == VIDEOTEX_BOUNDARY));
	require(videotex_position(&cut) == VIDEOTEX_BOUNDARY);
	require(videotex_complete(&cut, second) == 0);
	check_harmless(completion, length);
	for (size_t i = 0; i < length; i++)
		after = videotex_feed(&terminal, completion[i]);
	require(after == VIDEOTEX_BOUNDARY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct videotex videotex = { 0 };
	size_t inside = 0;

	for (size_t i = 0; i < size; i++) {
		enum videotex_position position = videotex_feed(&videotex, data[i]);

		require(position == videotex_position(&videotex));
		inside = position == VIDEOTEX_BOUNDARY ? 0 : inside + 1;
		require(inside <= VIDEOTEX_DOWNLOAD_MAX || position == VIDEOTEX_OVERLONG);
		require(position != VIDEOTEX_OVERLONG || inside > VIDEOTEX_SEQUENCE_MAX);
		check_completion(videotex);
	}
	return 0;
}
