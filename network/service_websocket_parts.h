/*
 * What service_websocket.c (an open connection) and service_websocket_handshake.c (how it comes
 * to be) share: one client connection of the library.
 */
#ifndef VDTGW_NETWORK_SERVICE_WEBSOCKET_PARTS_H
#define VDTGW_NETWORK_SERVICE_WEBSOCKET_PARTS_H

#include "common/latin1.h"
#include "network/message_queue.h"
#include "network/service_kind.h"
#include "network/service_tls.h"

#include <libwebsockets.h>

enum {
	SERVICE_WEBSOCKET_DETAIL_MAX = 128
};

struct websocket {
	struct service_link *link; /* NULL once it is freed */
	struct lws *wsi;           /* NULL before and after */
	int descriptor;            /* the connected socket, until the library has it; else -1 */
	struct service_tls tls;
	bool secure;
	bool requested; /* the HTTP request is out */
	bool opening;   /* within open() */
	bool closing;   /* by us, in order */
	bool close_sent;
	bool polite;     /* the library finishes the close handshake by itself */
	unsigned inside; /* callbacks of this connection on the stack */
	bool explained;  /* why and detail are set: the first reason stands */
	enum service_failure why;
	char detail[SERVICE_WEBSOCKET_DETAIL_MAX];
	struct latin1_decoder decoder;
	uint64_t replaced;   /* code points of all messages that were no byte */
	struct timer *timer; /* of pings; or of news that came too early */
	uint64_t next_ping;
	uint64_t unanswered_since; /* 0: nothing is awaited */
	bool ping_due;
	bool short_send;
	struct message_queue messages;
	struct timer *unstash;      /* secure only, like the stash */
	struct message_queue stash; /* pieces; binary stands for the end of a message */
	size_t output_length;
	uint8_t output[SERVICE_OUTPUT_MAX];
};

/* Notes why the connection ends; the first reason stands. */
void service_websocket_explain(struct websocket *websocket, enum service_failure why,
			       const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The library's callback for these connections. */
int service_websocket_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			    size_t length);

int service_websocket_check(const struct service_link *link);
/* Has the library shake hands over the connected descriptor. Returns 0 or -errno. */
int service_websocket_start(struct websocket *websocket);
/* in points to where the next header of the request goes, length bytes are left there. */
int service_websocket_tell_caller(struct websocket *websocket, void *in, size_t length);
/* The connection failed before it was a WebSocket; said is the library's phrase. */
void service_websocket_explain_handshake(struct websocket *websocket, const char *said,
					 size_t length);
bool service_websocket_answered(const void *peer);
/* True when the service is gone, as opposed to a connection that the library gave up. */
bool service_websocket_is_cut(struct websocket *websocket);

#endif
