/*
 * The one virtual host of the kiosk, and the way of an event to the connection that it is for.
 */
#include "vdtgw-teletel/endpoint.h"

#include <errno.h>
#include <libwebsockets.h>
#include <unistd.h>

static const char vhost_name[] = "kiosk";

static int dispatch(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct endpoint *endpoint = lws_get_opaque_user_data(wsi);

	(void)user;
	if (endpoint == NULL || endpoint->wsi != wsi)
		return 0;
	if (reason == LWS_CALLBACK_WSI_DESTROY)
		lws_set_opaque_user_data(wsi, NULL);
	return endpoint->on_event(endpoint, (int)reason, in, length);
}

static const struct lws_protocols protocols[] = {
	{ .name = "videotex", .callback = dispatch, .rx_buffer_size = ENDPOINT_PIECE_MAX },
	{ .name = "binary", .callback = dispatch, .rx_buffer_size = ENDPOINT_PIECE_MAX },
	{ .name = "tty", .callback = dispatch, .rx_buffer_size = ENDPOINT_PIECE_MAX },
	{ 0 },
};

/* Made for the first connection; the library's context frees it. */
static struct lws_vhost *get_vhost(struct event_loop *loop)
{
	const struct lws_context_creation_info info = {
		.vhost_name = vhost_name,
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
	};
	struct lws_vhost *vhost = lws_get_vhost_by_name(event_loop_context(loop), vhost_name);

	return vhost != NULL ? vhost : lws_create_vhost(event_loop_context(loop), &info);
}

int endpoint_adopt(struct endpoint *endpoint, struct event_loop *loop, int descriptor,
		   endpoint_event *on_event)
{
	struct lws_vhost *vhost = get_vhost(loop);

	if (vhost == NULL) {
		(void)close(descriptor);
		return -ENOMEM;
	}
	endpoint->wsi = lws_adopt_socket_vhost(vhost, descriptor);
	if (endpoint->wsi == NULL)
		/* The library has closed the socket. */
		return -ENOBUFS;
	endpoint->on_event = on_event;
	lws_set_opaque_user_data(endpoint->wsi, endpoint);
	return 0;
}

void endpoint_cut(struct endpoint *endpoint)
{
	lws_set_timeout(endpoint->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}
