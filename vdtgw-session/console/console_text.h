/*
 * What a console shows of the supervisor's answers and events, in lines that end in CR LF. The
 * answers hold text from the network: no byte of it acts on a terminal (common/printable.h). Pure,
 * but for the local time zone.
 */
#ifndef VDTGW_SESSION_CONSOLE_TEXT_H
#define VDTGW_SESSION_CONSOLE_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	CONSOLE_TEXT_MAX = 4096,  /* bytes of one text */
	CONSOLE_LINE_MAX = 500,   /* bytes of a line; what is longer is cut and marked "…" */
	CONSOLE_WIDTH_LEAST = 80, /* columns; narrower terminals wrap */
	CONSOLE_WIDTH_MOST = 250,
};

/* Whole lines. Zero-initialised: none. What does not fit is left out. */
struct console_text {
	char bytes[CONSOLE_TEXT_MAX];
	size_t length;
};

/* Adds a line, made safe as a whole and cut to width bytes; 0: to CONSOLE_LINE_MAX. */
void console_text_line(struct console_text *text, unsigned width, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* An Event; nothing for a kind that the trace leaves out. */
void console_text_event(struct console_text *text, const json_t *event);

/* The answers to Status (in one line; as totals), Addresses and Timeouts. */
void console_text_supervisor(struct console_text *text, const json_t *status);
void console_text_totals(struct console_text *text, const json_t *status);
void console_text_addresses(struct console_text *text, const json_t *answer);
void console_text_timeouts(struct console_text *text, const json_t *answer);

/* Lists: their heads, one Session (the number-th, from 1), one Ban. */
void console_text_sessions_head(struct console_text *text);
void console_text_session(struct console_text *text, unsigned width, unsigned number,
			  const json_t *session);
void console_text_bans_head(struct console_text *text);
void console_text_ban(struct console_text *text, unsigned width, const json_t *ban);

/* What was done to the Teletel server: the answer of TeletelStop and TeletelRestart, or of their
 * error. */
void console_text_teletel(struct console_text *text, const json_t *answer);
void console_text_error(struct console_text *text, const char *error, const json_t *parameters);

#endif
