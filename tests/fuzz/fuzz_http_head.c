/* links: network */
/*
 * Any bytes as the head of an HTTP request: its end is where it is however much of it has come,
 * and its fields lie within it, in order, with nothing in them that would end a line.
 */
#include "network/http_head.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_text(const struct http_text *text, const char *from, const char *end)
{
	require(text->text >= from && text->length <= (size_t)(end - text->text));
	require(memmem(text->text, text->length, "\r\n", 2) == NULL);
}

static void check_fields(const char *head, size_t length)
{
	const char *from = head;
	size_t position = 0;
	struct http_field field;
	int result;

	while ((result = http_head_next(&field, head, length, &position)) == 1) {
		check_text(&field.name, from, head + length);
		require(field.name.length > 0 &&
			memchr(field.name.text, ':', field.name.length) == NULL);
		from = field.name.text + field.name.length + 1;
		check_text(&field.value, from, head + length);
		require(position <= length);
		from = field.value.text + field.value.length;
		(void)http_field_is(&field, "X-Forwarded-For");
	}
	require(result == 0 || result == -EPROTO);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *bytes = malloc(size + 1);
	size_t length;

	require(bytes != NULL);
	memcpy(bytes, input, size);
	length = http_head_length(bytes, size);
	require(length <= size);
	if (length > 0) {
		require(http_head_length(bytes, length) == length);
		require(http_head_length(bytes, length - 1) == 0);
		check_fields(bytes, length);
	}
	free(bytes);
	return 0;
}
