/*
 * What the terminal is, how wide a text is on it, and the escape sequences that colour it: the only
 * ones that reach it, but for those of the refreshed screen.
 */
#include "vdtgwctl/display.h"

#include "common/printable.h"

#include <assert.h>
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum {
	LINE_MAX_BYTES = 8192, /* of one line; what is longer is cut */
	COLUMNS_MOST = 1000,
	COLUMNS_USUAL = 80,
	LINES_USUAL = 24,
};

static const char mark[] = "…";

static const char *const styles[] = {
	[DISPLAY_PLAIN] = "",           [DISPLAY_TITLE] = "\033[1m",  [DISPLAY_GOOD] = "\033[32m",
	[DISPLAY_WARNING] = "\033[33m", [DISPLAY_BAD] = "\033[1;31m", [DISPLAY_FAINT] = "\033[2m",
};
static_assert(sizeof(styles) / sizeof(styles[0]) == DISPLAY_STYLE_COUNT, "each style is written");

void display_init(void)
{
	/* glibc has it built in. Without it, what is not ASCII only counts a column a byte. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* The bytes of the character at the start of text, which is not empty, and its columns. */
static size_t next_character(const char *text, size_t *ret_columns)
{
	mbstate_t state = { 0 };
	wchar_t character;
	size_t length = mbrtowc(&character, text, strlen(text), &state);
	int columns;

	if (length == (size_t)-1 || length == (size_t)-2 || length == 0) {
		*ret_columns = 1;
		return 1;
	}
	columns = wcwidth(character);
	*ret_columns = columns < 0 ? 1 : (size_t)columns;
	return length;
}

/* The columns of the first length bytes of text, which end between two characters. */
static size_t span_width(const char *text, size_t length)
{
	size_t width = 0;

	for (size_t at = 0; at < length;) {
		size_t columns;

		at += next_character(text + at, &columns);
		width += columns;
	}
	return width;
}

size_t display_width(const char *text)
{
	return span_width(text, strlen(text));
}

size_t display_fitting(const char *text, size_t width)
{
	size_t length = 0;

	while (text[length] != '\0') {
		size_t columns;
		size_t bytes = next_character(text + length, &columns);

		if (columns > width)
			break;
		width -= columns;
		length += bytes;
	}
	return length;
}

size_t display_write(FILE *out, const char *text, size_t width, enum display_style style,
		     bool colour)
{
	size_t taken = display_width(text);
	size_t length = strlen(text);
	bool cut = taken > width;
	bool styled = colour && style != DISPLAY_PLAIN && length > 0;

	if (width == 0)
		return 0;
	/* Where a wide character does not fit any more, the mark comes a column early. */
	if (cut) {
		length = display_fitting(text, width - 1);
		taken = span_width(text, length) + 1;
	}
	if (styled)
		fputs(styles[style], out);
	fwrite(text, 1, length, out);
	if (cut)
		fputs(mark, out);
	if (styled)
		fputs("\033[0m", out);
	return taken;
}

void display_line(FILE *out, const char *format, ...)
{
	char text[LINE_MAX_BYTES], safe[LINE_MAX_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	printable(safe, sizeof(safe), text, strlen(text));
	fprintf(out, "%s\n", safe);
}

int display_colour(const char *when)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	if (strcmp(when, "always") == 0)
		return 1;
	if (strcmp(when, "never") == 0)
		return 0;
	if (strcmp(when, "auto") != 0)
		return -1;
	return isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0') &&
	       terminal != NULL && strcmp(terminal, "dumb") != 0;
}

void display_size(size_t *ret_columns, size_t *ret_lines)
{
	const char *variable = getenv("COLUMNS");
	long columns = variable != NULL ? strtol(variable, NULL, 10) : 0;
	struct winsize size = { 0 };

	*ret_columns = SIZE_MAX;
	*ret_lines = LINES_USUAL;
	if (!isatty(STDOUT_FILENO))
		return;
	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (columns <= 0)
		columns = size.ws_col > 0 ? size.ws_col : COLUMNS_USUAL;
	if (columns > COLUMNS_MOST)
		columns = COLUMNS_MOST;
	*ret_columns = (size_t)columns;
	if (size.ws_row > 1)
		*ret_lines = size.ws_row;
}
