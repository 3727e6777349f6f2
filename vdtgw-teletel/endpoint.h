/*
 * The WebSocket connections of the kiosk, whatever they are for, as the library sees them. The
 * library chooses a virtual host by what a client writes in its Host header, so that all of them
 * share one, and what a connection is for comes from the listener that accepted it alone.
 */
#ifndef VDTGW_TELETEL_ENDPOINT_H
#define VDTGW_TELETEL_ENDPOINT_H

#include "common/event_loop.h"

#include <stddef.h>

enum {
	ENDPOINT_PIECE_MAX = 1024, /* bytes that the library delivers at once */
};

struct lws;
struct endpoint;

/* One of the library's callbacks: reason is its enum lws_callback_reasons. */
typedef int endpoint_event(struct endpoint *endpoint, int reason, void *in, size_t length);

/* The first member of what it is an endpoint of. */
struct endpoint {
	struct lws *wsi;
	endpoint_event *on_event;
};

/* Takes the socket, on success and on failure. Until its LWS_CALLBACK_WSI_DESTROY the library
 * refers to the endpoint. Returns 0 or -errno. */
int endpoint_adopt(struct endpoint *endpoint, struct event_loop *loop, int descriptor,
		   endpoint_event *on_event);
/* At once. The callback for the end comes from within. */
void endpoint_cut(struct endpoint *endpoint);

#endif
