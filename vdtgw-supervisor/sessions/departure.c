/*
 * The end of a call: told of by the session, or known by the end of its connection, which is a
 * crash where nothing was said. A session that is let go may enter again; so that is no end of its
 * call.
 */
#include "vdtgw-supervisor/sessions/departure.h"

#include "common/messages.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/interfaces/session_interface.h"
#include "vdtgw-supervisor/sessions/redirections.h"
#include "vdtgw-supervisor/sessions/timeouts.h"
#include "vdtgw-supervisor/teletel/teletel.h"

#include <stddef.h>

struct values {
	const char *reason;
	int64_t bytes_in;
	int64_t bytes_out;
	int64_t duration;
};

/* Whether the end of a call counts against its caller; not where we ended it, or had lost sight of
 * it. duration: as the session measured it. Of a supervisor that was held up both news come at
 * once, and of a session that was held up the caller knows nothing: the longer one is the one. */
static void judge(struct supervisor *supervisor, const struct session_entry *entry,
		  const char *reason, int64_t duration)
{
	int64_t seen = (int64_t)(event_loop_now() - entry->entered);

	if (entry->has_address && !entry->again && !entry->sent_away)
		gatekeeper_judge(supervisor->gatekeeper, &entry->address, reason,
				 seen > duration ? seen : duration);
}

static void tell_end(struct supervisor *supervisor, const struct session_entry *entry,
		     const struct values *values)
{
	struct event event = event_of_call(EVENT_ENDED, entry);

	event.reason = values->reason;
	event.duration = values->duration;
	event.bytes_in = values->bytes_in;
	event.bytes_out = values->bytes_out;
	events_publish(supervisor->events, &event);
}

void departure_leave(struct supervisor *supervisor, struct peer *peer,
		     const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "reason", offsetof(struct values, reason), VARLINK_STRING, true, 0,
		  SESSION_TEXT_MAX },
		{ "bytes_in", offsetof(struct values, bytes_in), VARLINK_INT, true, 0, INT64_MAX },
		{ "bytes_out", offsetof(struct values, bytes_out), VARLINK_INT, true, 0,
		  INT64_MAX },
		{ "duration", offsetof(struct values, duration), VARLINK_INT, true, 0, INT64_MAX },
	};
	struct session_entry *entry = session_interface_caller(peer);
	struct values values;

	if (entry == NULL || !supervisor_read_parameters(
				 peer, call, fields, sizeof(fields) / sizeof(fields[0]), &values))
		return;
	supervisor_log_session(NULL, LOG_PRIORITY_DEBUG, entry, "left: %s", values.reason);
	teletel_left(supervisor->teletel, entry);
	redirections_left(supervisor->redirections, entry, values.reason);
	timeouts_judge_call(supervisor, entry, values.reason);
	tell_end(supervisor, entry, &values);
	judge(supervisor, entry, values.reason, values.duration);
	supervisor_forget(supervisor, entry);
	peer_reply(peer, json_object(), false);
}

/* How long a call was of whose end nobody told: by when it entered, or by when its session says
 * that it began, which may have been while there was no supervisor, or one that was held up. */
static int64_t length_of(const struct session_entry *entry)
{
	int64_t seen = (int64_t)(event_loop_now() - entry->entered);
	int64_t said = wall_clock_now() - entry->started;

	return said > seen ? said : seen;
}

static void crash(struct supervisor *supervisor, struct session_entry *entry)
{
	int64_t duration = length_of(entry);
	struct event event = event_of_session(EVENT_CRASHED, entry);

	supervisor->totals.crashed++;
	if (!entry->again)
		event.duration = duration;
	event.bytes_in = entry->bytes_in;
	event.bytes_out = entry->bytes_out;
	supervisor_log_end(MESSAGE_CALL_CRASHED, LOG_PRIORITY_ERROR, entry, &event,
			   "crashed: its connection ended without a word");
	teletel_left(supervisor->teletel, entry);
	redirections_crashed(supervisor->redirections, entry);
	events_publish(supervisor->events, &event);
	judge(supervisor, entry, NULL, duration);
}

static void log_let_go(const struct peer *peer, enum peer_end why)
{
	const struct session_entry *entry = peer_session(peer);

	if (entry == NULL)
		log_warning("session socket: pid %ld %s and was let go", (long)peer_pid(peer),
			    peer_end_text(why));
	else
		supervisor_log_session(NULL, LOG_PRIORITY_ERROR, entry, "%s and was let go",
				       peer_end_text(why));
}

void departure_gone(struct supervisor *supervisor, struct peer *peer, enum peer_end why)
{
	struct session_entry *entry = peer_session(peer);
	bool let_go = why != PEER_CLOSED && why != PEER_REPLACED && why != PEER_STOPPING;

	if (let_go && supervisor_may_log_let_go(&supervisor->sessions_let_go, "session"))
		log_let_go(peer, why);
	if (entry == NULL)
		return;
	if (why == PEER_CLOSED)
		crash(supervisor, entry);
	/* Otherwise it goes on, and is with the Teletel server as it was. */
	if (let_go)
		teletel_left(supervisor->teletel, entry);
	supervisor_forget(supervisor, entry);
}
