/*
 * What a caller transport is: the terminal's side of a session. It turns the connected socket
 * into user data, both ways, 8-bit transparent; it knows neither services nor line speed.
 */
#ifndef VDTGW_SESSION_CALLER_H
#define VDTGW_SESSION_CALLER_H

#include "common/event_loop.h"
#include "common/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum caller_end {
	CALLER_CLOSED,         /* by the terminal, in order */
	CALLER_CUT,            /* reset or vanished */
	CALLER_PROTOCOL_ERROR, /* broke its transport's rules beyond repair */
	CALLER_HANDSHAKE_TIMED_OUT,
	CALLER_SILENT,        /* not a byte: a browser's spare connection, too */
	CALLER_NO_HANDSHAKE,  /* gone, or refused, before the WebSocket handshake was done */
	CALLER_NOT_WEBSOCKET, /* a plain HTTP request, which got its page */
	CALLER_ABUSE,         /* no terminal: detail is the word that says what (abuse.h) */
	CALLER_END_COUNT,
};

/* What a transport learns of the terminal. */
enum caller_fact {
	CALLER_TERMINAL_TYPE, /* text: RFC 1091, or the WebSocket User-Agent */
	CALLER_WINDOW_SIZE,   /* text: "40x25" */
	CALLER_ENVIRONMENT,   /* text: "NAME=value", one call a variable */
	CALLER_FACT_COUNT,
};

enum {
	CALLER_OUTPUT_MAX = 4096, /* bytes accepted ahead of the network */
	CALLER_INPUT_MAX = 4096,  /* bytes of one received() */
	CALLER_FACT_MAX = 256,    /* bytes of a fact's text */
};

struct caller_handlers {
	/* The terminal can be written to: within caller_start() for telnet and raw. */
	void (*ready)(void *context);
	void (*received)(void *context, const uint8_t *bytes, size_t length);
	/* All that was taken is in the kernel; called only after a caller_send() that left
	 * caller_idle() false. */
	void (*drained)(void *context);
	void (*learned)(void *context, enum caller_fact fact, const char *text);
	/* Once, at most, and last. detail: for the log. */
	void (*ended)(void *context, enum caller_end why, const char *detail);
};

struct caller;

/* Takes the connected socket on success only. No handler runs before
 * caller_start(). Returns 0 or -errno. */
int caller_new(struct caller **ret_caller, enum transport transport, struct event_loop *loop,
	       int descriptor, const struct caller_handlers *handlers, void *context);
/* Begins the transport's own conversation. Handlers may run from within. */
void caller_start(struct caller *caller);
/* Takes what it has room for, CALLER_OUTPUT_MAX at least when idle, and returns how much. Nothing
 * before ready(). */
size_t caller_send(struct caller *caller, const uint8_t *bytes, size_t length);
/* True when nothing that was taken waits for the kernel, and more can be taken. */
bool caller_idle(const struct caller *caller);
/* Back-pressure: while paused the terminal is not read, and its end is not noticed either. */
void caller_pause(struct caller *caller, bool paused);
/* Asks the kernel: true when the terminal has hung up or vanished, whatever of it is unread. */
bool caller_gone(const struct caller *caller);
/* Orderly: sends what was taken, the close frame or end of file; ended() follows within
 * CALLER_CLOSE_TIMEOUT. received() is not called any more. */
void caller_close(struct caller *caller);
/* At once, with no further handler. Accepts NULL. Safe from within a handler. */
void caller_free(struct caller *caller);

enum {
	CALLER_CLOSE_TIMEOUT = 2
}; /* s */

/* "closed", "cut" …, for logs. */
const char *caller_end_name(enum caller_end why);

#endif
