/*
 * The keeper of the history: a queue, a timer that empties it into the database, and one that
 * takes out of the database what is too old or too much. No transaction is open but within one
 * function here, so that none is ever in the way of a ban that has to be on disk at once.
 */
#include "vdtgw-supervisor/storage/history.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/storage/database.h"
#include "vdtgw-supervisor/storage/database_history.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	WRITE_MAX = 256,      /* events of one transaction */
	REMOVE_MAX = 256,     /* rows that one transaction removes: a few ms */
	REMOVE_PAUSE = 50,    /* ms between two of those */
	AGE_CHECK_MAX = 3600, /* s at most until the age is looked at again: clocks are set */
};

struct history {
	struct history_options options;
	struct database *database;
	struct timer *write;
	struct timer *remove;
	int64_t duration; /* µs */
	int64_t most;
	/* A ring, whose texts are owned. It begins anew whenever it is empty. */
	struct event *queue;
	size_t first;
	size_t count;
	size_t lost;  /* since the database took the last ones */
	bool failing; /* and said so */
};

/* The queue. */

size_t history_cut(const char *text)
{
	size_t length = strnlen(text, HISTORY_TEXT_MAX + 1);

	if (length <= HISTORY_TEXT_MAX)
		return length;
	length = HISTORY_TEXT_MAX;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

/* Without memory the text is missing. */
static const char *copy(const char *text)
{
	return text != NULL ? strndup(text, history_cut(text)) : NULL;
}

static void free_event(struct event *event)
{
	free((char *)event->service);
	free((char *)event->reason);
}

/* Forgets the oldest ones. */
static void pop(struct history *history, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free_event(&history->queue[(history->first + i) % HISTORY_QUEUE_MAX]);
	history->count -= count;
	history->first = history->count == 0 ? 0 : (history->first + count) % HISTORY_QUEUE_MAX;
}

static bool is_kept(const struct history *history, const struct event *event)
{
	return history->most > 0 && event->kind != EVENT_STATE && event->kind != EVENT_REDIRECTING;
}

static void make_room(struct history *history)
{
	if (history->count < HISTORY_QUEUE_MAX)
		return;
	if (history->lost++ == 0)
		log_warning("the history loses events: %d wait already for the database to be "
			    "written again",
			    HISTORY_QUEUE_MAX);
	pop(history, 1);
}

void history_keep(void *context, const struct event *event)
{
	struct history *history = context;
	struct event *place;

	if (!is_kept(history, event))
		return;
	make_room(history);
	place = &history->queue[(history->first + history->count++) % HISTORY_QUEUE_MAX];
	*place = *event;
	place->service = copy(event->service);
	place->state = NULL;
	place->reason = copy(event->reason);
	if (history->database == NULL || history->failing)
		return;
	if (history->count == 1)
		timer_arm(history->write, event_loop_now() + HISTORY_DELAY * US_PER_MS);
	else if (history->count == HISTORY_BATCH)
		timer_arm(history->write, event_loop_now());
}

/* The database. */

/* Said once, and tried again later. */
static void fail(struct history *history)
{
	struct database *database = history->database;

	if (!history->failing)
		log_error("the history cannot be written: up to %d events wait for it: %s",
			  HISTORY_QUEUE_MAX, database_why(database));
	history->failing = true;
	timer_arm(history->write, event_loop_now() + HISTORY_RETRY * US_PER_S);
	/* Last: there may be another database afterwards, or none. */
	history->options.database_failed(history->options.context);
}

static void recover(struct history *history)
{
	if (history->lost > 0)
		log_notice("the history is written again; %zu events were lost", history->lost);
	else if (history->failing)
		log_notice("the history is written again; nothing was lost");
	history->lost = 0;
	history->failing = false;
}

/* What is older than this is kept no longer. */
static int64_t oldest_time(const struct history *history)
{
	return history->most > 0 ? wall_clock_now() - history->duration : 0;
}

/* One transaction: adds the oldest of the queue, and removes from the table what is beyond its
 * bounds. */
static int exchange(struct history *history, size_t count, size_t *ret_removed)
{
	struct database *database = history->database;
	size_t straight = HISTORY_QUEUE_MAX - history->first;
	int error = database_begin(database, false);

	if (error < 0)
		return error;
	if (straight > count)
		straight = count;
	error = database_add_events(database, history->queue + history->first, straight);
	if (error == 0 && straight < count)
		error = database_add_events(database, history->queue, count - straight);
	if (error == 0)
		error = database_remove_events(database, oldest_time(history), history->most,
					       REMOVE_MAX, ret_removed);
	if (error < 0) {
		database_roll_back(database);
		return error;
	}
	error = database_commit(database);
	if (error == 0)
		pop(history, count);
	return error;
}

/* When something is to be removed again. */
static int set_remove(struct history *history, size_t removed)
{
	int64_t wait = AGE_CHECK_MAX * US_PER_S;
	int64_t earliest, left;
	int r;

	if (removed == REMOVE_MAX) {
		timer_arm(history->remove, event_loop_now() + REMOVE_PAUSE * US_PER_MS);
		return 0;
	}
	r = database_earliest_event(history->database, &earliest);
	if (r <= 0)
		return r;
	left = earliest - oldest_time(history);
	if (left < wait)
		wait = left > US_PER_S ? left : US_PER_S;
	timer_arm(history->remove, event_loop_now() + (uint64_t)wait);
	return 0;
}

/* One transaction's worth of everything. Returns whether it went well; if not, the database may be
 * another one now, or none. */
static bool step(struct history *history)
{
	size_t count = history->count < WRITE_MAX ? history->count : WRITE_MAX;
	size_t removed = 0;
	int error = exchange(history, count, &removed);

	if (error == 0)
		error = set_remove(history, removed);
	if (error < 0) {
		fail(history);
		return false;
	}
	recover(history);
	if (history->count > 0)
		timer_arm(history->write, event_loop_now());
	return true;
}

static void on_due(void *context)
{
	struct history *history = context;

	if (history->database != NULL)
		(void)step(history);
}

void history_set_database(struct history *history, struct database *database)
{
	history->database = database;
	if (database != NULL) {
		timer_arm(history->write, event_loop_now());
		return;
	}
	timer_disarm(history->write);
	timer_disarm(history->remove);
}

void history_set_bounds(struct history *history, int64_t duration, int64_t most)
{
	history->duration = duration;
	history->most = most;
	if (most == 0)
		pop(history, history->count);
	if (history->database != NULL && !history->failing)
		timer_arm(history->write, event_loop_now());
}

struct database *history_open(struct history *history, const char **ret_why)
{
	if (history->most == 0) {
		*ret_why = "none is kept: history.max_events is 0";
		return NULL;
	}
	if (history->database != NULL && !history->failing && history->count > 0)
		(void)step(history);
	if (history->database == NULL)
		*ret_why = "the database cannot be used";
	return history->database;
}

bool history_is_written(const struct history *history)
{
	return history->count == 0;
}

void history_failed(struct history *history)
{
	history->options.database_failed(history->options.context);
}

int history_new(struct history **ret_history, struct event_loop *loop,
		const struct history_options *options)
{
	struct history *history = calloc(1, sizeof(*history));
	int error = -ENOMEM;

	if (history == NULL)
		return -ENOMEM;
	history->options = *options;
	history->queue = calloc(HISTORY_QUEUE_MAX, sizeof(*history->queue));
	if (history->queue != NULL)
		error = timer_new(&history->write, loop, on_due, history);
	if (error == 0)
		error = timer_new(&history->remove, loop, on_due, history);
	if (error < 0) {
		history_free(history);
		return error;
	}
	*ret_history = history;
	return 0;
}

void history_free(struct history *history)
{
	if (history == NULL)
		return;
	/* One that has failed may be able to take them by now. */
	while (history->count > 0 && history->database != NULL && step(history))
		;
	if (history->count > 0)
		log_warning("%zu events of the history are lost: they could not be written",
			    history->count);
	if (history->queue != NULL)
		pop(history, history->count);
	free(history->queue);
	timer_free(history->write);
	timer_free(history->remove);
	free(history);
}
