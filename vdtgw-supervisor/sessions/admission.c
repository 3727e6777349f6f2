/*
 * The limits on who is let in. A banned caller is refused without a word in the log; whoever finds
 * no room is worth one.
 */
#include "vdtgw-supervisor/sessions/admission.h"

#include "common/messages.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/events.h"

#include <string.h>

/* µs that a caller has to send something before a newcomer takes its place. */
#define HALF_OPEN_GRACE UINT64_C(2000000)

bool admission_is_half_open(const struct session_entry *entry)
{
	if (entry->bytes_in > 0 || entry->sent_away || entry->again)
		return false;
	if (entry->terminal_type != NULL || entry->window_size != NULL ||
	    json_object_size(entry->environment) > 0)
		return false;
	return entry->transport != TRANSPORT_WEBSOCKET || strcmp(entry->state, "entering") == 0 ||
	       strcmp(entry->state, "answering") == 0;
}

static bool refuse_if_banned(struct supervisor *supervisor, struct peer *peer,
			     const struct admission_caller *caller)
{
	if (!caller->has_address || !gatekeeper_refuses(supervisor->gatekeeper, &caller->address))
		return false;
	peer_error(peer, "org.vdtgw.Session.Banned", json_object());
	return true;
}

/* One of the limits, as the configuration calls it and in words. */
struct limit {
	const char *key;
	const char *words;
	bool per_address;
};

static const struct limit sessions_limit = { "limits.sessions", "sessions are connected", false };
static const struct limit address_limit = { "limits.per_address",
					    "sessions are connected from there", true };
static const struct limit half_open_limit = { "limits.half_open", "calls have sent nothing yet",
					      false };

/* Refuses a caller for want of room. */
static void refuse(struct supervisor *supervisor, struct peer *peer,
		   const struct admission_caller *caller, const struct limit *limit, unsigned value)
{
	struct event event = event_of(EVENT_REFUSED);
	char address[ADDRESS_TEXT_MAX] = "local";
	const struct log_field fields[] = {
		{ "VDTGW_ADDRESS", caller->has_address ? address : NULL },
		{ "VDTGW_TRANSPORT", transport_name(caller->transport) },
		{ "VDTGW_REASON", limit->key },
	};

	if (caller->has_address)
		address_format(&caller->address, address);
	supervisor->totals.refused++;
	log_event(LOG_PRIORITY_INFO, MESSAGE_CALL_REFUSED, fields,
		  sizeof(fields) / sizeof(fields[0]),
		  "a caller was refused (%s, %s port %u, pid %ld): %u %s, which is the limit",
		  transport_name(caller->transport), address, caller->port, (long)peer_pid(peer),
		  value, limit->words);
	event_set_caller(&event, caller->transport, caller->has_address ? &caller->address : NULL,
			 caller->port);
	event.reason = limit->key;
	events_publish(supervisor->events, &event);
	peer_error(peer, "org.vdtgw.Session.Full",
		   json_pack("{s:I, s:b}", "limit", (json_int_t)value, "per_address",
			     (int)limit->per_address));
}

/* Loopback is this machine's own programs, a proxy among them, and has no limit of its own. */
static bool refuse_if_full(struct supervisor *supervisor, struct peer *peer,
			   const struct admission_caller *caller)
{
	unsigned limit = supervisor->config->limits.sessions;

	if (session_table_count(supervisor->sessions) >= limit) {
		refuse(supervisor, peer, caller, &sessions_limit, limit);
		return true;
	}
	if (!caller->has_address || address_is_loopback(&caller->address))
		return false;
	limit = supervisor->config->limits.per_address;
	if (session_table_count_address(supervisor->sessions, &caller->address) < limit)
		return false;
	refuse(supervisor, peer, caller, &address_limit, limit);
	return true;
}

/* At the limit of half-open calls the one that has been silent for longest makes room, unless it
 * has had no time to answer yet: then the newcomer is refused. */
static bool refuse_if_too_silent(struct supervisor *supervisor, struct peer *peer,
				 const struct admission_caller *caller)
{
	unsigned limit = supervisor->config->limits.half_open;
	struct session_entry *oldest = session_table_oldest_half_open(supervisor->sessions);

	if (limit == 0 || session_table_count_half_open(supervisor->sessions) < limit)
		return false;
	supervisor->totals.half_open++;
	if (oldest->orders && event_loop_now() - oldest->entered >= HALF_OPEN_GRACE) {
		supervisor_log_session(NULL, LOG_PRIORITY_INFO, oldest,
				       "makes room: it has sent nothing, as %u others", limit - 1);
		supervisor_send_away(supervisor, oldest, "half-open");
		return false;
	}
	refuse(supervisor, peer, caller, &half_open_limit, limit);
	return true;
}

bool admission_refuses(struct supervisor *supervisor, struct peer *peer,
		       const struct admission_caller *caller)
{
	return refuse_if_banned(supervisor, peer, caller) ||
	       refuse_if_full(supervisor, peer, caller) ||
	       refuse_if_too_silent(supervisor, peer, caller);
}
