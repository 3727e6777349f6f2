/*
 * The kiosk's end of the command channel (PROTOCOLS.md section 4): a WebSocket server to which
 * gateways connect. Each message is a line; what the lines mean is the switchboard's affair.
 */
#ifndef VDTGW_TELETEL_COMMAND_SERVER_H
#define VDTGW_TELETEL_COMMAND_SERVER_H

#include "common/event_loop.h"
#include "vdtgw-teletel/switchboard.h"

#include <stddef.h>

enum {
	COMMAND_CONNECTIONS_MAX = SWITCHBOARD_GATEWAYS_MAX + 16, /* handshakes too */
	COMMAND_HANDSHAKE_TIMEOUT = 10,                          /* s */
	COMMAND_MESSAGE_MAX = 65536, /* bytes; a longer one costs its gateway the connection */
	COMMAND_COMPLAINTS_MAX = 10, /* lines that are logged, of a connection's faulty ones */
};

struct command_server;

/* switchboard outlives the server. Returns 0 or -errno. */
int command_server_new(struct command_server **ret_server, struct event_loop *loop,
		       struct switchboard *switchboard);
/* As listener_add(). */
int command_server_listen(struct command_server *server, const char *where, char *error,
			  size_t error_size);
/* Closes the gateways' connections (1001, going away); they come back when there is a kiosk again.
 * stopped() is called when none is left, from within this where there is none. */
void command_server_stop(struct command_server *server, void (*stopped)(void *context),
			 void *context);
/* Cuts who is left. Accepts NULL. */
void command_server_free(struct command_server *server);

#endif
