/*
 * Answers Import. All that a call holds is checked before anything of it is taken.
 */
#include "vdtgw-supervisor/interfaces/import_interface.h"

#include "common/array.h"
#include "common/messages.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"

#include <string.h>

enum {
	ENTRIES_MAX = 500, /* bans and never-bans of one call */
};

struct lists {
	json_t *bans;
	json_t *nevers;
};

/* One of either list. Texts are borrowed. */
struct entry {
	const char *network_text;
	const char *comment;
	int64_t visited;
	struct network network;
};

static const struct varlink_field ban_fields[] = {
	{ "network", offsetof(struct entry, network_text), VARLINK_STRING, true, 0,
	  NETWORK_TEXT_MAX },
	{ "visited", offsetof(struct entry, visited), VARLINK_INT, true, 0, INT64_MAX },
};
static const struct varlink_field never_fields[] = {
	{ "network", offsetof(struct entry, network_text), VARLINK_STRING, true, 0,
	  NETWORK_TEXT_MAX },
	{ "comment", offsetof(struct entry, comment), VARLINK_STRING, false, 0, NEVER_COMMENT_MAX },
};

static bool read_entry(json_t *object, const struct varlink_field *fields, size_t count,
		       struct entry *ret_entry)
{
	struct entry entry = { 0 };
	const char *wrong;

	if (!json_is_object(object) ||
	    varlink_parameters_read(object, fields, count, &entry, &wrong) < 0 ||
	    network_parse(&entry.network, entry.network_text) < 0)
		return false;
	*ret_entry = entry;
	return true;
}

static bool is_valid(json_t *list, const struct varlink_field *fields, size_t count)
{
	struct entry entry;

	for (size_t i = 0; i < json_array_size(list); i++)
		if (!read_entry(json_array_get(list, i), fields, count, &entry))
			return false;
	return true;
}

/* An address alone means its caller, as in Ban. */
static int take_ban(struct gatekeeper *gatekeeper, const struct entry *entry)
{
	struct network network = entry->network;

	if (gatekeeper_is_never_banned(gatekeeper, &network))
		return GATEKEEPER_IMPORT_NEVER;
	if (strchr(entry->network_text, '/') == NULL)
		network = network_of_caller(&network.address);
	return gatekeeper_import_ban(gatekeeper, &network, entry->visited);
}

static int take_never(struct gatekeeper *gatekeeper, const struct entry *entry)
{
	return gatekeeper_import_never(gatekeeper, &entry->network, entry->comment);
}

/* Takes a list that was checked, and counts what became of it. 0 or -ENOMEM. */
static int take(struct gatekeeper *gatekeeper, json_t *list, const struct varlink_field *fields,
		size_t count,
		int (*take_one)(struct gatekeeper *gatekeeper, const struct entry *entry),
		json_int_t *counts)
{
	int outcome = 0;

	for (size_t i = 0; outcome >= 0 && i < json_array_size(list); i++) {
		struct entry entry;

		if (!read_entry(json_array_get(list, i), fields, count, &entry))
			continue;
		outcome = take_one(gatekeeper, &entry);
		if (outcome >= 0)
			counts[outcome]++;
	}
	return outcome < 0 ? outcome : 0;
}

/* Who is never banned decides about the bans. What was taken is on disk, even without memory for
 * the rest. */
static int take_lists(struct gatekeeper *gatekeeper, const struct lists *lists, json_int_t *counts)
{
	int error =
	    take(gatekeeper, lists->nevers, never_fields, LENGTH(never_fields), take_never, counts);

	if (error == 0)
		error =
		    take(gatekeeper, lists->bans, ban_fields, LENGTH(ban_fields), take_ban, counts);
	gatekeeper_import_end(gatekeeper);
	return error;
}

/* False: the call is answered. */
static bool read_lists(struct peer *peer, const struct varlink_call *call, struct lists *ret_lists)
{
	static const struct varlink_field fields[] = {
		{ "bans", offsetof(struct lists, bans), VARLINK_ARRAY, true, 0, 0 },
		{ "never", offsetof(struct lists, nevers), VARLINK_ARRAY, true, 0, 0 },
	};
	const char *invalid = NULL;

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), ret_lists))
		return false;
	if (json_array_size(ret_lists->bans) + json_array_size(ret_lists->nevers) > ENTRIES_MAX) {
		peer_error(peer, "org.vdtgw.Admin.TooMany",
			   json_pack("{s:i}", "limit", ENTRIES_MAX));
		return false;
	}
	if (!is_valid(ret_lists->bans, ban_fields, LENGTH(ban_fields)))
		invalid = "bans";
	else if (!is_valid(ret_lists->nevers, never_fields, LENGTH(never_fields)))
		invalid = "never";
	if (invalid != NULL)
		supervisor_answer_invalid(peer, invalid);
	return invalid == NULL;
}

void import_interface_import(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call)
{
	json_int_t counts[GATEKEEPER_IMPORT_COUNT] = { 0 };
	char by[PEER_TEXT_MAX];
	struct lists lists;

	if (!read_lists(peer, call, &lists))
		return;
	if (take_lists(supervisor->gatekeeper, &lists, counts) < 0) {
		peer_end(peer, PEER_NO_MEMORY);
		return;
	}
	log_event(LOG_PRIORITY_NOTICE, MESSAGE_BANS_IMPORTED, NULL, 0,
		  "%lld bans and never-banned addresses of another gateway were taken over for "
		  "%s, of %zu",
		  (long long)counts[GATEKEEPER_IMPORT_TAKEN], peer_format(peer, by),
		  json_array_size(lists.bans) + json_array_size(lists.nevers));
	peer_reply(
	    peer,
	    json_pack("{s:I, s:I, s:I, s:I, s:I, s:b}", "taken", counts[GATEKEEPER_IMPORT_TAKEN],
		      "known", counts[GATEKEEPER_IMPORT_KNOWN], "over",
		      counts[GATEKEEPER_IMPORT_OVER], "never", counts[GATEKEEPER_IMPORT_NEVER],
		      "full", counts[GATEKEEPER_IMPORT_FULL], "saved",
		      !ban_store_is_failing(gatekeeper_store(supervisor->gatekeeper))),
	    false);
}
