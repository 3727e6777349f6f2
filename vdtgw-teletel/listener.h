/* Listening sockets of one purpose, and who connects to them. */
#ifndef VDTGW_TELETEL_LISTENER_H
#define VDTGW_TELETEL_LISTENER_H

#include "common/event_loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listener;

/* Takes the descriptor of a connection: non-blocking, closed on exec, with keep-alive. */
typedef void listener_accepted(void *context, int descriptor);

/* Listens nowhere yet. Returns 0 or -ENOMEM. */
int listener_new(struct listener **ret_listener, struct event_loop *loop,
		 listener_accepted *accepted, void *context);
/* Accepts NULL. */
void listener_free(struct listener *listener);
/* Listens on "ADDRESS:PORT": an IPv4 or IPv6 address (this one in brackets), a name, or "*" for
 * all; "localhost" is 127.0.0.1 and, where this machine has it, ::1. Returns 0; -EINVAL for what
 * is no such text; or -errno with a sentence in error. */
int listener_add(struct listener *listener, const char *where, char *error, size_t error_size);
/* Who comes meanwhile waits in the backlog. */
void listener_pause(struct listener *listener, bool paused);
/* The address under which this machine itself reaches what listens on `where`, for a URI: a host,
 * in brackets where it is an IPv6 address, and the port. Returns 0 or -EINVAL. */
int listener_own_address(const char *where, char *ret_text, size_t size);
/* "127.0.0.1 port 40000": who is at the other end of a connection, for the log. */
void listener_name_peer(int descriptor, char *ret_text, size_t size);

#endif
