/*
 * The connections of callers as a whole: accepted up to a limit, and the orderly end of them all.
 */
#include "common/log.h"
#include "vdtgw-teletel/server_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Whoever is still here was told to go, twice. */
static void on_stop_guard(void *context)
{
	struct server *server = context;

	log_warning("stopping with %zu connections left", server->connection_count);
	event_loop_stop(server->loop, 0);
}

/* Who finds the limit reached waits in the backlog. */
static void apply_limit(struct server *server)
{
	listener_pause(server->listener,
		       server->connection_count >= SERVER_CONNECTIONS_MAX || server->stopping);
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
	r = timer_new(&server->stop_guard, loop, on_stop_guard, server);
	if (r == 0)
		r = listener_new(&server->listener, loop, on_accepted, server);
	if (r < 0)
		goto fail;
	*ret_server = server;
	return 0;
fail:
	listener_free(server->listener);
	timer_free(server->stop_guard);
	free(server);
	return r;
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
	if (server->stopping && server->connection_count == 0)
		event_loop_stop(server->loop, 0);
}

void server_stop(struct server *server)
{
	struct connection *next;

	if (server->stopping)
		return;
	server->stopping = true;
	apply_limit(server);
	timer_arm(server->stop_guard,
		  event_loop_now() + (SERVER_STOP_TIMEOUT + 1) * UINT64_C(1000000));
	log_notice("stopping, %zu callers are here", server->caller_count);
	for (struct connection *connection = server->connections; connection != NULL;
	     connection = next) {
		next = connection->next;
		connection_dismiss(connection);
	}
	if (server->connection_count == 0)
		event_loop_stop(server->loop, 0);
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	server->freeing = true;
	while (server->connections != NULL)
		connection_cut(server->connections);
	listener_free(server->listener);
	timer_free(server->stop_guard);
	free(server);
}
