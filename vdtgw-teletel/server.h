/*
 * The kiosk's WebSocket server (RFC 6455; PROTOCOLS.md section 3): any path but KIOSK_ECHO_PATH,
 * which is the kiosk's own remote service; text frames whose code points are bytes, binary towards
 * clients that offer the subprotocol "binary". Each connection has a kiosk of its own.
 */
#ifndef VDTGW_TELETEL_SERVER_H
#define VDTGW_TELETEL_SERVER_H

#include "common/event_loop.h"
#include "vdtgw-teletel/kiosk.h"
#include "vdtgw-teletel/switchboard.h"

#include <stddef.h>

enum {
	SERVER_CALLERS_MAX = 1000,
	/* Connections in all: those who are told that there is no place, and handshakes. */
	SERVER_CONNECTIONS_MAX = SERVER_CALLERS_MAX + 200,
	SERVER_HANDSHAKE_TIMEOUT = 10, /* s */
	SERVER_CLOSE_TIMEOUT = 10,     /* s: the last output, and the close */
};

struct server;

/* house and switchboard outlive the server; without a switchboard (NULL) nobody is redirected.
 * Returns 0 or -errno. */
int server_new(struct server **ret_server, struct event_loop *loop, const struct kiosk_house *house,
	       struct switchboard *switchboard);
/* As listener_add(). */
int server_listen(struct server *server, const char *where, char *error, size_t error_size);
/* Says goodbye to all callers, once; stopped() is called when none is left, from within this where
 * there is none. */
void server_stop(struct server *server, void (*stopped)(void *context), void *context);
/* Cuts whoever is left. Before the loop is freed; accepts NULL. */
void server_free(struct server *server);

#endif
