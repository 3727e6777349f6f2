/*
 * Listening: addresses to sockets, connections accepted up to a limit, and the orderly end of
 * them all.
 */
#include "common/log.h"
#include "vdtgw-teletel/server_private.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 128,
	ACCEPT_MAX = 32, /* at a time: those who are here are served in between */
	/* A peer that vanished is noticed after 60 + 4 × 15 s. */
	KEEPALIVE_AFTER = 60,
	KEEPALIVE_EVERY = 15,
	KEEPALIVE_COUNT = 4,
};

/* Whoever is still here was told to go, twice. */
static void on_stop_guard(void *context)
{
	struct server *server = context;

	log_warning("stopping with %zu connections left", server->connection_count);
	event_loop_stop(server->loop, 0);
}

int server_new(struct server **ret_server, struct event_loop *loop, const struct kiosk_house *house)
{
	struct server *server = calloc(1, sizeof(*server));
	int r;

	if (server == NULL)
		return -ENOMEM;
	server->loop = loop;
	server->house = house;
	r = timer_new(&server->stop_guard, loop, on_stop_guard, server);
	if (r < 0)
		goto fail;
	server->vhost = connection_vhost(loop);
	if (server->vhost == NULL) {
		r = -ENOMEM;
		goto fail;
	}
	*ret_server = server;
	return 0;
fail:
	timer_free(server->stop_guard);
	free(server);
	return r;
}

static void set_option(int descriptor, int level, int option, int value)
{
	/* Without one of these a call is only a little less well looked after. */
	(void)setsockopt(descriptor, level, option, &value, sizeof(value));
}

/* Who finds the limit reached waits in the backlog. */
static void apply_limit(struct server *server)
{
	bool room = server->connection_count < SERVER_CONNECTIONS_MAX && !server->stopping;

	for (size_t i = 0; i < server->listener_count; i++)
		watch_read(server->listeners[i], room);
}

static void accept_one(struct server *server, int descriptor)
{
	int r;

	set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_AFTER);
	set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY);
	set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
	r = connection_new(server, descriptor);
	if (r < 0)
		log_warning("a connection cannot be served: %s", strerror(-r));
}

/* The listeners are few: whichever is readable, each is tried. */
static void on_readable(void *context)
{
	struct server *server = context;

	for (size_t i = 0; i < server->listener_count; i++) {
		for (unsigned count = 0; count < ACCEPT_MAX; count++) {
			int descriptor;

			if (server->connection_count >= SERVER_CONNECTIONS_MAX)
				break;
			descriptor = accept4(watch_descriptor(server->listeners[i]), NULL, NULL,
					     SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (descriptor < 0)
				break;
			accept_one(server, descriptor);
		}
	}
	apply_limit(server);
}

static const struct watch_handlers listener_handlers = { .readable = on_readable };

static int add_listener(struct server *server, const struct addrinfo *address)
{
	int descriptor;
	int r;

	if (server->listener_count == SERVER_LISTENERS_MAX)
		return -ENOBUFS;
	descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return -errno;
	set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
	if (address->ai_family == AF_INET6)
		set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	r = bind(descriptor, address->ai_addr, address->ai_addrlen) < 0 ? -errno : 0;
	if (r == 0)
		r = listen(descriptor, BACKLOG) < 0 ? -errno : 0;
	if (r == 0)
		r = watch_new(&server->listeners[server->listener_count], server->loop, descriptor,
			      &listener_handlers, server);
	if (r < 0) {
		(void)close(descriptor);
		return r;
	}
	server->listener_count++;
	return 0;
}

/* Cuts "HOST:PORT" or "[HOST]:PORT" apart, in place. */
static int split(char *where, char **ret_host, char **ret_port)
{
	char *colon = strrchr(where, ':');
	char *end;
	unsigned long port;

	if (colon == NULL || colon == where)
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	*colon = '\0';
	if (*where == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		where++;
	} else if (strchr(where, ':') != NULL) {
		return -EINVAL;
	}
	*ret_host = where;
	*ret_port = colon + 1;
	return 0;
}

/* required: it is an error where this machine does not have such an address. */
static int listen_on(struct server *server, const char *host, const char *port, bool required,
		     char *error, size_t error_size)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
					.ai_socktype = SOCK_STREAM };
	struct addrinfo *addresses = NULL;
	int r = getaddrinfo(host, port, &hints, &addresses);

	if (r != 0) {
		snprintf(error, error_size, "%s: %s", host != NULL ? host : "*", gai_strerror(r));
		return required ? -ENXIO : 0;
	}
	for (const struct addrinfo *address = addresses; address != NULL && r == 0;
	     address = address->ai_next) {
		r = add_listener(server, address);
		if (r == -EAFNOSUPPORT || (r == -EADDRNOTAVAIL && !required))
			r = 0;
		if (r < 0)
			snprintf(error, error_size, "%s port %s: %s", host != NULL ? host : "*",
				 port, strerror(-r));
	}
	freeaddrinfo(addresses);
	return r;
}

int server_listen(struct server *server, const char *where, char *error, size_t error_size)
{
	char copy[NI_MAXHOST + NI_MAXSERV];
	char *host;
	char *port;
	int r;

	if (strlen(where) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, where);
	r = split(copy, &host, &port);
	if (r < 0)
		return r;
	if (strcmp(host, "localhost") == 0) {
		/* Not what a resolver says: a kiosk of this machine's own stays on this machine. */
		r = listen_on(server, "127.0.0.1", port, true, error, error_size);
		if (r == 0)
			r = listen_on(server, "::1", port, false, error, error_size);
		return r;
	}
	r = listen_on(server, strcmp(host, "*") == 0 ? NULL : host, port, true, error, error_size);
	if (r == 0 && server->listener_count == 0) {
		snprintf(error, error_size, "%s: this machine has no such address", host);
		r = -EADDRNOTAVAIL;
	}
	return r;
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
		next = connection_next(connection);
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
	for (size_t i = 0; i < server->listener_count; i++)
		watch_free(server->listeners[i]);
	timer_free(server->stop_guard);
	free(server);
}
