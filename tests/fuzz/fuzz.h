/* What the fuzz targets share: their entry, what must hold, and input as text. */
#ifndef VDTGW_TESTS_FUZZ_H
#define VDTGW_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer calls it with each input, which a target may give the name that suits it. */
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

/* A copy that ends in a zero, just as large as it must be, so that reading beyond it is seen; what
 * follows a zero within the input is not text any more. To be freed. */
static inline char *fuzz_text(const uint8_t *input, size_t size)
{
	char *text = strndup((const char *)input, size);

	require(text != NULL);
	return text;
}

/* Cuts the first line off: *text goes to the next one, or to the end. */
static inline char *fuzz_line(char **text)
{
	char *line = *text;
	char *end = strchr(line, '\n');

	*text = end != NULL ? end + 1 : line + strlen(line);
	if (end != NULL)
		*end = '\0';
	return line;
}

#endif
