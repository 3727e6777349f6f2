/*
 * A caller by WebSocket (RFC 6455): the socket is adopted as a server connection of libwebsockets,
 * on a virtual host of its own, once its first bytes have come and may be a request. Any path is
 * taken; a plain HTTP request gets the page that says what this port is.
 */
#include "common/latin1.h"
#include "common/log.h"
#include "common/microseconds.h"
#include "network/http_page.h"
#include "network/stream.h"
#include "vdtgw-session/abuse.h"
#include "vdtgw-session/caller_transport.h"
#include "vdtgw-session/mask_check.h"
#include "vdtgw-session/web_page.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	HANDSHAKE_TIMEOUT = 10 * US_PER_S,
	CLOSE_TIMEOUT = CALLER_CLOSE_TIMEOUT * US_PER_S,
	MESSAGE_MAX = 65536,    /* bytes of one message from the terminal */
	SUBPROTOCOLS_MAX = 256, /* bytes of the client's list that are looked at */
	ENCODED_MAX = 2,        /* bytes of UTF-8 for one of Latin-1 */
};

enum websocket_state {
	WEBSOCKET_HANDSHAKE,
	WEBSOCKET_OPEN,
	WEBSOCKET_CLOSING, /* what was taken, then the close frame, are on their way */
	WEBSOCKET_PAGE,    /* answering a plain HTTP request */
};

struct websocket {
	struct caller *caller;
	struct event_loop *loop;
	struct lws *wsi;
	struct timer *guard;       /* of the handshake, then of the close */
	struct watch *first_bytes; /* until they have come: the library has no wsi for it yet */
	struct mask_check mask;    /* of the first frame, which is not read before */
	struct latin1_decoder decoder;
	uint64_t replaced; /* code points of all messages that were no byte */
	size_t message_length;
	enum websocket_state state;
	enum caller_end why;
	const char *detail;
	bool binary; /* towards the terminal */
	bool paused; /* by the session */
	bool close_sent;
	bool closed;     /* by the session, before the first bytes */
	bool drain_owed; /* bytes were taken since drained() */
	bool ended;
	unsigned inside; /* callbacks of this connection on the stack */
	bool freed;
	size_t output_length;
	uint8_t output[LWS_PRE + ENCODED_MAX * CALLER_OUTPUT_MAX];
};

static void websocket_destroy(struct websocket *websocket)
{
	watch_free(websocket->first_bytes);
	mask_check_stop(&websocket->mask);
	timer_free(websocket->guard);
	free(websocket);
}

/* Notes why the connection is to end; the first word stands. Returns what a callback returns to
 * have libwebsockets close it. */
static int end_with(struct websocket *websocket, enum caller_end why, const char *detail)
{
	if (websocket->detail == NULL) {
		websocket->why = why;
		websocket->detail = detail;
	}
	return -1;
}

static int refuse(struct websocket *websocket, enum lws_close_status code, const char *detail)
{
	lws_close_reason(websocket->wsi, code, NULL, 0);
	return end_with(websocket, CALLER_PROTOCOL_ERROR, detail);
}

static void apply_flow(struct websocket *websocket)
{
	bool stop = websocket->paused || mask_check_is_under_way(&websocket->mask);

	(void)lws_rx_flow_control(websocket->wsi, stop ? 0 : 1);
}

static void on_mask_checked(void *context, bool is_masked)
{
	struct websocket *websocket = context;

	if (is_masked) {
		apply_flow(websocket);
		return;
	}
	(void)end_with(websocket, CALLER_PROTOCOL_ERROR, "a frame without a mask");
	websocket->state = WEBSOCKET_CLOSING;
	(void)lws_callback_on_writable(websocket->wsi);
}

/* RFC 6455, section 4.2.1; the library takes any. */
static bool is_current_version(struct lws *wsi)
{
	char version[4] = "";

	return lws_hdr_copy(wsi, version, sizeof(version), WSI_TOKEN_VERSION) > 0 &&
	       strcmp(version, "13") == 0;
}

static void learn_from_headers(struct websocket *websocket)
{
	char text[CALLER_FACT_MAX], subprotocols[SUBPROTOCOLS_MAX];
	char *position, *name;

	if (lws_hdr_copy(websocket->wsi, subprotocols, sizeof(subprotocols), WSI_TOKEN_PROTOCOL) >
	    0) {
		for (name = strtok_r(subprotocols, ", \t", &position); name != NULL;
		     name = strtok_r(NULL, ", \t", &position))
			if (strcmp(name, "binary") == 0)
				websocket->binary = true;
	}
	if (lws_hdr_copy(websocket->wsi, text, sizeof(text), WSI_TOKEN_HTTP_USER_AGENT) > 0)
		websocket->caller->handlers->learned(websocket->caller->context,
						     CALLER_TERMINAL_TYPE, text);
}

static int on_established(struct websocket *websocket)
{
	timer_disarm(websocket->guard);
	websocket->state = WEBSOCKET_OPEN;
	/* Without memory for it the call goes on, unmasked frames and all. */
	if (mask_check_start(&websocket->mask, websocket->loop, lws_get_socket_fd(websocket->wsi),
			     on_mask_checked, websocket) == 0)
		apply_flow(websocket);
	websocket->caller->handlers->ready(websocket->caller->context);
	return 0;
}

static int on_receive(struct websocket *websocket, const uint8_t *bytes, size_t length)
{
	struct lws *wsi = websocket->wsi;
	uint8_t decoded[CALLER_INPUT_MAX];
	long count;

	if (websocket->state != WEBSOCKET_OPEN)
		return 0;
	if (lws_is_first_fragment(wsi)) {
		websocket->message_length = 0;
		websocket->replaced += websocket->decoder.replaced;
		websocket->decoder = (struct latin1_decoder) { 0 };
	}
	websocket->message_length += length;
	if (websocket->message_length > MESSAGE_MAX ||
	    lws_remaining_packet_payload(wsi) > MESSAGE_MAX - websocket->message_length)
		return refuse(websocket, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
			      "a message of more than 65536 bytes");
	if (lws_frame_is_binary(wsi)) {
		websocket->caller->handlers->received(websocket->caller->context, bytes, length);
		return 0;
	}
	count = latin1_decode(&websocket->decoder, bytes, length, decoded);
	if (count < 0 ||
	    (lws_is_final_fragment(wsi) && !latin1_decoder_complete(&websocket->decoder)))
		return refuse(websocket, LWS_CLOSE_STATUS_INVALID_PAYLOAD,
			      "text that is not UTF-8");
	if (count > 0)
		websocket->caller->handlers->received(websocket->caller->context, decoded,
						      (size_t)count);
	return 0;
}

static int on_writeable(struct websocket *websocket)
{
	size_t length = websocket->output_length;

	if (length > 0) {
		websocket->output_length = 0;
		if (lws_write(websocket->wsi, websocket->output + LWS_PRE, length,
			      websocket->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) < 0)
			return end_with(websocket, CALLER_CUT, "it cannot be written to");
	}
	if (lws_partial_buffered(websocket->wsi)) {
		(void)lws_callback_on_writable(websocket->wsi);
		return 0;
	}
	/* Once: the library calls again while it awaits the answer, and would give it up. */
	if (websocket->state == WEBSOCKET_CLOSING && !websocket->close_sent) {
		websocket->close_sent = true;
		lws_close_reason(websocket->wsi,
				 websocket->why == CALLER_PROTOCOL_ERROR
				     ? LWS_CLOSE_STATUS_PROTOCOL_ERR
				     : LWS_CLOSE_STATUS_NORMAL,
				 NULL, 0);
		return -1;
	}
	if (websocket->drain_owed && websocket->state == WEBSOCKET_OPEN) {
		websocket->drain_owed = false;
		websocket->caller->handlers->drained(websocket->caller->context);
	}
	return 0;
}

static int on_http(struct websocket *websocket)
{
	websocket->state = WEBSOCKET_PAGE;
	(void)end_with(websocket, CALLER_NOT_WEBSOCKET, "a plain HTTP request");
	return http_page_begin(websocket->wsi, web_page_length);
}

static int on_http_writeable(struct websocket *websocket)
{
	return http_page_finish(websocket->wsi, web_page, web_page_length);
}

/* A request that offers to go on in HTTP/2, as some clients' plain ones do, gets the page in the
 * version that it came in. Returns what lets the library go on, or has it close. */
static int on_upgrade(struct websocket *websocket, const char *protocol)
{
	if (strcasecmp(protocol, "h2c") != 0)
		return 0;
	return on_http(websocket) < 0 ? -1 : on_http_writeable(websocket);
}

/* What the library itself found wrong with a frame stands in the close that it prepared. */
static void take_over_close_code(struct websocket *websocket)
{
	const unsigned char *payload = lws_get_close_payload(websocket->wsi);

	if (lws_get_close_length(websocket->wsi) >= 2 &&
	    payload[0] * 256 + payload[1] == LWS_CLOSE_STATUS_PROTOCOL_ERR)
		(void)end_with(websocket, CALLER_PROTOCOL_ERROR, "a frame that breaks RFC 6455");
}

static void on_destroyed(struct websocket *websocket)
{
	websocket->wsi = NULL;
	if (websocket->ended)
		return;
	websocket->ended = true;
	if (websocket->detail == NULL) {
		websocket->why = websocket->state == WEBSOCKET_HANDSHAKE ? CALLER_NO_HANDSHAKE
				 : websocket->state == WEBSOCKET_CLOSING ? CALLER_CLOSED
									 : CALLER_CUT;
	}
	websocket->replaced += websocket->decoder.replaced;
	if (websocket->replaced > 0)
		log_info("%llu characters from the terminal were above U+00FF and became '_'",
			 (unsigned long long)websocket->replaced);
	websocket->caller->handlers->ended(websocket->caller->context, websocket->why,
					   websocket->detail);
}

static int dispatch(struct websocket *websocket, struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t length)
{
	switch ((int)reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		if (!is_current_version(websocket->wsi))
			return end_with(websocket, CALLER_PROTOCOL_ERROR,
					"a version of WebSocket other than 13");
		learn_from_headers(websocket);
		return 0;
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(websocket);
	case LWS_CALLBACK_RECEIVE:
		return on_receive(websocket, in, length);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return on_writeable(websocket);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		(void)end_with(websocket, CALLER_CLOSED, "a close frame");
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(websocket, in);
	case LWS_CALLBACK_HTTP:
		return on_http(websocket);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_http_writeable(websocket);
	case LWS_CALLBACK_CLOSED:
		take_over_close_code(websocket);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		on_destroyed(websocket);
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, length);
	}
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct websocket *websocket = lws_get_opaque_user_data(wsi);
	int result;

	if (websocket == NULL || websocket->wsi != wsi)
		return 0;
	websocket->inside++;
	result = dispatch(websocket, wsi, reason, user, in, length);
	websocket->inside--;
	if (websocket->freed && websocket->inside == 0) {
		lws_set_opaque_user_data(wsi, NULL);
		websocket_destroy(websocket);
		return -1;
	}
	return result;
}

static const struct lws_protocols protocols[] = {
	{ .name = "videotex", .callback = on_event, .rx_buffer_size = CALLER_INPUT_MAX },
	{ .name = "binary", .callback = on_event, .rx_buffer_size = CALLER_INPUT_MAX },
	{ .name = "tty", .callback = on_event, .rx_buffer_size = CALLER_INPUT_MAX },
	{ 0 },
};

/* Reports an end that the library has no part in: the last that the connection does. */
static void end_unadopted(struct websocket *websocket, enum caller_end why, const char *detail)
{
	if (websocket->ended)
		return;
	websocket->ended = true;
	timer_disarm(websocket->guard);
	watch_free(websocket->first_bytes);
	websocket->first_bytes = NULL;
	websocket->caller->handlers->ended(websocket->caller->context, why, detail);
}

static void on_guard_expired(void *context)
{
	struct websocket *websocket = context;

	if (websocket->first_bytes != NULL) {
		if (websocket->closed)
			end_unadopted(websocket, CALLER_NO_HANDSHAKE, NULL);
		else
			end_unadopted(websocket, CALLER_SILENT, "not a byte within 10 s");
		return;
	}
	if (websocket->wsi == NULL)
		return;
	if (websocket->state == WEBSOCKET_HANDSHAKE)
		(void)end_with(websocket, CALLER_HANDSHAKE_TIMED_OUT,
			       "no WebSocket handshake within 10 s");
	lws_set_timeout(websocket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

/* The only virtual host of this port number, the one for no port: the library picks the host of a
 * request by it. */
static struct lws_vhost *make_vhost(struct event_loop *loop)
{
	const struct lws_context_creation_info info = {
		.vhost_name = "caller",
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		/* The guard of the handshake is ours. */
		.timeout_secs_ah_idle = 2 * HANDSHAKE_TIMEOUT / US_PER_S,
		.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
	};

	return lws_create_vhost(event_loop_context(loop), &info);
}

static void adopt(struct websocket *websocket)
{
	struct lws_vhost *vhost = make_vhost(websocket->loop);
	int descriptor;

	if (vhost == NULL) {
		end_unadopted(websocket, CALLER_CUT, "no memory for a WebSocket");
		return;
	}
	descriptor = watch_release(websocket->first_bytes);
	websocket->first_bytes = NULL;
	/* On failure the library closes the socket. */
	websocket->wsi = lws_adopt_socket_vhost(vhost, descriptor);
	if (websocket->wsi == NULL) {
		end_unadopted(websocket, CALLER_CUT, "the library does not take it");
		return;
	}
	lws_set_opaque_user_data(websocket->wsi, websocket);
}

/* A WebSocket client speaks first: what it begins with shows whether it is one. */
static void on_first_bytes(void *context)
{
	struct websocket *websocket = context;
	uint8_t bytes[ABUSE_PACKET_MAX];
	const char *abuse;
	ssize_t count;

	count = recv(watch_descriptor(websocket->first_bytes), bytes, sizeof(bytes),
		     MSG_PEEK | MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (count <= 0) {
		end_unadopted(websocket, CALLER_NO_HANDSHAKE, count < 0 ? strerror(errno) : NULL);
		return;
	}
	abuse = abuse_recognise(TRANSPORT_WEBSOCKET, bytes, (size_t)count);
	if (abuse != NULL)
		end_unadopted(websocket, CALLER_ABUSE, abuse);
	else
		adopt(websocket);
}

static const struct watch_handlers first_bytes_handlers = { .readable = on_first_bytes };

static void websocket_free(void *transport)
{
	struct websocket *websocket = transport;

	websocket->ended = true;
	websocket->freed = true;
	if (websocket->inside > 0)
		return;
	if (websocket->wsi != NULL) {
		struct lws *wsi = websocket->wsi;

		lws_set_opaque_user_data(wsi, NULL);
		lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	}
	websocket_destroy(websocket);
}

static int websocket_open(struct caller *caller, struct event_loop *loop, int descriptor)
{
	struct websocket *websocket;
	int result;

	websocket = calloc(1, sizeof(*websocket));
	if (websocket == NULL)
		return -ENOMEM;
	websocket->caller = caller;
	websocket->loop = loop;
	result = timer_new(&websocket->guard, loop, on_guard_expired, websocket);
	if (result < 0)
		goto out;
	result =
	    watch_new(&websocket->first_bytes, loop, descriptor, &first_bytes_handlers, websocket);
	if (result < 0)
		goto out;
	stream_prepare_socket(descriptor);
	timer_arm(websocket->guard, event_loop_now() + HANDSHAKE_TIMEOUT);
	caller->transport = websocket;
	return 0;
out:
	websocket_destroy(websocket);
	return result;
}

static void websocket_start(void *transport)
{
	(void)transport; /* The client speaks first. */
}

static size_t websocket_send(void *transport, const uint8_t *bytes, size_t length)
{
	struct websocket *websocket = transport;
	uint8_t *end = websocket->output + LWS_PRE + websocket->output_length;
	size_t taken, room;

	if (websocket->state != WEBSOCKET_OPEN || websocket->ended)
		return 0;
	room = ENCODED_MAX * CALLER_OUTPUT_MAX - websocket->output_length;
	taken = room / ENCODED_MAX < length ? room / ENCODED_MAX : length;
	if (taken == 0)
		return 0;
	if (websocket->binary) {
		memcpy(end, bytes, taken);
		websocket->output_length += taken;
	} else {
		websocket->output_length += latin1_encode(bytes, taken, end);
	}
	websocket->drain_owed = true;
	(void)lws_callback_on_writable(websocket->wsi);
	return taken;
}

static bool websocket_idle(const void *transport)
{
	const struct websocket *websocket = transport;

	return websocket->state == WEBSOCKET_OPEN && websocket->output_length == 0 &&
	       websocket->wsi != NULL && !lws_partial_buffered(websocket->wsi);
}

static void websocket_pause(void *transport, bool paused)
{
	struct websocket *websocket = transport;

	websocket->paused = paused;
	if (websocket->wsi != NULL && websocket->state == WEBSOCKET_OPEN)
		apply_flow(websocket);
}

static int websocket_descriptor(const void *transport)
{
	const struct websocket *websocket = transport;

	return websocket->wsi != NULL ? lws_get_socket_fd(websocket->wsi) : -1;
}

static void websocket_close(void *transport)
{
	struct websocket *websocket = transport;

	if (websocket->first_bytes != NULL) {
		websocket->closed = true;
		timer_arm(websocket->guard, event_loop_now());
		return;
	}
	if (websocket->wsi == NULL || websocket->ended)
		return;
	timer_arm(websocket->guard, event_loop_now() + CLOSE_TIMEOUT);
	if (websocket->state != WEBSOCKET_OPEN)
		return;
	websocket->state = WEBSOCKET_CLOSING;
	mask_check_stop(&websocket->mask);
	(void)lws_rx_flow_control(websocket->wsi, 1);
	(void)lws_callback_on_writable(websocket->wsi);
}

const struct caller_transport caller_websocket = {
	.open = websocket_open,
	.start = websocket_start,
	.send = websocket_send,
	.idle = websocket_idle,
	.pause = websocket_pause,
	.descriptor = websocket_descriptor,
	.close = websocket_close,
	.free = websocket_free,
};
