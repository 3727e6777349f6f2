/* What one kind of caller transport implements, seen by caller.c and the caller_*.c only. */
#ifndef VDTGW_SESSION_CALLER_TRANSPORT_H
#define VDTGW_SESSION_CALLER_TRANSPORT_H

#include "vdtgw-session/caller.h"

struct caller_transport {
	/* Makes the transport's own object, kept in caller->transport. The socket is taken on
	 * success only. */
	int (*open)(struct caller *caller, struct event_loop *loop, int descriptor);
	void (*start)(void *transport);
	size_t (*send)(void *transport, const uint8_t *bytes, size_t length);
	bool (*idle)(const void *transport);
	void (*pause)(void *transport, bool paused);
	int (*descriptor)(const void *transport); /* -1: it is gone */
	void (*close)(void *transport);
	void (*free)(void *transport);
};

struct caller {
	const struct caller_transport *operations;
	void *transport;
	const struct caller_handlers *handlers;
	void *context;
};

extern const struct caller_transport caller_telnet;
extern const struct caller_transport caller_raw;
extern const struct caller_transport caller_websocket;

#endif
