/*
 * Keeps the cells as text, and decides how wide each column becomes when the table is written: as
 * wide as its longest cell if there is room for all; else the widest ones are cut; else the least
 * important go.
 */
#include "vdtgwctl/table.h"

#include "common/printable.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	GAP = 2, /* columns of space between two of the table's */
};

struct cell {
	char *text; /* NULL: nothing */
	enum display_style style;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells;
	size_t cell_count;
	size_t size;
	bool failed; /* a cell is missing, because there was no memory */
};

/* What a table looks like at a width. */
struct layout {
	size_t widths[TABLE_COLUMNS_MAX];
	bool shown[TABLE_COLUMNS_MAX];
};

int table_new(struct table **ret_table, const struct table_column *columns, size_t count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	table->columns = columns;
	table->column_count = count;
	*ret_table = table;
	return 0;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

static bool make_room(struct table *table)
{
	size_t size = table->size > 0 ? 2 * table->size : 8 * table->column_count;
	struct cell *cells;

	if (table->cell_count < table->size)
		return true;
	cells = realloc(table->cells, size * sizeof(*cells));
	if (cells == NULL)
		return false;
	table->cells = cells;
	table->size = size;
	return true;
}

void table_add_styled(struct table *table, const char *text, enum display_style style)
{
	char safe[TABLE_CELL_MAX];
	struct cell *cell;

	if (!make_room(table)) {
		table->failed = true;
		return;
	}
	cell = &table->cells[table->cell_count++];
	*cell = (struct cell) { NULL, style };
	if (text == NULL || text[0] == '\0')
		return;
	printable(safe, sizeof(safe), text, strlen(text));
	cell->text = strdup(safe);
	if (cell->text == NULL)
		table->failed = true;
}

void table_add(struct table *table, const char *text)
{
	table_add_styled(table, text, DISPLAY_PLAIN);
}

size_t table_row_count(const struct table *table)
{
	return table->cell_count / table->column_count;
}

static const char *cell_text(const struct table *table, size_t row, size_t column)
{
	const char *text = table->cells[row * table->column_count + column].text;

	return text != NULL ? text : "";
}

/* As wide as everything in it. */
static void measure(const struct table *table, struct layout *layout)
{
	for (size_t column = 0; column < table->column_count; column++) {
		size_t widest = 0;

		for (size_t row = 0; row < table_row_count(table); row++) {
			size_t width = display_width(cell_text(table, row, column));

			if (width > widest)
				widest = width;
		}
		layout->shown[column] = widest > 0 || !table->columns[column].left_out_empty;
		layout->widths[column] = display_width(table->columns[column].title);
		if (widest > layout->widths[column])
			layout->widths[column] = widest;
	}
}

static size_t total(const struct table *table, const struct layout *layout)
{
	size_t sum = 0;

	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column])
			sum += layout->widths[column] + (sum > 0 ? GAP : 0);
	return sum;
}

/* Makes the widest column that may be cut one narrower; false where none may. */
static bool squeeze(const struct table *table, struct layout *layout)
{
	size_t widest = SIZE_MAX;

	for (size_t column = 0; column < table->column_count; column++) {
		unsigned least = table->columns[column].least;

		if (layout->shown[column] && least > 0 && layout->widths[column] > least &&
		    (widest == SIZE_MAX || layout->widths[column] > layout->widths[widest]))
			widest = column;
	}
	if (widest == SIZE_MAX)
		return false;
	layout->widths[widest]--;
	return true;
}

/* Leaves the least important column out; false where all must stay. */
static bool leave_one_out(const struct table *table, struct layout *layout)
{
	size_t least_important = SIZE_MAX;
	unsigned rank = 0;

	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column] && table->columns[column].rank > rank) {
			rank = table->columns[column].rank;
			least_important = column;
		}
	if (least_important == SIZE_MAX)
		return false;
	layout->shown[least_important] = false;
	return true;
}

static void arrange(const struct table *table, size_t width, struct layout *ret_layout)
{
	struct layout layout, squeezed;

	measure(table, &layout);
	do {
		squeezed = layout;
		while (total(table, &squeezed) > width)
			if (!squeeze(table, &squeezed))
				break;
	} while (total(table, &squeezed) > width && leave_one_out(table, &layout));
	*ret_layout = squeezed;
}

static void pad(FILE *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fputc(' ', out);
}

struct line {
	FILE *out;
	size_t left; /* of the width */
	bool colour;
	size_t owed; /* columns of space before the next cell */
};

/* A cell, behind the space that is owed before it. What comes after it is owed then, so that no
 * line ends in space. */
static void write_cell(struct line *line, const struct table_column *column, size_t width,
		       const char *text, enum display_style style)
{
	size_t natural = display_width(text);
	size_t spare = natural < width ? width - natural : 0;

	if (text[0] == '\0') {
		line->owed += width + GAP;
		return;
	}
	if (column->right)
		line->owed += spare;
	if (line->owed >= line->left) {
		line->left = 0;
		return;
	}
	pad(line->out, line->owed);
	line->left -= line->owed;
	line->left -= display_write(line->out, text, width < line->left ? width : line->left, style,
				    line->colour);
	line->owed = GAP + (column->right ? 0 : spare);
}

static void write_titles(const struct table *table, const struct layout *layout, struct line line)
{
	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column])
			write_cell(&line, &table->columns[column], layout->widths[column],
				   table->columns[column].title, DISPLAY_TITLE);
	fputc('\n', line.out);
}

static void write_row(const struct table *table, const struct layout *layout, size_t row,
		      struct line line)
{
	for (size_t column = 0; column < table->column_count; column++)
		if (layout->shown[column])
			write_cell(&line, &table->columns[column], layout->widths[column],
				   cell_text(table, row, column),
				   table->cells[row * table->column_count + column].style);
	fputc('\n', line.out);
}

int table_write(const struct table *table, FILE *out, const struct table_view *view)
{
	const struct line line = { out, view->width, view->colour, 0 };
	size_t count = table_row_count(table);
	struct layout layout;

	if (table->failed)
		return -ENOMEM;
	arrange(table, view->width, &layout);
	write_titles(table, &layout, line);
	for (size_t row = view->first; row < count && row - view->first < view->rows; row++)
		write_row(table, &layout, row, line);
	return 0;
}
