/*
 * A connection to a videotex service, whatever its kind: resolved off the loop, connected address
 * by address, 8-bit transparent both ways. One link is one connection: after ended() nothing
 * more happens to it but service_link_free().
 */
#ifndef VDTGW_NETWORK_SERVICE_LINK_H
#define VDTGW_NETWORK_SERVICE_LINK_H

#include "common/address.h"
#include "common/config.h"
#include "common/event_loop.h"
#include "common/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a link failed or closed; service_failure_name() is the word for logs. */
enum service_failure {
	SERVICE_CLOSED,          /* by the service, in order */
	SERVICE_CUT,             /* reset, or the end without a WebSocket close */
	SERVICE_REFUSED,         /* nobody listens there */
	SERVICE_UNREACHABLE,     /* no route, no network */
	SERVICE_NAME_UNKNOWN,    /* the name has no address */
	SERVICE_RESOLVER_FAILED, /* no answer to the question */
	SERVICE_TIMED_OUT,       /* resolving, connecting or shaking hands took too long */
	SERVICE_BAD_ANSWER,      /* not a WebSocket server, or not at this path */
	SERVICE_CERTIFICATE,     /* not verified: authority, name or date */
	SERVICE_TLS,             /* the TLS handshake failed for another reason */
	SERVICE_PROTOCOL_ERROR,  /* what came breaks RFC 6455, or is too large */
	SERVICE_SILENT,          /* its pongs stopped */
	SERVICE_NO_RESOURCES,    /* no memory or descriptor here */
	SERVICE_DENIED,          /* the name has no address that is acceptable */
	SERVICE_FAILURE_COUNT,
};

enum {
	SERVICE_CONNECT_TIMEOUT = 10, /* s, from service_link_new() to connected() or ended() */
	SERVICE_OUTPUT_MAX = 4096,    /* bytes accepted ahead of the network */
};

/* Who the service is for, as a WebSocket service is told in the headers of its request:
 * X-Forwarded-For, X-Vdtgw-Transport, X-Vdtgw-Speed. */
struct service_caller {
	const char *address; /* numeric */
	const char *transport;
	unsigned speed; /* bit/s; 0: unlimited */
};

/* What to connect to, and how. */
struct service_target {
	const struct uri *uri;
	/* Offered, in order; "binary" among them sends binary frames. NULL: none. */
	const struct config_list *subprotocols;
	unsigned ping;                       /* s between pings, 0: none */
	const struct service_caller *caller; /* NULL: the service is told nothing */
	/* Asked of each address just before it is connected to, until connected() or ended(); those
	 * that are not acceptable are passed over. It must not free the link. NULL: all are. */
	bool (*acceptable)(void *context, const struct address *address);
	void *acceptable_context; /* what acceptable() is given; it outlives the connecting */
};

struct service_link_handlers {
	void (*connected)(void *context);
	/* Output of the service. The handler takes it all; it calls service_link_pause() when its
	 * queue is full. At most SERVICE_INPUT_MAX more bytes then still come. */
	void (*received)(void *context, const uint8_t *bytes, size_t length);
	/* The last received() was the end of a WebSocket message. May be NULL. */
	void (*message_ended)(void *context);
	/* After a short service_link_send(): there is room again. */
	void (*drained)(void *context);
	/* A message of service_link_send_message(), of length bytes, was handed to the network. May
	 * be NULL. */
	void (*message_sent)(void *context, size_t length);
	/* Once, at most, and last. detail: for the log, static or valid during the call. */
	void (*ended)(void *context, enum service_failure why, const char *detail);
};

enum {
	SERVICE_INPUT_MAX = 4096
}; /* bytes of one received() */

struct service_link;

/* Starts connecting. Handlers run from the loop only, never from within this call. The target is
 * copied. Returns 0 or -errno. */
int service_link_new(struct service_link **ret_link, struct event_loop *loop,
		     const struct service_target *target,
		     const struct service_link_handlers *handlers, void *context);
/* Takes what it has room for and returns how much; the rest is the caller's to keep until
 * drained(). 0 before connected(). */
size_t service_link_send(struct service_link *link, const uint8_t *bytes, size_t length);
/* Queues one WebSocket message, as a frame of its own, whatever the subprotocol says of frames: 0,
 * -ENOBUFS where too much waits, -ENOTCONN where there is no connection, -EOPNOTSUPP for a service
 * that is not reached by WebSocket. Latin-1. */
int service_link_send_message(struct service_link *link, bool binary, const uint8_t *bytes,
			      size_t length);
/* Back-pressure: while paused the service is not read. */
void service_link_pause(struct service_link *link, bool paused);
/* Starts an orderly end: sends what was taken, then a close frame or end of file; ended() follows
 * within SERVICE_CLOSE_TIMEOUT. received() is not called any more. */
void service_link_close(struct service_link *link);
/* At once, with no further handler. Accepts NULL. Safe from within a handler. */
void service_link_free(struct service_link *link);

enum {
	SERVICE_CLOSE_TIMEOUT = 2
}; /* s */

/* "closed", "refused", "name-unknown" …, for logs. */
const char *service_failure_name(enum service_failure why);

#endif
