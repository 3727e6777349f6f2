/*
 * What session processes call: they are admitted or refused, given a number, and what they say of
 * themselves is kept in the table.
 */
#include "vdtgw-supervisor/interfaces/session_interface.h"

#include "common/array.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/reload.h"
#include "vdtgw-supervisor/sessions/admission.h"
#include "vdtgw-supervisor/sessions/dumps.h"
#include "vdtgw-supervisor/sessions/redirections.h"
#include "vdtgw-supervisor/teletel/teletel.h"

#include <string.h>

/* The parameters of all the methods; what a call does not hold stays NULL or -1. */
struct values {
	const char *transport;
	const char *address;
	int64_t port;
	int64_t session;
	int64_t started;
	const char *state;
	const char *reason;
	const char *home;
	const char *service;
	const char *terminal_type;
	const char *window_size;
	json_t *environment;
	const char *redirection;
	int64_t bytes_in;
	int64_t bytes_out;
	int64_t typed;
	int64_t queue;
	int64_t remote_in;
	int64_t remote_out;
};

static const struct values no_values = {
	.session = -1,
	.started = -1,
	.bytes_in = -1,
	.bytes_out = -1,
	.typed = -1,
	.queue = -1,
	.remote_in = -1,
	.remote_out = -1,
};

#define TEXT(member, required, most)                                                               \
	{                                                                                          \
#member, offsetof(struct values, member), VARLINK_STRING, required, 0, most        \
	}
#define NUMBER(member, required, least, most)                                                      \
	{                                                                                          \
#member, offsetof(struct values, member), VARLINK_INT, required, least, most       \
	}
#define ENVIRONMENT                                                                                \
	{                                                                                          \
		"environment", offsetof(struct values, environment), VARLINK_OBJECT, false, 0, 0   \
	}

/* A word of a-z and "-". */
static bool is_word(const char *text)
{
	return text[0] != 0 && text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == 0;
}

static bool is_environment(json_t *variables)
{
	const char *name;
	json_t *value;

	json_object_foreach(variables, name, value) if (!json_is_string(value)) return false;
	return true;
}

/* What the table of fields cannot say. */
static const char *find_invalid(const struct values *values)
{
	if (values->state != NULL && !is_word(values->state))
		return "state";
	if (values->environment != NULL && !is_environment(values->environment))
		return "environment";
	if (values->redirection != NULL && !command_tag_is_valid(values->redirection))
		return "redirection";
	return NULL;
}

static bool read_values(struct peer *peer, const struct varlink_call *call,
			const struct varlink_field *fields, size_t count, struct values *ret_values)
{
	const char *invalid;

	*ret_values = no_values;
	if (!supervisor_read_parameters(peer, call, fields, count, ret_values))
		return false;
	invalid = find_invalid(ret_values);
	if (invalid != NULL)
		supervisor_answer_invalid(peer, invalid);
	return invalid == NULL;
}

/* What a call does not hold stays as it was. */
static void keep_number(int64_t *place, int64_t value)
{
	if (value >= 0)
		*place = value;
}

/* Keeps what a session said of itself. Returns 0 or -ENOMEM. */
static int keep(struct session_entry *entry, const struct values *values)
{
	int error = 0;

	if (values->state != NULL)
		memcpy(entry->state, values->state, strlen(values->state) + 1);
	keep_number(&entry->bytes_in, values->bytes_in);
	keep_number(&entry->bytes_out, values->bytes_out);
	keep_number(&entry->typed, values->typed);
	keep_number(&entry->queue, values->queue);
	if (entry->redirection.state != REDIRECTION_NONE) {
		keep_number(&entry->redirection.bytes_in, values->remote_in);
		keep_number(&entry->redirection.bytes_out, values->remote_out);
	}
	if (values->home != NULL)
		error = session_entry_set_text(&entry->home, values->home);
	if (values->service != NULL && error == 0)
		error = session_entry_set_text(&entry->service, values->service);
	if (values->terminal_type != NULL && error == 0)
		error = session_entry_set_text(&entry->terminal_type, values->terminal_type);
	if (values->window_size != NULL && error == 0)
		error = session_entry_set_text(&entry->window_size, values->window_size);
	if (values->environment != NULL && error == 0)
		error = session_entry_add_environment(entry, values->environment);
	return error;
}

static const char *read_caller(const struct values *values, struct admission_caller *ret_caller)
{
	struct admission_caller caller = {
		.has_address = values->address[0] != 0,
		.port = (uint16_t)values->port,
	};

	if (transport_from_name(&caller.transport, values->transport) < 0)
		return "transport";
	if (caller.has_address && address_parse(&caller.address, values->address) < 0)
		return "address";
	*ret_caller = caller;
	return NULL;
}

/* What was known of a session that comes back over another connection. */
struct known {
	bool announced;
	int64_t redirections;
	struct redirection redirection;
};

/* The number that a session which enters again keeps; 0 where it needs a new one. */
static int64_t reclaim_number(struct supervisor *supervisor, struct peer *peer, int64_t number,
			      struct known *known)
{
	struct session_entry *entry = session_table_find(supervisor->sessions, number);

	if (!session_numbers_claim(&supervisor->numbers, number))
		return 0;
	if (entry == NULL)
		return number;
	/* The same process: its older connection is dead, only the news is late. */
	if (peer_pid(entry->peer) != peer_pid(peer))
		return 0;
	known->announced = entry->announced;
	known->redirections = entry->redirections;
	known->redirection = entry->redirection;
	entry->redirection = (struct redirection) { .state = REDIRECTION_NONE };
	peer_end(entry->peer, PEER_REPLACED);
	return session_table_find(supervisor->sessions, number) == NULL ? number : 0;
}

static int64_t new_number(struct supervisor *supervisor)
{
	bool failed;
	int64_t number;

	do {
		number = session_numbers_take(&supervisor->numbers, wall_clock_now(), &failed);
		if (failed) {
			log_error("session numbers come from the clock for now, because the "
				  "database cannot be written: %s",
				  database_why(supervisor->numbers.database));
			ban_store_check(gatekeeper_store(supervisor->gatekeeper));
		}
	} while (session_table_find(supervisor->sessions, number) != NULL);
	return number;
}

/* The redirection that the session names goes on, with what was known of it, if anything was. An
 * administrator's is known by its tag after a restart, too: the Teletel server hears nothing of it.
 * Returns 0 or -ENOMEM. */
static int keep_redirection(struct session_entry *entry, const struct values *values,
			    struct known *known)
{
	struct redirection *redirection = &entry->redirection;

	if (strcmp(known->redirection.tag, values->redirection) == 0) {
		*redirection = known->redirection;
		known->redirection = (struct redirection) { .state = REDIRECTION_NONE };
	} else {
		memcpy(redirection->tag, values->redirection, strlen(values->redirection) + 1);
		redirection->orphaned = redirections_is_own_tag(redirection->tag);
		redirection->origin =
		    redirection->orphaned ? REDIRECTION_BY_ADMINISTRATOR : REDIRECTION_BY_TELETEL;
	}
	if (entry->redirections == 0)
		entry->redirections = 1;
	redirection->state =
	    strcmp(entry->state, "redirecting") == 0 ? REDIRECTION_STARTING : REDIRECTION_CONNECTED;
	return values->service != NULL
		   ? session_entry_set_text(&redirection->service, values->service)
		   : 0;
}

/* Adds the session to the table. Returns its entry; NULL without memory. */
static struct session_entry *add_session(struct supervisor *supervisor, struct peer *peer,
					 const struct values *values,
					 const struct admission_caller *caller, int64_t number,
					 struct known *known)
{
	struct session_entry *entry;

	if (session_table_add(supervisor->sessions, number, caller->transport,
			      caller->has_address ? &caller->address : NULL, &entry) < 0)
		return NULL;
	entry->pid = peer_pid(peer);
	entry->port = caller->port;
	entry->started = values->started >= 0 ? values->started : wall_clock_now();
	memcpy(entry->state, "entering", sizeof("entering"));
	entry->announced = known->announced;
	entry->redirections = known->redirections;
	if (keep(entry, values) < 0 ||
	    (values->redirection != NULL && keep_redirection(entry, values, known) < 0)) {
		session_table_remove(supervisor->sessions, entry);
		return NULL;
	}
	entry->entered = event_loop_now();
	entry->again = values->session >= 0;
	entry->peer = peer;
	peer_set_session(peer, entry);
	peer_settle(peer, true);
	notifier_changed(supervisor->notifier);
	return entry;
}

/* Tells of a session that is there now. */
static void tell(struct supervisor *supervisor, struct session_entry *entry,
		 const struct known *known, bool again)
{
	if (!again) {
		const struct event event = event_of_call(EVENT_STARTED, entry);

		events_publish(supervisor->events, &event);
	}
	teletel_entered(supervisor->teletel, entry);
	if (known->redirection.state == REDIRECTION_NONE)
		return;
	redirections_lost(supervisor->redirections, entry, &known->redirection);
	if (!known->redirection.orphaned)
		teletel_redirection_lost(supervisor->teletel, entry, known->redirection.tag);
}

/* With the file that takes what a new caller types, if there is to be one: one that enters again
 * has its own. */
static void answer_admission(struct supervisor *supervisor, struct peer *peer,
			     const struct session_entry *entry, bool more)
{
	json_t *reply = json_pack("{s:I, s:b}", "session", (json_int_t)entry->number, "channel",
				  (int)teletel_is_up(supervisor->teletel));
	char address[ADDRESS_TEXT_MAX];
	const struct dump_call call = {
		.launch = supervisor->launches,
		.number = entry->number,
		.address = address,
		.port = entry->port,
		.transport = entry->transport,
		.started = entry->started,
	};
	int descriptor = -1;
	uint64_t room;

	supervisor_format_address(entry, address);
	if (!entry->again)
		descriptor = dumps_open(supervisor->dumps, supervisor->config, &call, &room);
	if (reply != NULL && descriptor >= 0)
		(void)json_object_set_new(reply, "dump", json_integer((json_int_t)room));
	peer_reply_with(peer, reply, more, descriptor);
}

static void admit(struct supervisor *supervisor, struct peer *peer, const struct values *values,
		  const struct admission_caller *caller, bool more)
{
	bool again = values->session >= 0;
	struct known known = { .announced = false };
	int64_t number = again ? reclaim_number(supervisor, peer, values->session, &known) : 0;
	struct session_entry *entry;

	if (number == 0)
		number = new_number(supervisor);
	entry = add_session(supervisor, peer, values, caller, number, &known);
	if (entry == NULL) {
		redirection_clear(&known.redirection);
		peer_end(peer, PEER_NO_MEMORY);
		return;
	}
	entry->orders = more;
	session_table_set_half_open(supervisor->sessions, entry, admission_is_half_open(entry));
	if (again)
		supervisor->totals.reentered++;
	else
		supervisor->totals.admitted[caller->transport]++;
	if (again && number != values->session)
		supervisor_log_session(NULL, LOG_PRIORITY_WARNING, entry,
				       "entered again and was session %lld, a number that it "
				       "could not keep",
				       (long long)values->session);
	tell(supervisor, entry, &known, again);
	redirection_clear(&known.redirection);
	answer_admission(supervisor, peer, entry, more);
	if (again && more)
		reload_tell_session(entry, supervisor->config);
}

void session_interface_enter(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		TEXT(transport, true, SESSION_WORD_MAX),
		TEXT(address, true, ADDRESS_TEXT_MAX),
		NUMBER(port, true, 0, UINT16_MAX),
		NUMBER(session, false, 1, INT64_MAX),
		NUMBER(started, false, 0, INT64_MAX),
		TEXT(state, false, SESSION_WORD_MAX),
		TEXT(home, false, SESSION_SERVICE_MAX),
		TEXT(service, false, SESSION_SERVICE_MAX),
		TEXT(terminal_type, false, SESSION_TEXT_MAX),
		TEXT(window_size, false, SESSION_TEXT_MAX),
		ENVIRONMENT,
		NUMBER(bytes_in, false, 0, INT64_MAX),
		NUMBER(bytes_out, false, 0, INT64_MAX),
		TEXT(redirection, false, COMMAND_TAG_MAX),
	};
	struct values values;
	struct admission_caller caller;
	const char *invalid;

	if (peer_had_session(peer)) {
		peer_error(peer, "org.vdtgw.Session.AlreadyEntered", json_object());
		return;
	}
	if (!read_values(peer, call, fields, LENGTH(fields), &values))
		return;
	/* It could not wait for its answer, and asks again, or is no more: it is nobody's session.
	 */
	if (peer_has_hung_up(peer)) {
		peer_end(peer, PEER_CLOSED);
		return;
	}
	invalid = read_caller(&values, &caller);
	if (invalid != NULL)
		supervisor_answer_invalid(peer, invalid);
	else if (values.session >= 0 || !admission_refuses(supervisor, peer, &caller))
		admit(supervisor, peer, &values, &caller, call->more);
}

struct session_entry *session_interface_caller(struct peer *peer)
{
	struct session_entry *entry = peer_session(peer);

	if (entry == NULL)
		peer_error(peer, "org.vdtgw.Session.NotEntered", json_object());
	return entry;
}

/* What the methods that only tell something have in common. False: it was answered that this
 * cannot be. */
static bool take_news(struct supervisor *supervisor, struct peer *peer,
		      const struct varlink_call *call, const struct varlink_field *fields,
		      size_t count, struct values *ret_values)
{
	struct session_entry *entry = session_interface_caller(peer);

	if (entry == NULL || !read_values(peer, call, fields, count, ret_values))
		return false;
	if (keep(entry, ret_values) < 0) {
		peer_end(peer, PEER_NO_MEMORY);
		return false;
	}
	if (entry->half_open && !admission_is_half_open(entry))
		session_table_set_half_open(supervisor->sessions, entry, false);
	peer_reply(peer, json_object(), false);
	return true;
}

void session_interface_state_changed(struct supervisor *supervisor, struct peer *peer,
				     const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		TEXT(state, true, SESSION_WORD_MAX),
		TEXT(reason, false, SESSION_TEXT_MAX),
		TEXT(service, false, SESSION_SERVICE_MAX),
	};
	const struct session_entry *entry = peer_session(peer);
	char before[SESSION_WORD_MAX + 1] = "";
	struct values values;
	struct event event;

	if (entry != NULL)
		memcpy(before, entry->state, sizeof(before));
	if (!take_news(supervisor, peer, call, fields, LENGTH(fields), &values) ||
	    strcmp(values.state, before) == 0)
		return;
	event = event_of_session(EVENT_STATE, entry);
	event.state = values.state;
	event.reason = values.reason;
	events_publish(supervisor->events, &event);
}

void session_interface_learned(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		TEXT(terminal_type, false, SESSION_TEXT_MAX),
		TEXT(window_size, false, SESSION_TEXT_MAX),
		ENVIRONMENT,
	};
	struct values values;

	(void)take_news(supervisor, peer, call, fields, LENGTH(fields), &values);
}

void session_interface_traffic(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		NUMBER(bytes_in, true, 0, INT64_MAX),   NUMBER(bytes_out, true, 0, INT64_MAX),
		NUMBER(typed, false, 0, INT64_MAX),     NUMBER(queue, false, 0, INT64_MAX),
		NUMBER(remote_in, false, 0, INT64_MAX), NUMBER(remote_out, false, 0, INT64_MAX),
	};
	struct values values;

	(void)take_news(supervisor, peer, call, fields, LENGTH(fields), &values);
}
