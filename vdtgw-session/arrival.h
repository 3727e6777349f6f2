/*
 * Who calls: the socket's peer, or behind a trusted proxy (proxy.trusted) whoever the proxy says.
 * From a trusted proxy a PROXY header is required, or, for a caller by WebSocket, a request with
 * X-Forwarded-For or Forwarded, which a proxy that speaks HTTP adds; where the address that the
 * PROXY header tells is a trusted proxy's too, these are read as well. The header alone is taken
 * off the socket; of the request nothing is.
 */
#ifndef VDTGW_SESSION_ARRIVAL_H
#define VDTGW_SESSION_ARRIVAL_H

#include "common/address.h"
#include "common/config.h"
#include "common/event_loop.h"
#include "common/transport.h"

#include <stdint.h>

enum {
	ARRIVAL_HEADER_TIMEOUT = 3, /* s for the PROXY header */
	ARRIVAL_HEAD_TIMEOUT = 10,  /* s for the WebSocket request behind it */
};

/* One of them is called, once and last, from the loop. */
struct arrival_handlers {
	/* address: "::" where there is none. port: 0 where it is not told. */
	void (*known)(void *context, const struct address *address, uint16_t port);
	/* reason: a word of the log's vocabulary; detail: for the log. */
	void (*failed)(void *context, const char *reason, const char *detail);
};

struct arrival;

/* Whom the connection came from: "::" and 0 for one without an address. */
void arrival_peer(int descriptor, struct address *ret_address, uint16_t *ret_port);
/* The descriptor is borrowed until a handler is called or arrival_free(). Returns 0 or -errno. */
int arrival_new(struct arrival **ret_arrival, struct event_loop *loop,
		const struct config_list *trusted, enum transport transport, int descriptor,
		const struct arrival_handlers *handlers, void *context);
/* Accepts NULL. Safe from within a handler. */
void arrival_free(struct arrival *arrival);

#endif
