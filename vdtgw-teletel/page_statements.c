/*
 * The statements of the page language, a row of a table each. They know what the terminal has in
 * force, so that a page's author states what is wanted and only the differences are sent.
 */
#include "vdtgw-teletel/page_source.h"

#include "common/utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const color_names[] = {
	[COLOR_BLACK] = "black",   [COLOR_RED] = "red",     [COLOR_GREEN] = "green",
	[COLOR_YELLOW] = "yellow", [COLOR_BLUE] = "blue",   [COLOR_MAGENTA] = "magenta",
	[COLOR_CYAN] = "cyan",     [COLOR_WHITE] = "white",
};
static_assert(sizeof(color_names) / sizeof(color_names[0]) == COLOR_COUNT, "a name each");

static const char *const size_names[] = {
	[SIZE_NORMAL] = "normal",
	[SIZE_TALL] = "tall",
	[SIZE_WIDE] = "wide",
	[SIZE_BIG] = "big",
};
static_assert(sizeof(size_names) / sizeof(size_names[0]) == SIZE_COUNT, "a name each");

static const char *const switch_names[] = { "off", "on" };

static void go_to(struct page_source *source, unsigned row, unsigned column)
{
	composer_at(&source->composer, row, column);
	source->row = row;
	source->column = column;
	source->in_force = style_default;
}

/* Makes sure that `characters` more fit on the row, and that the terminal has the style that the
 * author wants. */
static int before_text(struct page_source *source, size_t characters)
{
	bool wide = source->style.size == SIZE_WIDE || source->style.size == SIZE_BIG;
	bool tall = source->style.size == SIZE_TALL || source->style.size == SIZE_BIG;
	size_t columns = wide ? 2 * characters : characters;

	if (source->column == 0)
		return page_source_refuse(source, "say where first, with \"at ROW COLUMN\"");
	if (tall && source->row < 2)
		return page_source_refuse(source, "characters of double height need the row above "
						  "too: row 2 to 24 is allowed");
	if (source->column + columns > SCREEN_COLUMNS + 1)
		return page_source_refuse(source,
					  "the row ends at column 40: %zu columns are left, "
					  "the text needs %zu",
					  (size_t)(SCREEN_COLUMNS + 1 - source->column), columns);
	composer_style(&source->composer, &source->in_force, &source->style);
	source->in_force = source->style;
	source->column += (unsigned)columns;
	return 0;
}

static int do_clear(struct page_source *source)
{
	composer_byte(&source->composer, 0x0c);
	source->row = 1;
	source->column = 1;
	source->in_force = style_default;
	return 0;
}

static int do_cursor(struct page_source *source)
{
	unsigned on = 0;
	int r = page_source_choice(source, "cursor", switch_names, 2, &on);

	if (r == 0)
		composer_byte(&source->composer, on ? 0x11 : 0x14);
	return r;
}

static int do_at(struct page_source *source)
{
	unsigned row = 0;
	unsigned column = 0;
	int r = page_source_number(source, "row", 0, SCREEN_ROWS, &row);

	if (r == 0)
		r = page_source_number(source, "column", 1, SCREEN_COLUMNS, &column);
	if (r == 0)
		go_to(source, row, column);
	return r;
}

static int do_color(struct page_source *source)
{
	unsigned color = 0;
	unsigned background = COLOR_BLACK;
	const char *on;
	int r = page_source_choice(source, "color", color_names, COLOR_COUNT, &color);

	if (r < 0)
		return r;
	on = page_source_word(source);
	if (strcmp(on, "on") == 0)
		r = page_source_choice(source, "background", color_names, COLOR_COUNT, &background);
	else if (*on != '\0')
		r = page_source_refuse(source, "\"%.20s\": \"on COLOR\" is allowed here", on);
	if (r < 0)
		return r;
	source->style.color = (enum color)color;
	source->style.background = (enum color)background;
	return 0;
}

static int do_size(struct page_source *source)
{
	unsigned size = 0;
	int r = page_source_choice(source, "size", size_names, SIZE_COUNT, &size);

	if (r == 0)
		source->style.size = (enum character_size)size;
	return r;
}

static int do_switch(struct page_source *source, const char *what, bool *ret_switch)
{
	unsigned on = 0;
	int r = page_source_choice(source, what, switch_names, 2, &on);

	if (r == 0)
		*ret_switch = on != 0;
	return r;
}

static int do_flash(struct page_source *source)
{
	return do_switch(source, "flash", &source->style.flash);
}

static int do_underline(struct page_source *source)
{
	return do_switch(source, "underline", &source->style.underline);
}

static int do_inverse(struct page_source *source)
{
	return do_switch(source, "inverse", &source->style.inverse);
}

/* Counts the characters; refuses those that the terminal does not have. */
static int check_text(struct page_source *source, const char *text, size_t *ret_characters)
{
	size_t length = strlen(text);
	size_t characters = 0;

	while (length > 0) {
		const char *start = text;
		int32_t code_point = utf8_next(&text, &length);
		uint8_t bytes[3];

		if (code_point < 0)
			return page_source_refuse(source, "the text is not UTF-8");
		if (composer_character((uint32_t)code_point, bytes) == 0)
			return page_source_refuse(source, "the terminal has no character \"%.*s\"",
						  (int)(text - start), start);
		characters++;
	}
	*ret_characters = characters;
	return 0;
}

static int do_text(struct page_source *source)
{
	const char *text = page_source_quoted(source);
	size_t characters = 0;
	int r = text != NULL ? check_text(source, text, &characters) : -EINVAL;

	if (r == 0)
		r = before_text(source, characters);
	if (r == 0)
		composer_text(&source->composer, text, SIZE_MAX);
	return r;
}

static int do_repeat(struct page_source *source)
{
	unsigned count = 0;
	const char *text;
	size_t characters = 0;
	size_t length;
	int32_t code_point;
	uint8_t bytes[3];
	int r = page_source_number(source, "count", 1, SCREEN_COLUMNS, &count);

	if (r < 0)
		return r;
	text = page_source_quoted(source);
	if (text == NULL)
		return -EINVAL;
	r = check_text(source, text, &characters);
	if (r == 0 && characters != 1)
		r = page_source_refuse(source, "one character is repeated, this text has %zu",
				       characters);
	if (r == 0)
		r = before_text(source, count);
	if (r < 0)
		return r;
	length = strlen(text);
	code_point = utf8_next(&text, &length);
	length = composer_character((uint32_t)code_point, bytes);
	if (length == 1)
		composer_repeat(&source->composer, bytes[0], count);
	for (unsigned i = 0; length > 1 && i < count; i++)
		composer_bytes(&source->composer, bytes, length);
	return 0;
}

static int do_fill(struct page_source *source)
{
	int r = before_text(source, 0);

	if (r == 0)
		composer_byte(&source->composer, 0x18);
	return r;
}

static int do_bytes(struct page_source *source)
{
	char *word = page_source_word(source);

	if (*word == '\0')
		return page_source_refuse(source, "bytes are needed, as in \"bytes 19 42 65\"");
	for (; *word != '\0'; word = page_source_word(source)) {
		char *end;
		unsigned long byte = strtoul(word, &end, 16);

		if (strlen(word) != 2 || *end != '\0' || strchr("+-xX", word[0]) != NULL)
			return page_source_refuse(
			    source, "\"%.20s\": two hexadecimal digits are allowed", word);
		composer_byte(&source->composer, (uint8_t)byte);
	}
	return 0;
}

static int do_codes(struct page_source *source)
{
	unsigned first = 0;
	unsigned last = 0;
	int r = page_source_number(source, "first code", 32, 127, &first);

	if (r == 0)
		r = page_source_number(source, "last code", first, 127, &last);
	if (r == 0)
		r = before_text(source, last - first + 1);
	for (unsigned code = first; r == 0 && code <= last; code++)
		composer_byte(&source->composer, (uint8_t)code);
	return r;
}

static int do_include(struct page_source *source)
{
	uint8_t bytes[PAGE_MAX + 1];
	const char *name = page_source_quoted(source);
	long length;

	if (name == NULL)
		return -EINVAL;
	if (*name == '\0' || *name == '.' || strchr(name, '/') != NULL)
		return page_source_refuse(source,
					  "\"%.40s\": the name of a file in the same folder "
					  "is allowed",
					  name);
	length = source->reader != NULL
		     ? source->reader(source->reader_context, name, bytes, sizeof(bytes))
		     : -ENOENT;
	if (length < 0)
		return page_source_refuse(source, "%.40s: %s", name, strerror((int)-length));
	if (length > PAGE_MAX)
		return page_source_refuse(source, "%.40s: at most %d bytes are allowed", name,
					  PAGE_MAX);
	composer_bytes(&source->composer, bytes, (size_t)length);
	/* Where such a file leaves the cursor is not known. */
	source->column = 0;
	return 0;
}

static int check_area(struct page_source *source, const struct page_area *area)
{
	unsigned wide = area->style.size == SIZE_WIDE || area->style.size == SIZE_BIG ? 2 : 1;
	unsigned tall = area->style.size == SIZE_TALL || area->style.size == SIZE_BIG ? 2 : 1;

	if (*area->name == '\0')
		return page_source_refuse(source, "area: a name is needed");
	if (area->column + area->width * wide > SCREEN_COLUMNS + 1)
		return page_source_refuse(source, "the area goes beyond column 40");
	if (area->row < tall || area->row + (area->height - 1U) * tall > SCREEN_ROWS)
		return page_source_refuse(source, "the area goes beyond the screen's rows 1 to 24");
	if (area->style.background != COLOR_BLACK || area->style.underline || area->style.inverse)
		return page_source_refuse(source, "an area takes a color, a size and flash; no "
						  "background, underline or inverse");
	for (size_t i = 0; i < source->area_count; i++) {
		if (strcmp(source->areas[i].name, area->name) == 0)
			return page_source_refuse(source, "a second area \"%s\"", area->name);
	}
	return 0;
}

static int do_area(struct page_source *source)
{
	struct page_area area = { .style = source->style };
	unsigned row = 0;
	unsigned column = 0;
	unsigned width = 0;
	unsigned height = 1;
	const char *name = page_source_word(source);
	int r = 0;

	if (strlen(name) >= sizeof(area.name))
		return page_source_refuse(source, "an area's name has at most %zu characters",
					  sizeof(area.name) - 1);
	if (source->area_count == PAGE_AREAS_MAX)
		return page_source_refuse(source, "at most %d areas are allowed", PAGE_AREAS_MAX);
	strcpy(area.name, name);
	r = page_source_number(source, "row", 1, SCREEN_ROWS, &row);
	if (r == 0)
		r = page_source_number(source, "column", 1, SCREEN_COLUMNS, &column);
	if (r == 0)
		r = page_source_number(source, "width", 1, SCREEN_COLUMNS, &width);
	if (r == 0 && source->rest[strspn(source->rest, " \t")] != '\0')
		r = page_source_number(source, "height", 1, SCREEN_ROWS, &height);
	if (r < 0)
		return r;
	area.row = (uint8_t)row;
	area.column = (uint8_t)column;
	area.width = (uint8_t)width;
	area.height = (uint8_t)height;
	r = check_area(source, &area);
	if (r == 0)
		source->areas[source->area_count++] = area;
	return r;
}

static int do_draw(struct page_source *source)
{
	unsigned row = 0;
	unsigned column = 0;
	int r = page_source_number(source, "row", 1, SCREEN_ROWS, &row);

	if (r == 0)
		r = page_source_number(source, "column", 1, SCREEN_COLUMNS, &column);
	if (r == 0) {
		page_drawing_begin(&source->drawing, row, column, source->line);
		source->drawing_open = true;
	}
	return r;
}

struct statement {
	const char *word;
	int (*compile)(struct page_source *source);
};

static const struct statement statements[] = {
	{ "area", do_area },           { "at", do_at },           { "bytes", do_bytes },
	{ "clear", do_clear },         { "codes", do_codes },     { "color", do_color },
	{ "cursor", do_cursor },       { "draw", do_draw },       { "fill", do_fill },
	{ "flash", do_flash },         { "include", do_include }, { "inverse", do_inverse },
	{ "repeat", do_repeat },       { "size", do_size },       { "text", do_text },
	{ "underline", do_underline },
};

int page_statement_compile(struct page_source *source, const char *word)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(statements[i].word, word) == 0)
			return statements[i].compile(source);
	}
	return page_source_refuse(source,
				  "\"%.20s\": area, at, bytes, clear, codes, color, cursor, draw, "
				  "fill, flash, include, inverse, repeat, size, text and underline "
				  "are allowed",
				  word);
}
