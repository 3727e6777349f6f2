/* The head of an HTTP request, cut into lines and fields. */
#include "network/http_head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const char line_end[] = { '\r', '\n' };
static const char head_end[] = { '\r', '\n', '\r', '\n' };

size_t http_head_length(const char *bytes, size_t length)
{
	const char *end = memmem(bytes, length, head_end, sizeof(head_end));

	return end != NULL ? (size_t)(end - bytes) + sizeof(head_end) : 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Length of the line from position on; the head is whole, so that it has an end. */
static size_t line_length(const char *head, size_t length, size_t position)
{
	const char *end = memmem(head + position, length - position, line_end, sizeof(line_end));

	return end != NULL ? (size_t)(end - head) - position : length - position;
}

static int read_field(struct http_field *ret_field, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	const char *start, *end = line + length;

	/* No space before the colon: RFC 7230, section 3.2.4. */
	if (colon == NULL || colon == line || is_space(line[0]) || is_space(colon[-1]))
		return -EPROTO;
	for (start = colon + 1; start < end && is_space(*start);)
		start++;
	while (end > start && is_space(end[-1]))
		end--;
	ret_field->name = (struct http_text) { line, (size_t)(colon - line) };
	ret_field->value = (struct http_text) { start, (size_t)(end - start) };
	return 1;
}

int http_head_next(struct http_field *ret_field, const char *head, size_t length, size_t *position)
{
	size_t line;

	if (*position == 0)
		*position = line_length(head, length, 0) + sizeof(line_end); /* the request line */
	if (*position >= length)
		return 0;
	line = line_length(head, length, *position);
	if (line == 0)
		return 0;
	if (read_field(ret_field, head + *position, line) < 0)
		return -EPROTO;
	*position += line + sizeof(line_end);
	return 1;
}

bool http_field_is(const struct http_field *field, const char *name)
{
	return strlen(name) == field->name.length &&
	       strncasecmp(field->name.text, name, field->name.length) == 0;
}
