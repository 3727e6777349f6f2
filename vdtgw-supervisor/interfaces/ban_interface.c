/*
 * What an administrator sees of the bans, and changes about them.
 */
#include "vdtgw-supervisor/interfaces/ban_interface.h"

#include "common/array.h"
#include "common/messages.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/interfaces/page.h"

#include <errno.h>
#include <string.h>

/* Numbers of this machine's own addresses in ListNever: behind all others. */
#define OWN_NUMBERS  (INT64_C(1) << 40)
/* µs; as bans.duration of the configuration. */
#define DURATION_MAX (INT64_C(3650) * 86400 * 1000000)

struct values {
	const char *network;
	const char *comment;
	int64_t duration;
};

static const struct varlink_field network_only[] = {
	{ "network", offsetof(struct values, network), VARLINK_STRING, true, 0, NETWORK_TEXT_MAX },
};
static const struct varlink_field network_and_comment[] = {
	{ "network", offsetof(struct values, network), VARLINK_STRING, true, 0, NETWORK_TEXT_MAX },
	{ "comment", offsetof(struct values, comment), VARLINK_STRING, false, 0, BAN_COMMENT_MAX },
};

/* Reads the parameters, and the network among them. */
static bool read_values(struct peer *peer, const struct varlink_call *call,
			const struct varlink_field *fields, size_t count, struct values *ret_values,
			struct network *ret_network)
{
	struct values values = { 0 };

	if (!supervisor_read_parameters(peer, call, fields, count, &values))
		return false;
	if (network_parse(ret_network, values.network) < 0) {
		supervisor_answer_invalid(peer, "network");
		return false;
	}
	*ret_values = values;
	return true;
}

/* An address alone means its caller. */
static void widen(struct network *network, const char *text)
{
	if (strchr(text, '/') == NULL)
		*network = network_of_caller(&network->address);
}

static void answer_error(struct peer *peer, const char *error, const struct network *network)
{
	char text[NETWORK_TEXT_MAX];

	network_format(network, text);
	peer_error(peer, error, json_pack("{s:s}", "network", text));
}

/* What was done, and whether it outlives this process. */
static void answer_network(struct supervisor *supervisor, struct peer *peer,
			   const struct network *network)
{
	char text[NETWORK_TEXT_MAX];

	network_format(network, text);
	peer_reply(peer,
		   json_pack("{s:s, s:b}", "network", text, "saved",
			     !ban_store_is_failing(gatekeeper_store(supervisor->gatekeeper))),
		   false);
}

static void log_order(struct peer *peer, const char *message_id, const struct network *network,
		      const char *what, const char *comment)
{
	char text[NETWORK_TEXT_MAX], by[PEER_TEXT_MAX];
	const struct log_field fields[] = {
		{ "VDTGW_ADDRESS", text },
		{ "VDTGW_REASON", comment },
	};

	network_format(network, text);
	log_event(LOG_PRIORITY_NOTICE, message_id, fields, LENGTH(fields),
		  "%s is %s, by order of %s%s%s", text, what, peer_format(peer, by),
		  comment != NULL ? ": " : "", comment != NULL ? comment : "");
}

/* Pages. */

static bool read_from(struct peer *peer, const struct varlink_call *call, int64_t *from)
{
	static const struct varlink_field fields[] = {
		{ "from", 0, VARLINK_INT, false, 0, INT64_MAX },
	};

	return supervisor_read_parameters(peer, call, fields, LENGTH(fields), from);
}

/* next 0: there are no more. page is taken over. */
static void answer_page(struct peer *peer, const char *name, json_t *page, int64_t total,
			int64_t next)
{
	if (next == 0)
		peer_reply(peer, json_pack("{s:o, s:I}", name, page, "total", (json_int_t)total),
			   false);
	else
		peer_reply(peer,
			   json_pack("{s:o, s:I, s:I}", name, page, "total", (json_int_t)total,
				     "next", (json_int_t)next),
			   false);
}

static json_t *pack_ban(const struct gatekeeper *gatekeeper, const struct ban *ban)
{
	char network[NETWORK_TEXT_MAX];
	/* By one look at the clocks, so that the times are apart as they are. */
	int64_t visited = gatekeeper_wall_time(gatekeeper, ban->visited);

	network_format(&ban->node.network, network);
	return json_pack("{s:s, s:I, s:I, s:I, s:s, s:s*, s:I}", "network", network, "since",
			 (json_int_t)(visited - (ban->visited - ban->since)), "visited",
			 (json_int_t)visited, "until",
			 (json_int_t)(visited + (ban_ends(ban) - ban->visited)), "reason",
			 ban_reason_name(ban->reason), "comment", ban->comment, "refusals",
			 (json_int_t)ban->refusals);
}

void ban_interface_list_bans(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call)
{
	const struct ban_list *bans = gatekeeper_bans(supervisor->gatekeeper);
	const struct ban *ban;
	json_t *page;
	size_t size = 0;
	int64_t from = 0;

	if (!read_from(peer, call, &from))
		return;
	page = json_array();
	for (ban = ban_list_next(bans, from); ban != NULL;
	     ban = ban_list_next(bans, ban->number + 1))
		if (!page_append(&page, &size, pack_ban(supervisor->gatekeeper, ban)))
			break;
	answer_page(peer, "bans", page, (int64_t)ban_list_count(bans),
		    ban != NULL ? ban->number : 0);
}

static json_t *pack_never(const struct never *never)
{
	char network[NETWORK_TEXT_MAX];

	network_format(&never->node.network, network);
	if (never->configured != NULL)
		return json_pack("{s:s, s:s, s:s}", "network", network, "origin", "configuration",
				 "comment", never->configured);
	if (never->added == 0)
		return json_pack("{s:s, s:s, s:s*}", "network", network, "origin", "added",
				 "comment", never->comment);
	return json_pack("{s:s, s:s, s:I, s:s*}", "network", network, "origin", "added", "added",
			 (json_int_t)never->added, "comment", never->comment);
}

static json_t *pack_own(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	address_format(address, text);
	return json_pack("{s:s, s:s}", "network", text, "origin", "machine");
}

/* Those of the machine from a number on. Returns the number of the first that did not fit, or 0. */
static int64_t append_own(const struct never_list *nevers, int64_t from, json_t **page,
			  size_t *size)
{
	int64_t i = from > OWN_NUMBERS ? from - OWN_NUMBERS : 0;

	for (; i < (int64_t)never_list_own_count(nevers); i++)
		if (!page_append(page, size, pack_own(never_list_own(nevers, (size_t)i))))
			return OWN_NUMBERS + i;
	return 0;
}

void ban_interface_list_never(struct supervisor *supervisor, struct peer *peer,
			      const struct varlink_call *call)
{
	const struct never_list *nevers = gatekeeper_nevers(supervisor->gatekeeper);
	const struct never *never;
	json_t *page;
	size_t size = 0;
	int64_t from = 0, next = 0;

	if (!read_from(peer, call, &from))
		return;
	page = json_array();
	for (never = never_list_next(nevers, from); never != NULL && next == 0;
	     never = never_list_next(nevers, never->number + 1))
		if (!page_append(&page, &size, pack_never(never)))
			next = never->number;
	if (next == 0)
		next = append_own(nevers, from, &page, &size);
	answer_page(peer, "never", page,
		    (int64_t)(never_list_count(nevers) + never_list_own_count(nevers)), next);
}

/* Changes. */

/* Whoever is there is not asked to stay. */
static void send_away(struct supervisor *supervisor, const struct network *network)
{
	const struct never_list *nevers = gatekeeper_nevers(supervisor->gatekeeper);
	struct session_entry *entry = session_table_next(supervisor->sessions, 0);

	while (entry != NULL) {
		int64_t number = entry->number;

		if (entry->has_address && entry->orders && !entry->sent_away &&
		    network_contains(network, &entry->address) &&
		    !never_list_holds(nevers, &entry->address))
			supervisor_send_away(supervisor, entry, "banned");
		entry = session_table_next(supervisor->sessions, number + 1);
	}
}

void ban_interface_ban(struct supervisor *supervisor, struct peer *peer,
		       const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		{ "network", offsetof(struct values, network), VARLINK_STRING, true, 0,
		  NETWORK_TEXT_MAX },
		{ "duration", offsetof(struct values, duration), VARLINK_INT, false, 1000000,
		  DURATION_MAX },
		{ "comment", offsetof(struct values, comment), VARLINK_STRING, false, 0,
		  BAN_COMMENT_MAX },
	};
	struct values values;
	struct network network;
	int error;

	if (!read_values(peer, call, fields, LENGTH(fields), &values, &network))
		return;
	if (gatekeeper_is_never_banned(supervisor->gatekeeper, &network)) {
		answer_error(peer, "org.vdtgw.Admin.NeverBanned", &network);
		return;
	}
	widen(&network, values.network);
	error = gatekeeper_ban(supervisor->gatekeeper, &network, values.duration, values.comment);
	if (error < 0) {
		peer_end(peer, PEER_NO_MEMORY);
		return;
	}
	log_order(peer, MESSAGE_ADDRESS_BANNED, &network, "banned", values.comment);
	if (supervisor->config->bans.enabled)
		send_away(supervisor, &network);
	answer_network(supervisor, peer, &network);
}

void ban_interface_unban(struct supervisor *supervisor, struct peer *peer,
			 const struct varlink_call *call)
{
	struct values values;
	struct network network;

	if (!read_values(peer, call, network_only, LENGTH(network_only), &values, &network))
		return;
	/* A ban of just this address, which a person may have made, goes before its /64's. */
	if (gatekeeper_unban(supervisor->gatekeeper, &network) < 0) {
		widen(&network, values.network);
		if (gatekeeper_unban(supervisor->gatekeeper, &network) < 0) {
			answer_error(peer, "org.vdtgw.Admin.NoSuchBan", &network);
			return;
		}
	}
	log_order(peer, MESSAGE_ADDRESS_UNBANNED, &network, "banned no longer", NULL);
	answer_network(supervisor, peer, &network);
}

void ban_interface_add_never(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call)
{
	struct values values;
	struct network network;
	int error;

	if (!read_values(peer, call, network_and_comment, LENGTH(network_and_comment), &values,
			 &network))
		return;
	error = gatekeeper_add_never(supervisor->gatekeeper, &network, values.comment);
	if (error == -ENOSPC) {
		peer_error(peer, "org.vdtgw.Admin.TooMany",
			   json_pack("{s:i}", "limit", NEVER_LIST_MAX));
		return;
	}
	if (error < 0) {
		peer_end(peer, PEER_NO_MEMORY);
		return;
	}
	log_order(peer, MESSAGE_NEVER_BANNED_CHANGED, &network, "never to be banned",
		  values.comment);
	answer_network(supervisor, peer, &network);
}

void ban_interface_remove_never(struct supervisor *supervisor, struct peer *peer,
				const struct varlink_call *call)
{
	struct values values;
	struct network network;
	int error;

	if (!read_values(peer, call, network_only, LENGTH(network_only), &values, &network))
		return;
	error = gatekeeper_remove_never(supervisor->gatekeeper, &network);
	if (error < 0) {
		answer_error(peer,
			     error == -EPERM ? "org.vdtgw.Admin.Configured"
					     : "org.vdtgw.Admin.NoSuchNever",
			     &network);
		return;
	}
	log_order(peer, MESSAGE_NEVER_BANNED_CHANGED, &network, "to be banned like others", NULL);
	answer_network(supervisor, peer, &network);
}
