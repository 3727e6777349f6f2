/*
 * The terminal's side of a session, whatever the transport: a row of operations for each, and the
 * names that logs use.
 */
#include "vdtgw-session/caller.h"

#include "vdtgw-session/caller_transport.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static const struct caller_transport *const transports[] = {
	[TRANSPORT_TELNET] = &caller_telnet,
	[TRANSPORT_RAW] = &caller_raw,
	[TRANSPORT_WEBSOCKET] = &caller_websocket,
};
_Static_assert(sizeof(transports) / sizeof(transports[0]) == TRANSPORT_COUNT,
	       "every transport has its operations");

static const char *const end_names[] = {
	[CALLER_CLOSED] = "closed",
	[CALLER_CUT] = "cut",
	[CALLER_PROTOCOL_ERROR] = "protocol-error",
	[CALLER_HANDSHAKE_TIMED_OUT] = "handshake-timed-out",
	[CALLER_SILENT] = "silent",
	[CALLER_NO_HANDSHAKE] = "no-handshake",
	[CALLER_NOT_WEBSOCKET] = "not-websocket",
	[CALLER_ABUSE] = "abuse",
};
_Static_assert(sizeof(end_names) / sizeof(end_names[0]) == CALLER_END_COUNT,
	       "every end has its name");

int caller_new(struct caller **ret_caller, enum transport transport, struct event_loop *loop,
	       int descriptor, const struct caller_handlers *handlers, void *context)
{
	struct caller *caller;
	int result;

	caller = calloc(1, sizeof(*caller));
	if (caller == NULL)
		return -ENOMEM;
	caller->operations = transports[transport];
	caller->handlers = handlers;
	caller->context = context;
	result = caller->operations->open(caller, loop, descriptor);
	if (result < 0) {
		free(caller);
		return result;
	}
	*ret_caller = caller;
	return 0;
}

void caller_start(struct caller *caller)
{
	caller->operations->start(caller->transport);
}

size_t caller_send(struct caller *caller, const uint8_t *bytes, size_t length)
{
	return caller->operations->send(caller->transport, bytes, length);
}

bool caller_idle(const struct caller *caller)
{
	return caller->operations->idle(caller->transport);
}

void caller_pause(struct caller *caller, bool paused)
{
	caller->operations->pause(caller->transport, paused);
}

bool caller_gone(const struct caller *caller)
{
	struct pollfd socket = {
		.fd = caller->operations->descriptor(caller->transport),
		.events = POLLRDHUP,
	};

	return socket.fd < 0 || (poll(&socket, 1, 0) == 1 && socket.revents != 0);
}

void caller_close(struct caller *caller)
{
	caller->operations->close(caller->transport);
}

void caller_free(struct caller *caller)
{
	if (caller == NULL)
		return;
	caller->operations->free(caller->transport);
	free(caller);
}

const char *caller_end_name(enum caller_end why)
{
	return end_names[why];
}
