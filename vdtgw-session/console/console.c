/*
 * The console's terminal and its ends: what is typed becomes keys, what is shown waits in a bounded
 * queue for as long as the terminal takes to read it.
 */
#include "vdtgw-session/console/console.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "common/words.h"
#include "vdtgw-session/arrival.h"
#include "vdtgw-session/console/console_keys.h"
#include "vdtgw-session/console/console_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

/* Sends what the terminal takes. While more waits than leaves room for an answer, no keys are read:
 * each may need one. */
static void pump(struct console *console)
{
	const char *bytes;
	size_t length, sent;

	if (console->over || console->reason != NULL)
		return;
	while (!console->over && caller_idle(console->caller)) {
		bytes = console_output_pending(&console->output, &length);
		if (length == 0)
			break;
		sent = caller_send(console->caller, (const uint8_t *)bytes, length);
		console_output_sent(&console->output, sent);
	}
	if (!console->over)
		caller_pause(console->caller, !console_output_has_room(&console->output));
}

void console_show(struct console *console, const struct console_text *text)
{
	console_output_answer(&console->output, text);
	pump(console);
}

void console_say(struct console *console, const char *format, ...)
{
	struct console_text text = { .length = 0 };
	char line[CONSOLE_LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	console_text_line(&text, 0, "%s", line);
	console_show(console, &text);
}

/* It is over: nothing of it is done any more. reason: for the log. */
static void end(struct console *console, const char *reason, const char *detail)
{
	if (console->over)
		return;
	console->over = true;
	log_info("console closed: address=%s port=%u reason=%s%s%s", console->address,
		 (unsigned)console->port, reason, detail != NULL ? " detail=" : "",
		 detail != NULL ? detail : "");
	event_loop_stop(console->loop, EX_OK);
}

void console_close(struct console *console, const char *reason)
{
	if (console->over || console->reason != NULL)
		return;
	console_end_listing(console);
	console_say(console, "Goodbye.");
	console->reason = reason;
	caller_pause(console->caller, false);
	caller_close(console->caller);
}

static void on_idle(void *context)
{
	struct console *console = context;
	char duration[WORDS_MAX];

	console_say(
	    console, "Nothing was typed for %s: this console closes.",
	    words_duration(duration, (int64_t)console->config->timeouts.console_idle * US_PER_S));
	console_close(console, "idle");
}

static void touch(struct console *console)
{
	uint64_t patience = (uint64_t)console->config->timeouts.console_idle * US_PER_S;

	if (patience > 0)
		timer_arm(console->idle, event_loop_now() + patience);
}

static void on_ready(void *context)
{
	struct console *console = context;

	console_say(console, "vdtgw " VDTGW_VERSION ", the console. h: help, s: sessions, q: quit");
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct console *console = context;
	char keys[CONSOLE_KEYS_MAX];
	int count;

	if (console->over || console->reason != NULL)
		return;
	count = console_keys_read(keys, bytes, length);
	if (count < 0) {
		end(console, "no-console", "what came is not typed by anyone");
		return;
	}
	touch(console);
	for (int i = 0; i < count && console->reason == NULL; i++)
		console_key(console, keys[i]);
}

static void on_drained(void *context)
{
	struct console *console = context;

	pump(console);
	console_continue_listing(console);
}

static void on_learned(void *context, enum caller_fact fact, const char *text)
{
	struct console *console = context;
	unsigned width;

	if (fact != CALLER_WINDOW_SIZE || sscanf(text, "%5u", &width) != 1)
		return;
	if (width < CONSOLE_WIDTH_LEAST)
		width = CONSOLE_WIDTH_LEAST;
	console->width = width < CONSOLE_WIDTH_MOST ? width : CONSOLE_WIDTH_MOST;
}

static void on_ended(void *context, enum caller_end why, const char *detail)
{
	struct console *console = context;

	end(console, console->reason != NULL ? console->reason : caller_end_name(why), detail);
}

static const struct caller_handlers caller_handlers = {
	.ready = on_ready,
	.received = on_received,
	.drained = on_drained,
	.learned = on_learned,
	.ended = on_ended,
};

static void on_back(void *context)
{
	console_greet(context);
}

static void on_away(void *context, const char *detail)
{
	struct console *console = context;

	console_end_listing(console);
	console_say(console, "The supervisor is away (%s: %s); it is tried again every second.",
		    console->config->supervisor.console_socket, detail);
}

static void on_happened(void *context, const json_t *event)
{
	struct console *console = context;
	struct console_text text = { .length = 0 };

	console_text_event(&text, event);
	console_output_event(&console->output, &text);
	pump(console);
}

static void on_answered(void *context, int question, const char *error, json_t *parameters)
{
	console_answer(context, question, error, parameters);
}

static const struct console_supervisor_handlers supervisor_handlers = {
	.back = on_back,
	.away = on_away,
	.happened = on_happened,
	.answered = on_answered,
};

static int prepare(struct console *console, int descriptor)
{
	int result = timer_new(&console->idle, console->loop, on_idle, console);

	if (result == 0)
		result = console_supervisor_new(&console->supervisor, console->loop,
						console->config->supervisor.console_socket,
						&supervisor_handlers, console);
	/* The last one: it takes the descriptor. Telnet serves who only sends lines, too. */
	if (result == 0)
		result = caller_new(&console->caller, TRANSPORT_TELNET, console->loop, descriptor,
				    &caller_handlers, console);
	return result;
}

int console_new(struct console **ret_console, struct event_loop *loop, const struct config *config,
		int descriptor)
{
	struct console *console = calloc(1, sizeof(*console));
	struct address address;
	int result;

	if (console == NULL)
		return -ENOMEM;
	console->loop = loop;
	console->config = config;
	console->width = CONSOLE_WIDTH_LEAST;
	arrival_peer(descriptor, &address, &console->port);
	address_format(&address, console->address);
	result = prepare(console, descriptor);
	if (result < 0) {
		console_free(console);
		return result;
	}
	log_info("console opened: address=%s port=%u", console->address, (unsigned)console->port);
	touch(console);
	caller_start(console->caller);
	*ret_console = console;
	return 0;
}

void console_terminate(struct console *console)
{
	console_say(console, "This machine closes the console.");
	console_close(console, "terminated");
}

void console_free(struct console *console)
{
	if (console == NULL)
		return;
	console_end_listing(console);
	console_supervisor_free(console->supervisor);
	caller_free(console->caller);
	timer_free(console->idle);
	free(console);
}
