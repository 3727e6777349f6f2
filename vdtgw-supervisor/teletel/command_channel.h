/*
 * The connection to the Teletel server (PROTOCOLS.md section 4): kept up for ever, lines in, lines
 * out. It knows nothing of what they mean.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_COMMAND_CHANNEL_H
#define VDTGW_SUPERVISOR_TELETEL_COMMAND_CHANNEL_H

#include "common/config.h"
#include "common/config_report.h"
#include "common/event_loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum command_channel_state {
	COMMAND_CHANNEL_OFF, /* by the configuration */
	COMMAND_CHANNEL_CONNECTING,
	COMMAND_CHANNEL_UP,
	COMMAND_CHANNEL_STATE_COUNT,
};

enum {
	COMMAND_CHANNEL_PING = 30, /* s between pings: a network that was cut says nothing */
	/* Bytes that may wait to be sent before the server is not read for a while, so that one
	 * that sends faster than it reads is slowed down. */
	COMMAND_CHANNEL_ROOM = 65536,
	/* s in which nothing of what waits could be sent: it is cut. So is it when more waits than
	 * the link's queue holds. */
	COMMAND_CHANNEL_PATIENCE = 20,
};

struct command_channel;

struct command_channel_handlers {
	/* The channel is up; what is sent now is the first that the server reads. */
	void (*up)(void *context);
	/* It was up and is not any more. */
	void (*down)(void *context);
	/* A line of at most COMMAND_LINE_MAX bytes: any bytes, valid during the call. */
	void (*line)(void *context, const char *line, size_t length);
	/* A longer one was dropped. */
	void (*line_dropped)(void *context);
	/* There is room again. */
	void (*drained)(void *context);
};

/* config is kept, not copied. Handlers run from the loop, and never from within a call of
 * command_channel_send(). Returns 0 or -errno. */
int command_channel_new(struct command_channel **ret_channel, struct event_loop *loop,
			const struct config *config,
			const struct command_channel_handlers *handlers, void *context);
/* Another configuration is in force, which differs from the one before in these keys: connects
 * anew where the server is another one, or ends. `down` is called from within. */
void command_channel_reconfigure(struct command_channel *channel, const struct config *config,
				 const struct config_keys *changed);
/* At once, with no further handler. Accepts NULL. */
void command_channel_free(struct command_channel *channel);
/* Sends one message. While the channel is not up it is forgotten. */
void command_channel_send(struct command_channel *channel, const char *text, size_t length);
/* True while it is up and less than COMMAND_CHANNEL_ROOM waits to be sent. */
bool command_channel_has_room(const struct command_channel *channel);

enum command_channel_state command_channel_state(const struct command_channel *channel);
/* "off", "connecting", "up". */
const char *command_channel_state_name(enum command_channel_state state);
/* The server's address. */
const char *command_channel_uri(const struct command_channel *channel);
/* µs since the epoch: the beginning of that state. */
int64_t command_channel_since(const struct command_channel *channel);
/* How many times it came up. */
int64_t command_channel_connections(const struct command_channel *channel);

#endif
