/*
 * Pages of the history. Rows are looked at in the order of their numbers, which an index on the
 * session or the address follows too; so a page goes on where the one before has ended, with
 * nothing remembered here. The last N that match are counted from the end first, possibly over
 * several pages that hold nothing, and then given like any others: for this, what is to be
 * continued is in the number that a page ends with.
 */
#include "vdtgw-supervisor/storage/history_search.h"

#include "vdtgw-supervisor/storage/database_history.h"
#include "vdtgw-supervisor/storage/history.h"

#include <string.h>

/* Where a page begins: 38 bits hold the number of an event (a thousand a second, for eight years),
 * 21 more with `last` how many are still to be found or given, and the highest one tells which.
 * Each page begins with a greater number than the one before, so that a client sees that it does
 * not go in circles: what becomes less is held by what it lacks. */
#define NUMBER_BITS 38
#define NUMBER_MAX  ((INT64_C(1) << NUMBER_BITS) - 1)
#define COUNT_MAX   ((INT64_C(1) << 21) - 1)
#define GIVING      (INT64_C(1) << 59)

struct place {
	bool counting; /* from the end to the beginning, for `last` */
	int64_t count;
	int64_t number; /* the next one to look at */
};

static struct place place_of(int64_t from, bool limited)
{
	struct place place = {
		.counting = limited && (from & GIVING) == 0,
		.count = COUNT_MAX - (from >> NUMBER_BITS & COUNT_MAX),
		.number = from & NUMBER_MAX,
	};

	if (place.counting)
		place.number = NUMBER_MAX - place.number;
	return place;
}

static int64_t number_of(const struct place *place, bool limited)
{
	int64_t rest = (COUNT_MAX - place->count) << NUMBER_BITS;

	if (!limited)
		return place->number;
	return place->counting ? rest | (NUMBER_MAX - place->number)
			       : GIVING | rest | place->number;
}

bool history_filter_matches(const struct history_filter *filter, const struct event *event)
{
	if ((filter->kinds & UINT32_C(1) << event->kind) == 0)
		return false;
	if (event->time < filter->since || event->time >= filter->until)
		return false;
	if (filter->session >= 0 && event->session != filter->session)
		return false;
	if (filter->has_transport && (!event->has_caller || event->transport != filter->transport))
		return false;
	if (filter->has_network &&
	    (!event->has_network || event->network.prefix < filter->network.prefix ||
	     !network_contains(&filter->network, &event->network.address)))
		return false;
	return filter->service == NULL ||
	       (event->service != NULL &&
		strncmp(event->service, filter->service, history_cut(filter->service)) == 0);
}

struct search {
	const struct history_filter *filter;
	bool limited; /* by count */
	int64_t count;
	int64_t found; /* number of the one that was counted last */
	bool (*take)(void *context, const struct event *event);
	void *context;
};

/* Away from the end: the one that is taken last is the first to be given. */
static bool count_event(void *context, int64_t number, const struct event *event)
{
	struct search *search = context;

	if (!history_filter_matches(search->filter, event))
		return true;
	search->found = number;
	search->count--;
	return search->count > 0;
}

static bool give_event(void *context, int64_t number, const struct event *event)
{
	struct search *search = context;

	(void)number;
	if (!history_filter_matches(search->filter, event))
		return true;
	if ((search->limited && search->count == 0) || !search->take(search->context, event))
		return false;
	search->count--;
	return true;
}

/* Which rows can match. A time that holds few is as good as an index. */
static int set_scan(struct database *database, const struct history_filter *filter,
		    struct event_scan *ret_scan)
{
	int r;

	*ret_scan = (struct event_scan) {
		.first = 1,
		.last = NUMBER_MAX - 1,
		.session = filter->session,
		.address = filter->has_network && filter->network.prefix == 128
			       ? &filter->network.address
			       : NULL,
		.limit = HISTORY_SEARCH_ROWS,
	};
	if (filter->since <= 0 && filter->until == INT64_MAX)
		return 0;
	r = database_find_events(database, filter->since, filter->until, HISTORY_SEARCH_TIMES,
				 &ret_scan->first, &ret_scan->last);
	return r < 0 ? r : 0;
}

/* Counts back to the first of the last ones. *place is set to it, or to where counting goes on. */
static int count_back(struct database *database, struct search *search,
		      const struct event_scan *range, int64_t last, struct place *place)
{
	struct event_scan scan = *range;
	int64_t next;
	int error;

	scan.backwards = true;
	if (place->number < scan.last)
		scan.last = place->number;
	search->count = place->count;
	search->found = scan.last + 1;
	error = database_scan_events(database, &scan, count_event, search, &next);
	if (error < 0)
		return error;
	place->counting = search->count > 0 && next > 0;
	place->count = place->counting ? search->count : last;
	place->number = place->counting ? next : search->found;
	return 0;
}

/* Gives from *place on, which is set to where giving goes on; false: nowhere. */
static int give(struct database *database, struct search *search, const struct event_scan *range,
		struct place *place, bool *ret_goes_on)
{
	struct event_scan scan = *range;
	int64_t next;
	int error;

	if (place->number > scan.first)
		scan.first = place->number;
	search->count = place->count;
	error = database_scan_events(database, &scan, give_event, search, &next);
	if (error < 0)
		return error;
	*ret_goes_on = next > 0 && (!search->limited || search->count > 0);
	place->count = search->count;
	place->number = next;
	return 0;
}

int history_search(struct database *database, const struct history_filter *filter, int64_t last,
		   int64_t from, bool (*take)(void *context, const struct event *event),
		   void *context, int64_t *ret_next)
{
	struct search search = {
		.filter = filter,
		.limited = last > 0,
		.take = take,
		.context = context,
	};
	struct place place = place_of(from, last > 0);
	bool goes_on = true;
	struct event_scan range;
	int error = set_scan(database, filter, &range);

	if (search.limited && from == 0)
		place = (struct place) { .counting = true, .count = last, .number = NUMBER_MAX };
	if (error == 0 && place.counting)
		error = count_back(database, &search, &range, last, &place);
	if (error == 0 && !place.counting)
		error = give(database, &search, &range, &place, &goes_on);
	if (error == 0)
		*ret_next = goes_on ? number_of(&place, search.limited) : 0;
	return error;
}
