/*
 * What one kind of service connection implements, and what it tells the link; seen by
 * service_link.c and the service_*.c only.
 */
#ifndef VDTGW_NETWORK_SERVICE_KIND_H
#define VDTGW_NETWORK_SERVICE_KIND_H

#include "common/address.h"
#include "common/event_loop.h"
#include "common/uri.h"
#include "network/service_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Bytes of a list of subprotocols as it is offered. The library writes the request without
	 * looking at its room: this, and the two below, is what fits. */
	SERVICE_SUBPROTOCOLS_MAX = 512,
	SERVICE_PATH_MAX = 2000,
	SERVICE_AUTHORITY_MAX = 117,
	SERVICE_WORD_MAX = 16,
};

struct service_kind {
	/* Whether the kind can serve what the link was made with: 0 or -errno. */
	int (*check)(const struct service_link *link);
	/* Starts on the connected socket, which it takes on success and on failure, and makes the
	 * kind's own object. Reports nothing before it has returned. Returns 0 or -errno. */
	int (*open)(void **ret_peer, struct service_link *link, int descriptor);
	size_t (*send)(void *peer, const uint8_t *bytes, size_t length);
	/* NULL where there are no messages. */
	int (*send_message)(void *peer, bool binary, const uint8_t *bytes, size_t length);
	void (*pause)(void *peer, bool paused);
	/* What the kind then reports is the end. */
	void (*close)(void *peer);
	/* At once, with no further word to the link, from within its own reports too. */
	void (*free)(void *peer);
	/* During the handshake: true when the service has said something, which then was no part of
	 * one. NULL where there is no handshake. */
	bool (*answered)(const void *peer);
	bool shakes_hands; /* service_link_up() is its to call; else the socket is all it takes */
};

enum service_link_state {
	SERVICE_LINK_CONNECTING, /* resolving, connecting, shaking hands */
	SERVICE_LINK_OPEN,
	SERVICE_LINK_CLOSING, /* by service_link_close() */
	SERVICE_LINK_ENDED,
	SERVICE_LINK_STATE_COUNT,
};

struct service_link {
	struct event_loop *loop;
	const struct service_kind *kind;
	struct uri uri;
	char subprotocols[SERVICE_SUBPROTOCOLS_MAX]; /* "binary,tty" */
	bool binary;                                 /* "binary" is among them */
	unsigned ping;                               /* s */
	bool tells_caller;                           /* caller is to be told of */
	struct service_caller caller;                /* its strings are the two below */
	char caller_address[ADDRESS_TEXT_MAX];
	char caller_transport[SERVICE_WORD_MAX];
	const struct service_link_handlers *handlers;
	void *context;
	enum service_link_state state;
	struct connector *connector; /* until the socket is connected */
	void *peer;                  /* of the kind, from then on */
	struct timer *guard;         /* of the handshake, then of closing */
	uint64_t deadline;           /* of connecting and the handshake */
	bool paused;
};

/* A kind's reports. Any of them may free the link, and with it the kind's object. */
void service_link_up(struct service_link *link);
void service_link_take(struct service_link *link, const uint8_t *bytes, size_t length);
void service_link_message_ended(struct service_link *link);
void service_link_drained(struct service_link *link);
void service_link_message_sent(struct service_link *link, size_t length);
void service_link_end(struct service_link *link, enum service_failure why, const char *detail);

extern const struct service_kind service_websocket;
extern const struct service_kind service_telnet;

#endif
