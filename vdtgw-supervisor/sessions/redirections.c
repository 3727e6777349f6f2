/*
 * Redirections: one way to order them, one table of their states, and a limit on how long a session
 * may leave an order unanswered. Who else is to hear of them is not known here.
 */
#include "vdtgw-supervisor/sessions/redirections.h"

#include "common/messages.h"
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/sessions/timeouts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct redirections {
	struct supervisor *supervisor;
	struct timer *patience;      /* of the oldest order without an answer */
	bool waits;                  /* the timer is armed */
	unsigned long long last_tag; /* of those of our own */
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

static struct event event_of_redirection(enum event_kind kind, const struct session_entry *entry,
					 const struct redirection *redirection, const char *reason)
{
	struct event event = event_of_session(kind, entry);

	event.service = redirection->service;
	event.reason = reason;
	if (kind != EVENT_REDIRECTION_ENDED)
		return event;
	if (redirection->ordered != 0)
		event.duration = (int64_t)(event_loop_now() - redirection->ordered);
	event.bytes_in = redirection->bytes_in;
	event.bytes_out = redirection->bytes_out;
	return event;
}

static void publish(const struct redirections *redirections, enum event_kind kind,
		    const struct session_entry *entry, const struct redirection *redirection,
		    const char *reason)
{
	const struct event event = event_of_redirection(kind, entry, redirection, reason);

	events_publish(redirections->supervisor->events, &event);
}

static void set_state(struct session_entry *entry, enum redirection_state state, const char *why)
{
	struct redirection *redirection = &entry->redirection;

	log_debug("session %lld: redirection %s: %s -> %s: %s", (long long)entry->number,
		  redirection->tag, state_names[redirection->state], state_names[state], why);
	redirection->state = state;
	if (state == REDIRECTION_NONE)
		redirection_clear(redirection);
}

bool redirections_is_own_tag(const char *tag)
{
	return strncmp(tag, REDIRECTIONS_OWN_TAG, sizeof(REDIRECTIONS_OWN_TAG) - 1) == 0;
}

void redirections_new_tag(struct redirections *redirections, char ret_tag[COMMAND_TAG_MAX + 1])
{
	snprintf(ret_tag, COMMAND_TAG_MAX + 1, REDIRECTIONS_OWN_TAG "%llu",
		 ++redirections->last_tag);
}

static json_t *pack_order(const struct session_entry *entry, const struct redirections_order *order)
{
	return json_pack("{s:I, s:{s:s, s:{s:s, s:s, s:i, s:O}}}", "session",
			 (json_int_t)entry->number, "order", "kind", "redirect", "redirection",
			 "tag", order->tag, "uri", order->uri, "ping", (int)order->ping,
			 "subprotocols", order->subprotocols);
}

int redirections_order(struct redirections *redirections, struct session_entry *entry,
		       const struct redirections_order *order)
{
	struct redirection *redirection = &entry->redirection;

	if (!entry->orders)
		return -EOPNOTSUPP;
	if (redirection->state != REDIRECTION_NONE)
		return -EBUSY;
	if (order->subprotocols == NULL ||
	    session_entry_set_text(&redirection->service, order->uri) < 0)
		return -ENOMEM;
	memcpy(redirection->tag, order->tag, strlen(order->tag) + 1);
	redirection->origin = order->origin;
	redirection->orphaned = order->origin != REDIRECTION_BY_TELETEL;
	redirection->ping = order->ping;
	redirection->subprotocols = json_incref(order->subprotocols);
	redirection->started = wall_clock_now();
	redirection->ordered = event_loop_now();
	set_state(entry, REDIRECTION_ORDERED, redirection_origin_name(order->origin));
	supervisor_log_session(
	    MESSAGE_REDIRECTION_ORDERED,
	    order->origin == REDIRECTION_BY_TELETEL ? LOG_PRIORITY_INFO : LOG_PRIORITY_NOTICE,
	    entry, "is to be redirected to %s (%s) by %s", order->uri, order->tag, order->by);
	if (!redirections->waits) {
		redirections->waits = true;
		timer_arm(redirections->patience,
			  redirection->ordered + REDIRECTIONS_PATIENCE * US_PER_S);
	}
	/* The entry may be gone after this. */
	peer_order(entry->peer, pack_order(entry, order));
	return 0;
}

static void end(const struct redirections *redirections, struct session_entry *entry,
		const char *reason)
{
	timeouts_judge_redirection(redirections->supervisor, entry, reason);
	publish(redirections, EVENT_REDIRECTION_ENDED, entry, &entry->redirection, reason);
	set_state(entry, REDIRECTION_NONE, reason);
}

int redirections_news(struct redirections *redirections, struct session_entry *entry,
		      enum command_event event, const char *tag, const char *detail)
{
	struct redirection *redirection = &entry->redirection;
	enum redirection_state next = next_states[redirection->state][event];

	if (next == OUT_OF_ORDER || strcmp(redirection->tag, tag) != 0)
		return -ENOENT;
	if (event == COMMAND_REDIRECTING &&
	    session_entry_set_text(&redirection->service, detail) < 0)
		return -ENOMEM;
	if (event == COMMAND_REDIRECT_ENDED) {
		end(redirections, entry, detail);
		return 0;
	}
	set_state(entry, next, "the session says so");
	if (event == COMMAND_REDIRECTING) {
		redirections->supervisor->totals.redirections++;
		entry->redirections++;
		publish(redirections, EVENT_REDIRECTING, entry, redirection, NULL);
	} else if (event == COMMAND_REDIRECTED) {
		publish(redirections, EVENT_REDIRECTED, entry, redirection, NULL);
	}
	return 0;
}

void redirections_left(struct redirections *redirections, struct session_entry *entry,
		       const char *reason)
{
	if (entry->redirection.state != REDIRECTION_NONE)
		end(redirections, entry, reason);
}

void redirections_crashed(struct redirections *redirections, struct session_entry *entry)
{
	static const char reason[] = "crashed";
	const struct redirection *redirection = &entry->redirection;
	struct event event;

	if (redirection->state == REDIRECTION_NONE)
		return;
	event = event_of_redirection(EVENT_REDIRECTION_ENDED, entry, redirection, reason);
	supervisor_log_end(MESSAGE_REDIRECTION_ENDED, LOG_PRIORITY_INFO, entry, &event,
			   "is redirected no longer (%s): it has crashed", redirection->tag);
	end(redirections, entry, reason);
}

void redirections_lost(struct redirections *redirections, const struct session_entry *entry,
		       const struct redirection *redirection)
{
	static const char reason[] = "it has entered again without";

	supervisor_log_reason(MESSAGE_REDIRECTION_ENDED, LOG_PRIORITY_INFO, entry, reason,
			      "is redirected no longer (%s): %s", redirection->tag, reason);
	publish(redirections, EVENT_REDIRECTION_ENDED, entry, redirection, reason);
}

json_t *redirections_pack(const struct session_entry *entry)
{
	const struct redirection *redirection = &entry->redirection;
	json_t *started = NULL;

	if (redirection->state == REDIRECTION_NONE)
		return NULL;
	if (redirection->started != 0)
		started = json_integer((json_int_t)redirection->started);
	return json_pack("{s:s, s:s*, s:s, s:s, s:o*, s:I, s:I, s:I, s:o}", "tag", redirection->tag,
			 "service", redirection->service, "state", state_names[redirection->state],
			 "origin", redirection_origin_name(redirection->origin), "started", started,
			 "bytes_in", (json_int_t)redirection->bytes_in, "bytes_out",
			 (json_int_t)redirection->bytes_out, "ping", (json_int_t)redirection->ping,
			 "subprotocols",
			 redirection->subprotocols != NULL ? json_incref(redirection->subprotocols)
							   : json_array());
}

/* Lets sessions go that leave an order unanswered: nothing else could be ordered them. */
static void on_patience(void *context)
{
	struct redirections *redirections = context;
	const struct session_table *table = redirections->supervisor->sessions;
	struct session_entry *entry = session_table_next(table, 0);
	uint64_t now = event_loop_now();
	uint64_t oldest = UINT64_MAX;

	while (entry != NULL) {
		int64_t next = entry->number + 1;
		uint64_t due = entry->redirection.ordered + REDIRECTIONS_PATIENCE * US_PER_S;

		if (entry->redirection.state == REDIRECTION_ORDERED && due <= now)
			peer_end(entry->peer, PEER_SILENT);
		else if (entry->redirection.state == REDIRECTION_ORDERED && due < oldest)
			oldest = due;
		entry = session_table_next(table, next);
	}
	redirections->waits = oldest != UINT64_MAX;
	if (redirections->waits)
		timer_arm(redirections->patience, oldest);
}

int redirections_new(struct redirections **ret_redirections, struct event_loop *loop,
		     struct supervisor *supervisor)
{
	struct redirections *redirections = calloc(1, sizeof(*redirections));
	int error;

	if (redirections == NULL)
		return -ENOMEM;
	redirections->supervisor = supervisor;
	error = timer_new(&redirections->patience, loop, on_patience, redirections);
	if (error < 0) {
		free(redirections);
		return error;
	}
	*ret_redirections = redirections;
	return 0;
}

void redirections_free(struct redirections *redirections)
{
	if (redirections == NULL)
		return;
	timer_free(redirections->patience);
	free(redirections);
}
