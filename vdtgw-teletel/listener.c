/*
 * Listening: addresses to sockets, and their connections accepted as long as they are wanted.
 */
#include "vdtgw-teletel/listener.h"

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
	SOCKETS_MAX = 8,
	BACKLOG = 128,
	ACCEPT_MAX = 32, /* at a time: those who are here are served in between */
	/* A peer that vanished is noticed after 60 + 4 × 15 s. */
	KEEPALIVE_AFTER = 60,
	KEEPALIVE_EVERY = 15,
	KEEPALIVE_COUNT = 4,
};

struct listener {
	struct event_loop *loop;
	listener_accepted *accepted;
	void *context;
	bool paused;
	struct watch *sockets[SOCKETS_MAX];
	size_t count;
};

int listener_new(struct listener **ret_listener, struct event_loop *loop,
		 listener_accepted *accepted, void *context)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (listener == NULL)
		return -ENOMEM;
	listener->loop = loop;
	listener->accepted = accepted;
	listener->context = context;
	*ret_listener = listener;
	return 0;
}

void listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	for (size_t i = 0; i < listener->count; i++)
		watch_free(listener->sockets[i]);
	free(listener);
}

void listener_pause(struct listener *listener, bool paused)
{
	listener->paused = paused;
	for (size_t i = 0; i < listener->count; i++)
		watch_read(listener->sockets[i], !paused);
}

static void set_option(int descriptor, int level, int option, int value)
{
	/* Without one of these a call is only a little less well looked after. */
	(void)setsockopt(descriptor, level, option, &value, sizeof(value));
}

/* The sockets are few: whichever is readable, each is tried. */
static void on_readable(void *context)
{
	struct listener *listener = context;

	for (size_t i = 0; i < listener->count; i++) {
		for (unsigned count = 0; count < ACCEPT_MAX && !listener->paused; count++) {
			int descriptor = accept4(watch_descriptor(listener->sockets[i]), NULL, NULL,
						 SOCK_CLOEXEC | SOCK_NONBLOCK);

			if (descriptor < 0)
				break;
			set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
			set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_AFTER);
			set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_EVERY);
			set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
			listener->accepted(listener->context, descriptor);
		}
	}
}

static const struct watch_handlers listener_handlers = { .readable = on_readable };

static int add_socket(struct listener *listener, const struct addrinfo *address)
{
	int descriptor;
	int r;

	if (listener->count == SOCKETS_MAX)
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
		r = watch_new(&listener->sockets[listener->count], listener->loop, descriptor,
			      &listener_handlers, listener);
	if (r < 0) {
		(void)close(descriptor);
		return r;
	}
	listener->count++;
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
static int listen_on(struct listener *listener, const char *host, const char *port, bool required,
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
		r = add_socket(listener, address);
		if (r == -EAFNOSUPPORT || (r == -EADDRNOTAVAIL && !required))
			r = 0;
		if (r < 0)
			snprintf(error, error_size, "%s port %s: %s", host != NULL ? host : "*",
				 port, strerror(-r));
	}
	freeaddrinfo(addresses);
	return r;
}

int listener_add(struct listener *listener, const char *where, char *error, size_t error_size)
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
		r = listen_on(listener, "127.0.0.1", port, true, error, error_size);
		if (r == 0)
			r = listen_on(listener, "::1", port, false, error, error_size);
		return r;
	}
	r = listen_on(listener, strcmp(host, "*") == 0 ? NULL : host, port, true, error,
		      error_size);
	if (r == 0 && listener->count == 0) {
		snprintf(error, error_size, "%s: this machine has no such address", host);
		r = -EADDRNOTAVAIL;
	}
	return r;
}

int listener_own_address(const char *where, char *ret_text, size_t size)
{
	char copy[NI_MAXHOST + NI_MAXSERV];
	char *host;
	char *port;

	if (strlen(where) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, where);
	if (split(copy, &host, &port) < 0)
		return -EINVAL;
	if (strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
		host = "localhost";
	snprintf(ret_text, size, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
	return 0;
}

void listener_name_peer(int descriptor, char *ret_text, size_t size)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char host[NI_MAXHOST];
	char port[NI_MAXSERV];

	snprintf(ret_text, size, "unknown peer");
	if (getpeername(descriptor, (struct sockaddr *)&peer, &length) == 0 &&
	    getnameinfo((struct sockaddr *)&peer, length, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(ret_text, size, "%.50s port %.5s", host, port);
}
