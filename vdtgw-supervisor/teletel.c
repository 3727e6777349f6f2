/*
 * Between the Teletel server and the sessions: announces each session once a connection, orders
 * what the server wants of a session, and passes on what becomes of it. Nothing is kept for a
 * server that is away: when it is back it is told what is.
 */
#include "vdtgw-supervisor/teletel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND UINT64_C(1000000) /* µs */

struct teletel {
	struct supervisor *supervisor;
	struct command_channel *channel;
	struct timer *patience;  /* of the oldest order without an answer */
	bool waits;              /* the timer is armed */
	int64_t announced_below; /* sessions from this number on are still to be announced */
	uint64_t log_period;     /* its beginning */
	unsigned log_lines;      /* refusals in it */
};

static const char *const state_names[] = {
	[REDIRECTION_NONE] = "none",         [REDIRECTION_ORDERED] = "ordered",
	[REDIRECTION_STARTING] = "starting", [REDIRECTION_CONNECTED] = "connected",
	[REDIRECTION_CLOSING] = "closing",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) == REDIRECTION_STATE_COUNT,
	      "every state has its name");

/* What follows on which news; REDIRECTION_STATE_COUNT: it is out of order. */
static const enum redirection_state next_states[][COMMAND_EVENT_COUNT] = {
#define OUT_OF_ORDER REDIRECTION_STATE_COUNT
	[REDIRECTION_NONE] = { OUT_OF_ORDER, OUT_OF_ORDER, OUT_OF_ORDER, OUT_OF_ORDER },
	[REDIRECTION_ORDERED] = {
		[COMMAND_REDIRECTING] = REDIRECTION_STARTING,
		[COMMAND_REDIRECTED] = OUT_OF_ORDER,
		[COMMAND_REQUESTED_CLOSE] = REDIRECTION_CLOSING,
		[COMMAND_REDIRECT_ENDED] = REDIRECTION_NONE,
	},
	[REDIRECTION_STARTING] = {
		[COMMAND_REDIRECTING] = OUT_OF_ORDER,
		[COMMAND_REDIRECTED] = REDIRECTION_CONNECTED,
		[COMMAND_REQUESTED_CLOSE] = REDIRECTION_CLOSING,
		[COMMAND_REDIRECT_ENDED] = REDIRECTION_NONE,
	},
	[REDIRECTION_CONNECTED] = {
		[COMMAND_REDIRECTING] = OUT_OF_ORDER,
		[COMMAND_REDIRECTED] = OUT_OF_ORDER,
		[COMMAND_REQUESTED_CLOSE] = REDIRECTION_CLOSING,
		[COMMAND_REDIRECT_ENDED] = REDIRECTION_NONE,
	},
	[REDIRECTION_CLOSING] = {
		[COMMAND_REDIRECTING] = OUT_OF_ORDER,
		[COMMAND_REDIRECTED] = OUT_OF_ORDER,
		[COMMAND_REQUESTED_CLOSE] = OUT_OF_ORDER,
		[COMMAND_REDIRECT_ENDED] = REDIRECTION_NONE,
	},
};
static_assert(sizeof(next_states) / sizeof(next_states[0]) == REDIRECTION_STATE_COUNT,
	      "every state has its row");

static void set_state(struct session_entry *entry, enum redirection_state state, const char *why)
{
	struct redirection *redirection = &entry->redirection;

	log_debug("session %lld: redirection %s: %s -> %s: %s", (long long)entry->number,
		  redirection->tag, state_names[redirection->state], state_names[state], why);
	redirection->state = state;
	if (state != REDIRECTION_NONE)
		return;
	free(redirection->service);
	*redirection = (struct redirection) { 0 };
}

bool teletel_is_up(const struct teletel *teletel)
{
	return command_channel_state(teletel->channel) == COMMAND_CHANNEL_UP;
}

json_t *teletel_pack_channel(const struct teletel *teletel)
{
	const struct command_channel *channel = teletel->channel;

	return json_pack("{s:s, s:s, s:I, s:I}", "state",
			 command_channel_state_name(command_channel_state(channel)), "uri",
			 teletel->supervisor->config->teletel.uri, "since",
			 (json_int_t)command_channel_since(channel), "connections",
			 (json_int_t)command_channel_connections(channel));
}

json_t *teletel_pack_redirection(const struct session_entry *entry)
{
	const struct redirection *redirection = &entry->redirection;

	if (redirection->state == REDIRECTION_NONE)
		return NULL;
	return json_pack("{s:s, s:s*, s:s}", "tag", redirection->tag, "service",
			 redirection->service, "state", state_names[redirection->state]);
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
	supervisor_log_session(NULL, LOG_PRIORITY_INFO, entry,
			       "is no longer redirected (%s): it has entered again without", tag);
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

int teletel_news(struct teletel *teletel, struct session_entry *entry, enum command_event event,
		 const char *tag)
{
	struct redirection *redirection = &entry->redirection;
	enum redirection_state next = next_states[redirection->state][event];
	bool orphaned = redirection->orphaned;
	char kept[sizeof(redirection->tag)];

	if (next == OUT_OF_ORDER || strcmp(redirection->tag, tag) != 0)
		return -ENOENT;
	if (event == COMMAND_REDIRECTING)
		teletel->supervisor->totals.redirections++;
	memcpy(kept, redirection->tag, sizeof(kept));
	set_state(entry, next, "the session says so");
	announce_early(teletel, entry);
	if (entry->announced && !orphaned)
		say_event(teletel, event, entry->number, kept);
	return 0;
}

/* Whether a refusal may be logged; those that may not are counted. */
static bool may_log(struct teletel *teletel)
{
	uint64_t now = event_loop_now();

	if (now - teletel->log_period >= TELETEL_LOG_PERIOD * SECOND) {
		if (teletel->log_lines > TELETEL_LOG_LINES)
			log_warning("command channel: %u more lines were refused",
				    teletel->log_lines - TELETEL_LOG_LINES);
		teletel->log_period = now;
		teletel->log_lines = 0;
	}
	return ++teletel->log_lines <= TELETEL_LOG_LINES;
}

/* Answers a line that orders nothing, where it is known whom it is about. */
static void refuse(struct teletel *teletel, const struct command_line *line, const char *text,
		   size_t length, const char *why)
{
	if (may_log(teletel))
		log_warning("command channel: a line was refused, because %s: %.*s", why,
			    (int)length, text);
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

static json_t *pack_redirect(const struct session_entry *entry, const struct command_line *line)
{
	json_t *subprotocols = json_array();

	for (size_t i = 0; i < line->subprotocol_count; i++)
		json_array_append_new(subprotocols, json_string(line->subprotocols[i]));
	return json_pack("{s:I, s:{s:s, s:{s:s, s:s, s:i, s:o}}}", "session",
			 (json_int_t)entry->number, "order", "kind", "redirect", "redirection",
			 "tag", line->tag, "uri", line->uri, "ping", (int)line->ping,
			 "subprotocols", subprotocols);
}

/* Returns NULL; or why the session cannot be redirected. */
static const char *order(struct teletel *teletel, struct session_entry *entry,
			 const struct command_line *line)
{
	struct redirection *redirection = &entry->redirection;

	if (!entry->orders)
		return "its session takes no orders";
	if (redirection->state != REDIRECTION_NONE)
		return "another redirection of its session is under way";
	if (session_entry_set_text(&redirection->service, line->uri) < 0)
		return "there is no memory";
	memcpy(redirection->tag, line->tag, sizeof(redirection->tag));
	redirection->ordered = event_loop_now();
	set_state(entry, REDIRECTION_ORDERED, "the Teletel server wants it");
	supervisor_log_session(NULL, LOG_PRIORITY_INFO, entry, "is to be redirected to %s (%s)",
			       line->uri, line->tag);
	if (!teletel->waits) {
		teletel->waits = true;
		timer_arm(teletel->patience,
			  redirection->ordered + TELETEL_ORDER_PATIENCE * SECOND);
	}
	/* The entry may be gone after this. */
	peer_order(entry->peer, pack_redirect(entry, line));
	return NULL;
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

static void on_up(void *context)
{
	struct teletel *teletel = context;

	notifier_channel(teletel->supervisor->notifier, "up");
	teletel->announced_below = 0;
	announce_sessions(teletel);
}

static void on_down(void *context)
{
	struct teletel *teletel = context;
	const struct session_table *table = teletel->supervisor->sessions;
	struct session_entry *entry = session_table_next(table, 0);

	notifier_channel(teletel->supervisor->notifier, "down");
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

/* Lets sessions go that leave an order unanswered: nothing else could be ordered them. */
static void on_patience(void *context)
{
	struct teletel *teletel = context;
	const struct session_table *table = teletel->supervisor->sessions;
	struct session_entry *entry = session_table_next(table, 0);
	uint64_t now = event_loop_now();
	uint64_t oldest = UINT64_MAX;

	while (entry != NULL) {
		int64_t next = entry->number + 1;
		uint64_t due = entry->redirection.ordered + TELETEL_ORDER_PATIENCE * SECOND;

		if (entry->redirection.state == REDIRECTION_ORDERED && due <= now)
			peer_end(entry->peer, PEER_SILENT);
		else if (entry->redirection.state == REDIRECTION_ORDERED && due < oldest)
			oldest = due;
		entry = session_table_next(table, next);
	}
	teletel->waits = oldest != UINT64_MAX;
	if (teletel->waits)
		timer_arm(teletel->patience, oldest);
}

int teletel_new(struct teletel **ret_teletel, struct event_loop *loop,
		struct supervisor *supervisor)
{
	struct teletel *teletel = calloc(1, sizeof(*teletel));
	int error;

	if (teletel == NULL)
		return -ENOMEM;
	teletel->supervisor = supervisor;
	error = timer_new(&teletel->patience, loop, on_patience, teletel);
	if (error == 0)
		error = command_channel_new(&teletel->channel, loop, supervisor->config,
					    &channel_handlers, teletel);
	if (error < 0) {
		teletel_free(teletel);
		return error;
	}
	if (command_channel_state(teletel->channel) != COMMAND_CHANNEL_OFF)
		notifier_channel(supervisor->notifier, "down");
	*ret_teletel = teletel;
	return 0;
}

void teletel_free(struct teletel *teletel)
{
	if (teletel == NULL)
		return;
	command_channel_free(teletel->channel);
	timer_free(teletel->patience);
	free(teletel);
}
