/*
 * A service by telnet. Nothing is negotiated unless the service begins to, since many are plain
 * TCP: such a one sees user data with IAC doubled (and CR NUL for CR, RFC 854), no more. One that
 * shows that it speaks telnet is asked for 8-bit data both ways, and is told what we are.
 */
#include "network/service_kind.h"
#include "network/stream.h"
#include "network/telnet_codec.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	TTYPE_IS = 0, /* RFC 1091 */
	TTYPE_SEND = 1,
	ENCODED_MAX = 2, /* bytes on the wire for one of user data */
};

struct telnet {
	struct service_link *link; /* NULL once it is freed */
	struct stream *stream;
	struct telnet_codec *codec;
	bool asked;     /* for BINARY */
	bool receiving; /* telnet_codec_receive() is on the stack */
	bool short_send;
};

static const struct telnet_policy policies[] = {
	{ .option = TELNET_BINARY, .we_may = true, .peer_may = true },
	{ .option = TELNET_ECHO, .peer_may = true },
	{ .option = TELNET_SGA, .we_may = true, .peer_may = true },
	{ .option = TELNET_TTYPE, .we_may = true },
	{ .option = TELNET_NAWS, .we_may = true },
};

static void answer_type(struct telnet *telnet, const struct telnet_event *event)
{
	/* The terminal of most callers, by its name in terminfo. */
	static const uint8_t type[] = "\0MINITEL1B";

	static_assert(TTYPE_IS == 0, "is the first byte of type");
	if (event->option == TELNET_TTYPE && event->length == 1 && event->bytes[0] == TTYPE_SEND)
		(void)telnet_codec_subnegotiate(telnet->codec, TELNET_TTYPE, type,
						sizeof(type) - 1);
}

static void on_codec_event(void *context, const struct telnet_event *event)
{
	static const uint8_t window[] = { 0, 40, 0, 25 }; /* RFC 1073: columns, rows */
	struct telnet *telnet = context;

	if (telnet->link == NULL)
		return;
	switch (event->kind) {
	case TELNET_DATA:
		service_link_take(telnet->link, event->bytes, event->length);
		break;
	case TELNET_SEND:
		/* The codec bounds its answers: those that a stuck service does not read are lost
		 * with that service. */
		(void)stream_send(telnet->stream, event->bytes, event->length);
		break;
	case TELNET_ENABLED:
		if (event->option == TELNET_NAWS && event->ours)
			(void)telnet_codec_subnegotiate(telnet->codec, TELNET_NAWS, window,
							sizeof(window));
		break;
	case TELNET_REFUSED:
		break;
	case TELNET_SUBNEGOTIATION:
		answer_type(telnet, event);
		break;
	}
}

static void destroy(struct telnet *telnet)
{
	stream_free(telnet->stream);
	telnet_codec_free(telnet->codec);
	free(telnet);
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct telnet *telnet = context;

	telnet->receiving = true;
	telnet_codec_receive(telnet->codec, bytes, length);
	telnet->receiving = false;
	if (telnet->link == NULL) {
		destroy(telnet);
		return;
	}
	if (telnet->asked || telnet_codec_commands(telnet->codec) == 0)
		return;
	telnet->asked = true;
	telnet_codec_ask(telnet->codec, TELNET_BINARY, true, true);
	telnet_codec_ask(telnet->codec, TELNET_BINARY, false, true);
}

static void on_drained(void *context)
{
	struct telnet *telnet = context;

	if (!telnet->short_send)
		return;
	telnet->short_send = false;
	service_link_drained(telnet->link);
}

static void on_ended(void *context, int error)
{
	struct telnet *telnet = context;

	if (error == 0)
		service_link_end(telnet->link, SERVICE_CLOSED, "end of file");
	else
		service_link_end(telnet->link, SERVICE_CUT, strerror(-error));
}

static const struct stream_handlers stream_handlers = {
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

static int telnet_check(const struct service_link *link)
{
	(void)link;
	return 0;
}

static int telnet_open(void **ret_peer, struct service_link *link, int descriptor)
{
	struct telnet *telnet = calloc(1, sizeof(*telnet));
	int r = -ENOMEM;

	if (telnet == NULL)
		goto out;
	telnet->link = link;
	r = telnet_codec_new(&telnet->codec, policies, sizeof(policies) / sizeof(policies[0]),
			     on_codec_event, telnet);
	if (r < 0)
		goto out;
	telnet_codec_act_as_client(telnet->codec);
	r = stream_new(&telnet->stream, link->loop, descriptor, &stream_handlers, telnet);
	if (r < 0)
		goto out;
	stream_pause(telnet->stream, link->paused);
	*ret_peer = telnet;
	return 0;
out:
	close(descriptor);
	if (telnet != NULL)
		destroy(telnet);
	return r;
}

static size_t telnet_send(void *peer, const uint8_t *bytes, size_t length)
{
	struct telnet *telnet = peer;
	uint8_t encoded[ENCODED_MAX * SERVICE_OUTPUT_MAX];
	size_t taken = 0;

	/* Until all is taken or something waits for the kernel, which drained() then follows. The
	 * rest of the stream's room is for negotiation. */
	while (taken < length) {
		size_t used = STREAM_OUTPUT_MAX - stream_room(telnet->stream);
		size_t count = length - taken;

		if (used > sizeof(encoded) - ENCODED_MAX)
			break;
		if (count > (sizeof(encoded) - used) / ENCODED_MAX)
			count = (sizeof(encoded) - used) / ENCODED_MAX;
		(void)stream_send(
		    telnet->stream, encoded,
		    telnet_codec_encode(telnet->codec, bytes + taken, count, encoded));
		taken += count;
	}
	telnet->short_send = taken < length;
	return taken;
}

static void telnet_pause(void *peer, bool paused)
{
	struct telnet *telnet = peer;

	stream_pause(telnet->stream, paused);
}

static void telnet_close(void *peer)
{
	struct telnet *telnet = peer;

	stream_close(telnet->stream);
}

static void telnet_free(void *peer)
{
	struct telnet *telnet = peer;

	/* The bytes being received are the stream's, and their events are not over. */
	telnet->link = NULL;
	if (!telnet->receiving)
		destroy(telnet);
}

const struct service_kind service_telnet = {
	.check = telnet_check,
	.open = telnet_open,
	.send = telnet_send,
	.pause = telnet_pause,
	.close = telnet_close,
	.free = telnet_free,
};
