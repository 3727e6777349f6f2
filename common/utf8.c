/*
 * UTF-8, as far as our own files and texts need it: characters one by one, and the two foldings
 * that bring letters to what every terminal has.
 */
#include "common/utf8.h"

#include <stdbool.h>
#include <string.h>

struct utf8_form {
	uint8_t mask;
	uint8_t lead;
	uint8_t continuations;
	uint32_t least;
};

static const struct utf8_form forms[] = {
	{ 0x80, 0x00, 0, 0x0 },
	{ 0xe0, 0xc0, 1, 0x80 },
	{ 0xf0, 0xe0, 2, 0x800 },
	{ 0xf8, 0xf0, 3, 0x10000 },
};

static int32_t take(const struct utf8_form *form, const char *text, size_t length)
{
	uint32_t code_point = (uint8_t)text[0] & (uint8_t)~form->mask;

	if (length <= form->continuations)
		return -1;
	for (size_t i = 1; i <= form->continuations; i++) {
		uint8_t byte = (uint8_t)text[i];

		if ((byte & 0xc0) != 0x80)
			return -1;
		code_point = code_point << 6 | (byte & 0x3f);
	}
	if (code_point < form->least || code_point > 0x10ffff ||
	    (code_point >= 0xd800 && code_point <= 0xdfff))
		return -1;
	return (int32_t)code_point;
}

int32_t utf8_next(const char **text, size_t *length)
{
	int32_t code_point = -1;
	size_t taken = 1;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (((uint8_t) * *text & forms[i].mask) != forms[i].lead)
			continue;
		code_point = take(&forms[i], *text, *length);
		if (code_point >= 0)
			taken = forms[i].continuations + (size_t)1;
		break;
	}
	*text += taken;
	*length -= taken;
	return code_point;
}

size_t utf8_put(uint32_t code_point, char ret_bytes[4])
{
	size_t form = 0;

	if (code_point >= 0x80)
		form = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
	for (size_t i = form; i > 0; i--) {
		ret_bytes[i] = (char)(0x80 | (code_point & 0x3f));
		code_point >>= 6;
	}
	ret_bytes[0] = (char)(forms[form].lead | code_point);
	return form + 1;
}

uint32_t utf8_capital(uint32_t code_point)
{
	bool latin1 = code_point >= 0xe0 && code_point <= 0xfe && code_point != 0xf7;

	if ((code_point >= 'a' && code_point <= 'z') || latin1)
		return code_point - 0x20;
	return code_point == 0x153 ? 0x152 : code_point;
}

uint32_t utf8_plain(uint32_t code_point)
{
	/* One letter for each code point from C0; '\0' where it is not an accented letter. */
	static const char letters[] = "AAAAAA\0CEEEEIIII\0NOOOOO\0\0UUUUY\0\0"
				      "aaaaaa\0ceeeeiiii\0nooooo\0\0uuuuy\0y";

	if (code_point < 0xc0 || code_point > 0xff || letters[code_point - 0xc0] == '\0')
		return code_point;
	return (uint8_t)letters[code_point - 0xc0];
}
