/*
 * Makes text safe to show: one pass over the input, a character at a time, each either kept as it
 * is or written as the \xNN of its bytes. Pure, so that the log and the tables share it.
 */
#include "common/printable.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	ESCAPE_SIZE = 4, /* \xNN */
};

static const char cut_mark[] = "…";

/* The length of the UTF-8 character at the start of bytes, or 0 where there is none: overlong
 * forms, surrogates, what is above U+10FFFF and sequences cut short are not characters. */
static size_t character_length(const uint8_t *bytes, size_t available, uint32_t *ret_code_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = 0;
	uint32_t code_point = bytes[0];

	if (code_point < 0x80) {
		length = 1;
	} else if ((code_point & 0xe0) == 0xc0) {
		length = 2;
		code_point &= 0x1f;
	} else if ((code_point & 0xf0) == 0xe0) {
		length = 3;
		code_point &= 0x0f;
	} else if ((code_point & 0xf8) == 0xf0) {
		length = 4;
		code_point &= 0x07;
	}
	if (length == 0 || length > available)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code_point = code_point << 6 | (bytes[i] & 0x3f);
	}
	if (code_point < least[length] || code_point > 0x10ffff ||
	    (code_point >= 0xd800 && code_point <= 0xdfff))
		return 0;
	*ret_code_point = code_point;
	return length;
}

/* Unicode's general categories Cc, Cf, Zl and Zp, but for the soft hyphen and the marks of some
 * scripts, which are seen or do nothing. */
static const struct {
	uint32_t first;
	uint32_t last;
} acting[] = {
	{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x61c, 0x61c },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

static bool is_safe(uint32_t code_point)
{
	for (size_t i = 0; i < sizeof(acting) / sizeof(acting[0]); i++)
		if (code_point >= acting[i].first && code_point <= acting[i].last)
			return false;
	return true;
}

static void escape(char *ret_text, uint8_t byte)
{
	static const char digits[] = "0123456789ABCDEF";

	ret_text[0] = '\\';
	ret_text[1] = 'x';
	ret_text[2] = digits[byte >> 4];
	ret_text[3] = digits[byte & 15];
}

size_t printable(char *ret_text, size_t size, const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;
	const size_t mark_length = sizeof(cut_mark) - 1;
	size_t written = 0;
	size_t cut_here = 0; /* the last place between characters that leaves room for the mark */

	if (size == 0)
		return 0;
	for (size_t at = 0; at < length;) {
		uint32_t code_point = 0;
		size_t taken = character_length(bytes + at, length - at, &code_point);
		bool kept = taken > 0 && is_safe(code_point);

		if (taken == 0)
			taken = 1;
		size_t needed = kept ? taken : taken * ESCAPE_SIZE;

		if (written + mark_length < size)
			cut_here = written;
		if (written + needed >= size) {
			if (cut_here + mark_length < size) {
				memcpy(ret_text + cut_here, cut_mark, mark_length);
				written = cut_here + mark_length;
			}
			break;
		}
		if (kept)
			memcpy(ret_text + written, bytes + at, taken);
		for (size_t i = 0; !kept && i < taken; i++)
			escape(ret_text + written + i * ESCAPE_SIZE, bytes[at + i]);
		written += needed;
		at += taken;
	}
	ret_text[written] = '\0';
	return written;
}
