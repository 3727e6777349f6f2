/*
 * Text on a terminal: how wide it is there, and what of it may go there. Everything is UTF-8,
 * whatever the environment says: display_init() comes first.
 */
#ifndef VDTGWCTL_DISPLAY_H
#define VDTGWCTL_DISPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum display_style {
	DISPLAY_PLAIN,
	DISPLAY_TITLE,
	DISPLAY_GOOD,
	DISPLAY_WARNING,
	DISPLAY_BAD,
	DISPLAY_FAINT,
	DISPLAY_STYLE_COUNT,
};

void display_init(void);

/* The columns that text takes. */
size_t display_width(const char *text);
/* How many bytes of text take at most width columns. */
size_t display_fitting(const char *text, size_t width);

/* Writes at most `width` columns of text, the last of them "…" where it is longer; returns the
 * columns taken. colour false: plain, whatever the style. */
size_t display_write(FILE *out, const char *text, size_t width, enum display_style style,
		     bool colour);
/* printf(), for texts of unknown origin: the whole becomes safe to show (common/printable.h). */
void display_line(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "auto", "always" or "never" for standard output; -1 for another word. */
int display_colour(const char *when);
/* The columns and lines of the terminal that standard output is; SIZE_MAX columns where it is
 * none. */
void display_size(size_t *ret_columns, size_t *ret_lines);

#endif
