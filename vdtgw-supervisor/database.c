/*
 * The database: its schema and the few statements on it. Each change is one durable transaction
 * (a write-ahead log, synced at every commit), so a kill -9 or a power cut loses nothing that was
 * acted upon.
 */
#include "vdtgw-supervisor/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BUSY_TIMEOUT = 500, /* ms that somebody else's lock on the file may hold us up */
};

struct database {
	sqlite3 *handle;
};

/* What makes version N of the schema out of version N - 1. */
static const char *const schema_steps[DATABASE_SCHEMA] = {
	"CREATE TABLE launch ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" started INTEGER NOT NULL" /* µs since the epoch */
	");"
	"CREATE TABLE session_number ("
	" only INTEGER PRIMARY KEY CHECK (only = 1),"
	" reserved INTEGER NOT NULL" /* numbers up to this one may have been used */
	");"
	"INSERT INTO session_number VALUES (1, 0);",
};

const char *database_why(const struct database *database)
{
	return sqlite3_errmsg(database->handle);
}

static int run(struct database *database, const char *statements)
{
	return sqlite3_exec(database->handle, statements, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

/* Runs one statement to its end, with values for its parameters; its first row's first column, if
 * there is one, is stored. */
static int query(struct database *database, const char *statement, const int64_t *values, int count,
		 int64_t *ret_result)
{
	sqlite3_stmt *prepared = NULL;
	int r = sqlite3_prepare_v2(database->handle, statement, -1, &prepared, NULL);
	int64_t result = 0;
	bool has_result = false;

	for (int i = 0; r == SQLITE_OK && i < count; i++)
		r = sqlite3_bind_int64(prepared, i + 1, values[i]);
	if (r == SQLITE_OK) {
		while ((r = sqlite3_step(prepared)) == SQLITE_ROW) {
			if (!has_result)
				result = sqlite3_column_int64(prepared, 0);
			has_result = true;
		}
	}
	sqlite3_finalize(prepared);
	if (r != SQLITE_DONE)
		return -EIO;
	if (ret_result != NULL) {
		if (!has_result)
			return -EIO;
		*ret_result = result;
	}
	return 0;
}

/* One step of the schema, with the version it leads to, as one transaction. */
static int upgrade(struct database *database, int64_t version)
{
	char pragma[64];
	int error = run(database, "BEGIN IMMEDIATE");

	if (error < 0)
		return error;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %lld", (long long)version + 1);
	error = run(database, schema_steps[version]);
	if (error == 0)
		error = run(database, pragma);
	if (error == 0)
		error = run(database, "COMMIT");
	return error;
}

static int prepare_schema(struct database *database)
{
	int64_t version;
	int error = query(database, "PRAGMA user_version", NULL, 0, &version);

	if (error < 0)
		return error;
	if (version < 0 || version > DATABASE_SCHEMA)
		return -EPROTONOSUPPORT;
	for (; version < DATABASE_SCHEMA && error == 0; version++)
		error = upgrade(database, version);
	return error;
}

static int open_file(struct database *database, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW;
	int error = 0;

	if (sqlite3_open_v2(path, &database->handle, flags, NULL) != SQLITE_OK)
		return database->handle == NULL ? -ENOMEM : -EIO;
	sqlite3_extended_result_codes(database->handle, 1);
	sqlite3_busy_timeout(database->handle, BUSY_TIMEOUT);
	error = run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	return error < 0 ? error : prepare_schema(database);
}

int database_open(struct database **ret_database, const char *folder, char **ret_why)
{
	struct database *database = calloc(1, sizeof(*database));
	char *path = NULL;
	char *why = NULL;
	int error = -ENOMEM;

	if (database == NULL || asprintf(&path, "%s/vdtgw.db", folder) < 0) {
		path = NULL;
		goto out;
	}
	error = open_file(database, path);
	if (error == 0) {
		*ret_database = database;
		database = NULL;
	} else if (error == -EPROTONOSUPPORT) {
		if (asprintf(&why, "%s was written by a newer version of vdtgw", path) < 0)
			why = NULL;
	} else if (asprintf(&why, "%s: %s", path, database_why(database)) < 0) {
		why = NULL;
	}
out:
	if (error < 0)
		*ret_why = why;
	free(path);
	database_close(database);
	return error;
}

void database_close(struct database *database)
{
	if (database == NULL)
		return;
	sqlite3_close_v2(database->handle);
	free(database);
}

int database_add_launch(struct database *database, int64_t started, int64_t *ret_launches)
{
	int64_t launches;
	int error = query(database, "INSERT INTO launch (started) VALUES (?1) RETURNING number",
			  &started, 1, &launches);

	if (error == 0)
		error = query(database, "DELETE FROM launch WHERE number <= ?1",
			      &(int64_t) { launches - DATABASE_LAUNCHES_MAX }, 1, NULL);
	if (error == 0)
		*ret_launches = launches;
	return error;
}

int database_reserve_numbers(struct database *database, int64_t least, int64_t count,
			     int64_t *ret_first)
{
	int64_t reserved;
	int error = query(database,
			  "UPDATE session_number SET reserved = max(reserved, ?1 - 1) + ?2"
			  " RETURNING reserved",
			  (int64_t[]) { least, count }, 2, &reserved);

	if (error == 0)
		*ret_first = reserved - count + 1;
	return error;
}
