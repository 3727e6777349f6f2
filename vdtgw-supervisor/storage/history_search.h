/*
 * Looks for events in the history, a page at a time. The work of one page is bounded, however much
 * is kept: so a page may be empty, and still have a next one.
 */
#ifndef VDTGW_SUPERVISOR_STORAGE_HISTORY_SEARCH_H
#define VDTGW_SUPERVISOR_STORAGE_HISTORY_SEARCH_H

#include "common/address.h"
#include "common/transport.h"
#include "vdtgw-supervisor/events.h"

#include <stdbool.h>
#include <stdint.h>

struct database;

enum {
	/* What one page looks at: so many events, twice with `last`; and the times of so many. */
	HISTORY_SEARCH_ROWS = 4000,
	HISTORY_SEARCH_TIMES = 20000,
	HISTORY_SEARCH_LAST = (1 << 20), /* the most that `last` can be */
};

/* What is wanted. */
struct history_filter {
	int64_t since;   /* µs since the epoch */
	int64_t until;   /* excluded */
	int64_t session; /* -1: any */
	bool has_network;
	struct network network; /* which holds that of the event */
	bool has_transport;
	enum transport transport;
	const char *service; /* its beginning; NULL: any */
	uint32_t kinds;      /* bits by enum event_kind */
};

/* Whether the event is. */
bool history_filter_matches(const struct history_filter *filter, const struct event *event);

/* Gives the events of a page to take, in the order in which they were kept, until it returns false
 * for one that does not fit. last: 0, or the number of those that match that are wanted, from the
 * end. from: 0, or *ret_next of the page before, with the same filter and last. *ret_next 0: there
 * are no more. 0 or -EIO. */
int history_search(struct database *database, const struct history_filter *filter, int64_t last,
		   int64_t from, bool (*take)(void *context, const struct event *event),
		   void *context, int64_t *ret_next);

#endif
