/*
 * Writes to the database what has changed in memory, so many rows in one transaction.
 */
#include "vdtgw-supervisor/bans/ban_backlog.h"

#include <stddef.h>

enum {
	BATCH_MAX = 1000, /* bans of one transaction, so that none takes long */
};

void ban_backlog_done(struct ban_backlog *backlog)
{
	pending_done(&backlog->urgent);
	pending_done(&backlog->slow);
}

/* What waits. */

static void push(struct ban_backlog *backlog, struct pending *pending,
		 const struct network *network)
{
	if (backlog->all || pending_push(pending, network) == 0)
		return;
	backlog->all = true;
	ban_backlog_done(backlog);
}

void ban_backlog_add_urgent(struct ban_backlog *backlog, const struct network *network)
{
	push(backlog, &backlog->urgent, network);
}

void ban_backlog_add_slow(struct ban_backlog *backlog, const struct network *network)
{
	push(backlog, &backlog->slow, network);
}

void ban_backlog_add_everything(struct ban_backlog *backlog)
{
	struct ban *ban = ban_list_next(backlog->bans, 0);

	for (; ban != NULL; ban = ban_list_next(backlog->bans, ban->number + 1))
		ban_backlog_add_urgent(backlog, &ban->node.network);
	backlog->nevers_changed = true;
}

bool ban_backlog_is_empty(const struct ban_backlog *backlog)
{
	return !backlog->all && !backlog->nevers_changed && backlog->urgent.count == 0 &&
	       backlog->slow.count == 0;
}

/* Writing. */

static int write_row(const struct ban_backlog *backlog, struct database *database,
		     const struct network *network)
{
	const struct ban *ban = ban_list_find(backlog->bans, network);

	return ban != NULL ? database_put_ban(database, ban)
			   : database_remove_ban(database, network);
}

static int write_rows(const struct ban_backlog *backlog, struct database *database,
		      const struct pending *pending, size_t count)
{
	int error = 0;

	for (size_t i = pending->count - count; error == 0 && i < pending->count; i++)
		error = write_row(backlog, database, &pending->networks[i]);
	return error;
}

static int write_all(const struct ban_backlog *backlog, struct database *database)
{
	int error = database_remove_bans(database);
	struct ban *ban = ban_list_next(backlog->bans, 0);

	for (; error == 0 && ban != NULL; ban = ban_list_next(backlog->bans, ban->number + 1))
		error = database_put_ban(database, ban);
	return error;
}

static int write_nevers(const struct ban_backlog *backlog, struct database *database)
{
	const struct never *never = never_list_next(backlog->nevers, 0);
	int error = database_remove_nevers(database);

	for (; error == 0 && never != NULL;
	     never = never_list_next(backlog->nevers, never->number + 1))
		if (never->kept)
			error = database_put_never(database, &never->node.network, never->added,
						   never->comment);
	return error;
}

/* A ban is on disk as it is in memory. */
static void note(struct ban *ban)
{
	ban->changed = false;
	ban->stored_visit = ban->visited;
}

static void note_rows(struct ban_backlog *backlog, struct pending *pending, size_t count)
{
	for (size_t i = pending->count - count; i < pending->count; i++) {
		struct ban *ban = ban_list_find(backlog->bans, &pending->networks[i]);

		if (ban != NULL)
			note(ban);
	}
	pending_pop(pending, count);
}

static void note_all(struct ban_backlog *backlog)
{
	struct ban *ban = ban_list_next(backlog->bans, 0);

	for (; ban != NULL; ban = ban_list_next(backlog->bans, ban->number + 1))
		note(ban);
	backlog->all = false;
}

static size_t least(size_t one, size_t other)
{
	return one < other ? one : other;
}

int ban_backlog_write(struct ban_backlog *backlog, struct database *database,
		      const struct ban_clock_mark *mark, bool synced, bool with_slow)
{
	size_t urgent = least(backlog->urgent.count, BATCH_MAX);
	size_t slow = with_slow ? least(backlog->slow.count, BATCH_MAX - urgent) : 0;
	int error = database_begin(database, synced);

	if (error == 0 && backlog->all)
		error = write_all(backlog, database);
	if (error == 0)
		error = write_rows(backlog, database, &backlog->urgent, urgent);
	if (error == 0)
		error = write_rows(backlog, database, &backlog->slow, slow);
	if (error == 0 && backlog->nevers_changed)
		error = write_nevers(backlog, database);
	if (error == 0)
		error = database_put_mark(database, mark);
	if (error < 0) {
		database_roll_back(database);
		return error;
	}
	error = database_commit(database);
	if (error < 0)
		return error;
	if (backlog->all)
		note_all(backlog);
	note_rows(backlog, &backlog->urgent, urgent);
	note_rows(backlog, &backlog->slow, slow);
	backlog->nevers_changed = false;
	return 0;
}
