/*
 * The compiler of the page language (share/pages/README): lines to statements and drawings, words
 * to values, and the page in the end. What each statement does is in page_statements.c.
 */
#include "vdtgw-teletel/page_source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int page_source_refuse(struct page_source *source, const char *format, ...)
{
	va_list arguments;
	int prefix =
	    snprintf(source->error, source->error_size, "%s:%u: ", source->file, source->line);

	if (prefix < 0 || (size_t)prefix >= source->error_size)
		return -EINVAL;
	va_start(arguments, format);
	vsnprintf(source->error + prefix, source->error_size - (size_t)prefix, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

/* Cuts the next word off what is left of the line; "" at its end. */
char *page_source_word(struct page_source *source)
{
	char *word = source->rest + strspn(source->rest, " \t");
	size_t length = strcspn(word, " \t");

	source->rest = word + length;
	if (*source->rest != '\0')
		*source->rest++ = '\0';
	return word;
}

int page_source_number(struct page_source *source, const char *what, unsigned least, unsigned most,
		       unsigned *ret_number)
{
	char *word = page_source_word(source);
	char *end = word;
	unsigned long value = 0;

	if (*word >= '0' && *word <= '9')
		value = strtoul(word, &end, 10);
	if (end == word || *end != '\0' || value < least || value > most)
		return page_source_refuse(source, "%s \"%.20s\": a number from %u to %u is allowed",
					  what, word, least, most);
	*ret_number = (unsigned)value;
	return 0;
}

int page_source_choice(struct page_source *source, const char *what, const char *const *names,
		       size_t count, unsigned *ret_index)
{
	char *word = page_source_word(source);
	char allowed[80] = "";
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], word) == 0) {
			*ret_index = (unsigned)i;
			return 0;
		}
		length += (size_t)snprintf(allowed + length, sizeof(allowed) - length, "%s%s",
					   i == 0 ? "" : ", ", names[i]);
	}
	return page_source_refuse(source, "%s \"%.20s\": %s are allowed", what, word, allowed);
}

/* "…" with \" and \\ inside: made plain in place. */
const char *page_source_quoted(struct page_source *source)
{
	char *read = source->rest + strspn(source->rest, " \t");
	char *text = read;
	char *write = read;

	if (*read++ != '"') {
		page_source_refuse(source, "a text between \" and \" is needed");
		return NULL;
	}
	while (*read != '"') {
		if (*read == '\\' && (read[1] == '"' || read[1] == '\\'))
			read++;
		if (*read == '\0') {
			page_source_refuse(source, "the text's closing \" is missing");
			return NULL;
		}
		*write++ = *read++;
	}
	source->rest = read + 1;
	*write = '\0';
	return text;
}

static int compile_statement(struct page_source *source, char *line)
{
	const char *word;
	int r;

	source->rest = line;
	word = page_source_word(source);
	if (*word == '\0' || *word == '#')
		return 0;
	r = page_statement_compile(source, word);
	if (r < 0)
		return r;
	word = page_source_word(source);
	if (*word != '\0' && *word != '#')
		return page_source_refuse(source, "\"%.20s\" is too much on this line", word);
	return 0;
}

static int compile_line(struct page_source *source, char *line)
{
	if (!source->drawing_open)
		return compile_statement(source, line);
	if (strcmp(line, "end") != 0)
		return page_drawing_line(&source->drawing, source, line);
	source->drawing_open = false;
	/* The drawing leaves the terminal among mosaics. */
	source->column = 0;
	return page_drawing_end(&source->drawing, source);
}

static int compile(struct page_source *source, const char *text, size_t length)
{
	int r = 0;

	while (r == 0 && length > 0) {
		char line[PAGE_SOURCE_LINE_MAX];
		const char *newline = memchr(text, '\n', length);
		size_t cut = newline != NULL ? (size_t)(newline - text) : length;
		size_t taken = newline != NULL ? cut + 1 : cut;

		source->line++;
		if (cut > 0 && text[cut - 1] == '\r')
			cut--;
		if (cut >= sizeof(line) || memchr(text, '\0', cut) != NULL)
			return page_source_refuse(source,
						  "a line has at most %zu bytes, none of them zero",
						  sizeof(line) - 1);
		memcpy(line, text, cut);
		line[cut] = '\0';
		r = compile_line(source, line);
		if (r == 0 && source->composer.overflowed)
			r = page_source_refuse(source, "a page has at most %d bytes", PAGE_MAX);
		text += taken;
		length -= taken;
	}
	if (r == 0 && source->drawing_open)
		r = page_source_refuse(source, "the drawing of line %u has no \"end\"",
				       source->drawing.line);
	return r;
}

int page_parse(struct page **ret_page, const char *file, const char *source_text, size_t length,
	       page_reader *reader, const void *context, char *error, size_t error_size)
{
	uint8_t bytes[PAGE_MAX];
	struct page *page = NULL;
	struct page_source *source = calloc(1, sizeof(*source));
	int r = -ENOMEM;

	if (source == NULL) {
		snprintf(error, error_size, "%s: no memory", file);
		goto out;
	}
	*source = (struct page_source) { .file = file,
					 .reader = reader,
					 .reader_context = context,
					 .error = error,
					 .error_size = error_size,
					 .style = style_default,
					 .in_force = style_default };
	composer_init(&source->composer, bytes, sizeof(bytes));
	r = compile(source, source_text, length);
	if (r < 0)
		goto out;
	page = malloc(sizeof(*page) + source->composer.length);
	if (page == NULL) {
		r = -ENOMEM;
		snprintf(error, error_size, "%s: no memory", file);
		goto out;
	}
	page->length = source->composer.length;
	page->area_count = source->area_count;
	memcpy(page->areas, source->areas, sizeof(page->areas));
	memcpy(page->bytes, bytes, page->length);
	*ret_page = page;
out:
	free(source);
	return r;
}
