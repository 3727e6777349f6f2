/*
 * The connections of callers as a whole: accepted up to a limit, and the orderly end of them all.
 */
#include "common/log.h"
#include "vdtgw-teletel/server_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Who finds the limit reached waits in the backlog. */
static void apply_limit(struct server *server)
{
	listener_pause(server->listener, server->connection_count >= SERVER_CONNECTIONS_MAX ||
					     server->stopped != NULL);
}

static void on_accepted(void *context, int descriptor)
{
	struct server *server = context;
	int r = connection_new(server, descriptor);

	if (r < 0)
		log_warning("a connection cannot be served: %s", strerror(-r));
	apply_limit(server);
}

int server_new(struct server **ret_server, struct event_loop *loop, const struct kiosk_house *house,
	       struct switchboard *switchboard)
{
	struct server *server = calloc(1, sizeof(*server));
	int r;

	if (server == NULL)
		return -ENOMEM;
	server->loop = loop;
	server->house = house;
	server->switchboard = switchboard;
	r = listener_new(&server->listener, loop, on_accepted, server);
	if (r < 0) {
		free(server);
		return r;
	}
	*ret_server = server;
	return 0;
}

int server_listen(struct server *server, const char *where, char *error, size_t error_size)
{
	return listener_add(server->listener, where, error, error_size);
}

void server_on_gone(struct server *server)
{
	if (server->freeing)
		return;
	apply_limit(server);
	if (server->stopped != NULL && server->connection_count == 0)
		server->stopped(server->stopped_context);
}

void server_stop(struct server *server, void (*stopped)(void *context), void *context)
{
	struct connection *next;

	log_notice("stopping, %zu callers are here", server->caller_count);
	server->stopped = stopped;
	server->stopped_context = context;
	apply_limit(server);
	if (server->connection_count == 0)
		stopped(context);
	for (struct connection *connection = server->connections; connection != NULL;
	     connection = next) {
		next = connection->next;
		connection_dismiss(connection);
	}
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	server->freeing = true;
	while (server->connections != NULL)
		connection_cut(server->connections);
	listener_free(server->listener);
	free(server);
}
