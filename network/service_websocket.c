/*
 * A service by WebSocket (RFC 6455): a client connection of libwebsockets, on a virtual host of
 * its own, over the socket that the connector made, once they have shaken hands
 * (service_websocket_handshake.c).
 *
 * Flow control that begins while OpenSSL holds the rest of a record sends the library into an
 * endless loop. Such a rest, of 16 kB, is kept here, and goes to the link when it resumes.
 */
#include "network/service_websocket_parts.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "network/stream.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SILENCE_MAX = 20 * US_PER_S, /* µs from a ping to any sign of life */
	ENCODED_MAX = 2,             /* bytes of UTF-8 for one of Latin-1 */
	CLOSE_CODE = 2,              /* bytes ahead of the reason of a close frame */
};

static void destroy(struct websocket *websocket)
{
	uint64_t replaced = websocket->replaced + websocket->decoder.replaced;

	if (replaced > 0)
		log_info("%llu characters from the service were above U+00FF and became '_'",
			 (unsigned long long)replaced);
	service_tls_leave(&websocket->tls);
	timer_free(websocket->timer);
	message_queue_done(&websocket->messages);
	message_queue_done(&websocket->stash);
	timer_free(websocket->unstash);
	if (websocket->descriptor >= 0)
		close(websocket->descriptor);
	free(websocket);
}

void service_websocket_explain(struct websocket *websocket, enum service_failure why,
			       const char *format, ...)
{
	va_list arguments;

	if (websocket->explained)
		return;
	websocket->explained = true;
	websocket->why = why;
	va_start(arguments, format);
	(void)vsnprintf(websocket->detail, sizeof(websocket->detail), format, arguments);
	va_end(arguments);
}

static void ask_to_write(struct websocket *websocket)
{
	if (websocket->wsi != NULL)
		(void)lws_callback_on_writable(websocket->wsi);
}

static void heard(struct websocket *websocket)
{
	websocket->unanswered_since = 0;
}

/* Stops reading; while OpenSSL holds more, at the next turn of the loop, by when the library has
 * read that. */
static void hold(struct websocket *websocket)
{
	SSL *ssl = websocket->secure ? lws_get_ssl(websocket->wsi) : NULL;

	if (ssl != NULL && SSL_pending(ssl) > 0)
		timer_arm(websocket->unstash, 0);
	else
		(void)lws_rx_flow_control(websocket->wsi, 0);
}

static int on_established(struct websocket *websocket)
{
	service_tls_leave(&websocket->tls);
	if (websocket->link->paused)
		hold(websocket);
	if (websocket->link->ping > 0) {
		websocket->next_ping =
		    event_loop_now() + (uint64_t)websocket->link->ping * US_PER_S;
		timer_arm(websocket->timer, websocket->next_ping);
	}
	service_link_up(websocket->link);
	return 0;
}

static int refuse_text(struct websocket *websocket)
{
	service_websocket_explain(websocket, SERVICE_PROTOCOL_ERROR, "text that is not UTF-8");
	websocket->polite = true;
	lws_close_reason(websocket->wsi, LWS_CLOSE_STATUS_INVALID_PAYLOAD, NULL, 0);
	service_link_end(websocket->link, websocket->why, websocket->detail);
	return -1;
}

static void hand_on(struct websocket *websocket, const uint8_t *bytes, size_t length, bool ended)
{
	service_link_take(websocket->link, bytes, length);
	if (websocket->link != NULL && ended)
		service_link_message_ended(websocket->link);
}

/* A piece of a message, in order: to the link, or after a pause to the stash. Returns 0 or -1. */
static int take(struct websocket *websocket, const uint8_t *bytes, size_t length)
{
	bool ended = lws_is_final_fragment(websocket->wsi);

	if (!websocket->secure || (websocket->stash.first == NULL && !websocket->link->paused)) {
		hand_on(websocket, bytes, length, ended);
		return 0;
	}
	if (message_queue_put(&websocket->stash, ended, bytes, length) < 0) {
		service_websocket_explain(websocket, SERVICE_NO_RESOURCES,
					  "no room for a record of TLS");
		return -1;
	}
	return 0;
}

static int on_receive(struct websocket *websocket, const uint8_t *bytes, size_t length)
{
	struct lws *wsi = websocket->wsi;
	uint8_t decoded[SERVICE_INPUT_MAX];
	long count;

	heard(websocket);
	if (lws_is_first_fragment(wsi)) {
		websocket->replaced += websocket->decoder.replaced;
		websocket->decoder = (struct latin1_decoder) { 0 };
	}
	if (lws_frame_is_binary(wsi))
		return take(websocket, bytes, length);
	count = latin1_decode(&websocket->decoder, bytes, length, decoded);
	if (count < 0 ||
	    (lws_is_final_fragment(wsi) && !latin1_decoder_complete(&websocket->decoder)))
		return refuse_text(websocket);
	return take(websocket, decoded, (size_t)count);
}

static int write_output(struct websocket *websocket)
{
	uint8_t frame[LWS_PRE + ENCODED_MAX * SERVICE_OUTPUT_MAX];
	enum lws_write_protocol kind = LWS_WRITE_TEXT;
	size_t length = websocket->output_length;

	if (websocket->link->binary) {
		kind = LWS_WRITE_BINARY;
		memcpy(frame + LWS_PRE, websocket->output, length);
	} else {
		length = latin1_encode(websocket->output, length, frame + LWS_PRE);
	}
	websocket->output_length = 0;
	if (lws_write(websocket->wsi, frame + LWS_PRE, length, kind) < (int)length) {
		service_websocket_explain(websocket, SERVICE_CUT, "it cannot be written to");
		return -1;
	}
	if (websocket->closing)
		ask_to_write(websocket);
	if (websocket->short_send) {
		websocket->short_send = false;
		service_link_drained(websocket->link);
	}
	return 0;
}

static int write_message(struct websocket *websocket)
{
	struct message *message = message_queue_take(&websocket->messages);
	uint8_t *frame = malloc(LWS_PRE + ENCODED_MAX * message->length);
	size_t length = message->length;
	int result = -1;

	if (frame == NULL)
		goto out;
	if (message->binary)
		memcpy(frame + LWS_PRE, message->bytes, length);
	else
		length = latin1_encode(message->bytes, length, frame + LWS_PRE);
	if (lws_write(websocket->wsi, frame + LWS_PRE, length,
		      message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT) < (int)length)
		service_websocket_explain(websocket, SERVICE_CUT, "it cannot be written to");
	else
		result = 0;
	ask_to_write(websocket);
	if (result == 0)
		service_link_message_sent(websocket->link, message->length);
out:
	free(frame);
	free(message);
	return result;
}

/* One frame a call, as the library wants it. */
static int on_writeable(struct websocket *websocket)
{
	uint8_t frame[LWS_PRE];

	if (websocket->ping_due) {
		websocket->ping_due = false;
		ask_to_write(websocket);
		return lws_write(websocket->wsi, frame + LWS_PRE, 0, LWS_WRITE_PING) < 0 ? -1 : 0;
	}
	if (websocket->messages.first != NULL)
		return write_message(websocket);
	if (websocket->output_length > 0)
		return write_output(websocket);
	/* Once: the library calls again while it awaits the answer, and would give it up. */
	if (websocket->closing && !websocket->close_sent) {
		websocket->close_sent = true;
		lws_close_reason(websocket->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
		return -1;
	}
	return 0;
}

static int on_peer_close(struct websocket *websocket, const uint8_t *bytes, size_t length)
{
	if (length < CLOSE_CODE)
		service_websocket_explain(websocket, SERVICE_CLOSED, "a close frame");
	else
		service_websocket_explain(
		    websocket, SERVICE_CLOSED, "a close frame, code %d%s%.*s",
		    bytes[0] * 256 + bytes[1], length > CLOSE_CODE ? ": " : "",
		    (int)(length - CLOSE_CODE), (const char *)bytes + CLOSE_CODE);
	return 0;
}

/* The socket is still open here. */
static void on_closed(struct websocket *websocket)
{
	if (websocket->closing)
		service_websocket_explain(websocket, SERVICE_CLOSED, "our close was answered");
	else if (service_websocket_is_cut(websocket))
		service_websocket_explain(websocket, SERVICE_CUT, "cut without a close frame");
	else
		service_websocket_explain(websocket, SERVICE_PROTOCOL_ERROR,
					  "a frame that breaks RFC 6455");
}

static void on_destroyed(struct websocket *websocket)
{
	websocket->wsi = NULL;
	service_tls_leave(&websocket->tls);
	if (websocket->opening)
		/* service_websocket_start() tells. */
		return;
	service_websocket_explain(websocket, websocket->closing ? SERVICE_CLOSED : SERVICE_CUT,
				  "gone");
	timer_disarm(websocket->timer);
	if (websocket->stash.first != NULL)
		/* on_unstash() tells, after the last bytes. */
		return;
	service_link_end(websocket->link, websocket->why, websocket->detail);
}

static int dispatch(struct websocket *websocket, struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t length)
{
	switch ((int)reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		websocket->requested = true;
		return service_websocket_tell_caller(websocket, in, length);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		if (websocket->wsi != NULL)
			service_websocket_explain_handshake(websocket, in, length);
		return 0;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		return on_established(websocket);
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return on_receive(websocket, in, length);
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		heard(websocket);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writeable(websocket);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		return on_peer_close(websocket, in, length);
	case LWS_CALLBACK_CLIENT_CLOSED:
		on_closed(websocket);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		on_destroyed(websocket);
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, user, in, length);
	}
}

int service_websocket_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			    size_t length)
{
	struct websocket *websocket = lws_get_opaque_user_data(wsi);
	int result;

	if (websocket == NULL)
		/* Nobody's any more: it closes as soon as it stirs. */
		return reason == LWS_CALLBACK_CLIENT_RECEIVE ||
			       reason == LWS_CALLBACK_CLIENT_ESTABLISHED ||
			       reason == LWS_CALLBACK_CLIENT_WRITEABLE
			   ? -1
			   : 0;
	websocket->inside++;
	result = dispatch(websocket, wsi, reason, user, in, length);
	websocket->inside--;
	if (websocket->link == NULL && websocket->inside == 0) {
		lws_set_opaque_user_data(wsi, NULL);
		destroy(websocket);
		return -1;
	}
	return result;
}

static void on_timer(void *context)
{
	struct websocket *websocket = context;
	uint64_t now = event_loop_now();
	uint64_t when;

	if (websocket->wsi == NULL) {
		service_link_end(websocket->link, websocket->why, websocket->detail);
		return;
	}
	/* While paused nothing is read: that a pong is missing means nothing. */
	if (websocket->link->paused)
		heard(websocket);
	if (websocket->unanswered_since > 0 && now - websocket->unanswered_since >= SILENCE_MAX) {
		service_link_end(websocket->link, SERVICE_SILENT, "no answer to our ping in 20 s");
		return;
	}
	if (now >= websocket->next_ping) {
		websocket->next_ping = now + (uint64_t)websocket->link->ping * US_PER_S;
		websocket->ping_due = true;
		ask_to_write(websocket);
		if (websocket->unanswered_since == 0)
			websocket->unanswered_since = now;
	}
	when = websocket->next_ping;
	if (websocket->unanswered_since > 0 && websocket->unanswered_since + SILENCE_MAX < when)
		when = websocket->unanswered_since + SILENCE_MAX;
	timer_arm(websocket->timer, when);
}

/* Kills the connection, from outside of its own callbacks. */
static void dispose(struct websocket *websocket)
{
	if (websocket->wsi != NULL) {
		lws_set_opaque_user_data(websocket->wsi, NULL);
		lws_set_timeout(websocket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	}
	destroy(websocket);
}

/* The next turn after a pause; or after the link resumed, when first comes what was kept, and then
 * the service is read again. */
static void on_unstash(void *context)
{
	struct websocket *websocket = context;
	struct message *piece;

	if (websocket->wsi != NULL && (websocket->link->paused || websocket->stash.first != NULL))
		hold(websocket);
	websocket->inside++;
	while (websocket->link != NULL && !websocket->link->paused &&
	       (piece = message_queue_take(&websocket->stash)) != NULL) {
		hand_on(websocket, piece->bytes, piece->length, piece->binary);
		free(piece);
	}
	websocket->inside--;
	if (websocket->link == NULL)
		dispose(websocket);
	else if (websocket->stash.first != NULL)
		/* Paused again. */
		return;
	else if (websocket->wsi == NULL)
		service_link_end(websocket->link, websocket->why, websocket->detail);
	else if (!websocket->link->paused)
		(void)lws_rx_flow_control(websocket->wsi, 1);
}

static int websocket_open(void **ret_peer, struct service_link *link, int descriptor)
{
	struct websocket *websocket = calloc(1, sizeof(*websocket));
	int r;

	if (websocket == NULL) {
		close(descriptor);
		return -ENOMEM;
	}
	websocket->link = link;
	websocket->descriptor = descriptor;
	stream_prepare_socket(descriptor);
	websocket->secure = link->uri.scheme == URI_WSS;
	r = timer_new(&websocket->timer, link->loop, on_timer, websocket);
	if (r == 0 && websocket->secure)
		r = timer_new(&websocket->unstash, link->loop, on_unstash, websocket);
	if (r == 0)
		r = service_websocket_start(websocket);
	if (r < 0) {
		destroy(websocket);
		return r;
	}
	*ret_peer = websocket;
	return 0;
}

static size_t websocket_send(void *peer, const uint8_t *bytes, size_t length)
{
	struct websocket *websocket = peer;
	size_t taken = sizeof(websocket->output) - websocket->output_length;

	if (taken > length)
		taken = length;
	memcpy(websocket->output + websocket->output_length, bytes, taken);
	websocket->output_length += taken;
	websocket->short_send = taken < length;
	ask_to_write(websocket);
	return taken;
}

static int websocket_send_message(void *peer, bool binary, const uint8_t *bytes, size_t length)
{
	struct websocket *websocket = peer;
	int result = message_queue_put(&websocket->messages, binary, bytes, length);

	ask_to_write(websocket);
	return result;
}

static void websocket_pause(void *peer, bool paused)
{
	struct websocket *websocket = peer;

	heard(websocket);
	if (!paused && websocket->stash.first != NULL)
		timer_arm(websocket->unstash, 0);
	else if (websocket->wsi != NULL && paused)
		hold(websocket);
	else if (websocket->wsi != NULL)
		(void)lws_rx_flow_control(websocket->wsi, 1);
}

static void websocket_close(void *peer)
{
	struct websocket *websocket = peer;

	websocket->closing = true;
	message_queue_done(&websocket->stash);
	if (websocket->wsi == NULL) {
		/* It closed first, and waited for its last bytes to be taken. */
		timer_arm(websocket->timer, 0);
		return;
	}
	(void)lws_rx_flow_control(websocket->wsi, 1);
	ask_to_write(websocket);
}

static void websocket_free(void *peer)
{
	struct websocket *websocket = peer;

	websocket->link = NULL;
	service_tls_leave(&websocket->tls);
	timer_disarm(websocket->timer);
	/* Else the library would take its time over what it has not sent yet. */
	if (websocket->wsi != NULL && !websocket->polite)
		(void)shutdown(lws_get_socket_fd(websocket->wsi), SHUT_RDWR);
	/* Else the callback on the stack sees to it. */
	if (websocket->inside == 0)
		dispose(websocket);
}

const struct service_kind service_websocket = {
	.check = service_websocket_check,
	.open = websocket_open,
	.send = websocket_send,
	.send_message = websocket_send_message,
	.pause = websocket_pause,
	.close = websocket_close,
	.free = websocket_free,
	.answered = service_websocket_answered,
	.shakes_hands = true,
};
