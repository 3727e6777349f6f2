/*
 * The store of bans: when what waits is written, and what happens when it cannot be.
 */
#include "vdtgw-supervisor/bans/ban_store.h"

#include "common/log.h"
#include "common/messages.h"
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/ban_backlog.h"
#include "vdtgw-supervisor/bans/ban_loading.h"
#include "vdtgw-supervisor/storage/database.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct ban_store {
	struct ban_store_options options; /* its folder is our own copy */
	char *folder;
	struct database *database; /* NULL: it could not be opened */
	struct timer *late;
	struct timer *retry;
	struct timer *sync;
	struct ban_backlog backlog;
	bool loaded;  /* what is on disk is in memory */
	bool failing; /* and said so */
	bool clock_runs;
	uint64_t syncs_paid; /* µs of event_loop_now(): when the syncs so far are paid for */
};

static int64_t boot_clock_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

int64_t ban_store_now(const struct ban_store *store)
{
	return ban_clock_now(store->options.clock, boot_clock_now());
}

bool ban_store_is_failing(const struct ban_store *store)
{
	return store->failing;
}

/* Writing. */

static void set_late(struct ban_store *store)
{
	bool waits = !ban_backlog_is_empty(&store->backlog);
	unsigned seconds = waits ? BAN_STORE_DELAY : BAN_STORE_MARK;

	timer_arm(store->late, event_loop_now() + seconds * US_PER_S);
}

static int write_batch(struct ban_store *store, bool synced, bool with_slow)
{
	const struct ban_clock_mark mark = {
		.time = ban_store_now(store),
		.wall = wall_clock_now(),
	};

	return ban_backlog_write(&store->backlog, store->database, &mark, synced, with_slow);
}

/* Whether this commit may wait for the disk. */
static bool may_sync(struct ban_store *store)
{
	uint64_t now = event_loop_now();

	if (store->syncs_paid < now)
		store->syncs_paid = now;
	if (store->syncs_paid + US_PER_S / BAN_STORE_SYNCS > now + US_PER_S)
		return false;
	store->syncs_paid += US_PER_S / BAN_STORE_SYNCS;
	return true;
}

static void fail(struct ban_store *store, const char *why)
{
	const struct log_field fields[] = { { "VDTGW_REASON", why } };

	if (!store->failing && store->database == NULL)
		log_event(LOG_PRIORITY_ERROR, MESSAGE_STATE_UNSAVED, fields,
			  sizeof(fields) / sizeof(fields[0]),
			  "the database cannot be used: session numbers come from the clock, and "
			  "bans are in memory only and lost if the supervisor ends; tried again "
			  "every %d s: %s",
			  BAN_STORE_RETRY, why);
	else if (!store->failing)
		log_event(LOG_PRIORITY_ERROR, MESSAGE_STATE_UNSAVED, fields,
			  sizeof(fields) / sizeof(fields[0]),
			  "bans are kept in memory only, because the database cannot be written, "
			  "and are lost if the supervisor ends; tried again every %d s: %s",
			  BAN_STORE_RETRY, why);
	store->failing = true;
	timer_arm(store->retry, event_loop_now() + BAN_STORE_RETRY * US_PER_S);
}

static void recover(struct ban_store *store)
{
	if (store->failing)
		log_notice("the database can be written again; %zu bans are safe in it",
			   ban_list_count(store->options.bans));
	store->failing = false;
}

static int open_database(struct ban_store *store);

static void close_database(struct ban_store *store)
{
	store->options.opened(store->options.context, NULL, false);
	database_close(store->database);
	store->database = NULL;
}

/* A damaged database, or what is left of it or stands in its place, makes place for a new one,
 * which gets what is in memory. */
static int replace_database(struct ban_store *store, const char *why)
{
	int error;

	log_error("the database is damaged (%s); what there is of it is moved aside as "
		  "%s/vdtgw.db.damaged, and a new one begun with the %zu bans in memory",
		  why, store->options.folder, ban_list_count(store->options.bans));
	if (store->database != NULL)
		close_database(store);
	error = database_move_aside(store->options.folder);
	if (error < 0) {
		log_error("the damaged database cannot be moved aside: %s", strerror(-error));
		return error;
	}
	store->loaded = true;
	store->backlog.all = true;
	store->backlog.nevers_changed = true;
	return open_database(store);
}

/* After a write that failed. */
static void handle_failure(struct ban_store *store)
{
	if (!database_is_damaged(store->database)) {
		fail(store, database_why(store->database));
		return;
	}
	if (replace_database(store, database_why(store->database)) < 0)
		fail(store, "there is none");
	else if (write_batch(store, true, true) < 0)
		fail(store, database_why(store->database));
	else
		recover(store);
}

void ban_store_flush(struct ban_store *store)
{
	bool synced = may_sync(store);

	if (store->failing || store->database == NULL)
		return;
	if (write_batch(store, synced, false) < 0) {
		handle_failure(store);
		return;
	}
	if (!synced)
		timer_arm(store->sync, event_loop_now() + BAN_STORE_SYNC_DELAY * US_PER_MS);
	/* The rest of many, soon, and after what others want. */
	if (store->backlog.urgent.count > 0)
		timer_arm(store->late, event_loop_now());
}

void ban_store_add(struct ban_store *store, const struct network *network)
{
	ban_backlog_add_urgent(&store->backlog, network);
}

void ban_store_changed(struct ban_store *store, const struct network *network)
{
	ban_store_add(store, network);
	ban_store_flush(store);
}

static void push_slow(struct ban_store *store, const struct network *network)
{
	bool first = ban_backlog_is_empty(&store->backlog);

	ban_backlog_add_slow(&store->backlog, network);
	if (first)
		set_late(store);
}

bool ban_store_visited(struct ban_store *store, struct ban *ban)
{
	if (ban->changed ||
	    ban->visited - ban->stored_visit < (int64_t)(BAN_STORE_DELAY * US_PER_S))
		return false;
	ban->changed = true;
	push_slow(store, &ban->node.network);
	return true;
}

void ban_store_ended(struct ban_store *store, const struct network *network)
{
	push_slow(store, network);
}

void ban_store_nevers_changed(struct ban_store *store)
{
	store->backlog.nevers_changed = true;
	ban_store_flush(store);
}

/* Opening. */

/* Starts the clock; where it runs already, says how far it is from what the disk has. */
static int start_clock(struct ban_store *store, struct database *database, int64_t *ret_shift)
{
	int64_t boot = boot_clock_now();
	struct ban_clock_mark mark;
	struct ban_clock disk;
	int known = database != NULL ? database_load_mark(database, &mark) : 0;

	if (known < 0)
		return known;
	ban_clock_start(&disk, known == 1 ? &mark : NULL, boot, wall_clock_now());
	if (!store->clock_runs)
		*store->options.clock = disk;
	store->clock_runs = true;
	*ret_shift = ban_clock_now(store->options.clock, boot) - ban_clock_now(&disk, boot);
	return 0;
}

static int load(struct ban_store *store, struct database *database)
{
	int64_t shift;
	int error = start_clock(store, database, &shift);

	if (error == 0)
		error =
		    ban_loading_run(database, store->options.bans, store->options.nevers, shift);
	if (error == 0)
		store->loaded = true;
	return error;
}

/* Where the disk can only be read, what is on it counts all the same. */
static void load_only(struct ban_store *store)
{
	struct database *database = NULL;
	char *why = NULL;

	if (database_open_to_read(&database, store->options.folder, &why) == 0)
		(void)load(store, database);
	database_close(database);
	free(why);
}

static int open_database(struct ban_store *store)
{
	struct database *database = NULL;
	bool was_loaded = store->loaded;
	char *why = NULL;
	int64_t shift;
	int error = database_open(&database, store->options.folder, &why);

	if (error == 0) {
		if (!was_loaded)
			error = load(store, database);
		if (error < 0 && database_is_damaged(database))
			error = -EBADMSG;
		if (error < 0)
			why = strdup(database_why(database));
	} else if (error != -EBADMSG && !was_loaded) {
		load_only(store);
	}
	if (error == 0 && !store->clock_runs)
		error = start_clock(store, database, &shift);
	if (error == 0) {
		store->database = database;
		store->options.opened(store->options.context, database,
				      store->backlog.all && was_loaded);
		/* What was decided while there was no database is written to it. */
		if (was_loaded && !store->backlog.all)
			ban_backlog_add_everything(&store->backlog);
		return 0;
	}
	database_close(database);
	/* A new one that is damaged at once is no reason to begin yet another. */
	if (error == -EBADMSG && !store->backlog.all)
		error = replace_database(store, why != NULL ? why : "no memory");
	else
		fail(store, why != NULL ? why : "no memory");
	free(why);
	return error;
}

/* Timers. */

static void on_retry(void *context)
{
	struct ban_store *store = context;

	if (store->database == NULL && open_database(store) < 0) {
		fail(store, "it cannot be opened");
		return;
	}
	if (write_batch(store, true, true) < 0) {
		handle_failure(store);
		return;
	}
	recover(store);
	timer_arm(store->late, event_loop_now());
}

/* More than one transaction's worth waits for the next turn. */
static void on_late(void *context)
{
	struct ban_store *store = context;

	if (store->failing || store->database == NULL)
		return;
	if (write_batch(store, true, true) < 0)
		handle_failure(store);
	else if (store->backlog.urgent.count > 0 || store->backlog.slow.count > 0)
		timer_arm(store->late, event_loop_now());
	else
		set_late(store);
}

static void on_sync(void *context)
{
	struct ban_store *store = context;

	if (!store->failing && store->database != NULL && write_batch(store, true, false) < 0)
		handle_failure(store);
}

void ban_store_check(struct ban_store *store)
{
	if (store->failing || store->database == NULL)
		return;
	if (database_is_damaged(store->database) || write_batch(store, true, true) < 0)
		handle_failure(store);
}

int ban_store_new(struct ban_store **ret_store, struct event_loop *loop,
		  const struct ban_store_options *options)
{
	struct ban_store *store = calloc(1, sizeof(*store));
	int64_t shift;
	int error;

	if (store == NULL)
		return -ENOMEM;
	store->options = *options;
	store->folder = strdup(options->folder);
	store->options.folder = store->folder;
	store->backlog.bans = options->bans;
	store->backlog.nevers = options->nevers;
	error = store->folder == NULL ? -ENOMEM : 0;
	if (error == 0)
		error = timer_new(&store->late, loop, on_late, store);
	if (error == 0)
		error = timer_new(&store->retry, loop, on_retry, store);
	if (error == 0)
		error = timer_new(&store->sync, loop, on_sync, store);
	if (error < 0) {
		ban_store_free(store);
		return error;
	}
	*ret_store = store;
	if (open_database(store) == 0 && !ban_backlog_is_empty(&store->backlog))
		ban_store_flush(store);
	if (!store->clock_runs)
		(void)start_clock(store, NULL, &shift);
	set_late(store);
	return 0;
}

void ban_store_free(struct ban_store *store)
{
	if (store == NULL)
		return;
	while (store->database != NULL && !ban_backlog_is_empty(&store->backlog) &&
	       write_batch(store, true, true) == 0)
		;
	if (store->database != NULL && ban_backlog_is_empty(&store->backlog))
		(void)write_batch(store, true, true);
	timer_free(store->late);
	timer_free(store->retry);
	timer_free(store->sync);
	ban_backlog_done(&store->backlog);
	database_close(store->database);
	free(store->folder);
	free(store);
}
