/*
 * One WebSocket connection to the kiosk, as the library sees it: handshake, frames, the answer to a
 * plain HTTP request, the end. One timer a connection guards the handshake, carries the kiosk's
 * deadlines, and guards the close.
 */
#include "common/log.h"
#include "common/microseconds.h"
#include "network/http_page.h"
#include "vdtgw-teletel/caller_facts.h"
#include "vdtgw-teletel/server_private.h"
#include "vdtgw-teletel/web_page.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CHUNK_MAX = 1024, /* bytes of output in one frame */
	HEADER_VALUE_MAX = 256,
};

static int on_receive(struct connection *connection, const uint8_t *bytes, size_t length)
{
	uint8_t decoded[ENDPOINT_PIECE_MAX];
	struct identification_piece piece = {
		.binary = lws_frame_is_binary(connection->endpoint.wsi),
		.first = lws_is_first_fragment(connection->endpoint.wsi),
		.last = lws_is_final_fragment(connection->endpoint.wsi),
		.bytes = bytes,
		.length = length,
	};
	long count;

	if (connection->state != CONNECTION_OPEN)
		return 0;
	/* The library delivers no more than that at once, and once more at most after it was told
	 * not to read. */
	if (length > ENDPOINT_PIECE_MAX ||
	    length + IDENTIFICATION_HELD_MAX > sizeof(connection->input) - connection->waiting) {
		connection->why = "input that was not asked for";
		return -1;
	}
	if (!piece.binary) {
		if (piece.first)
			connection->decoder = (struct latin1_decoder) { 0 };
		count = latin1_decode(&connection->decoder, bytes, length, decoded);
		if (count < 0 || (piece.last && !latin1_decoder_complete(&connection->decoder))) {
			lws_close_reason(connection->endpoint.wsi, LWS_CLOSE_STATUS_INVALID_PAYLOAD,
					 NULL, 0);
			connection->why = "text that is not UTF-8";
			return -1;
		}
		piece.bytes = decoded;
		piece.length = (size_t)count;
	}
	connection_take(connection, &piece);
	return 0;
}

static int send_chunk(struct connection *connection, const uint8_t *bytes, size_t length)
{
	uint8_t frame[LWS_PRE + 2 * CHUNK_MAX];
	size_t encoded = length;

	if (connection->binary)
		memcpy(frame + LWS_PRE, bytes, length);
	else
		encoded = latin1_encode(bytes, length, frame + LWS_PRE);
	return lws_write(connection->endpoint.wsi, frame + LWS_PRE, encoded,
			 connection->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
}

static int on_writeable(struct connection *connection)
{
	const uint8_t *bytes;
	size_t length;

	if (connection->kiosk == NULL)
		return 0;
	if (lws_partial_buffered(connection->endpoint.wsi)) {
		(void)lws_callback_on_writable(connection->endpoint.wsi);
		return 0;
	}
	bytes = kiosk_output(connection->kiosk, &length);
	if (length > 0) {
		if (length > CHUNK_MAX)
			length = CHUNK_MAX;
		if (send_chunk(connection, bytes, length) < 0) {
			connection->why = "it cannot be written to";
			return -1;
		}
		kiosk_sent(connection->kiosk, length);
		if (connection->waiting > 0)
			connection_offer_input(connection);
		connection_after_kiosk(connection);
		(void)lws_callback_on_writable(connection->endpoint.wsi);
		return 0;
	}
	if (connection->state != CONNECTION_CLOSING)
		return 0;
	lws_close_reason(connection->endpoint.wsi,
			 connection->server->stopped != NULL ? LWS_CLOSE_STATUS_GOINGAWAY
							     : LWS_CLOSE_STATUS_NORMAL,
			 NULL, 0);
	return -1;
}

static bool offers_binary(struct lws *wsi)
{
	char list[HEADER_VALUE_MAX];
	char *position;

	if (lws_hdr_copy(wsi, list, sizeof(list), WSI_TOKEN_PROTOCOL) <= 0)
		return false;
	for (char *name = strtok_r(list, ", \t", &position); name != NULL;
	     name = strtok_r(NULL, ", \t", &position)) {
		if (strcmp(name, "binary") == 0)
			return true;
	}
	return false;
}

/* The gateway's headers; the headers are gone once the connection is established. */
static void learn(struct connection *connection)
{
	static const char speed_header[] = "x-vdtgw-speed:";
	static const char transport_header[] = "x-vdtgw-transport:";
	struct lws *wsi = connection->endpoint.wsi;
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char value[HEADER_VALUE_MAX];

	connection->binary = offers_binary(wsi);
	connection->wants_echo = lws_hdr_copy(wsi, value, sizeof(value), WSI_TOKEN_GET_URI) > 0 &&
				 strcmp(value, KIOSK_ECHO_PATH) == 0;
	if (getpeername(lws_get_socket_fd(wsi), (struct sockaddr *)&peer, &length) < 0 ||
	    !caller_facts_believed((struct sockaddr *)&peer))
		return;
	if (lws_hdr_copy(wsi, value, sizeof(value), WSI_TOKEN_X_FORWARDED_FOR) > 0)
		caller_facts_set_address(&connection->facts, value);
	if (lws_hdr_custom_copy(wsi, value, sizeof(value), speed_header, sizeof(speed_header) - 1) >
	    0)
		caller_facts_set_speed(&connection->facts, value);
	if (lws_hdr_custom_copy(wsi, value, sizeof(value), transport_header,
				sizeof(transport_header) - 1) > 0)
		caller_facts_set_transport(&connection->facts, value);
}

static int on_http(struct connection *connection)
{
	connection->state = CONNECTION_PAGE;
	connection->why = "a plain HTTP request";
	return http_page_begin(connection->endpoint.wsi, web_page_length);
}

static int on_http_writeable(struct connection *connection)
{
	return http_page_finish(connection->endpoint.wsi, web_page, web_page_length);
}

static void on_destroyed(struct connection *connection)
{
	struct server *server = connection->server;

	if (connection->why == NULL)
		connection->why =
		    connection->state == CONNECTION_HANDSHAKE ? "no handshake" : "cut";
	log_info("%s: gone: %s", connection->peer, connection->why);
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	server->connection_count--;
	if (connection->has_place)
		server->caller_count--;
	connection_close_kiosk(connection);
	timer_free(connection->timer);
	free(connection);
	server_on_gone(server);
}

static int on_event(struct endpoint *endpoint, int reason, void *in, size_t length)
{
	struct connection *connection = (struct connection *)endpoint;

	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		learn(connection);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
		return connection_open_kiosk(connection);
	case LWS_CALLBACK_RECEIVE:
		return on_receive(connection, in, length);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writeable(connection);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (connection->why == NULL)
			connection->why = "closed";
		return 0;
	case LWS_CALLBACK_HTTP:
		return on_http(connection);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_http_writeable(connection);
	case LWS_CALLBACK_WSI_DESTROY:
		on_destroyed(connection);
		return 0;
	default:
		return lws_callback_http_dummy(endpoint->wsi, (enum lws_callback_reasons)reason,
					       NULL, in, length);
	}
}

void connection_cut(struct connection *connection)
{
	endpoint_cut(&connection->endpoint);
}

static void on_timer(void *context)
{
	struct connection *connection = context;

	connection->timer_due = UINT64_MAX;
	if (connection->state == CONNECTION_OPEN) {
		kiosk_expire(connection->kiosk, event_loop_now());
		connection_after_kiosk(connection);
		return;
	}
	if (connection->why == NULL)
		connection->why = "no WebSocket handshake in time";
	connection_cut(connection);
}

int connection_new(struct server *server, int descriptor)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int r = -ENOMEM;

	if (connection != NULL)
		r = timer_new(&connection->timer, server->loop, on_timer, connection);
	if (r < 0) {
		(void)close(descriptor);
		goto fail;
	}
	connection->server = server;
	listener_name_peer(descriptor, connection->peer, sizeof(connection->peer));
	r = endpoint_adopt(&connection->endpoint, server->loop, descriptor, on_event);
	if (r < 0)
		goto fail;
	connection_arm(connection, event_loop_now() + SERVER_HANDSHAKE_TIMEOUT * US_PER_S);
	connection->next = server->connections;
	if (connection->next != NULL)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count++;
	return 0;
fail:
	if (connection != NULL)
		timer_free(connection->timer);
	free(connection);
	return r;
}
