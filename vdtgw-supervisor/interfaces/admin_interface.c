/*
 * What an administrator calls to see the state of things and the sessions.
 */
#include "vdtgw-supervisor/interfaces/admin_interface.h"

#include "common/array.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/bans/own_addresses.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/interfaces/dispatch.h"
#include "vdtgw-supervisor/interfaces/page.h"
#include "vdtgw-supervisor/sessions/redirections.h"
#include "vdtgw-supervisor/teletel/teletel.h"

#include <string.h>
#include <unistd.h>

/* {"telnet": 2, …}; NULL without memory. */
static json_t *pack_counts(const int64_t counts[TRANSPORT_COUNT])
{
	json_t *object = json_object();

	for (int i = 0; i < TRANSPORT_COUNT; i++)
		if (json_object_set_new(object, transport_name((enum transport)i),
					json_integer(counts[i])) < 0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

static int64_t sum(const int64_t counts[TRANSPORT_COUNT])
{
	int64_t sum_of_all = 0;

	for (int i = 0; i < TRANSPORT_COUNT; i++)
		sum_of_all += counts[i];
	return sum_of_all;
}

static json_t *pack_connected(const struct supervisor *supervisor)
{
	int64_t counts[TRANSPORT_COUNT];

	for (int i = 0; i < TRANSPORT_COUNT; i++)
		counts[i] =
		    (int64_t)session_table_count_transport(supervisor->sessions, (enum transport)i);
	return pack_counts(counts);
}

static json_t *pack_timeouts(const struct supervisor *supervisor)
{
	json_t *timeouts = json_object();

	for (int i = 0; i < TIMEOUT_COUNT; i++)
		if (json_object_set_new(timeouts, timeouts_name((enum timeout)i),
					pack_counts(supervisor->totals.timeouts[i])) < 0) {
			json_decref(timeouts);
			return NULL;
		}
	return timeouts;
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

/* Every console door shows what happens. */
static json_int_t count_watchers(const struct supervisor *supervisor, int sockets)
{
	return (json_int_t)events_watcher_count(supervisor->events, sockets);
}

/* The supervisor itself and what is connected; NULL without memory. */
static json_t *pack_status(const struct supervisor *supervisor)
{
	return json_pack(
	    "{s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, "
	    "s:I, s:I, s:o, s:I, s:I}",
	    "version", VDTGW_VERSION, "pid", (json_int_t)getpid(), "started",
	    (json_int_t)supervisor->started, "uptime",
	    (json_int_t)(event_loop_now() - supervisor->started_monotonic), "launches",
	    (json_int_t)supervisor->launches, "sessions",
	    (json_int_t)session_table_count(supervisor->sessions), "sessions_by_transport",
	    pack_connected(supervisor), "admitted", (json_int_t)sum(supervisor->totals.admitted),
	    "admitted_by_transport", pack_counts(supervisor->totals.admitted), "refused",
	    (json_int_t)supervisor->totals.refused, "reentered",
	    (json_int_t)supervisor->totals.reentered, "kicked",
	    (json_int_t)supervisor->totals.kicked, "crashed",
	    (json_int_t)supervisor->totals.crashed, "limits", pack_limits(supervisor->config),
	    "redirections", (json_int_t)supervisor->totals.redirections, "command_channel",
	    teletel_pack_channel(supervisor->teletel), "bans", pack_bans(supervisor), "half_open",
	    (json_int_t)session_table_count_half_open(supervisor->sessions), "half_open_limited",
	    (json_int_t)supervisor->totals.half_open, "timeouts", pack_timeouts(supervisor),
	    "consoles", count_watchers(supervisor, DISPATCH_CONSOLE), "watchers",
	    count_watchers(supervisor, DISPATCH_ADMIN | DISPATCH_CONSOLE));
}

void admin_interface_status(struct supervisor *supervisor, struct peer *peer,
			    const struct varlink_call *call)
{
	if (supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		peer_reply(peer, pack_status(supervisor), false);
}

/* µs since the caller's last byte, or since the start of the call; never less than 0, whatever was
 * done to the clock. */
static json_int_t idle(const struct session_entry *entry)
{
	int64_t since = wall_clock_now() - (entry->typed != 0 ? entry->typed : entry->started);

	return since > 0 ? since : 0;
}

static json_t *pack_session(const struct session_entry *entry)
{
	char address[ADDRESS_TEXT_MAX];

	supervisor_format_address(entry, address);
	return json_pack("{s:I, s:I, s:s, s:s, s:i, s:s, s:s*, s:s*, s:s*, s:O, s:I, s:I, s:I, "
			 "s:I, s:I, s:b, s:I, "
			 "s:o*}",
			 "session", (json_int_t)entry->number, "pid", (json_int_t)entry->pid,
			 "transport", transport_name(entry->transport), "address", address, "port",
			 (int)entry->port, "state", entry->state, "service", entry->service,
			 "terminal_type", entry->terminal_type, "window_size", entry->window_size,
			 "environment", entry->environment, "started", (json_int_t)entry->started,
			 "bytes_in", (json_int_t)entry->bytes_in, "bytes_out",
			 (json_int_t)entry->bytes_out, "queue", (json_int_t)entry->queue, "idle",
			 idle(entry), "orders", (int)entry->orders, "redirections",
			 (json_int_t)entry->redirections, "redirection", redirections_pack(entry));
}

/* A page of sessions: those from *from on that fit. Sets *ret_next to the first that does not, to
 * 0 where there is none. NULL without memory. */
static json_t *pack_page(const struct session_table *table, int64_t from, int64_t *ret_next)
{
	json_t *page = json_array();
	const struct session_entry *entry = session_table_next(table, from);
	size_t size = 0;

	while (entry != NULL && page_append(&page, &size, pack_session(entry)))
		entry = session_table_next(table, entry->number + 1);
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

void admin_interface_get_session(struct supervisor *supervisor, struct peer *peer,
				 const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "session", 0, VARLINK_INT, true, INT64_MIN, INT64_MAX },
	};
	const struct session_entry *entry;
	int64_t number;

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &number))
		return;
	entry = session_table_find(supervisor->sessions, number);
	if (entry == NULL)
		peer_error(peer, "org.vdtgw.Admin.NoSuchSession",
			   json_pack("{s:I}", "session", (json_int_t)number));
	else
		peer_reply(peer, json_pack("{s:o}", "session", pack_session(entry)), false);
}

void admin_interface_addresses(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	struct address own[NEVER_OWN_MAX];
	char text[ADDRESS_TEXT_MAX];
	json_t *addresses;
	size_t count = 0;
	int error;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	error = own_addresses_read(own, NEVER_OWN_MAX, &count);
	if (error < 0)
		log_warning("this machine's own addresses cannot be told: %s", strerror(-error));
	addresses = json_array();
	for (size_t i = 0; i < count; i++) {
		address_format(&own[i], text);
		json_array_append_new(addresses, json_string(text));
	}
	peer_reply(peer, json_pack("{s:o}", "addresses", addresses), false);
}

void admin_interface_gone(struct supervisor *supervisor, struct peer *peer, enum peer_end why)
{
	const char *door = peer_kind(peer) == DISPATCH_CONSOLE ? "console" : "admin";
	char by[PEER_TEXT_MAX];

	events_remove_watcher(supervisor->events, peer);
	if (why != PEER_CLOSED && why != PEER_STOPPING &&
	    supervisor_may_log_let_go(&supervisor->others_let_go, door))
		log_warning("%s socket: %s %s and was let go", door, peer_format(peer, by),
			    peer_end_text(why));
}
