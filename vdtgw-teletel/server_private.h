/* What the server's parts share: the whole (server.c), a connection to the library (connection.c)
 * and to its kiosk (connection_kiosk.c). */
#ifndef VDTGW_TELETEL_SERVER_PRIVATE_H
#define VDTGW_TELETEL_SERVER_PRIVATE_H

#include "common/latin1.h"
#include "vdtgw-teletel/endpoint.h"
#include "vdtgw-teletel/identification.h"
#include "vdtgw-teletel/listener.h"
#include "vdtgw-teletel/server.h"

#include <stdbool.h>

enum {
	CONNECTION_PEER_MAX = 64, /* characters of an address and port */
};

struct server {
	struct event_loop *loop;
	const struct kiosk_house *house;
	struct switchboard *switchboard; /* NULL: without a command channel */
	struct listener *listener;
	struct connection *connections; /* a list */
	size_t connection_count;
	size_t caller_count;            /* of them, those who have a place */
	void (*stopped)(void *context); /* NULL: it is not to stop */
	void *stopped_context;
	bool freeing;
};

enum connection_state {
	CONNECTION_HANDSHAKE,
	CONNECTION_OPEN,
	CONNECTION_CLOSING, /* the kiosk is over: its last output, then the close frame */
	CONNECTION_PAGE,    /* a plain HTTP request is being answered */
};

struct connection {
	struct endpoint endpoint;
	struct server *server;
	struct connection *previous;
	struct connection *next;
	struct kiosk *kiosk;
	struct switchboard_line *line; /* NULL: nobody to be redirected */
	struct timer *timer;
	uint64_t timer_due;
	enum connection_state state;
	bool has_place;
	bool wants_echo; /* by its path */
	bool binary;     /* towards the client */
	struct kiosk_facts facts;
	char peer[CONNECTION_PEER_MAX];
	const char *why; /* it ended, for the log */
	struct latin1_decoder decoder;
	struct identification identification;
	size_t waiting; /* bytes of input that the kiosk has not taken */
	uint8_t input[2 * ENDPOINT_PIECE_MAX + IDENTIFICATION_HELD_MAX];
};

/* Opens the kiosk to a connection that has just been established. Returns 0 or -ENOMEM. */
int connection_open_kiosk(struct connection *connection);
void connection_close_kiosk(struct connection *connection);
/* A piece of a message, decoded; no longer than what is free of the input. */
void connection_take(struct connection *connection, const struct identification_piece *piece);
/* Offers the kiosk what waits; the client is read again when all is taken. */
void connection_offer_input(struct connection *connection);
/* After whatever the kiosk did: its output is to be sent, its order given, its end carried out. */
void connection_after_kiosk(struct connection *connection);
void connection_arm(struct connection *connection, uint64_t due);

/* Takes the socket, on success and on failure. Returns 0 or -errno. */
int connection_new(struct server *server, int descriptor);
/* Goodbye to the caller, or the end of an unfinished handshake. */
void connection_dismiss(struct connection *connection);
/* At once. */
void connection_cut(struct connection *connection);

/* A connection is gone. */
void server_on_gone(struct server *server);

#endif
