/*
 * Keeps what has happened in the database, within bounds of age and number. Events are queued in
 * memory and written together, HISTORY_DELAY after the first of them or when HISTORY_BATCH wait:
 * so a kill -9 loses less than half a second of them, and a power cut what the database has not
 * synced for bans since. While there is no database, or it takes nothing, HISTORY_QUEUE_MAX events
 * wait for it; then the oldest of those are lost, which is said once.
 *
 * An event's place is the order in which it was kept. Its time is the clock's, right or wrong: one
 * of a clock that was ahead leaves when its own time is over.
 */
#ifndef VDTGW_SUPERVISOR_STORAGE_HISTORY_H
#define VDTGW_SUPERVISOR_STORAGE_HISTORY_H

#include "common/event_loop.h"
#include "vdtgw-supervisor/events.h"

#include <stdbool.h>
#include <stdint.h>

struct database;
struct history;

enum {
	HISTORY_DELAY = 500,      /* ms */
	HISTORY_BATCH = 64,       /* events */
	HISTORY_QUEUE_MAX = 4096, /* events */
	HISTORY_TEXT_MAX = 256,   /* bytes of a service or a reason; what is longer is cut */
	HISTORY_RETRY = 10,       /* s after a failure */
};

struct history_options {
	/* The database has failed us: as ban_store_check(). */
	void (*database_failed)(void *context);
	void *context;
};

/* Keeps nothing before history_set_bounds(). options are copied. 0 or -errno. */
int history_new(struct history **ret_history, struct event_loop *loop,
		const struct history_options *options);
/* Writes what waits. Accepts NULL. */
void history_free(struct history *history);

/* The database to write to from now on; NULL: there is none for now. */
void history_set_database(struct history *history, struct database *database);
/* duration: µs that an event is kept; most: how many are, 0 for no history. What is beyond leaves
 * the database, a few at a time. */
void history_set_bounds(struct history *history, int64_t duration, int64_t most);

/* Takes an event, but for those that are not kept. As events_set_keeper() wants it: context is the
 * history. */
void history_keep(void *context, const struct event *event);

/* What waits is written, for somebody who is going to read. Returns the database; or NULL, with in
 * *ret_why why there is no history, valid until the next call. */
struct database *history_open(struct history *history, const char **ret_why);
/* Whether nothing waits. */
bool history_is_written(const struct history *history);
/* The database that history_open() gave could not be read. It may be gone after this. */
void history_failed(struct history *history);

/* The length of text within HISTORY_TEXT_MAX bytes, without a cut character. */
size_t history_cut(const char *text);

#endif
