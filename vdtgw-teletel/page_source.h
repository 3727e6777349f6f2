/* What the parts of the page compiler share: lines and words (page_source.c), statements
 * (page_statements.c), drawings (page_drawing.c). */
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
	uint8_t points[DRAWING_HEIGHT_MAX][DRAWING_WIDTH_MAX];
};

enum {
	DRAWING_UNTOUCHED = COLOR_COUNT
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
/* Cuts the next word off what is left of the line; "" at its end. */
char *page_source_word(struct page_source *source);
/* Each cuts a value off the line, or refuses it, naming it as `what`. */
int page_source_number(struct page_source *source, const char *what, unsigned least, unsigned most,
		       unsigned *ret_number);
int page_source_choice(struct page_source *source, const char *what, const char *const *names,
		       size_t count, unsigned *ret_index);
/* "…" with \" and \\ inside: made plain within the line. NULL: refused. */
const char *page_source_quoted(struct page_source *source);

/* Carries out the statement that begins with the word. */
int page_statement_compile(struct page_source *source, const char *word);

void page_drawing_begin(struct page_drawing *drawing, unsigned row, unsigned column, unsigned line);
/* One line of points. */
int page_drawing_line(struct page_drawing *drawing, struct page_source *source, const char *line);
/* Compiles what was drawn. */
int page_drawing_end(struct page_drawing *drawing, struct page_source *source);

#endif
