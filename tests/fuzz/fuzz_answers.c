/* links: vdtgwctl */
/*
 * Any JSON as what the supervisor answers, written as each of the texts that vdtgwctl makes of it:
 * every line is safe to show, an event is one line, a line of CSV has its five fields, and a table
 * is no wider than it may be. The first byte is the width.
 */
#include "common/printable.h"
#include "vdtgwctl/errors.h"
#include "vdtgwctl/event_text.h"
#include "vdtgwctl/session_table.h"

#include "tests/fuzz/fuzz.h"

enum {
	WORDS_SIZE = 4096,
	CSV_FIELDS = 5,
	TABLE_LEAST = 40, /* columns in which the cells that stay in any case have their place */
};
#define NOW INT64_C(1790000000123456)

struct written {
	char *text;
	size_t length;
	FILE *out;
};

static void begin(struct written *written)
{
	written->out = open_memstream(&written->text, &written->length);
	require(written->out != NULL);
}

/* Returns the number of lines. */
static size_t end(struct written *written, size_t width)
{
	size_t lines = 0;
	char *rest;

	require(fclose(written->out) == 0 && strlen(written->text) == written->length);
	require(written->length == 0 || written->text[written->length - 1] == '\n');
	rest = written->text;
	while (*rest != '\0') {
		const char *line = fuzz_line(&rest);
		size_t length = strlen(line);
		char *safe = malloc(4 * length + 1);

		require(safe != NULL && printable(safe, 4 * length + 1, line, length) == length);
		require(display_width(line) <= width);
		free(safe);
		lines++;
	}
	free(written->text);
	return lines;
}

static void check_csv(const char *line)
{
	bool quoted = false;
	size_t commas = 0;

	for (; *line != '\n'; line++) {
		quoted ^= *line == '"';
		commas += *line == ',' && !quoted;
	}
	require(!quoted && commas == CSV_FIELDS - 1);
}

static void write_event(const json_t *event)
{
	struct answer_fault fault = { .wanted = NULL };
	struct written written;
	size_t is_one = json_is_object(event);

	begin(&written);
	event_text_write(event, true, false, written.out, &fault);
	require(end(&written, SIZE_MAX) == is_one);
	begin(&written);
	event_text_write_csv(event, written.out, &fault);
	require(fflush(written.out) == 0);
	if (is_one)
		check_csv(written.text);
	require(end(&written, SIZE_MAX) == is_one);
	require(is_one || fault.wanted != NULL);
	require(memchr(fault.name, '\0', sizeof(fault.name)) != NULL);
}

static void write_sessions(json_t *sessions, uint8_t choice)
{
	struct answer_fault fault = { .wanted = NULL };
	struct table_view view = { .width = TABLE_LEAST + choice, .rows = SIZE_MAX };
	enum session_order order = (enum session_order)(choice % SESSION_ORDER_COUNT);
	struct table *table = NULL;
	struct written written;

	require(session_table_make(&table, sessions, order, NOW, &fault) == 0);
	require(table_row_count(table) == json_array_size(sessions));
	begin(&written);
	require(table_write(table, written.out, &view) == 0);
	require(end(&written, view.width) == json_array_size(sessions) + 1);
	table_free(table);
}

static void describe_error(const json_t *answer)
{
	const char *error = json_string_value(json_object_get(answer, "error"));
	char words[WORDS_SIZE], safe[4 * WORDS_SIZE];
	size_t length;

	if (error == NULL)
		return;
	require(errors_describe(error, json_object_get(answer, "parameters"), words,
				sizeof(words)) != 0);
	length = strlen(words);
	require(length > 0 && printable(safe, sizeof(safe), words, length) == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	json_t *answer;

	if (size == 0)
		return 0;
	display_init();
	answer = json_loadb((const char *)input + 1, size - 1, JSON_DECODE_ANY, NULL);
	if (answer == NULL)
		return 0;
	write_event(answer);
	if (json_is_array(answer))
		write_sessions(answer, input[0]);
	describe_error(answer);
	json_decref(answer);
	return 0;
}
