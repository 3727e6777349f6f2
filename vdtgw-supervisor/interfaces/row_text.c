/*
 * Checks a line for row 0: a control character would be obeyed by the terminal, and what it has no
 * character for would be shown as something else.
 */
#include "vdtgw-supervisor/interfaces/row_text.h"

#include "common/latin1.h"

#include <string.h>

enum {
	ASCII_LAST = '~',
	LETTERS_FIRST = 0xc0, /* of Latin-1 */
};

/* Of Latin-1's last columns: signs, and letters that are no other letter with an accent. */
static const char not_accented[] = "\xc6\xd0\xd7\xd8\xde\xdf\xe6\xf0\xf7\xf8\xfe";

static bool is_shown(uint8_t byte)
{
	if (byte >= LETTERS_FIRST)
		return strchr(not_accented, (char)byte) == NULL;
	return byte >= ' ' && byte <= ASCII_LAST;
}

bool row_text_is_valid(const char *text)
{
	struct latin1_decoder decoder = { .missing = 0 };
	uint8_t shown[ROW_TEXT_BYTES_MAX];
	size_t length = strlen(text);
	long count;

	if (length > sizeof(shown))
		return false;
	count = latin1_decode(&decoder, (const uint8_t *)text, length, shown);
	if (count <= 0 || count > ROW_TEXT_COLUMNS || decoder.replaced > 0 ||
	    !latin1_decoder_complete(&decoder))
		return false;
	for (long i = 0; i < count; i++)
		if (!is_shown(shown[i]))
			return false;
	return true;
}
