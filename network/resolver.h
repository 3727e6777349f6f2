/*
 * From the name of a host to its addresses, without stopping the loop. Numeric addresses and
 * "localhost" (RFC 6761, section 6.3) are answered here; other names are looked up by the system
 * in a thread of their own, which an abandoned question leaves to its fate.
 */
#ifndef VDTGW_NETWORK_RESOLVER_H
#define VDTGW_NETWORK_RESOLVER_H

#include "common/event_loop.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	RESOLVER_ADDRESSES_MAX = 8, /* of one name; the rest is not tried */
	RESOLVER_THREADS_MAX = 8,   /* abandoned ones included; more questions fail */
};

union resolver_address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

struct resolver_answer {
	size_t count;
	union resolver_address addresses[RESOLVER_ADDRESSES_MAX]; /* in the order to try them */
};

socklen_t resolver_address_length(const union resolver_address *address);

struct resolver;

/* Asks for the addresses of host, with port in them. answered() is called once, from the loop
 * only: 0 with at least one address; -ENOENT for a name that has none, or -EAGAIN where that could
 * not be found out, both with the reason in detail. There is no time-out but the system's own.
 * Returns 0 or -errno. */
int resolver_new(struct resolver **ret_resolver, struct event_loop *loop, const char *host,
		 uint16_t port,
		 void (*answered)(void *context, int result, const struct resolver_answer *answer,
				  const char *detail),
		 void *context);
/* Abandons the question. Accepts NULL. Safe from within answered(). */
void resolver_free(struct resolver *resolver);

#endif
