/*
 * The statements on bans, on the addresses that are never banned, and on the ban clock's mark.
 */
#include "vdtgw-supervisor/storage/database.h"
#include "vdtgw-supervisor/storage/database_private.h"

#include <errno.h>
#include <string.h>

int database_begin(struct database *database, bool synced)
{
	int error = database_check_files(database);

	if (error == 0)
		error = database_run(database, synced ? "PRAGMA synchronous = FULL"
						      : "PRAGMA synchronous = NORMAL");
	return error < 0 ? error : database_run(database, "BEGIN IMMEDIATE");
}

int database_commit(struct database *database)
{
	int error = database_run(database, "COMMIT");

	if (error < 0)
		database_roll_back(database);
	/* What else writes is synced. */
	(void)sqlite3_exec(database->handle, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	return error;
}

void database_roll_back(struct database *database)
{
	/* SQLite may have done so by itself; the reason to do it is what is to be told. */
	if (sqlite3_get_autocommit(database->handle) == 0)
		(void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL);
}

static void bind_network(sqlite3_stmt *prepared, int place, const struct network *network)
{
	char text[NETWORK_TEXT_MAX];

	network_format(network, text);
	database_bind_text(prepared, place, text);
}

int database_put_ban(struct database *database, const struct ban *ban)
{
	sqlite3_stmt *prepared = database_prepare(
	    database, "REPLACE INTO ban (network, since, visited, duration, reason, comment)"
		      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	if (prepared == NULL)
		return -EIO;
	bind_network(prepared, 1, &ban->node.network);
	sqlite3_bind_int64(prepared, 2, ban->since);
	sqlite3_bind_int64(prepared, 3, ban->visited);
	sqlite3_bind_int64(prepared, 4, ban->duration);
	database_bind_text(prepared, 5, ban_reason_name(ban->reason));
	database_bind_text(prepared, 6, ban->comment);
	return database_finish(database, prepared);
}

int database_remove_ban(struct database *database, const struct network *network)
{
	sqlite3_stmt *prepared = database_prepare(database, "DELETE FROM ban WHERE network = ?1");

	if (prepared == NULL)
		return -EIO;
	bind_network(prepared, 1, network);
	return database_finish(database, prepared);
}

int database_remove_bans(struct database *database)
{
	return database_run(database, "DELETE FROM ban");
}

int database_put_never(struct database *database, const struct network *network, int64_t added,
		       const char *comment)
{
	sqlite3_stmt *prepared = database_prepare(
	    database, "REPLACE INTO never (network, added, comment) VALUES (?1, ?2, ?3)");

	if (prepared == NULL)
		return -EIO;
	bind_network(prepared, 1, network);
	sqlite3_bind_int64(prepared, 2, added);
	database_bind_text(prepared, 3, comment);
	return database_finish(database, prepared);
}

int database_remove_nevers(struct database *database)
{
	return database_run(database, "DELETE FROM never");
}

int database_put_mark(struct database *database, const struct ban_clock_mark *mark)
{
	sqlite3_stmt *prepared = database_prepare(
	    database, "REPLACE INTO ban_clock (only, time, wall) VALUES (1, ?1, ?2)");

	if (prepared == NULL)
		return -EIO;
	sqlite3_bind_int64(prepared, 1, mark->time);
	sqlite3_bind_int64(prepared, 2, mark->wall);
	return database_finish(database, prepared);
}

/* The network of a row's first column. */
static bool read_network(sqlite3_stmt *row, struct network *ret_network)
{
	const char *text = (const char *)sqlite3_column_text(row, 0);

	return text != NULL && network_parse(ret_network, text) == 0;
}

/* The times of a row that was tampered with must not overflow those that are added to them. */
static bool is_time(int64_t time)
{
	return time >= 0 && time < INT64_MAX / 4;
}

static bool read_ban(sqlite3_stmt *row, struct network *ret_network, struct ban_terms *ret_terms)
{
	const char *reason = (const char *)sqlite3_column_text(row, 4);

	*ret_terms = (struct ban_terms) {
		.since = sqlite3_column_int64(row, 1),
		.visited = sqlite3_column_int64(row, 2),
		.duration = sqlite3_column_int64(row, 3),
		.comment = (const char *)sqlite3_column_text(row, 5),
	};
	return read_network(row, ret_network) && is_time(ret_terms->since) &&
	       is_time(ret_terms->visited) && is_time(ret_terms->duration) && reason != NULL &&
	       ban_reason_from_name(&ret_terms->reason, reason) == 0;
}

/* r: of the last step. Outputs *ret_strange where it was the end. */
static int end_rows(struct database *database, sqlite3_stmt *rows, int r, size_t strange,
		    size_t *ret_strange)
{
	if (rows != NULL && r != SQLITE_DONE)
		(void)database_failed(database);
	sqlite3_finalize(rows);
	if (r != SQLITE_DONE)
		return -EIO;
	*ret_strange = strange;
	return 0;
}

int database_load_bans(struct database *database,
		       void (*take)(void *context, const struct network *network,
				    const struct ban_terms *terms),
		       void *context, size_t *ret_strange)
{
	sqlite3_stmt *rows = database_prepare(
	    database, "SELECT network, since, visited, duration, reason, comment FROM ban");
	size_t strange = 0;
	int r = SQLITE_ERROR;

	while (rows != NULL && (r = sqlite3_step(rows)) == SQLITE_ROW) {
		struct network network;
		struct ban_terms terms;

		if (read_ban(rows, &network, &terms))
			take(context, &network, &terms);
		else
			strange++;
	}
	return end_rows(database, rows, r, strange, ret_strange);
}

int database_load_nevers(struct database *database,
			 void (*take)(void *context, const struct network *network, int64_t added,
				      const char *comment),
			 void *context, size_t *ret_strange)
{
	sqlite3_stmt *rows = database_prepare(
	    database, "SELECT network, added, comment FROM never ORDER BY added, network");
	size_t strange = 0;
	int r = SQLITE_ERROR;

	while (rows != NULL && (r = sqlite3_step(rows)) == SQLITE_ROW) {
		struct network network;

		if (read_network(rows, &network))
			take(context, &network, sqlite3_column_int64(rows, 1),
			     (const char *)sqlite3_column_text(rows, 2));
		else
			strange++;
	}
	return end_rows(database, rows, r, strange, ret_strange);
}

int database_load_mark(struct database *database, struct ban_clock_mark *ret_mark)
{
	sqlite3_stmt *row = database_prepare(database, "SELECT time, wall FROM ban_clock");
	int result = -EIO;
	int r;

	if (row == NULL)
		return -EIO;
	r = sqlite3_step(row);
	if (r == SQLITE_DONE) {
		result = 0;
	} else if (r != SQLITE_ROW) {
		(void)database_failed(database);
	} else {
		struct ban_clock_mark mark = { sqlite3_column_int64(row, 0),
					       sqlite3_column_int64(row, 1) };

		/* As good as none. */
		result = is_time(mark.time) && is_time(mark.wall);
		if (result == 1)
			*ret_mark = mark;
	}
	sqlite3_finalize(row);
	return result;
}
