/*
 * What waits for a console's reader, bounded: answers are made when there is room for them, events
 * that come while there is none are counted, and said to be missing when there is again. Pure.
 */
#ifndef VDTGW_SESSION_CONSOLE_OUTPUT_H
#define VDTGW_SESSION_CONSOLE_OUTPUT_H

#include "vdtgw-session/console/console_text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONSOLE_OUTPUT_MAX = 8 * CONSOLE_TEXT_MAX,  /* bytes */
	CONSOLE_OUTPUT_KEPT = 2 * CONSOLE_TEXT_MAX, /* of those, room for answers only */
};

/* Zero-initialised: empty. */
struct console_output {
	char bytes[CONSOLE_OUTPUT_MAX];
	size_t start; /* of what is not sent yet */
	size_t length;
	uint64_t missing; /* events */
};

/* True while an answer can be added. */
bool console_output_has_room(const struct console_output *output);
/* Adds a text whole, or nothing of it. */
void console_output_answer(struct console_output *output, const struct console_text *text);
void console_output_event(struct console_output *output, const struct console_text *text);
/* What is to be sent next, *ret_length bytes of it; valid until the next call. */
const char *console_output_pending(struct console_output *output, size_t *ret_length);
/* length bytes of it were sent. */
void console_output_sent(struct console_output *output, size_t length);

#endif
