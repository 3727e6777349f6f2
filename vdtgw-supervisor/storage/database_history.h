/*
 * The statements on the history: events in the order in which they were added, which is that of
 * their numbers, whatever the clock did meanwhile.
 */
#ifndef VDTGW_SUPERVISOR_STORAGE_DATABASE_HISTORY_H
#define VDTGW_SUPERVISOR_STORAGE_DATABASE_HISTORY_H

#include "common/address.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/storage/database.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Within a transaction each. 0 or -EIO. */
int database_add_events(struct database *database, const struct event *events, size_t count);
/* Removes what is older than `before` (µs since the epoch), and the first ones where more than
 * most_kept are left; but not more than `limit` in all, of which *ret_removed tells. */
int database_remove_events(struct database *database, int64_t before, int64_t most_kept,
			   size_t limit, size_t *ret_removed);

/* 0 or -EIO. */
int database_total_events(struct database *database, int64_t *ret_total);
/* The earliest time of an event. 1, 0 where there is none, or -EIO. */
int database_earliest_event(struct database *database, int64_t *ret_time);

/* The first and the last number of what lies between two times (the second one excluded), where
 * that is not more than `limit` events: 1 (last < first: nothing); 0 where it is more, or -EIO. */
int database_find_events(struct database *database, int64_t since, int64_t until, size_t limit,
			 int64_t *ret_first, int64_t *ret_last);

/* Whether the history has the end of a session's call. 1, 0 or -EIO. */
int database_has_end(struct database *database, int64_t session);

/* Which events are looked at, and in which order. */
struct event_scan {
	int64_t first; /* numbers */
	int64_t last;
	bool backwards;
	int64_t session;               /* of this one only; -1: of all */
	const struct address *address; /* of this one only; NULL: of all */
	size_t limit;                  /* so many at most */
};

/* Calls take for each event until it returns false. *ret_next is the number at which another scan
 * goes on (the one that take did not want, or the one after the limit); 0: this was all. An event
 * that makes no sense is passed over. 0 or -EIO. */
int database_scan_events(struct database *database, const struct event_scan *scan,
			 bool (*take)(void *context, int64_t number, const struct event *event),
			 void *context, int64_t *ret_next);

#endif
