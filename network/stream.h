/*
 * A connected TCP socket in the loop: bounded output, back-pressure, an orderly end. What telnet
 * and raw connections share, on the caller's side and on the service's.
 */
#ifndef VDTGW_NETWORK_STREAM_H
#define VDTGW_NETWORK_STREAM_H

#include "common/event_loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STREAM_OUTPUT_MAX = 16384, /* bytes accepted ahead of the kernel */
	STREAM_INPUT_MAX = 4096,   /* bytes of one received() */
	STREAM_CLOSE_TIMEOUT = 2,  /* s, from stream_close() to ended() */
};

struct stream_handlers {
	void (*received)(void *context, const uint8_t *bytes, size_t length);
	/* All that was taken is in the kernel; called only after a stream_send() that left some. */
	void (*drained)(void *context);
	/* Once, at most, and last. 0 for the peer's end of file, else -errno. */
	void (*ended)(void *context, int error);
};

struct stream;

/* What every TCP connection needs, those of the WebSocket library too: no delay of Nagle's;
 * keep-alive, so that a peer that vanished is noticed within two minutes, and one that takes
 * nothing of what it is sent within half of one; and little in the kernel that is not sent yet,
 * since what is there can no longer be dropped. */
void stream_prepare_socket(int descriptor);

/* Makes the socket non-blocking and prepares it as above. Takes the socket on success only.
 * Returns 0 or -errno. */
int stream_new(struct stream **ret_stream, struct event_loop *loop, int descriptor,
	       const struct stream_handlers *handlers, void *context);
/* Bytes that stream_send() takes now. */
size_t stream_room(const struct stream *stream);
/* Writes at once what the kernel takes and keeps the rest, if any, up to STREAM_OUTPUT_MAX;
 * returns how much was taken. */
size_t stream_send(struct stream *stream, const uint8_t *bytes, size_t length);
/* True when nothing waits for the kernel. */
bool stream_idle(const struct stream *stream);
void stream_pause(struct stream *stream, bool paused);
int stream_descriptor(const struct stream *stream);
/* Sends what was taken, then end of file; discards input until the peer's end. ended() follows. */
void stream_close(struct stream *stream);
/* At once. Accepts NULL. Safe from within a handler. */
void stream_free(struct stream *stream);

#endif
