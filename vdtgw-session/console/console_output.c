/*
 * A queue of whole texts, in one piece: what is left moves to the front when the end is reached.
 */
#include "vdtgw-session/console/console_output.h"

#include <inttypes.h>
#include <string.h>

static size_t room(const struct console_output *output)
{
	return sizeof(output->bytes) - output->length;
}

static void add(struct console_output *output, const struct console_text *text)
{
	if (text->length > sizeof(output->bytes) - output->start - output->length) {
		memmove(output->bytes, output->bytes + output->start, output->length);
		output->start = 0;
	}
	memcpy(output->bytes + output->start + output->length, text->bytes, text->length);
	output->length += text->length;
}

/* True when nothing is missing any more. */
static bool tell_missing(struct console_output *output)
{
	struct console_text text = { .length = 0 };

	if (output->missing == 0)
		return true;
	if (room(output) < CONSOLE_OUTPUT_KEPT + sizeof(text.bytes))
		return false;
	console_text_line(&text, 0, "… %" PRIu64 " event%s not shown: this console is too slow",
			  output->missing, output->missing == 1 ? " was" : "s were");
	output->missing = 0;
	add(output, &text);
	return true;
}

bool console_output_has_room(const struct console_output *output)
{
	return room(output) >= CONSOLE_TEXT_MAX;
}

void console_output_answer(struct console_output *output, const struct console_text *text)
{
	if (room(output) >= text->length)
		add(output, text);
}

void console_output_event(struct console_output *output, const struct console_text *text)
{
	if (tell_missing(output) && room(output) >= CONSOLE_OUTPUT_KEPT + text->length)
		add(output, text);
	else
		output->missing++;
}

const char *console_output_pending(struct console_output *output, size_t *ret_length)
{
	(void)tell_missing(output);
	*ret_length = output->length;
	return output->bytes + output->start;
}

void console_output_sent(struct console_output *output, size_t length)
{
	output->start += length;
	output->length -= length;
	if (output->length == 0)
		output->start = 0;
}
