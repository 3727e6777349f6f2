/*
 * A table that fits a width: titles, rows of cells, columns that give way when there is no room.
 * What is put into it is made safe to show (common/printable.h). Pure; needs display_init().
 */
#ifndef VDTGWCTL_TABLE_H
#define VDTGWCTL_TABLE_H

#include "vdtgwctl/display.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
	TABLE_CELL_MAX = 512, /* bytes of a cell; what is longer is cut and marked "…" */
	TABLE_COLUMNS_MAX = 24,
};

struct table_column {
	const char *title;
	/* Which goes first where there is no room: the highest. 0: it stays in any case. */
	unsigned rank;
	/* Columns that it may be cut to; 0: it is not cut. */
	unsigned least;
	bool right;          /* aligned */
	bool left_out_empty; /* where no row has anything in it */
};

struct table;

/* columns, at most TABLE_COLUMNS_MAX, live as long as the table. Returns 0 or -ENOMEM. */
int table_new(struct table **ret_table, const struct table_column *columns, size_t count);
/* Accepts NULL. */
void table_free(struct table *table);

/* The next cell of the row, or the first one of the next row. NULL is nothing. */
void table_add(struct table *table, const char *text);
void table_add_styled(struct table *table, const char *text, enum display_style style);
size_t table_row_count(const struct table *table);

struct table_view {
	size_t width; /* SIZE_MAX: any */
	size_t first; /* the row on top */
	size_t rows;  /* at most; SIZE_MAX: all */
	bool colour;
};

/* Titles and rows. Returns 0, or -ENOMEM where a cell could not be kept: nothing is written then.
 */
int table_write(const struct table *table, FILE *out, const struct table_view *view);

#endif
