/* What the server's halves share: listening (server.c), connections (connection.c). */
#ifndef VDTGW_TELETEL_SERVER_PRIVATE_H
#define VDTGW_TELETEL_SERVER_PRIVATE_H

#include "vdtgw-teletel/server.h"

#include <stdbool.h>

enum {
	SERVER_LISTENERS_MAX = 8
};

struct connection;
struct lws_vhost;

struct server {
	struct event_loop *loop;
	const struct kiosk_house *house;
	struct lws_vhost *vhost;
	struct watch *listeners[SERVER_LISTENERS_MAX];
	size_t listener_count;
	struct connection *connections; /* a list */
	size_t connection_count;
	size_t caller_count; /* of them, those who have a place */
	struct timer *stop_guard;
	bool stopping;
	bool freeing;
};

/* Returns NULL where the library cannot make one. */
struct lws_vhost *connection_vhost(struct event_loop *loop);
/* Takes the socket, on success and on failure. Returns 0 or -errno. */
int connection_new(struct server *server, int descriptor);
/* Goodbye to the caller, or the end of an unfinished handshake. */
void connection_dismiss(struct connection *connection);
struct connection *connection_next(struct connection *connection);
/* At once. */
void connection_cut(struct connection *connection);

/* A connection is gone. */
void server_on_gone(struct server *server);

#endif
