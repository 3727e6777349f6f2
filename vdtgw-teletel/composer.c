/*
 * The terminal's language, outwards: positions, attributes and characters become bytes here and
 * nowhere else.
 */
#include "vdtgw-teletel/composer.h"

#include "common/utf8.h"

#include <string.h>

enum {
	ESC = 0x1b,
	REP = 0x12,
	REP_MAX = 63, /* repetitions in one REP */
	REP_WORTHWHILE = 3,
	SS2 = 0x19,
	US = 0x1f,
};

const struct style style_default = { .color = COLOR_WHITE };

/* Characters outside ASCII, or in ASCII but not where the terminal has them. */
struct glyph {
	uint16_t code_point;
	uint8_t bytes[3];
	uint8_t length;
};

static const struct glyph glyphs[] = {
	{ '`', { 0x27 }, 1 },
	{ '{', { 0x28 }, 1 },
	{ '}', { 0x29 }, 1 },
	{ '~', { 0x2d }, 1 },
	{ 0xa0, { 0x20 }, 1 },
	{ 0xa3, { SS2, 0x23 }, 2 },
	{ 0xa7, { SS2, 0x27 }, 2 },
	{ 0xab, { 0x22 }, 1 },
	{ 0xb0, { SS2, 0x30 }, 2 },
	{ 0xb1, { SS2, 0x31 }, 2 },
	{ 0xbb, { 0x22 }, 1 },
	{ 0xbc, { SS2, 0x3c }, 2 },
	{ 0xbd, { SS2, 0x3d }, 2 },
	{ 0xbe, { SS2, 0x3e }, 2 },
	{ 0xdf, { SS2, 0x7b }, 2 },
	{ 0xe0, { SS2, 0x41, 'a' }, 3 },
	{ 0xe2, { SS2, 0x43, 'a' }, 3 },
	{ 0xe4, { SS2, 0x48, 'a' }, 3 },
	{ 0xe7, { SS2, 0x4b, 'c' }, 3 },
	{ 0xe8, { SS2, 0x41, 'e' }, 3 },
	{ 0xe9, { SS2, 0x42, 'e' }, 3 },
	{ 0xea, { SS2, 0x43, 'e' }, 3 },
	{ 0xeb, { SS2, 0x48, 'e' }, 3 },
	{ 0xee, { SS2, 0x43, 'i' }, 3 },
	{ 0xef, { SS2, 0x48, 'i' }, 3 },
	{ 0xf4, { SS2, 0x43, 'o' }, 3 },
	{ 0xf6, { SS2, 0x48, 'o' }, 3 },
	{ 0xf7, { SS2, 0x38 }, 2 },
	{ 0xf9, { SS2, 0x41, 'u' }, 3 },
	{ 0xfb, { SS2, 0x43, 'u' }, 3 },
	{ 0xfc, { SS2, 0x48, 'u' }, 3 },
	{ 0x152, { SS2, 0x6a }, 2 },
	{ 0x153, { SS2, 0x7a }, 2 },
	{ 0x2013, { 0x2d }, 1 },
	{ 0x2018, { 0x27 }, 1 },
	{ 0x2019, { 0x27 }, 1 },
	{ 0x201c, { 0x22 }, 1 },
	{ 0x201d, { 0x22 }, 1 },
	{ 0x2190, { SS2, 0x2c }, 2 },
	{ 0x2191, { SS2, 0x2d }, 2 },
	{ 0x2192, { SS2, 0x2e }, 2 },
	{ 0x2193, { SS2, 0x2f }, 2 },
	{ 0x2500, { 0x60 }, 1 }, /* a line at half height */
	{ 0x2502, { 0x7c }, 1 }, /* a line in the middle */
	{ 0x2588, { 0x7f }, 1 }, /* a full block */
	{ 0x258f, { 0x7b }, 1 }, /* a line at the left edge */
	{ 0x2595, { 0x7d }, 1 }, /* a line at the right edge */
	{ 0x203e, { 0x7e }, 1 }, /* a line at the top */
};

void composer_init(struct composer *composer, uint8_t *bytes, size_t size)
{
	composer->bytes = bytes;
	composer->size = size;
	composer->length = 0;
	composer->overflowed = false;
}

void composer_bytes(struct composer *composer, const void *bytes, size_t length)
{
	if (length > composer->size - composer->length) {
		composer->overflowed = true;
		return;
	}
	if (length != 0)
		memcpy(composer->bytes + composer->length, bytes, length);
	composer->length += length;
}

void composer_byte(struct composer *composer, uint8_t byte)
{
	composer_bytes(composer, &byte, 1);
}

void composer_at(struct composer *composer, unsigned row, unsigned column)
{
	composer_bytes(composer,
		       (uint8_t[]) { US, (uint8_t)(0x40 + row), (uint8_t)(0x40 + column) }, 3);
}

static void escape(struct composer *composer, unsigned byte)
{
	composer_bytes(composer, (uint8_t[]) { ESC, (uint8_t)byte }, 2);
}

void composer_style(struct composer *composer, const struct style *from, const struct style *to)
{
	if (from->color != to->color)
		escape(composer, 0x40 + to->color);
	if (from->background != to->background)
		escape(composer, 0x50 + to->background);
	if (from->size != to->size)
		escape(composer, 0x4c + to->size);
	if (from->flash != to->flash)
		escape(composer, to->flash ? 0x48 : 0x49);
	if (from->underline != to->underline)
		escape(composer, to->underline ? 0x5a : 0x59);
	if (from->inverse != to->inverse)
		escape(composer, to->inverse ? 0x5d : 0x5c);
}

void composer_repeat(struct composer *composer, uint8_t byte, size_t count)
{
	bool first = true;

	while (count > 0) {
		size_t run = count < REP_MAX ? count : REP_MAX;

		if (!first && run >= REP_WORTHWHILE) {
			composer_bytes(composer, (uint8_t[]) { REP, (uint8_t)(0x40 + run) }, 2);
			count -= run;
			continue;
		}
		composer_byte(composer, byte);
		first = false;
		count--;
	}
}

size_t composer_character(uint32_t code_point, uint8_t ret_bytes[3])
{
	uint32_t plain = utf8_plain(code_point);

	for (size_t i = 0; i < sizeof(glyphs) / sizeof(glyphs[0]); i++) {
		if (glyphs[i].code_point != code_point)
			continue;
		memcpy(ret_bytes, glyphs[i].bytes, glyphs[i].length);
		return glyphs[i].length;
	}
	if (plain < 0x20 || plain > 0x7a)
		return 0;
	ret_bytes[0] = (uint8_t)plain;
	return 1;
}

size_t composer_text(struct composer *composer, const char *text, size_t characters)
{
	size_t length = strlen(text);
	size_t written = 0;

	while (length > 0 && written < characters) {
		int32_t code_point = utf8_next(&text, &length);
		uint8_t bytes[3] = { '?' };
		size_t count = 0;

		if (code_point >= 0)
			count = composer_character((uint32_t)code_point, bytes);
		composer_bytes(composer, bytes, count != 0 ? count : 1);
		written++;
	}
	return written;
}
