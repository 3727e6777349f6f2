/*
 * A connected TCP socket in the loop. Output goes to the kernel at once; what the kernel does not
 * take waits in a bounded buffer, allocated only when that happens, and follows when the socket
 * is writable again. The end is a half-close and a drain, so that the last bytes written are
 * never lost to a reset caused by unread input.
 */
#include "network/stream.h"

#include "common/microseconds.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	KEEPALIVE_IDLE = 60,     /* s of silence before the first probe */
	KEEPALIVE_INTERVAL = 15, /* s between probes */
	KEEPALIVE_COUNT = 4,
	UNACKNOWLEDGED_MAX = 30000, /* ms that sent bytes may stay without an answer */
	UNSENT_MAX = 16384,         /* bytes that the kernel takes ahead of the network */
};

struct stream {
	struct watch *watch;
	struct timer *guard; /* runs while closing */
	const struct stream_handlers *handlers;
	void *context;
	uint8_t *output; /* STREAM_OUTPUT_MAX bytes, NULL until the kernel is first full */
	size_t start;
	size_t length;
	bool closing;
	bool shut; /* end of file is sent */
	bool ended;
};

static void set_option(int descriptor, int level, int option, int value)
{
	/* None of these is vital: a socket that refuses one (a Unix socket in a test) serves. */
	(void)setsockopt(descriptor, level, option, &value, sizeof(value));
}

void stream_prepare_socket(int descriptor)
{
	set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_MAX);
	set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE);
	set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL);
	set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT);
	set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKNOWLEDGED_MAX);
}

/* Reports the end, once. The stream may be freed on return. */
static void end_stream(struct stream *stream, int error)
{
	if (stream->ended)
		return;
	stream->ended = true;
	watch_read(stream->watch, false);
	timer_disarm(stream->guard);
	stream->handlers->ended(stream->context, error);
}

static void shut_when_flushed(struct stream *stream)
{
	if (!stream->closing || stream->shut || stream->length > 0)
		return;
	stream->shut = true;
	(void)shutdown(watch_descriptor(stream->watch), SHUT_WR);
}

static void on_readable(void *context)
{
	struct stream *stream = context;
	uint8_t bytes[STREAM_INPUT_MAX];
	ssize_t count;

	if (stream->ended)
		return;
	count = recv(watch_descriptor(stream->watch), bytes, sizeof(bytes), 0);
	if (count > 0) {
		if (!stream->closing)
			stream->handlers->received(stream->context, bytes, (size_t)count);
		return;
	}
	if (count == 0)
		end_stream(stream, 0);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		end_stream(stream, -errno);
}

static void on_writable(void *context)
{
	struct stream *stream = context;
	ssize_t count;

	if (stream->ended || stream->length == 0)
		return;
	count = send(watch_descriptor(stream->watch), stream->output + stream->start,
		     stream->length, MSG_NOSIGNAL);
	if (count < 0) {
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
			end_stream(stream, -errno);
			return;
		}
		count = 0;
	}
	stream->start += (size_t)count;
	stream->length -= (size_t)count;
	if (stream->length > 0) {
		watch_write_once(stream->watch);
		return;
	}
	stream->start = 0;
	if (stream->closing)
		shut_when_flushed(stream);
	else
		stream->handlers->drained(stream->context);
}

static void on_hung_up(void *context)
{
	end_stream(context, -ECONNRESET);
}

static void on_guard_expired(void *context)
{
	struct stream *stream = context;

	/* Whoever keeps its side open has had its time: our bytes were sent. */
	end_stream(stream, stream->shut ? 0 : -ETIMEDOUT);
}

static const struct watch_handlers watch_handlers = {
	.readable = on_readable,
	.writable = on_writable,
	.hung_up = on_hung_up,
};

int stream_new(struct stream **ret_stream, struct event_loop *loop, int descriptor,
	       const struct stream_handlers *handlers, void *context)
{
	struct stream *stream;
	int flags, result;

	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		return -ENOMEM;
	stream->handlers = handlers;
	stream->context = context;
	flags = fcntl(descriptor, F_GETFL);
	if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) {
		result = -errno;
		goto out;
	}
	stream_prepare_socket(descriptor);
	result = timer_new(&stream->guard, loop, on_guard_expired, stream);
	if (result < 0)
		goto out;
	result = watch_new(&stream->watch, loop, descriptor, &watch_handlers, stream);
	if (result < 0)
		goto out;
	*ret_stream = stream;
	return 0;
out:
	stream_free(stream);
	return result;
}

size_t stream_room(const struct stream *stream)
{
	return stream->closing ? 0 : STREAM_OUTPUT_MAX - stream->length;
}

bool stream_idle(const struct stream *stream)
{
	return stream->length == 0;
}

/* Keeps what the kernel did not take; returns how much fits. */
static size_t keep(struct stream *stream, const uint8_t *bytes, size_t length)
{
	size_t room = STREAM_OUTPUT_MAX - stream->length;

	if (stream->output == NULL) {
		stream->output = malloc(STREAM_OUTPUT_MAX);
		if (stream->output == NULL)
			return 0;
	}
	if (length > room)
		length = room;
	if (stream->start + stream->length + length > STREAM_OUTPUT_MAX) {
		memmove(stream->output, stream->output + stream->start, stream->length);
		stream->start = 0;
	}
	memcpy(stream->output + stream->start + stream->length, bytes, length);
	stream->length += length;
	return length;
}

size_t stream_send(struct stream *stream, const uint8_t *bytes, size_t length)
{
	size_t taken = 0;
	ssize_t count;

	if (stream->ended || stream->closing)
		return 0;
	if (stream->length == 0) {
		count = send(watch_descriptor(stream->watch), bytes, length, MSG_NOSIGNAL);
		/* An error shows again, and is reported, when the loop finds the socket dead. */
		if (count > 0)
			taken = (size_t)count;
	}
	if (taken < length) {
		taken += keep(stream, bytes + taken, length - taken);
		watch_write_once(stream->watch);
	}
	return taken;
}

void stream_pause(struct stream *stream, bool paused)
{
	if (!stream->ended)
		watch_read(stream->watch, !paused);
}

int stream_descriptor(const struct stream *stream)
{
	return watch_descriptor(stream->watch);
}

void stream_close(struct stream *stream)
{
	if (stream->closing || stream->ended)
		return;
	stream->closing = true;
	watch_read(stream->watch, true);
	timer_arm(stream->guard, event_loop_now() + STREAM_CLOSE_TIMEOUT * US_PER_S);
	shut_when_flushed(stream);
}

void stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	watch_free(stream->watch);
	timer_free(stream->guard);
	free(stream->output);
	free(stream);
}
