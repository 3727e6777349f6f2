/*
 * Between the Teletel server and the sessions: announces each session once a connection, orders
 * what the server wants of a session, and passes on what becomes of it. Nothing is kept for a
 * server that is away: when it is back it is told what is.
 */
#include "vdtgw-supervisor/teletel/teletel.h"

#include "common/log_budget.h"
#include "common/messages.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/sessions/redirections.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct teletel {
	struct supervisor *supervisor;
	struct command_channel *channel;
	int64_t announced_below;  /* sessions from this number on are still to be announced */
	struct log_budget budget; /* of lines about refusals */
};

bool teletel_is_up(const struct teletel *teletel)
{
	return command_channel_state(teletel->channel) == COMMAND_CHANNEL_UP;
}

json_t *teletel_pack_channel(const struct teletel *teletel)
{
	const struct command_channel *channel = teletel->channel;

	return json_pack("{s:s, s:s, s:I, s:I}", "state",
			 command_channel_state_name(command_channel_state(channel)), "uri",
			 command_channel_uri(channel), "since",
			 (json_int_t)command_channel_since(channel), "connections",
			 (json_int_t)command_channel_connections(channel));
}

static void say_event(struct teletel *teletel, enum command_event event, int64_t pid,
		      const char *tag)
{
	char text[COMMAND_MESSAGE_MAX];

	command_channel_send(teletel->channel, text, command_format_event(text, event, pid, tag));
}

static void announce(struct teletel *teletel, struct session_entry *entry)
{
	char address[ADDRESS_TEXT_MAX], text[COMMAND_MESSAGE_MAX];
	size_t length;

	supervisor_format_address(entry, address);
	length = command_format_new_user(text, entry->transport == TRANSPORT_WEBSOCKET, address,
					 entry->port, entry->number);
	command_channel_send(teletel->channel, text, length);
	entry->announced = true;
}

/* The entry may be gone after this. */
static void order_channel(struct session_entry *entry, bool up)
{
	if (entry->orders)
		peer_order(entry->peer,
			   json_pack("{s:I, s:{s:s, s:b}}", "session", (json_int_t)entry->number,
				     "order", "kind", "channel", "up", (int)up));
}

/* Announces a session out of its turn, because something is to be said of it. The entry may be gone
 * after this, unless its peer is the one that is calling. */
static void announce_early(struct teletel *teletel, struct session_entry *entry)
{
	if (!teletel_is_up(teletel) || entry->announced)
		return;
	announce(teletel, entry);
	order_channel(entry, true);
}

/* Announces those that are to be, as long as there is room. */
static void announce_sessions(struct teletel *teletel)
{
	while (command_channel_has_room(teletel->channel)) {
		struct session_entry *entry =
		    session_table_next(teletel->supervisor->sessions, teletel->announced_below);

		if (entry == NULL)
			return;
		teletel->announced_below = entry->number + 1;
		if (entry->announced)
			continue;
		announce(teletel, entry);
		order_channel(entry, true);
	}
}

void teletel_entered(struct teletel *teletel, struct session_entry *entry)
{
	if (teletel_is_up(teletel) && !entry->announced)
		announce(teletel, entry);
}

void teletel_redirection_lost(struct teletel *teletel, struct session_entry *entry, const char *tag)
{
	if (entry->announced)
		say_event(teletel, COMMAND_REDIRECT_ENDED, entry->number, tag);
}

void teletel_left(struct teletel *teletel, struct session_entry *entry)
{
	char text[COMMAND_MESSAGE_MAX];

	if (entry->announced && entry->redirection.state != REDIRECTION_NONE &&
	    !entry->redirection.orphaned)
		say_event(teletel, COMMAND_REDIRECT_ENDED, entry->number, entry->redirection.tag);
	if (entry->announced)
		command_channel_send(teletel->channel, text,
				     command_format_gone(text, entry->number));
	entry->announced = false;
}

void teletel_news(struct teletel *teletel, struct session_entry *entry, enum command_event event,
		  const char *tag)
{
	announce_early(teletel, entry);
	if (entry->announced)
		say_event(teletel, event, entry->number, tag);
}

/* Whether a refusal may be logged; those that may not are counted. */
static bool may_log(struct teletel *teletel)
{
	unsigned left_out;
	bool may = log_budget_take(&teletel->budget, event_loop_now(), &left_out);

	if (left_out > 0)
		log_warning("command channel: %u more lines were refused", left_out);
	return may;
}

static void log_refusal(const struct teletel *teletel, const struct command_line *line,
			const char *why, const char *text, size_t length)
{
	char number[24];
	const struct log_field fields[] = {
		{ "VDTGW_SESSION", line->pid > 0 ? number : NULL },
		{ "VDTGW_SERVICE", teletel->supervisor->config->teletel.uri },
		{ "VDTGW_REASON", why },
	};

	snprintf(number, sizeof(number), "%lld", (long long)line->pid);
	log_event(LOG_PRIORITY_WARNING, MESSAGE_COMMAND_REFUSED, fields,
		  sizeof(fields) / sizeof(fields[0]),
		  "command channel: a line was refused, because %s: %.*s", why, (int)length, text);
}

/* Answers a line that orders nothing, where it is known whom it is about. */
static void refuse(struct teletel *teletel, const struct command_line *line, const char *text,
		   size_t length, const char *why)
{
	if (may_log(teletel))
		log_refusal(teletel, line, why, text, length);
	if (line->pid > 0 && line->tag[0] != '\0')
		say_event(teletel, COMMAND_REDIRECT_ENDED, line->pid, line->tag);
}

/* Tells the server that a command has come. */
static void echo(struct teletel *teletel, const struct command_line *line)
{
	char *text = malloc(COMMAND_MESSAGE_MAX + line->command_length);
	size_t length, whole;

	/* Without memory the server goes without an echo, which it does not need. */
	if (text == NULL)
		return;
	length = command_format_echo(text, line->pid);
	memcpy(text + length, line->command, line->command_length);
	whole = length + line->command_length;
	/* What is cut has a fault anyway: it is far longer than a command can be. */
	command_channel_send(teletel->channel, text,
			     whole < COMMAND_LINE_MAX ? whole : COMMAND_LINE_MAX);
	free(text);
}

/* Returns NULL; or why the session cannot be redirected. */
static const char *order(struct teletel *teletel, struct session_entry *entry,
			 const struct command_line *line)
{
	struct redirections_order order = {
		.origin = REDIRECTION_BY_TELETEL,
		.by = "the Teletel server",
		.tag = line->tag,
		.uri = line->uri,
		.ping = line->ping,
		.subprotocols = json_array(),
	};
	int error;

	if (redirections_is_own_tag(line->tag)) {
		json_decref(order.subprotocols);
		return "its SESSION is one of the gateway's own";
	}
	for (size_t i = 0; i < line->subprotocol_count; i++)
		json_array_append_new(order.subprotocols, json_string(line->subprotocols[i]));
	error = redirections_order(teletel->supervisor->redirections, entry, &order);
	json_decref(order.subprotocols);
	return error == 0             ? NULL
	       : error == -EOPNOTSUPP ? "its session takes no orders"
	       : error == -EBUSY      ? "another redirection of its session is under way"
				      : "there is no memory";
}

/* The session of this number, which the server knows of now; NULL: there is none. */
static struct session_entry *find_session(struct teletel *teletel, int64_t number)
{
	const struct session_table *table = teletel->supervisor->sessions;
	struct session_entry *entry = session_table_find(table, number);

	if (entry == NULL || entry->announced)
		return entry;
	announce_early(teletel, entry);
	return session_table_find(table, number);
}

static void on_line(void *context, const char *text, size_t length)
{
	struct teletel *teletel = context;
	struct session_entry *entry;
	struct command_line line;
	const char *why = NULL;

	(void)command_line_parse(&line, text, length, &why);
	entry = find_session(teletel, line.pid);
	if (entry != NULL && line.command != NULL)
		echo(teletel, &line);
	if (why == NULL)
		why = entry != NULL ? order(teletel, entry, &line)
				    : "there is no session of this number";
	if (why != NULL)
		refuse(teletel, &line, text, length, why);
}

static void on_line_dropped(void *context)
{
	if (may_log(context))
		log_warning("command channel: a line of more than %d bytes was dropped",
			    COMMAND_LINE_MAX);
}

static void publish(const struct teletel *teletel, enum event_kind kind)
{
	struct event event = event_of(kind);

	event.service = command_channel_uri(teletel->channel);
	events_publish(teletel->supervisor->events, &event);
}

static void on_up(void *context)
{
	struct teletel *teletel = context;

	notifier_channel(teletel->supervisor->notifier, "up");
	publish(teletel, EVENT_CHANNEL_UP);
	teletel->announced_below = 0;
	announce_sessions(teletel);
}

static void on_down(void *context)
{
	struct teletel *teletel = context;
	const struct session_table *table = teletel->supervisor->sessions;
	struct session_entry *entry = session_table_next(table, 0);

	notifier_channel(teletel->supervisor->notifier, "down");
	publish(teletel, EVENT_CHANNEL_DOWN);
	while (entry != NULL) {
		int64_t next = entry->number + 1;

		if (entry->announced) {
			entry->announced = false;
			order_channel(entry, false);
		}
		entry = session_table_next(table, next);
	}
}

static void on_drained(void *context)
{
	announce_sessions(context);
}

static const struct command_channel_handlers channel_handlers = {
	.up = on_up,
	.down = on_down,
	.line = on_line,
	.line_dropped = on_line_dropped,
	.drained = on_drained,
};

/* The state of a channel that is not up yet, for the service manager. */
static void tell_notifier(const struct teletel *teletel)
{
	bool off = command_channel_state(teletel->channel) == COMMAND_CHANNEL_OFF;

	notifier_channel(teletel->supervisor->notifier, off ? NULL : "down");
}

void teletel_reconfigure(struct teletel *teletel, const struct config *config,
			 const struct config_keys *changed)
{
	command_channel_reconfigure(teletel->channel, config, changed);
	if (!teletel_is_up(teletel))
		tell_notifier(teletel);
}

int teletel_new(struct teletel **ret_teletel, struct event_loop *loop,
		struct supervisor *supervisor)
{
	struct teletel *teletel = calloc(1, sizeof(*teletel));
	int error;

	if (teletel == NULL)
		return -ENOMEM;
	teletel->supervisor = supervisor;
	error = command_channel_new(&teletel->channel, loop, supervisor->config, &channel_handlers,
				    teletel);
	if (error < 0) {
		teletel_free(teletel);
		return error;
	}
	tell_notifier(teletel);
	*ret_teletel = teletel;
	return 0;
}

void teletel_free(struct teletel *teletel)
{
	if (teletel == NULL)
		return;
	command_channel_free(teletel->channel);
	free(teletel);
}
