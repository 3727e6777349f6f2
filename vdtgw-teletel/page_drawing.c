/*
 * Drawings, from points to mosaics (G1). A character holds 2 × 3 points of two colors at most.
 * Which of the two is the foreground is free, and so is the other color of a plain character: the
 * choice that costs the fewest bytes over the whole row is found by going through it backwards.
 */
#include "vdtgw-teletel/page_source.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

enum {
	SHIFT_OUT = 0x0e, /* to mosaics */
	MOVE_RIGHT = 0x09,
	FULL = 0x5f,
	GAP_BY_MOVES = 4, /* a position costs this many bytes with its way back to mosaics */
	COLOR_COST = 2,   /* bytes of a change of color */
	PATTERN_ALL = 0x3f,
	NO_COST = 65535,
};

static const char color_letters[] = "KRGYBMCW";

/* A character of a drawing: the points that are of color `one`, the rest being of `other`. */
struct cell {
	bool untouched;
	bool plain; /* all points are `one` */
	uint8_t one;
	uint8_t other;
	uint8_t pattern; /* bits: top left, top right, middle left … */
};

void page_drawing_begin(struct page_drawing *drawing, unsigned row, unsigned column, unsigned line)
{
	drawing->line = line;
	drawing->row = row;
	drawing->column = column;
	drawing->height = 0;
	memset(drawing->points, DRAWING_UNTOUCHED, sizeof(drawing->points));
}

int page_drawing_line(struct page_drawing *drawing, struct page_source *source, const char *line)
{
	size_t width = strlen(line);
	size_t width_max = 2 * (size_t)(SCREEN_COLUMNS + 1 - drawing->column);

	if (drawing->height == 3 * (SCREEN_ROWS + 1 - drawing->row))
		return page_source_refuse(source, "the drawing goes beyond row 24");
	if (width > width_max)
		return page_source_refuse(
		    source, "the drawing goes beyond column 40: %zu points are allowed, not %zu",
		    width_max, width);
	for (size_t i = 0; i < width; i++) {
		const char *letter = strchr(color_letters, line[i]);

		if (line[i] == '.')
			continue;
		if (letter == NULL)
			return page_source_refuse(
			    source,
			    "a drawing is made of . K R G Y B M C W (untouched, black, red, green, "
			    "yellow, blue, magenta, cyan, white) and ended by \"end\"");
		drawing->points[drawing->height][i] = (uint8_t)(letter - color_letters);
	}
	drawing->height++;
	return 0;
}

/* Untouched points beside touched ones are black. */
static int read_cell(const struct page_drawing *drawing, unsigned row, unsigned column,
		     struct page_source *source, struct cell *ret_cell)
{
	struct cell cell = { .untouched = true, .plain = true };
	uint8_t colors[6];

	for (unsigned i = 0; i < 6; i++) {
		uint8_t point = drawing->points[row * 3 + i / 2][column * 2 + i % 2];

		if (point != DRAWING_UNTOUCHED)
			cell.untouched = false;
		colors[i] = point == DRAWING_UNTOUCHED ? COLOR_BLACK : point;
	}
	cell.one = colors[0];
	for (unsigned i = 0; i < 6; i++) {
		if (colors[i] == cell.one) {
			cell.pattern |= (uint8_t)(1U << i);
		} else if (cell.plain) {
			cell.plain = false;
			cell.other = colors[i];
		} else if (colors[i] != cell.other) {
			source->line = drawing->line + 1 + row * 3 + i / 2;
			return page_source_refuse(
			    source,
			    "points %u and %u of lines %u to %u hold three colors: a character "
			    "of 2 x 3 points holds two",
			    column * 2 + 1, column * 2 + 2, drawing->line + 1 + row * 3,
			    drawing->line + 3 + row * 3);
		}
	}
	*ret_cell = cell;
	return 0;
}

/* Whether these colors can show the cell, and with which pattern. */
static bool shows(const struct cell *cell, unsigned foreground, unsigned background,
		  uint8_t *ret_pattern)
{
	if (cell->plain && background == cell->one)
		*ret_pattern = 0;
	else if (foreground == cell->one && (cell->plain || background == cell->other))
		*ret_pattern = cell->pattern;
	else if (!cell->plain && foreground == cell->other && background == cell->one)
		*ret_pattern = PATTERN_ALL & (uint8_t)~cell->pattern;
	else
		return false;
	return true;
}

struct costs {
	uint16_t least[COLOR_COUNT][COLOR_COUNT];
};

static unsigned cost_of_change(unsigned from_foreground, unsigned from_background,
			       unsigned foreground, unsigned background)
{
	return (from_foreground != foreground ? COLOR_COST : 0U) +
	       (from_background != background ? COLOR_COST : 0U);
}

/* The least cost of this cell and all after it, for each pair of colors that it may be shown in;
 * returns the best pair for one who comes with the colors `from`. */
static unsigned cheapest(const struct costs *costs, unsigned from_foreground,
			 unsigned from_background, unsigned *ret_pair)
{
	unsigned best = NO_COST;

	for (unsigned pair = 0; pair < COLOR_COUNT * COLOR_COUNT; pair++) {
		unsigned foreground = pair / COLOR_COUNT;
		unsigned background = pair % COLOR_COUNT;
		unsigned cost = costs->least[foreground][background];

		if (cost == NO_COST)
			continue;
		cost += cost_of_change(from_foreground, from_background, foreground, background);
		if (cost < best) {
			best = cost;
			*ret_pair = pair;
		}
	}
	return best;
}

static void weigh_cell(const struct cell *cell, const struct costs *after, struct costs *ret_costs)
{
	for (unsigned pair = 0; pair < COLOR_COUNT * COLOR_COUNT; pair++) {
		unsigned foreground = pair / COLOR_COUNT;
		unsigned background = pair % COLOR_COUNT;
		unsigned ignored;
		uint8_t pattern;
		unsigned cost = NO_COST;

		if (shows(cell, foreground, background, &pattern))
			cost =
			    1 +
			    (after != NULL ? cheapest(after, foreground, background, &ignored) : 0);
		ret_costs->least[foreground][background] = (uint16_t)cost;
	}
}

static uint8_t mosaic(uint8_t pattern)
{
	if (pattern == PATTERN_ALL)
		return FULL;
	/* The sixth bit of a mosaic's code is above the one that marks it as a character. */
	return (uint8_t)(0x20 | (pattern & 0x1f) | (pattern & 0x20) << 1);
}

/* A run of touched cells of one row. */
static void compile_run(struct composer *composer, const struct cell *cells, unsigned count,
			struct style *style)
{
	struct costs costs[SCREEN_COLUMNS];
	uint8_t code = 0;
	size_t repeats = 0;

	for (unsigned i = count; i > 0; i--)
		weigh_cell(&cells[i - 1], i < count ? &costs[i] : NULL, &costs[i - 1]);
	for (unsigned i = 0; i < count; i++) {
		struct style wanted = *style;
		unsigned pair = 0;
		uint8_t pattern = 0;

		cheapest(&costs[i], style->color, style->background, &pair);
		wanted.color = (enum color)(pair / COLOR_COUNT);
		wanted.background = (enum color)(pair % COLOR_COUNT);
		shows(&cells[i], wanted.color, wanted.background, &pattern);
		if (repeats > 0 && (code != mosaic(pattern) || wanted.color != style->color ||
				    wanted.background != style->background)) {
			composer_repeat(composer, code, repeats);
			repeats = 0;
		}
		composer_style(composer, style, &wanted);
		*style = wanted;
		code = mosaic(pattern);
		repeats++;
	}
	composer_repeat(composer, code, repeats);
}

static void compile_row(struct composer *composer, const struct cell *cells, unsigned width,
			unsigned row, unsigned column)
{
	struct style style = style_default;
	unsigned here = 0; /* where the terminal is; 0 with no run before: nowhere */
	bool positioned = false;

	for (unsigned i = 0; i < width;) {
		unsigned end = i;

		if (cells[i].untouched) {
			i++;
			continue;
		}
		while (end < width && !cells[end].untouched)
			end++;
		if (positioned && i - here < GAP_BY_MOVES) {
			for (; here < i; here++)
				composer_byte(composer, MOVE_RIGHT);
		} else {
			composer_at(composer, row, column + i);
			composer_byte(composer, SHIFT_OUT);
			style = style_default;
			positioned = true;
		}
		compile_run(composer, cells + i, end - i, &style);
		here = i = end;
	}
}

int page_drawing_end(struct page_drawing *drawing, struct page_source *source)
{
	unsigned width = SCREEN_COLUMNS + 1 - drawing->column;

	for (unsigned row = 0; row * 3 < drawing->height; row++) {
		struct cell cells[SCREEN_COLUMNS];

		for (unsigned i = 0; i < width; i++) {
			int r = read_cell(drawing, row, i, source, &cells[i]);

			if (r < 0)
				return r;
		}
		compile_row(&source->composer, cells, width, drawing->row + row, drawing->column);
	}
	return 0;
}
