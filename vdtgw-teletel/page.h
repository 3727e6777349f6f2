/*
 * A page as it is sent: videotex bytes, and the areas that the program fills. Pages are written
 * in the small language of share/pages/README, compiled once when the kiosk reads them.
 */
#ifndef VDTGW_TELETEL_PAGE_H
#define VDTGW_TELETEL_PAGE_H

#include "vdtgw-teletel/composer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PAGE_MAX = 8192,         /* bytes sent for a page, its areas not counted */
	PAGE_SOURCE_MAX = 65536, /* bytes of a source file, and of a .vdt file */
	PAGE_AREAS_MAX = 16,
	PAGE_AREA_NAME_MAX = 16, /* bytes, with the final zero */
};

struct page_area {
	char name[PAGE_AREA_NAME_MAX];
	uint8_t row; /* the first; the lower one of tall characters */
	uint8_t column;
	uint8_t width;  /* characters on a row */
	uint8_t height; /* rows */
	struct style style;
};

struct page {
	size_t length;
	size_t area_count;
	struct page_area areas[PAGE_AREAS_MAX];
	uint8_t bytes[];
};

/* Reads a file that the page includes: at most size bytes into ret_bytes. Returns how many, or
 * -errno. */
typedef long page_reader(const void *context, const char *name, uint8_t *ret_bytes, size_t size);

/* Compiles a source. reader may be NULL: no includes then. Returns 0; -ENOMEM; or -EINVAL with
 * "FILE:LINE: what is wrong, what is allowed" in error. */
int page_parse(struct page **ret_page, const char *file, const char *source, size_t length,
	       page_reader *reader, const void *context, char *error, size_t error_size);
void page_free(struct page *page);
/* Whether both look the same and have the same areas. */
bool page_equal(const struct page *one, const struct page *other);

/* NULL where the page has no area of that name. */
const struct page_area *page_area(const struct page *page, const char *name);
void page_draw(const struct page *page, struct composer *composer);
/* Goes to the area's row (0: the first), at a character of it, with the area's style. */
void page_area_at(const struct page_area *area, struct composer *composer, unsigned row,
		  unsigned character);
/* Writes the text, cut at the area's width and going on in its next row; what is too long for
 * the area is cut. */
void page_area_fill(const struct page_area *area, struct composer *composer, const char *text);

#endif
