/*
 * Connects to the Teletel server, and again whenever it is gone; puts the messages that it sends
 * together, within bounds, and cuts it off when it reads nothing of what is sent. One line tells
 * of each change, none of the tries in between.
 */
#include "vdtgw-supervisor/teletel/command_channel.h"

#include "common/log.h"
#include "common/messages.h"
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "network/service_link.h"
#include "vdtgw-supervisor/teletel/command_line.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_KEPT = 4096, /* bytes of memory that are kept from one line to the next */
};

struct command_channel {
	struct event_loop *loop;
	const struct config *config;
	const struct command_channel_handlers *handlers;
	void *context;
	enum command_channel_state state;
	int64_t since;
	int64_t connections;
	struct service_link *link; /* NULL: waiting for the next try */
	struct timer *timer;       /* of the next try; of what the server leaves unread */
	bool told;                 /* that it is away */
	bool overflowed;           /* it is to be cut, from the loop */
	bool paused;
	size_t waiting; /* bytes to be sent */
	char *line;     /* the message that is being received */
	size_t length;
	size_t size;
	bool dropping; /* the rest of a line that is too long */
};

static const char *const state_names[] = {
	[COMMAND_CHANNEL_OFF] = "off",
	[COMMAND_CHANNEL_CONNECTING] = "connecting",
	[COMMAND_CHANNEL_UP] = "up",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) == COMMAND_CHANNEL_STATE_COUNT,
	      "every state has its name");

const char *command_channel_state_name(enum command_channel_state state)
{
	return state_names[state];
}

enum command_channel_state command_channel_state(const struct command_channel *channel)
{
	return channel->state;
}

int64_t command_channel_since(const struct command_channel *channel)
{
	return channel->since;
}

int64_t command_channel_connections(const struct command_channel *channel)
{
	return channel->connections;
}

static void set_state(struct command_channel *channel, enum command_channel_state state,
		      const char *why)
{
	log_debug("command channel: %s -> %s: %s", state_names[channel->state], state_names[state],
		  why);
	channel->state = state;
	channel->since = wall_clock_now();
}

static void forget_line(struct command_channel *channel)
{
	channel->length = 0;
	channel->dropping = false;
	if (channel->size > LINE_KEPT) {
		free(channel->line);
		channel->line = NULL;
		channel->size = 0;
	}
}

static void drop_link(struct command_channel *channel)
{
	service_link_free(channel->link);
	channel->link = NULL;
	channel->waiting = 0;
	channel->overflowed = false;
	channel->paused = false;
	forget_line(channel);
}

/* The connection is over, or never was: tries again in a while. */
static void lose(struct command_channel *channel, const char *why, const char *detail)
{
	const char *uri = channel->config->teletel.uri;
	unsigned retry = channel->config->teletel.retry;
	bool was_up = channel->state == COMMAND_CHANNEL_UP;
	const struct log_field fields[] = { { "VDTGW_SERVICE", uri }, { "VDTGW_REASON", why } };

	drop_link(channel);
	timer_arm(channel->timer, event_loop_now() + retry * US_PER_S);
	if (was_up)
		log_event(LOG_PRIORITY_WARNING, MESSAGE_CHANNEL_DOWN, fields,
			  sizeof(fields) / sizeof(fields[0]),
			  "command channel: down: %s (%s: %s); trying again every %u s", uri, why,
			  detail, retry);
	else if (!channel->told)
		log_event(LOG_PRIORITY_WARNING, MESSAGE_CHANNEL_DOWN, fields,
			  sizeof(fields) / sizeof(fields[0]),
			  "command channel: %s cannot be reached (%s: %s); trying again every %u s",
			  uri, why, detail, retry);
	else
		log_debug("command channel: still not reached (%s: %s)", why, detail);
	channel->told = true;
	if (!was_up)
		return;
	set_state(channel, COMMAND_CHANNEL_CONNECTING, why);
	channel->handlers->down(channel->context);
}

static void on_connected(void *context)
{
	struct command_channel *channel = context;
	const struct log_field fields[] = {
		{ "VDTGW_SERVICE", channel->config->teletel.uri },
	};

	channel->told = false;
	channel->connections++;
	set_state(channel, COMMAND_CHANNEL_UP, "the server answers");
	log_event(LOG_PRIORITY_NOTICE, MESSAGE_CHANNEL_UP, fields,
		  sizeof(fields) / sizeof(fields[0]), "command channel: up: %s",
		  channel->config->teletel.uri);
	channel->handlers->up(channel->context);
}

/* Makes room for length more bytes of a line. */
static bool make_room(struct command_channel *channel, size_t length)
{
	size_t size = channel->size > 0 ? channel->size : LINE_KEPT;
	char *line;

	if (channel->length + length > COMMAND_LINE_MAX)
		return false;
	while (size < channel->length + length)
		size *= 2;
	if (size <= channel->size)
		return true;
	line = realloc(channel->line, size);
	if (line == NULL)
		return false;
	channel->line = line;
	channel->size = size;
	return true;
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct command_channel *channel = context;

	if (channel->dropping || !make_room(channel, length)) {
		channel->dropping = true;
		return;
	}
	memcpy(channel->line + channel->length, bytes, length);
	channel->length += length;
}

static void on_message_ended(void *context)
{
	struct command_channel *channel = context;

	if (channel->dropping)
		channel->handlers->line_dropped(channel->context);
	else
		channel->handlers->line(
		    channel->context, channel->line != NULL ? channel->line : "", channel->length);
	forget_line(channel);
	if (channel->waiting >= COMMAND_CHANNEL_ROOM && !channel->paused) {
		channel->paused = true;
		service_link_pause(channel->link, true);
	}
}

static void on_message_sent(void *context, size_t length)
{
	struct command_channel *channel = context;

	channel->waiting -= length;
	if (channel->overflowed)
		return;
	if (channel->waiting > 0)
		timer_arm(channel->timer, event_loop_now() + COMMAND_CHANNEL_PATIENCE * US_PER_S);
	else
		timer_disarm(channel->timer);
	if (channel->waiting >= COMMAND_CHANNEL_ROOM / 2)
		return;
	if (channel->paused) {
		channel->paused = false;
		service_link_pause(channel->link, false);
	}
	channel->handlers->drained(channel->context);
}

/* Only a short service_link_send(), which is not used here, has this. */
static void on_drained(void *context)
{
	(void)context;
}

static void on_ended(void *context, enum service_failure why, const char *detail)
{
	lose(context, service_failure_name(why), detail);
}

static const struct service_link_handlers link_handlers = {
	.connected = on_connected,
	.received = on_received,
	.message_ended = on_message_ended,
	.drained = on_drained,
	.message_sent = on_message_sent,
	.ended = on_ended,
};

static void start(struct command_channel *channel)
{
	struct uri uri;
	const struct service_target target = { .uri = &uri, .ping = COMMAND_CHANNEL_PING };
	const char *why = NULL;
	int error;

	if (uri_parse(&uri, channel->config->teletel.uri, &why) < 0) {
		/* The configuration has been checked: this is for whoever changes that. */
		lose(channel, "address", why);
		return;
	}
	error = service_link_new(&channel->link, channel->loop, &target, &link_handlers, channel);
	if (error < 0)
		lose(channel, "not started", strerror(-error));
}

static void on_timer(void *context)
{
	struct command_channel *channel = context;

	if (channel->link == NULL)
		start(channel);
	else if (channel->overflowed)
		lose(channel, "cut by us", "it does not read as fast as it is written to");
	else
		lose(channel, "cut by us", "it has read nothing for too long");
}

int command_channel_new(struct command_channel **ret_channel, struct event_loop *loop,
			const struct config *config,
			const struct command_channel_handlers *handlers, void *context)
{
	struct command_channel *channel = calloc(1, sizeof(*channel));
	int error;

	if (channel == NULL)
		return -ENOMEM;
	channel->loop = loop;
	channel->config = config;
	channel->handlers = handlers;
	channel->context = context;
	error = timer_new(&channel->timer, loop, on_timer, channel);
	if (error < 0) {
		command_channel_free(channel);
		return error;
	}
	channel->since = wall_clock_now();
	if (config->teletel.command_channel) {
		set_state(channel, COMMAND_CHANNEL_CONNECTING, "configured");
		timer_arm(channel->timer, 0);
	}
	*ret_channel = channel;
	return 0;
}

const char *command_channel_uri(const struct command_channel *channel)
{
	return channel->config->teletel.uri;
}

/* Ends what there is, which `down` is told of while it has its old address, and begins anew where a
 * server is wanted. */
static void restart(struct command_channel *channel, const struct config *config)
{
	bool was_up = channel->state == COMMAND_CHANNEL_UP;
	bool wanted = config->teletel.command_channel;

	drop_link(channel);
	channel->told = false;
	set_state(channel, wanted ? COMMAND_CHANNEL_CONNECTING : COMMAND_CHANNEL_OFF,
		  "configured anew");
	if (wanted)
		timer_arm(channel->timer, 0);
	else
		timer_disarm(channel->timer);
	if (was_up) {
		log_notice("command channel: down: %s (the configuration has changed)",
			   channel->config->teletel.uri);
		channel->handlers->down(channel->context);
	}
}

void command_channel_reconfigure(struct command_channel *channel, const struct config *config,
				 const struct config_keys *changed)
{
	bool anew =
	    config_keys_hold(changed, "teletel.command_channel") ||
	    (channel->state != COMMAND_CHANNEL_OFF && config_keys_hold(changed, "teletel.uri"));

	if (anew)
		restart(channel, config);
	channel->config = config;
	if (!anew && config_keys_hold(changed, "teletel.retry") &&
	    channel->state == COMMAND_CHANNEL_CONNECTING && channel->link == NULL)
		timer_arm(channel->timer, event_loop_now() + config->teletel.retry * US_PER_S);
}

void command_channel_free(struct command_channel *channel)
{
	if (channel == NULL)
		return;
	service_link_free(channel->link);
	timer_free(channel->timer);
	free(channel->line);
	free(channel);
}

void command_channel_send(struct command_channel *channel, const char *text, size_t length)
{
	if (channel->state != COMMAND_CHANNEL_UP || channel->overflowed)
		return;
	if (service_link_send_message(channel->link, false, (const uint8_t *)text, length) < 0) {
		/* Whoever sends may be going through the sessions: the end waits for the loop. */
		channel->overflowed = true;
		timer_arm(channel->timer, 0);
		return;
	}
	if (channel->waiting == 0)
		timer_arm(channel->timer, event_loop_now() + COMMAND_CHANNEL_PATIENCE * US_PER_S);
	channel->waiting += length;
}

bool command_channel_has_room(const struct command_channel *channel)
{
	return channel->state == COMMAND_CHANNEL_UP && !channel->overflowed &&
	       channel->waiting < COMMAND_CHANNEL_ROOM;
}
