/*
 * Gateways' connections: frames put together to messages, of which no more is kept than a line may
 * need, and orders sent. A gateway may say anything at any time; faulty lines are passed over.
 */
#include "vdtgw-teletel/command_server.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "common/printable.h"
#include "network/message_queue.h"
#include "vdtgw-teletel/endpoint.h"
#include "vdtgw-teletel/listener.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PEER_MAX = 64,
	QUOTED_MAX = 128, /* bytes of a faulty line in the log */
};

static const char stopping[] = "shutting down";

struct command_server {
	struct event_loop *loop;
	struct switchboard *switchboard;
	struct listener *listener;
	struct gateway *gateways; /* a list of connections */
	size_t count;
	void (*stopped)(void *context); /* NULL: it is not to stop */
	void *stopped_context;
	bool freeing;
};

struct gateway {
	struct endpoint endpoint;
	struct command_server *server;
	struct gateway *previous;
	struct gateway *next;
	struct timer *timer; /* guards the handshake */
	struct switchboard_gateway *port;
	struct message_queue queue;
	char peer[PEER_MAX];
	const char *why; /* it ended, for the log */
	unsigned complaints;
	size_t length; /* of the message under way */
	uint8_t line[GATEWAY_LINE_MAX];
};

static int send_order(void *context, const char *text, size_t length)
{
	struct gateway *gateway = context;
	int r = message_queue_put(&gateway->queue, false, (const uint8_t *)text, length);

	if (r == 0)
		(void)lws_callback_on_writable(gateway->endpoint.wsi);
	return r;
}

static int on_established(struct gateway *gateway)
{
	int r = switchboard_add_gateway(gateway->server->switchboard, send_order, gateway,
					&gateway->port);

	if (r < 0) {
		gateway->why = r == -ENOSPC ? "too many gateways are connected" : "no memory";
		return -1;
	}
	timer_disarm(gateway->timer);
	log_notice("gateway %s: connected", gateway->peer);
	return 0;
}

static void complain(struct gateway *gateway, int error)
{
	char quoted[4 * QUOTED_MAX];
	size_t length = gateway->length < QUOTED_MAX ? gateway->length : QUOTED_MAX;

	if (gateway->complaints++ >= COMMAND_COMPLAINTS_MAX)
		return;
	printable(quoted, sizeof(quoted), (const char *)gateway->line, length);
	log_warning("gateway %s: passed over, because %s: %s", gateway->peer,
		    error == -EPROTO   ? "it is no line of the command channel"
		    : error == -ENOSPC ? "there are too many callers"
				       : "there is no memory",
		    quoted);
}

static void on_message(struct gateway *gateway)
{
	size_t kept = gateway->length < GATEWAY_LINE_MAX ? gateway->length : GATEWAY_LINE_MAX;
	int r = switchboard_receive(gateway->port, gateway->line, kept);

	if (r < 0)
		complain(gateway, r);
}

static int on_receive(struct gateway *gateway, const uint8_t *bytes, size_t length)
{
	if (gateway->port == NULL)
		return 0;
	if (lws_is_first_fragment(gateway->endpoint.wsi))
		gateway->length = 0;
	if (length > COMMAND_MESSAGE_MAX - gateway->length) {
		lws_close_reason(gateway->endpoint.wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, NULL,
				 0);
		gateway->why = "a message of more than 65536 bytes";
		return -1;
	}
	if (gateway->length < GATEWAY_LINE_MAX) {
		size_t room = GATEWAY_LINE_MAX - gateway->length;

		memcpy(gateway->line + gateway->length, bytes, length < room ? length : room);
	}
	gateway->length += length;
	if (lws_is_final_fragment(gateway->endpoint.wsi))
		on_message(gateway);
	return 0;
}

static int on_writeable(struct gateway *gateway)
{
	uint8_t frame[LWS_PRE + GATEWAY_ORDER_MAX];
	struct message *message;
	size_t length;

	if (lws_partial_buffered(gateway->endpoint.wsi)) {
		(void)lws_callback_on_writable(gateway->endpoint.wsi);
		return 0;
	}
	/* Orders that are still queued would be answered to nobody. */
	if (gateway->server->stopped != NULL) {
		lws_close_reason(gateway->endpoint.wsi, LWS_CLOSE_STATUS_GOINGAWAY, NULL, 0);
		gateway->why = stopping;
		return -1;
	}
	message = message_queue_take(&gateway->queue);
	if (message == NULL)
		return 0;
	/* Only orders are put there. */
	length = message->length;
	memcpy(frame + LWS_PRE, message->bytes, length);
	free(message);
	if (lws_write(gateway->endpoint.wsi, frame + LWS_PRE, length, LWS_WRITE_TEXT) < 0) {
		gateway->why = "it cannot be written to";
		return -1;
	}
	(void)lws_callback_on_writable(gateway->endpoint.wsi);
	return 0;
}

static void apply_limit(struct command_server *server)
{
	listener_pause(server->listener,
		       server->count >= COMMAND_CONNECTIONS_MAX || server->stopped != NULL);
}

static void on_destroyed(struct gateway *gateway)
{
	struct command_server *server = gateway->server;

	if (gateway->why == NULL)
		gateway->why = gateway->port == NULL ? "no handshake" : "cut";
	log_notice("gateway %s: gone: %s; %zu callers announced, %u faulty lines", gateway->peer,
		   gateway->why,
		   gateway->port != NULL ? switchboard_gateway_callers(gateway->port) : 0,
		   gateway->complaints);
	if (gateway->previous != NULL)
		gateway->previous->next = gateway->next;
	else
		server->gateways = gateway->next;
	if (gateway->next != NULL)
		gateway->next->previous = gateway->previous;
	server->count--;
	switchboard_remove_gateway(gateway->port);
	message_queue_done(&gateway->queue);
	timer_free(gateway->timer);
	free(gateway);
	if (server->freeing)
		return;
	apply_limit(server);
	if (server->stopped != NULL && server->count == 0)
		server->stopped(server->stopped_context);
}

static int on_event(struct endpoint *endpoint, int reason, void *in, size_t length)
{
	struct gateway *gateway = (struct gateway *)endpoint;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(gateway);
	case LWS_CALLBACK_RECEIVE:
		return on_receive(gateway, in, length);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writeable(gateway);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (gateway->why == NULL)
			gateway->why = "closed";
		return 0;
	case LWS_CALLBACK_HTTP:
		gateway->why = "a plain HTTP request";
		(void)lws_return_http_status(endpoint->wsi, HTTP_STATUS_BAD_REQUEST,
					     "This port is for gateways.");
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		on_destroyed(gateway);
		return 0;
	default:
		return lws_callback_http_dummy(endpoint->wsi, (enum lws_callback_reasons)reason,
					       NULL, in, length);
	}
}

static void on_timer(void *context)
{
	struct gateway *gateway = context;

	gateway->why = "no WebSocket handshake in time";
	endpoint_cut(&gateway->endpoint);
}

/* Takes the descriptor, on success and on failure. */
static int add(struct command_server *server, int descriptor)
{
	struct gateway *gateway = calloc(1, sizeof(*gateway));
	int r = -ENOMEM;

	if (gateway != NULL)
		r = timer_new(&gateway->timer, server->loop, on_timer, gateway);
	if (r < 0) {
		(void)close(descriptor);
		goto fail;
	}
	gateway->server = server;
	listener_name_peer(descriptor, gateway->peer, sizeof(gateway->peer));
	r = endpoint_adopt(&gateway->endpoint, server->loop, descriptor, on_event);
	if (r < 0)
		goto fail;
	timer_arm(gateway->timer, event_loop_now() + COMMAND_HANDSHAKE_TIMEOUT * US_PER_S);
	gateway->next = server->gateways;
	if (gateway->next != NULL)
		gateway->next->previous = gateway;
	server->gateways = gateway;
	server->count++;
	return 0;
fail:
	if (gateway != NULL)
		timer_free(gateway->timer);
	free(gateway);
	return r;
}

static void on_accepted(void *context, int descriptor)
{
	struct command_server *server = context;
	int r = add(server, descriptor);

	if (r < 0)
		log_warning("a gateway cannot be served: %s", strerror(-r));
	apply_limit(server);
}

int command_server_new(struct command_server **ret_server, struct event_loop *loop,
		       struct switchboard *switchboard)
{
	struct command_server *server = calloc(1, sizeof(*server));
	int r;

	if (server == NULL)
		return -ENOMEM;
	server->loop = loop;
	server->switchboard = switchboard;
	r = listener_new(&server->listener, loop, on_accepted, server);
	if (r < 0) {
		free(server);
		return r;
	}
	*ret_server = server;
	return 0;
}

int command_server_listen(struct command_server *server, const char *where, char *error,
			  size_t error_size)
{
	return listener_add(server->listener, where, error, error_size);
}

static void dismiss(struct gateway *gateway)
{
	if (gateway->port != NULL) {
		(void)lws_callback_on_writable(gateway->endpoint.wsi);
		return;
	}
	gateway->why = stopping;
	endpoint_cut(&gateway->endpoint);
}

void command_server_stop(struct command_server *server, void (*stopped)(void *context),
			 void *context)
{
	struct gateway *next;

	server->stopped = stopped;
	server->stopped_context = context;
	apply_limit(server);
	if (server->count == 0)
		stopped(context);
	for (struct gateway *gateway = server->gateways; gateway != NULL; gateway = next) {
		next = gateway->next;
		dismiss(gateway);
	}
}

void command_server_free(struct command_server *server)
{
	if (server == NULL)
		return;
	server->freeing = true;
	while (server->gateways != NULL)
		endpoint_cut(&server->gateways->endpoint);
	listener_free(server->listener);
	free(server);
}
