/*
 * How a WebSocket connection to a service comes to be, and why it does not.
 *
 * The library knows clients only by connecting them itself, and then keeps the reason of a
 * failure to itself. So it begins to connect to a Unix socket of ours that takes nobody more, and
 * while it waits for that, its descriptor is replaced by the connected one. The wait matters: what
 * fails before lws_client_connect_via_info() has returned is freed within it, and used by it after
 * that (libwebsockets 4.1).
 */
#include "network/service_websocket_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define VHOST_PLAIN "service"
#define VHOST_TLS   "service-tls"

enum {
	SWITCHING_PROTOCOLS = 101
};

bool service_websocket_is_cut(struct websocket *websocket)
{
	struct pollfd socket = { .fd = lws_get_socket_fd(websocket->wsi), .events = POLLRDHUP };
	const SSL *ssl = lws_get_ssl(websocket->wsi);

	/* The library has closed a socket that was dead before it wrote the first byte. */
	return socket.fd < 0 || (poll(&socket, 1, 0) == 1 && socket.revents != 0) ||
	       (ssl != NULL && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN));
}

static void explain_tls(struct websocket *websocket)
{
	if (!websocket->secure)
		return;
	if (websocket->tls.unverified != NULL)
		service_websocket_explain(websocket, SERVICE_CERTIFICATE, "%s",
					  websocket->tls.unverified);
	else if (!websocket->tls.done)
		service_websocket_explain(websocket, SERVICE_TLS, "%s", service_tls_error());
}

void service_websocket_explain_handshake(struct websocket *websocket, const char *said,
					 size_t length)
{
	unsigned status = lws_http_client_http_response(websocket->wsi);

	explain_tls(websocket);
	if (websocket->requested && status != 0 && status != SWITCHING_PROTOCOLS)
		service_websocket_explain(websocket, SERVICE_BAD_ANSWER, "HTTP %u", status);
	else if (status == 0 && service_websocket_is_cut(websocket))
		service_websocket_explain(websocket, SERVICE_CUT, "closed during the handshake");
	else
		service_websocket_explain(websocket, SERVICE_BAD_ANSWER, "%.*s", (int)length, said);
}

/* The library's socket becomes ours: what it was connecting to is forgotten. */
static void hand_over(struct websocket *websocket)
{
	int descriptor = lws_get_socket_fd(websocket->wsi);

	/* If this fails, the library waits for our own Unix socket, whose end is closed by then. */
	(void)dup3(websocket->descriptor, descriptor, O_CLOEXEC);
	close(websocket->descriptor);
	websocket->descriptor = -1;
	if (websocket->secure)
		service_tls_enter(&websocket->tls, descriptor, websocket->link->uri.host);
}

static int add_header(struct websocket *websocket, const char *name, const char *value,
		      unsigned char **position, unsigned char *end)
{
	return lws_add_http_header_by_name(websocket->wsi, (const unsigned char *)name,
					   (const unsigned char *)value, (int)strlen(value),
					   position, end);
}

int service_websocket_tell_caller(struct websocket *websocket, void *in, size_t length)
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

static const struct lws_protocols protocols[] = {
	{ .name = "service",
	  .callback = service_websocket_event,
	  .rx_buffer_size = SERVICE_INPUT_MAX },
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

int service_websocket_check(const struct service_link *link)
{
	char authority[SERVICE_AUTHORITY_MAX + 2];

	if (strlen(link->uri.path) > SERVICE_PATH_MAX ||
	    uri_authority(&link->uri, authority, sizeof(authority)) > SERVICE_AUTHORITY_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* Where the library can only wait: a Unix socket that listens, and one that takes its only place.
 */
struct decoy {
	int listening;
	int waiting;
};

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static void decoy_close(const struct decoy *decoy)
{
	if (decoy->listening >= 0)
		close(decoy->listening);
	if (decoy->waiting >= 0)
		close(decoy->waiting);
}

/* Under an abstract name of the kernel's choice, given as the library wants it: "+@name". */
static int decoy_open(struct decoy *ret_decoy, char *ret_address, size_t size)
{
	const struct decoy decoy = { unix_socket(), unix_socket() };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(name);
	int r;

	if (decoy.listening < 0 || decoy.waiting < 0 ||
	    bind(decoy.listening, (struct sockaddr *)&name, sizeof(name.sun_family)) < 0 ||
	    listen(decoy.listening, 0) < 0 ||
	    getsockname(decoy.listening, (struct sockaddr *)&name, &length) < 0 ||
	    connect(decoy.waiting, (struct sockaddr *)&name, length) < 0) {
		r = -errno;
		decoy_close(&decoy);
		return r;
	}
	length -= (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1);
	(void)snprintf(ret_address, size, "+@%.*s", (int)length, name.sun_path + 1);
	*ret_decoy = decoy;
	return 0;
}

int service_websocket_start(struct websocket *websocket)
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
	struct decoy decoy = { -1, -1 };
	int r;

	if (info.vhost == NULL)
		return -ENOMEM;
	(void)uri_authority(&link->uri, authority, sizeof(authority));
	r = decoy_open(&decoy, address, sizeof(address));
	if (r < 0)
		return r;
	websocket->opening = true;
	websocket->wsi = lws_client_connect_via_info(&info);
	websocket->opening = false;
	if (websocket->wsi != NULL)
		hand_over(websocket);
	decoy_close(&decoy);
	return websocket->wsi != NULL ? 0 : -ENOMEM;
}

bool service_websocket_answered(const void *peer)
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
