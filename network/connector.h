/*
 * From a host and a port to a connected TCP socket: the addresses of the name that are acceptable
 * are tried in turn, each with its share of the time.
 */
#ifndef VDTGW_NETWORK_CONNECTOR_H
#define VDTGW_NETWORK_CONNECTOR_H

#include "common/event_loop.h"
#include "network/service_link.h"

#include <stdint.h>

struct connector_handlers {
	/* Hands over the socket: non-blocking, close-on-exec. */
	void (*connected)(void *context, int descriptor);
	/* detail: for the log, valid during the call. */
	void (*failed)(void *context, enum service_failure why, const char *detail);
};

struct connector;

/* Of the target, which is copied, the URI and acceptable() are used. One of the handlers is called
 * once, from the loop only; without an answer from anywhere, failed() with SERVICE_TIMED_OUT at
 * deadline, an event_loop_now() time. Returns 0 or -errno. */
int connector_new(struct connector **ret_connector, struct event_loop *loop,
		  const struct service_target *target, uint64_t deadline,
		  const struct connector_handlers *handlers, void *context);
/* Accepts NULL. Safe from within a handler. */
void connector_free(struct connector *connector);

#endif
