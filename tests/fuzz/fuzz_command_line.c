/* links: vdtgw-supervisor */
/*
 * Any bytes as a line of the Teletel server: a refusal has a reason; what was read all the same
 * can be answered; what is accepted can be ordered, and says the same written out again.
 */
#include "vdtgw-supervisor/teletel/command_line.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>

static void require_answer(const struct command_line *line)
{
	char text[COMMAND_MESSAGE_MAX];

	require(line->pid >= 0);
	if (line->tag[0] == '\0')
		return;
	require(command_tag_is_valid(line->tag));
	require(command_format_event(text, COMMAND_REDIRECT_ENDED, line->pid, line->tag) <
		sizeof(text));
}

static void require_command(const struct command_line *line, const char *text, size_t size)
{
	require(line->command >= text && line->command + line->command_length <= text + size);
	require(size < 5 || memcmp(text, "PID=", 4) == 0);
}

static void require_same(const struct command_line *line)
{
	char text[2 * URI_MAX];
	struct command_line again;
	const char *why = NULL;
	struct uri uri;
	size_t length;

	require(uri_parse(&uri, line->uri, &why) == 0);
	require(line->ping <= COMMAND_PING_MAX);
	require(line->subprotocol_count <= COMMAND_SUBPROTOCOLS_MAX);
	length = (size_t)snprintf(text, sizeof(text), "PID=%lld,%s,CONNECT,%s,%u,[",
				  (long long)line->pid, line->tag, line->uri, line->ping);
	for (size_t i = 0; i < line->subprotocol_count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s\"%s\"",
					   i > 0 ? "," : "", line->subprotocols[i]);
	length += (size_t)snprintf(text + length, sizeof(text) - length, "]");
	require(command_line_parse(&again, text, length, &why) == 0);
	require(again.pid == line->pid && again.ping == line->ping);
	require(strcmp(again.tag, line->tag) == 0 && strcmp(again.uri, line->uri) == 0);
	require(again.subprotocol_count == line->subprotocol_count);
	require(memcmp(again.subprotocols, line->subprotocols, sizeof(line->subprotocols)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct command_line line;
	const char *why = NULL;
	char *text = malloc(size > 0 ? size : 1);
	int result;

	require(text != NULL);
	memcpy(text, input, size);
	result = command_line_parse(&line, text, size, &why);
	require(result == 0 || (result == -EPROTO && why != NULL && why[0] != '\0'));
	require_answer(&line);
	if (line.command != NULL)
		require_command(&line, text, size);
	if (result == 0)
		require_same(&line);
	free(text);
	return 0;
}
