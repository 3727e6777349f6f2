/*
 * A service by WebSocket (RFC 6455): a client connection of libwebsockets, on a virtual host of
 * its own, over the socket that the connector made.
 *
 * The library knows clients only by connecting them itself, and then keeps the reason of a
 * failure to itself. So it connects to a Unix socket of ours, which succeeds at once, and before
 * it writes the first byte its descriptor is replaced by the connected one.
 *
 * Flow control that begins while OpenSSL holds the rest of a record sends the library into an
 * endless loop. Such a rest, of 16 kB, is kept here, and goes to the link when it resumes.
 */
#include "common/latin1.h"
#include "common/log.h"
#include "network/message_queue.h"
#include "network/service_kind.h"
#include "network/service_tls.h"
#include "network/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VHOST_PLAIN "service"
#define VHOST_TLS   "service-tls"

enum {
	US_PER_S = 1000000,
	SILENCE_MAX = 20 * US_PER_S, /* µs from a ping to any sign of life */
	ENCODED_MAX = 2,             /* bytes of UTF-8 for one of Latin-1 */
	DETAIL_MAX = 128,
	CLOSE_CODE = 2, /* bytes ahead of the reason of a close frame */
	SWITCHING_PROTOCOLS = 101,
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
	char detail[DETAIL_MAX];
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

static void explain(struct websocket *websocket, enum service_failure why, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void explain(struct websocket *websocket, enum service_failure why, const char *format, ...)
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

/* True when the service is gone, as opposed to a connection that the library gave up. */
static bool is_cut(struct websocket *websocket)
{
	struct pollfd socket = { .fd = lws_get_socket_fd(websocket->wsi), .events = POLLRDHUP };
	const SSL *ssl = lws_get_ssl(websocket->wsi);

	return (poll(&socket, 1, 0) == 1 && socket.revents != 0) ||
	       (ssl != NULL && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN));
}

static void explain_tls(struct websocket *websocket)
{
	if (!websocket->secure)
		return;
	if (websocket->tls.unverified != NULL)
		explain(websocket, SERVICE_CERTIFICATE, "%s", websocket->tls.unverified);
	else if (!websocket->tls.done)
		explain(websocket, SERVICE_TLS, "%s", service_tls_error());
}

/* The connection failed before it was a WebSocket; said is the library's phrase. */
static void explain_handshake(struct websocket *websocket, const char *said, size_t length)
{
	unsigned status = lws_http_client_http_response(websocket->wsi);

	explain_tls(websocket);
	if (websocket->requested && status != 0 && status != SWITCHING_PROTOCOLS)
		explain(websocket, SERVICE_BAD_ANSWER, "HTTP %u", status);
	else if (status == 0 && is_cut(websocket))
		explain(websocket, SERVICE_CUT, "closed during the handshake");
	else
		explain(websocket, SERVICE_BAD_ANSWER, "%.*s", (int)length, said);
}

/* The library's socket becomes ours: what it connected to so far is forgotten. */
static void hand_over(struct websocket *websocket, struct lws *wsi)
{
	int descriptor = lws_get_socket_fd(wsi);

	websocket->wsi = wsi;
	if (websocket->descriptor < 0 || descriptor < 0)
		return;
	/* If this fails the request goes to our own Unix socket, whose end is closed by then. */
	(void)dup3(websocket->descriptor, descriptor, O_CLOEXEC);
	close(websocket->descriptor);
	websocket->descriptor = -1;
	if (websocket->secure)
		service_tls_enter(&websocket->tls, descriptor, websocket->link->uri.host);
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
	explain(websocket, SERVICE_PROTOCOL_ERROR, "text that is not UTF-8");
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
		explain(websocket, SERVICE_NO_RESOURCES, "no room for a record of TLS");
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
		explain(websocket, SERVICE_CUT, "it cannot be written to");
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
		explain(websocket, SERVICE_CUT, "it cannot be written to");
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
		explain(websocket, SERVICE_CLOSED, "a close frame");
	else
		explain(websocket, SERVICE_CLOSED, "a close frame, code %d%s%.*s",
			bytes[0] * 256 + bytes[1], length > CLOSE_CODE ? ": " : "",
			(int)(length - CLOSE_CODE), (const char *)bytes + CLOSE_CODE);
	return 0;
}

/* The socket is still open here. */
static void on_closed(struct websocket *websocket)
{
	if (websocket->closing)
		explain(websocket, SERVICE_CLOSED, "our close was answered");
	else if (is_cut(websocket))
		explain(websocket, SERVICE_CUT, "cut without a close frame");
	else
		explain(websocket, SERVICE_PROTOCOL_ERROR, "a frame that breaks RFC 6455");
}

static void on_destroyed(struct websocket *websocket)
{
	websocket->wsi = NULL;
	service_tls_leave(&websocket->tls);
	if (websocket->opening)
		/* start() tells, later. */
		return;
	explain(websocket, websocket->closing ? SERVICE_CLOSED : SERVICE_CUT, "gone");
	timer_disarm(websocket->timer);
	if (websocket->stash.first != NULL)
		/* on_unstash() tells, after the last bytes. */
		return;
	service_link_end(websocket->link, websocket->why, websocket->detail);
}

static int add_header(struct websocket *websocket, const char *name, const char *value,
		      unsigned char **position, unsigned char *end)
{
	return lws_add_http_header_by_name(websocket->wsi, (const unsigned char *)name,
					   (const unsigned char *)value, (int)strlen(value),
					   position, end);
}

/* in points to where the next header goes, length bytes are left there. */
static int tell_caller(struct websocket *websocket, void *in, size_t length)
{
	const struct service_caller *caller = &websocket->link->caller;
	unsigned char **position = in;
	unsigned char *end = *position + length;
	char speed[12];

	if (!websocket->link->tells_caller)
		return 0;
	(void)snprintf(speed, sizeof(speed), "%u", caller->speed);
	return add_header(websocket, "X-Forwarded-For:", caller->address, position, end) ||
	       add_header(websocket, "X-Vdtgw-Transport:", caller->transport, position, end) ||
	       add_header(websocket, "X-Vdtgw-Speed:", speed, position, end);
}

static int dispatch(struct websocket *websocket, struct lws *wsi, enum lws_callback_reasons reason,
		    void *user, void *in, size_t length)
{
	switch ((int)reason) {
	case LWS_CALLBACK_WSI_CREATE:
		hand_over(websocket, wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		websocket->requested = true;
		return tell_caller(websocket, in, length);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		if (websocket->wsi != NULL)
			explain_handshake(websocket, in, length);
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

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
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

static const struct lws_protocols protocols[] = {
	{ .name = "service", .callback = on_event, .rx_buffer_size = SERVICE_INPUT_MAX },
	{ 0 },
};

/* One for ws:// and one for wss:// services, made when first needed, so that nobody pays for TLS
 * who does not call such a service. */
static struct lws_vhost *get_vhost(struct event_loop *loop, bool secure)
{
	struct lws_context_creation_info info = {
		.vhost_name = secure ? VHOST_TLS : VHOST_PLAIN,
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
	};
	struct lws_vhost *vhost = lws_get_vhost_by_name(event_loop_context(loop), info.vhost_name);

	if (vhost != NULL)
		return vhost;
	if (secure) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.provided_client_ssl_ctx = service_tls_context();
		if (info.provided_client_ssl_ctx == NULL)
			return NULL;
	}
	return lws_create_vhost(event_loop_context(loop), &info);
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

static int websocket_check(const struct service_link *link)
{
	char authority[SERVICE_AUTHORITY_MAX + 2];

	if (strlen(link->uri.path) > SERVICE_PATH_MAX ||
	    uri_authority(&link->uri, authority, sizeof(authority)) > SERVICE_AUTHORITY_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* A Unix socket that listens under an abstract name of the kernel's choice, given as the library
 * wants it: "+@name". */
static int open_decoy(char *ret_address, size_t size)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(name);
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = 0;

	if (descriptor < 0)
		return -errno;
	if (bind(descriptor, (struct sockaddr *)&name, sizeof(name.sun_family)) < 0 ||
	    listen(descriptor, 1) < 0 ||
	    getsockname(descriptor, (struct sockaddr *)&name, &length) < 0) {
		r = -errno;
		close(descriptor);
		return r;
	}
	length -= (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1);
	(void)snprintf(ret_address, size, "+@%.*s", (int)length, name.sun_path + 1);
	return descriptor;
}

/* Returns 0 or -errno. A connection that fails at once is told of by the timer. */
static int start(struct websocket *websocket)
{
	struct service_link *link = websocket->link;
	char authority[SERVICE_AUTHORITY_MAX + 1];
	char address[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 2];
	struct lws_client_connect_info info = {
		.context = event_loop_context(link->loop),
		.vhost = get_vhost(link->loop, websocket->secure),
		.address = address,
		.port = link->uri.port,
		.path = link->uri.path,
		.host = authority,
		.protocol = link->subprotocols[0] != '\0' ? link->subprotocols : NULL,
		.local_protocol_name = protocols[0].name,
		.alpn = "http/1.1",
		.ssl_connection =
		    LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (websocket->secure ? LCCSCF_USE_SSL : 0),
		.ietf_version_or_minus_one = -1,
		.opaque_user_data = websocket,
	};
	int decoy;
	struct lws *wsi;

	if (info.vhost == NULL)
		return -ENOMEM;
	(void)uri_authority(&link->uri, authority, sizeof(authority));
	decoy = open_decoy(address, sizeof(address));
	if (decoy < 0)
		return decoy;
	websocket->opening = true;
	wsi = lws_client_connect_via_info(&info);
	websocket->opening = false;
	close(decoy);
	if (wsi == NULL || websocket->wsi == NULL) {
		explain_tls(websocket);
		explain(websocket, SERVICE_CUT, "closed as soon as it was connected");
		timer_arm(websocket->timer, 0);
	}
	return 0;
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
		r = start(websocket);
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

static bool websocket_answered(const void *peer)
{
	const struct websocket *websocket = peer;
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t length = sizeof(info);

	/* Under TLS the bytes may be its own. */
	return websocket->wsi != NULL && !websocket->secure &&
	       getsockopt(lws_get_socket_fd(websocket->wsi), IPPROTO_TCP, TCP_INFO, &info,
			  &length) == 0 &&
	       info.tcpi_bytes_received > 0;
}

const struct service_kind service_websocket = {
	.check = websocket_check,
	.open = websocket_open,
	.send = websocket_send,
	.send_message = websocket_send_message,
	.pause = websocket_pause,
	.close = websocket_close,
	.free = websocket_free,
	.answered = websocket_answered,
	.shakes_hands = true,
};
