/* What the two halves of the page compiler share: statements (page_source.c), drawings
 * (page_drawing.c). */
#ifndef VDTGW_TELETEL_PAGE_SOURCE_H
#define VDTGW_TELETEL_PAGE_SOURCE_H

#include "vdtgw-teletel/composer.h"
#include "vdtgw-teletel/page.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PAGE_SOURCE_LINE_MAX = 512, /* bytes, with a final zero */
	DRAWING_WIDTH_MAX = 2 * SCREEN_COLUMNS,
	DRAWING_HEIGHT_MAX = 3 * SCREEN_ROWS,
};

/* A drawing in points, 2 × 3 to a character: a color, or DRAWING_UNTOUCHED. */
struct page_drawing {
	unsigned line; /* of the source, where it begins */
	unsigned row;
	unsigned column;
	unsigned height;
	int8_t points[DRAWING_HEIGHT_MAX][DRAWING_WIDTH_MAX];
};

enum {
	DRAWING_UNTOUCHED = -1
};

struct page_source {
	const char *file;
	unsigned line;
	char *rest; /* of the line, not yet read */
	page_reader *reader;
	const void *reader_context;
	char *error;
	size_t error_size;
	struct composer composer;
	struct style style;    /* that the author wants */
	struct style in_force; /* that the terminal has */
	unsigned row;
	unsigned column; /* 0: not known */
	struct page_area areas[PAGE_AREAS_MAX];
	size_t area_count;
	bool drawing_open;
	struct page_drawing drawing;
};

/* Writes FILE:LINE: and the reason into the error; returns -EINVAL. */
int page_source_refuse(struct page_source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void page_source_at(struct page_source *source, unsigned row, unsigned column);

void page_drawing_begin(struct page_drawing *drawing, unsigned row, unsigned column, unsigned line);
/* One line of points. */
int page_drawing_line(struct page_drawing *drawing, struct page_source *source, const char *line);
/* Compiles what was drawn. */
int page_drawing_end(struct page_drawing *drawing, struct page_source *source);

#endif
