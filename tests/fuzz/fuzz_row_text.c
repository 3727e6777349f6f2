/* links: vdtgw-supervisor */
/*
 * Any text for row 0, judged by the supervisor: what it accepts is 1 to 40 characters that a
 * terminal has once accents are off, so that nothing of it is shown as something else.
 */
#include "vdtgw-supervisor/interfaces/row_text.h"

#include "common/utf8.h"

#include "tests/fuzz/fuzz.h"

/* What is accepted, said in another way: each character becomes one of ASCII. */
static bool is_shown(const char *text)
{
	size_t length = strlen(text), columns = 0;

	while (length > 0) {
		int32_t character = utf8_next(&text, &length);

		if (character < 0 || character > 0xff || ++columns > ROW_TEXT_COLUMNS)
			return false;
		character = (int32_t)utf8_plain((uint32_t)character);
		if (character < ' ' || character > '~')
			return false;
	}
	return columns > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);

	require(row_text_is_valid(text) == is_shown(text));
	free(text);
	return 0;
}
