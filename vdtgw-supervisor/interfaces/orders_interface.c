/*
 * What an administrator orders of callers. Each order is checked before the session hears of it,
 * and each leaves one line in the log that says who gave it.
 */
#include "vdtgw-supervisor/interfaces/orders_interface.h"

#include "common/array.h"
#include "common/messages.h"
#include "common/uri.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/interfaces/row_text.h"
#include "vdtgw-supervisor/sessions/redirections.h"
#include "vdtgw-supervisor/teletel/command_line.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The parameters of all the methods; what a call does not hold stays as it was. */
struct values {
	int64_t session;
	const char *reason;
	const char *text;
	const char *uri;
	int64_t ping;
	json_t *subprotocols;
};

#define SESSION                                                                                    \
	{                                                                                          \
		"session", offsetof(struct values, session), VARLINK_INT, true, INT64_MIN,         \
		    INT64_MAX                                                                      \
	}
#define REASON                                                                                     \
	{                                                                                          \
		"reason", offsetof(struct values, reason), VARLINK_STRING, false, 0,               \
		    SESSION_TEXT_MAX                                                               \
	}

static void answer_session_error(struct peer *peer, const char *error, int64_t number)
{
	peer_error(peer, error, json_pack("{s:I}", "session", (json_int_t)number));
}

/* The session of this number, which takes orders; where there is none, answers so and returns
 * NULL. */
static struct session_entry *find(struct supervisor *supervisor, struct peer *peer, int64_t number)
{
	struct session_entry *entry = session_table_find(supervisor->sessions, number);

	if (entry == NULL)
		answer_session_error(peer, "org.vdtgw.Admin.NoSuchSession", number);
	else if (!entry->orders)
		answer_session_error(peer, "org.vdtgw.Admin.NoOrders", number);
	return entry != NULL && entry->orders ? entry : NULL;
}

static void publish(struct supervisor *supervisor, enum event_kind kind,
		    const struct session_entry *entry, const char *reason)
{
	struct event event = entry != NULL ? event_of_session(kind, entry) : event_of(kind);

	event.reason = reason;
	events_publish(supervisor->events, &event);
}

static void log_order(const struct peer *peer, const char *message_id,
		      const struct session_entry *entry, const char *what, const char *reason)
{
	char by[PEER_TEXT_MAX];

	supervisor_log_reason(message_id, LOG_PRIORITY_NOTICE, entry, reason, "%s by %s%s%s", what,
			      peer_format(peer, by), reason != NULL ? ": " : "",
			      reason != NULL ? reason : "");
}

/* The session of a call whose parameters are it and a reason, which may be absent: NULL. Where that
 * cannot be, answers so and returns NULL. */
static struct session_entry *find_with_reason(struct supervisor *supervisor, struct peer *peer,
					      const struct varlink_call *call,
					      const char **ret_reason)
{
	static const struct varlink_field fields[] = { SESSION, REASON };
	struct values values = { .reason = NULL };

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &values))
		return NULL;
	*ret_reason = values.reason;
	return find(supervisor, peer, values.session);
}

void orders_interface_kick(struct supervisor *supervisor, struct peer *peer,
			   const struct varlink_call *call)
{
	const char *reason;
	struct session_entry *entry = find_with_reason(supervisor, peer, call, &reason);

	if (entry == NULL)
		return;
	/* A call ends once, however often it is ordered to while it does. */
	if (!entry->sent_away) {
		supervisor->totals.kicked++;
		log_order(peer, MESSAGE_CALL_KICKED, entry, "is kicked", reason);
		publish(supervisor, EVENT_KICKED, entry, reason);
		supervisor_send_away(supervisor, entry, reason);
	}
	peer_reply(peer, json_object(), false);
}

/* Whether the session's terminal is there, and still will be. */
static bool is_shown(const struct session_entry *entry)
{
	static const char *const states[] = { "arriving", "entering", "answering", "leaving" };

	for (size_t i = 0; i < LENGTH(states); i++)
		if (strcmp(entry->state, states[i]) == 0)
			return false;
	return !entry->sent_away;
}

/* The entry may be gone after this. */
static void order_message(struct session_entry *entry, const char *text)
{
	peer_order(entry->peer,
		   json_pack("{s:I, s:{s:s, s:s}}", "session", (json_int_t)entry->number, "order",
			     "kind", "message", "text", text));
}

/* Returns to how many. */
static int64_t order_message_to_all(struct supervisor *supervisor, const char *text)
{
	struct session_entry *entry = session_table_next(supervisor->sessions, 0);
	int64_t sent = 0;

	while (entry != NULL) {
		int64_t next = entry->number + 1;

		if (entry->orders && is_shown(entry)) {
			order_message(entry, text);
			sent++;
		}
		entry = session_table_next(supervisor->sessions, next);
	}
	return sent;
}

static void message_all(struct supervisor *supervisor, struct peer *peer, const char *text)
{
	int64_t sent = order_message_to_all(supervisor, text);
	const struct log_field fields[] = { { "VDTGW_REASON", text } };
	char by[PEER_TEXT_MAX];

	log_event(LOG_PRIORITY_NOTICE, MESSAGE_CALL_MESSAGE, fields, LENGTH(fields),
		  "%lld sessions are written to by %s: %s", (long long)sent, peer_format(peer, by),
		  text);
	publish(supervisor, EVENT_MESSAGE, NULL, text);
	peer_reply(peer, json_pack("{s:I}", "sent", (json_int_t)sent), false);
}

static void message_one(struct supervisor *supervisor, struct peer *peer, int64_t number,
			const char *text)
{
	struct session_entry *entry = find(supervisor, peer, number);

	if (entry == NULL)
		return;
	if (!is_shown(entry)) {
		answer_session_error(peer, "org.vdtgw.Admin.NotReady", number);
		return;
	}
	log_order(peer, MESSAGE_CALL_MESSAGE, entry, "is written to", text);
	publish(supervisor, EVENT_MESSAGE, entry, text);
	order_message(entry, text);
	peer_reply(peer, json_pack("{s:i}", "sent", 1), false);
}

void orders_interface_message(struct supervisor *supervisor, struct peer *peer,
			      const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "session", offsetof(struct values, session), VARLINK_INT, false, INT64_MIN + 1,
		  INT64_MAX },
		{ "text", offsetof(struct values, text), VARLINK_STRING, true, 0,
		  ROW_TEXT_BYTES_MAX },
	};
	static const int64_t all = INT64_MIN; /* which cannot be asked for */
	struct values values = { .session = all };

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &values))
		return;
	if (!row_text_is_valid(values.text))
		supervisor_answer_invalid(peer, "text");
	else if (values.session == all)
		message_all(supervisor, peer, values.text);
	else
		message_one(supervisor, peer, values.session, values.text);
}

static bool are_subprotocols(json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name) if (!json_is_string(name) ||
					       !command_subprotocol_is_valid(
						   json_string_value(name))) return false;
	return json_array_size(names) <= COMMAND_SUBPROTOCOLS_MAX;
}

/* Returns the parameter at fault; NULL: none is. */
static const char *find_invalid(const struct values *values)
{
	const char *why;
	struct uri uri;

	if (uri_parse(&uri, values->uri, &why) < 0)
		return "uri";
	if (values->subprotocols != NULL && !are_subprotocols(values->subprotocols))
		return "subprotocols";
	return NULL;
}

static void redirect(struct supervisor *supervisor, struct peer *peer, struct session_entry *entry,
		     const struct values *values)
{
	char tag[COMMAND_TAG_MAX + 1], by[PEER_TEXT_MAX];
	json_t *none = json_array();
	const struct redirections_order order = {
		.origin = REDIRECTION_BY_ADMINISTRATOR,
		.by = peer_format(peer, by),
		.tag = tag,
		.uri = values->uri,
		.ping = (unsigned)values->ping,
		.subprotocols = values->subprotocols != NULL ? values->subprotocols : none,
	};
	int error;

	redirections_new_tag(supervisor->redirections, tag);
	error = redirections_order(supervisor->redirections, entry, &order);
	json_decref(none);
	if (error < 0)
		peer_end(peer, PEER_NO_MEMORY);
	else
		peer_reply(peer, json_pack("{s:s}", "tag", tag), false);
}

void orders_interface_redirect(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		SESSION,
		{ "uri", offsetof(struct values, uri), VARLINK_STRING, true, 0, URI_MAX },
		{ "ping", offsetof(struct values, ping), VARLINK_INT, false, 0, COMMAND_PING_MAX },
		{ "subprotocols", offsetof(struct values, subprotocols), VARLINK_ARRAY, false, 0,
		  0 },
	};
	struct values values = { .ping = 0 };
	struct session_entry *entry;
	const char *invalid;

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &values))
		return;
	invalid = find_invalid(&values);
	if (invalid != NULL) {
		supervisor_answer_invalid(peer, invalid);
		return;
	}
	entry = find(supervisor, peer, values.session);
	if (entry == NULL)
		return;
	if (entry->redirection.state != REDIRECTION_NONE)
		answer_session_error(peer, "org.vdtgw.Admin.AlreadyRedirected", values.session);
	else if (strcmp(entry->state, "home") != 0 || entry->sent_away)
		answer_session_error(peer, "org.vdtgw.Admin.NotReady", values.session);
	else
		redirect(supervisor, peer, entry, &values);
}

void orders_interface_send_home(struct supervisor *supervisor, struct peer *peer,
				const struct varlink_call *call)
{
	const char *reason;
	struct session_entry *entry = find_with_reason(supervisor, peer, call, &reason);

	if (entry == NULL)
		return;
	if (entry->redirection.state == REDIRECTION_NONE) {
		answer_session_error(peer, "org.vdtgw.Admin.NotRedirected", entry->number);
		return;
	}
	log_order(peer, MESSAGE_CALL_SENT_HOME, entry, "is sent home", reason);
	publish(supervisor, EVENT_SENT_HOME, entry, reason);
	peer_order(entry->peer,
		   json_pack("{s:I, s:{s:s, s:s*}}", "session", (json_int_t)entry->number, "order",
			     "kind", "home", "reason", reason));
	peer_reply(peer, json_object(), false);
}
