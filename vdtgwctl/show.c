/*
 * Prints descriptions: labels on the left, values in one column beside them.
 */
#include "vdtgwctl/show.h"

#include "common/printable.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

enum {
	LABEL_WIDTH = 17,
	VALUE_MAX = 4096, /* bytes of a value; what is longer is cut */
};

void show_styled(const char *label, const char *value, enum display_style style, bool colour)
{
	char safe[VALUE_MAX];

	printable(safe, sizeof(safe), value, strlen(value));
	printf("%-*s ", LABEL_WIDTH, label);
	(void)display_write(stdout, safe, SIZE_MAX, style, colour);
	putchar('\n');
}

void show_line(const char *label, const char *format, ...)
{
	char value[VALUE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	show_styled(label, value, DISPLAY_PLAIN, false);
}
