/*
 * What an administrator calls: the state of things, the sessions, and orders to them.
 */
#include "vdtgw-supervisor/admin_interface.h"

#include "vdtgw-supervisor/ban_store.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/gatekeeper.h"
#include "vdtgw-supervisor/redirections.h"
#include "vdtgw-supervisor/teletel.h"

#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	/* Bytes of sessions in one reply: as many as fit, with room for the message around them. */
	PAGE_MAX = VARLINK_MESSAGE_MAX - 1024,
};

/* {"telnet": 2, …}: one of count_of() for each transport. */
static json_t *by_transport(const struct supervisor *supervisor,
			    int64_t (*count_of)(const struct supervisor *supervisor,
						enum transport transport),
			    int64_t *ret_sum)
{
	json_t *counts = json_object();
	int64_t sum = 0;

	for (int i = 0; i < TRANSPORT_COUNT; i++) {
		int64_t count = count_of(supervisor, (enum transport)i);

		sum += count;
		if (json_object_set_new(counts, transport_name((enum transport)i),
					json_integer(count)) < 0) {
			json_decref(counts);
			return NULL;
		}
	}
	*ret_sum = sum;
	return counts;
}

static int64_t connected(const struct supervisor *supervisor, enum transport transport)
{
	return (int64_t)session_table_count_transport(supervisor->sessions, transport);
}

static int64_t admitted(const struct supervisor *supervisor, enum transport transport)
{
	return supervisor->totals.admitted[transport];
}

static json_t *pack_bans(const struct supervisor *supervisor)
{
	const struct gatekeeper_totals *totals = gatekeeper_totals(supervisor->gatekeeper);

	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:b}", "enabled",
			 (int)supervisor->config->bans.enabled, "count",
			 (json_int_t)ban_list_count(gatekeeper_bans(supervisor->gatekeeper)),
			 "banned", (json_int_t)totals->banned, "unbanned",
			 (json_int_t)totals->unbanned, "refused", (json_int_t)totals->refused,
			 "saved", !ban_store_is_failing(gatekeeper_store(supervisor->gatekeeper)));
}

static json_t *pack_limits(const struct config *config)
{
	return json_pack("{s:I, s:I, s:I}", "sessions", (json_int_t)config->limits.sessions,
			 "per_address", (json_int_t)config->limits.per_address, "half_open",
			 (json_int_t)config->limits.half_open);
}

void admin_interface_status(struct supervisor *supervisor, struct peer *peer,
			    const struct varlink_call *call)
{
	int64_t sessions = 0, admissions = 0;
	json_t *connected_counts, *admitted_counts;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	connected_counts = by_transport(supervisor, connected, &sessions);
	admitted_counts = by_transport(supervisor, admitted, &admissions);
	peer_reply(
	    peer,
	    json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:o, s:I, "
		      "s:o, s:o, s:I, s:I}",
		      "version", VDTGW_VERSION, "pid", (json_int_t)getpid(), "started",
		      (json_int_t)supervisor->started, "uptime",
		      (json_int_t)(event_loop_now() - supervisor->started_monotonic), "launches",
		      (json_int_t)supervisor->launches, "sessions", (json_int_t)sessions,
		      "sessions_by_transport", connected_counts, "admitted", (json_int_t)admissions,
		      "admitted_by_transport", admitted_counts, "refused",
		      (json_int_t)supervisor->totals.refused, "reentered",
		      (json_int_t)supervisor->totals.reentered, "kicked",
		      (json_int_t)supervisor->totals.kicked, "crashed",
		      (json_int_t)supervisor->totals.crashed, "limits",
		      pack_limits(supervisor->config), "redirections",
		      (json_int_t)supervisor->totals.redirections, "command_channel",
		      teletel_pack_channel(supervisor->teletel), "bans", pack_bans(supervisor),
		      "half_open", (json_int_t)session_table_count_half_open(supervisor->sessions),
		      "half_open_limited", (json_int_t)supervisor->totals.half_open),
	    false);
}

static json_t *pack_session(const struct session_entry *entry)
{
	char address[ADDRESS_TEXT_MAX];

	supervisor_format_address(entry, address);
	return json_pack(
	    "{s:I, s:I, s:s, s:s, s:i, s:s, s:s*, s:s*, s:s*, s:O, s:I, s:I, s:I, s:b, s:o*}",
	    "session", (json_int_t)entry->number, "pid", (json_int_t)entry->pid, "transport",
	    transport_name(entry->transport), "address", address, "port", (int)entry->port, "state",
	    entry->state, "service", entry->service, "terminal_type", entry->terminal_type,
	    "window_size", entry->window_size, "environment", entry->environment, "started",
	    (json_int_t)entry->started, "bytes_in", (json_int_t)entry->bytes_in, "bytes_out",
	    (json_int_t)entry->bytes_out, "orders", (int)entry->orders, "redirection",
	    redirections_pack(entry));
}

/* A page of sessions: those from *from on that fit. Sets *ret_next to the first that does not, to
 * 0 where there is none. NULL without memory. */
static json_t *pack_page(const struct session_table *table, int64_t from, int64_t *ret_next)
{
	json_t *page = json_array();
	const struct session_entry *entry = session_table_next(table, from);
	size_t size = 0;

	for (; entry != NULL; entry = session_table_next(table, entry->number + 1)) {
		json_t *session = pack_session(entry);

		size += session != NULL ? varlink_size(session) + 1 : 0;
		if (session != NULL && size > PAGE_MAX && json_array_size(page) > 0) {
			json_decref(session);
			break;
		}
		if (json_array_append_new(page, session) < 0) {
			json_decref(page);
			return NULL;
		}
	}
	*ret_next = entry != NULL ? entry->number : 0;
	return page;
}

void admin_interface_list_sessions(struct supervisor *supervisor, struct peer *peer,
				   const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "from", 0, VARLINK_INT, false, 0, INT64_MAX },
	};
	int64_t from = 0, next = 0;
	json_t *page;

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &from))
		return;
	page = pack_page(supervisor->sessions, from, &next);
	if (next == 0)
		peer_reply(peer, json_pack("{s:o}", "sessions", page), false);
	else
		peer_reply(peer,
			   json_pack("{s:o, s:I}", "sessions", page, "next", (json_int_t)next),
			   false);
}

struct kick_values {
	int64_t session;
	const char *reason;
};

void admin_interface_kick(struct supervisor *supervisor, struct peer *peer,
			  const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "session", offsetof(struct kick_values, session), VARLINK_INT, true, INT64_MIN,
		  INT64_MAX },
		{ "reason", offsetof(struct kick_values, reason), VARLINK_STRING, false, 0,
		  SESSION_TEXT_MAX },
	};
	struct kick_values values = { 0 };
	struct session_entry *entry;

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &values))
		return;
	entry = session_table_find(supervisor->sessions, values.session);
	if (entry == NULL || !entry->orders) {
		peer_error(peer,
			   entry == NULL ? "org.vdtgw.Admin.NoSuchSession"
					 : "org.vdtgw.Admin.NoOrders",
			   json_pack("{s:I}", "session", (json_int_t)values.session));
		return;
	}
	supervisor->totals.kicked++;
	supervisor_log_session(NULL, LOG_PRIORITY_NOTICE, entry,
			       "is kicked by user %lu (pid %ld)%s%s", (unsigned long)peer_uid(peer),
			       (long)peer_pid(peer), values.reason != NULL ? ": " : "",
			       values.reason != NULL ? values.reason : "");
	supervisor_send_away(supervisor, entry, values.reason);
	peer_reply(peer, json_object(), false);
}

void admin_interface_gone(struct supervisor *supervisor, struct peer *peer, enum peer_end why)
{
	events_remove_watcher(supervisor->events, peer);
	if (why != PEER_CLOSED && why != PEER_STOPPING)
		log_warning("admin socket: user %lu (pid %ld) %s and was let go",
			    (unsigned long)peer_uid(peer), (long)peer_pid(peer),
			    peer_end_text(why));
}
