/*
 * Compiled pages in use: comparing two, sending one and filling its areas.
 */
#include "vdtgw-teletel/page.h"

#include "common/utf8.h"

#include <stdlib.h>
#include <string.h>

void page_free(struct page *page)
{
	free(page);
}

static bool styles_equal(const struct style *one, const struct style *other)
{
	return one->color == other->color && one->background == other->background &&
	       one->size == other->size && one->flash == other->flash &&
	       one->underline == other->underline && one->inverse == other->inverse;
}

static bool areas_equal(const struct page_area *one, const struct page_area *other)
{
	return strcmp(one->name, other->name) == 0 && one->row == other->row &&
	       one->column == other->column && one->width == other->width &&
	       one->height == other->height && styles_equal(&one->style, &other->style);
}

bool page_equal(const struct page *one, const struct page *other)
{
	if (one->length != other->length || one->area_count != other->area_count ||
	    memcmp(one->bytes, other->bytes, one->length) != 0)
		return false;
	for (size_t i = 0; i < one->area_count; i++) {
		if (!areas_equal(&one->areas[i], &other->areas[i]))
			return false;
	}
	return true;
}

const struct page_area *page_area(const struct page *page, const char *name)
{
	for (size_t i = 0; i < page->area_count; i++) {
		if (strcmp(page->areas[i].name, name) == 0)
			return &page->areas[i];
	}
	return NULL;
}

void page_draw(const struct page *page, struct composer *composer)
{
	composer_bytes(composer, page->bytes, page->length);
}

static unsigned rows_of_a_character(const struct page_area *area)
{
	return area->style.size == SIZE_TALL || area->style.size == SIZE_BIG ? 2 : 1;
}

static unsigned columns_of_a_character(const struct page_area *area)
{
	return area->style.size == SIZE_WIDE || area->style.size == SIZE_BIG ? 2 : 1;
}

void page_area_at(const struct page_area *area, struct composer *composer, unsigned row,
		  unsigned character)
{
	composer_at(composer, area->row + row * rows_of_a_character(area),
		    area->column + character * columns_of_a_character(area));
	composer_style(composer, &style_default, &area->style);
}

void page_area_fill(const struct page_area *area, struct composer *composer, const char *text)
{
	size_t length = strlen(text);

	for (unsigned row = 0; row < area->height && length > 0; row++) {
		page_area_at(area, composer, row, 0);
		composer_text(composer, text, area->width);
		for (unsigned i = 0; i < area->width && length > 0; i++)
			utf8_next(&text, &length);
	}
}
