/*
 * Answers History: reads what is asked for, and packs a page of what is found.
 */
#include "vdtgw-supervisor/interfaces/history_interface.h"

#include "common/array.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/interfaces/page.h"
#include "vdtgw-supervisor/storage/database.h"
#include "vdtgw-supervisor/storage/database_history.h"
#include "vdtgw-supervisor/storage/history.h"
#include "vdtgw-supervisor/storage/history_search.h"

struct values {
	int64_t since;
	int64_t until;
	const char *network;
	const char *transport;
	const char *service;
	int64_t session;
	json_t *kinds;
	int64_t last;
	int64_t from;
};

static const struct varlink_field fields[] = {
	{ "since", offsetof(struct values, since), VARLINK_INT, false, 0, INT64_MAX },
	{ "until", offsetof(struct values, until), VARLINK_INT, false, 0, INT64_MAX },
	{ "network", offsetof(struct values, network), VARLINK_STRING, false, 0, NETWORK_TEXT_MAX },
	{ "transport", offsetof(struct values, transport), VARLINK_STRING, false, 0,
	  SESSION_WORD_MAX },
	{ "service", offsetof(struct values, service), VARLINK_STRING, false, 0,
	  SESSION_SERVICE_MAX },
	{ "session", offsetof(struct values, session), VARLINK_INT, false, 0, INT64_MAX },
	{ "kinds", offsetof(struct values, kinds), VARLINK_ARRAY, false, 0, 0 },
	{ "last", offsetof(struct values, last), VARLINK_INT, false, 1, HISTORY_SEARCH_LAST },
	{ "from", offsetof(struct values, from), VARLINK_INT, false, 0, INT64_MAX },
};

static bool read_kinds(const json_t *words, uint32_t *ret_kinds)
{
	uint32_t kinds = 0;

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));
		enum event_kind kind;

		if (word == NULL || event_kind_from_name(&kind, word) < 0)
			return false;
		kinds |= UINT32_C(1) << kind;
	}
	*ret_kinds = kinds;
	return true;
}

/* Returns the name of what is wrong; NULL: nothing. */
static const char *read_filter(const struct values *values, struct history_filter *ret_filter)
{
	struct history_filter filter = {
		.since = values->since,
		.until = values->until,
		.session = values->session,
		.has_network = values->network != NULL,
		.has_transport = values->transport != NULL,
		.service = values->service,
		.kinds = UINT32_MAX,
	};

	if (filter.has_network && network_parse(&filter.network, values->network) < 0)
		return "network";
	if (filter.has_transport && transport_from_name(&filter.transport, values->transport) < 0)
		return "transport";
	if (values->kinds != NULL && !read_kinds(values->kinds, &filter.kinds))
		return "kinds";
	*ret_filter = filter;
	return NULL;
}

struct page {
	json_t *events;
	size_t size;
};

/* What cannot be packed holds text that is none, and was not written by us. */
static bool take(void *context, const struct event *event)
{
	struct page *page = context;
	json_t *packed = event_pack(event);

	return packed == NULL || page_append(&page->events, &page->size, packed);
}

static void answer_none(struct peer *peer, const char *reason)
{
	peer_error(peer, "org.vdtgw.Admin.NoHistory", json_pack("{s:s}", "reason", reason));
}

static void put_number(json_t *reply, const char *name, int64_t number)
{
	(void)json_object_set_new(reply, name, json_integer(number));
}

/* Searches, and answers. */
static int answer(struct peer *peer, struct database *database, const struct history_filter *filter,
		  const struct values *values)
{
	struct page page = { .events = json_array() };
	int64_t total = 0, next = 0, oldest = 0;
	json_t *reply;
	int r = database_total_events(database, &total);

	if (r == 0)
		r = history_search(database, filter, values->last, values->from, take, &page,
				   &next);
	if (r == 0)
		r = database_earliest_event(database, &oldest);
	if (r < 0) {
		json_decref(page.events);
		return r;
	}
	reply = json_pack("{s:o, s:I}", "events", page.events, "total", (json_int_t)total);
	if (r > 0)
		put_number(reply, "oldest", oldest);
	if (next > 0)
		put_number(reply, "next", next);
	peer_reply(peer, reply, false);
	return 0;
}

void history_interface_history(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	struct values values = { .until = INT64_MAX, .session = -1 };
	struct history_filter filter;
	struct database *database;
	const char *text;

	if (!supervisor_read_parameters(peer, call, fields, LENGTH(fields), &values))
		return;
	text = read_filter(&values, &filter);
	if (text != NULL) {
		supervisor_answer_invalid(peer, text);
		return;
	}
	database = history_open(supervisor->history, &text);
	if (database == NULL) {
		answer_none(peer, text);
	} else if (answer(peer, database, &filter, &values) < 0) {
		answer_none(peer, database_why(database));
		history_failed(supervisor->history);
	}
}
