/*
 * A caller by raw TCP: the socket's bytes are the terminal's, both ways, and not one is added.
 */
#include "network/stream.h"
#include "vdtgw-session/abuse.h"
#include "vdtgw-session/caller_transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct raw {
	struct caller *caller;
	struct stream *stream;
	bool spoken; /* the first packet has come */
};

static void raw_start(void *transport)
{
	struct raw *raw = transport;

	raw->caller->handlers->ready(raw->caller->context);
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct raw *raw = context;
	const char *abuse = raw->spoken ? NULL : abuse_recognise(TRANSPORT_RAW, bytes, length);

	raw->spoken = true;
	if (abuse != NULL)
		raw->caller->handlers->ended(raw->caller->context, CALLER_ABUSE, abuse);
	else
		raw->caller->handlers->received(raw->caller->context, bytes, length);
}

static void on_drained(void *context)
{
	struct raw *raw = context;

	raw->caller->handlers->drained(raw->caller->context);
}

static void on_ended(void *context, int error)
{
	struct raw *raw = context;

	raw->caller->handlers->ended(raw->caller->context, error == 0 ? CALLER_CLOSED : CALLER_CUT,
				     error == 0 ? NULL : strerror(-error));
}

static const struct stream_handlers stream_handlers = {
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

static void raw_free(void *transport)
{
	struct raw *raw = transport;

	stream_free(raw->stream);
	free(raw);
}

static int raw_open(struct caller *caller, struct event_loop *loop, int descriptor)
{
	struct raw *raw;
	int result;

	raw = calloc(1, sizeof(*raw));
	if (raw == NULL)
		return -ENOMEM;
	raw->caller = caller;
	result = stream_new(&raw->stream, loop, descriptor, &stream_handlers, raw);
	if (result < 0) {
		free(raw);
		return result;
	}
	caller->transport = raw;
	return 0;
}

static size_t raw_send(void *transport, const uint8_t *bytes, size_t length)
{
	struct raw *raw = transport;

	return stream_send(raw->stream, bytes, length);
}

static bool raw_idle(const void *transport)
{
	const struct raw *raw = transport;

	return stream_idle(raw->stream);
}

static void raw_pause(void *transport, bool paused)
{
	struct raw *raw = transport;

	stream_pause(raw->stream, paused);
}

static int raw_descriptor(const void *transport)
{
	const struct raw *raw = transport;

	return stream_descriptor(raw->stream);
}

static void raw_close(void *transport)
{
	struct raw *raw = transport;

	stream_close(raw->stream);
}

const struct caller_transport caller_raw = {
	.open = raw_open,
	.start = raw_start,
	.send = raw_send,
	.idle = raw_idle,
	.pause = raw_pause,
	.descriptor = raw_descriptor,
	.close = raw_close,
	.free = raw_free,
};
