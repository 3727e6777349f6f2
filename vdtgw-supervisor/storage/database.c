/*
 * The database: its schema and the few statements on it. Each change is one durable transaction
 * (a write-ahead log, synced at every commit), so a kill -9 or a power cut loses nothing that was
 * acted upon.
 */
#include "vdtgw-supervisor/storage/database.h"

#include "vdtgw-supervisor/storage/database_private.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME    "vdtgw.db"
#define DAMAGED_NAME FILE_NAME ".damaged"

enum {
	BUSY_TIMEOUT = 500, /* ms that somebody else's lock on the file may hold us up */
	BANS_SCHEMA = 2,    /* the version since which bans are in it as they are now */
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
	"CREATE TABLE ban ("
	" network TEXT PRIMARY KEY,"
	" since INTEGER NOT NULL," /* µs of the ban clock, as visited */
	" visited INTEGER NOT NULL,"
	" duration INTEGER NOT NULL," /* µs after the last visit */
	" reason TEXT NOT NULL,"
	" comment TEXT"
	") WITHOUT ROWID;"
	"CREATE TABLE never ("
	" network TEXT PRIMARY KEY,"
	" added INTEGER NOT NULL," /* µs since the epoch */
	" comment TEXT"
	") WITHOUT ROWID;"
	"CREATE TABLE ban_clock ("
	" only INTEGER PRIMARY KEY CHECK (only = 1),"
	" time INTEGER NOT NULL," /* µs of the ban clock … */
	" wall INTEGER NOT NULL"  /* … and since the epoch, at the same moment */
	");",
	"CREATE TABLE event ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT,"
	" time INTEGER NOT NULL," /* µs since the epoch */
	" kind INTEGER NOT NULL," /* enum event_kind */
	" session INTEGER,"
	" transport TEXT,"
	" address BLOB,"   /* the 16 bytes of struct address … */
	" prefix INTEGER," /* … and that of its network */
	" port INTEGER,"
	" service TEXT,"
	" reason TEXT,"
	" duration INTEGER," /* µs */
	" bytes_in INTEGER,"
	" bytes_out INTEGER"
	");"
	"CREATE INDEX event_time ON event (time);"
	"CREATE INDEX event_session ON event (session) WHERE session IS NOT NULL;"
	"CREATE INDEX event_address ON event (address) WHERE address IS NOT NULL;"
	/* Of the table event: to count its rows would take too long. */
	"CREATE TABLE event_total ("
	" only INTEGER PRIMARY KEY CHECK (only = 1),"
	" total INTEGER NOT NULL"
	");"
	"INSERT INTO event_total VALUES (1, 0);",
};

const char *database_why(const struct database *database)
{
	return database->why;
}

bool database_is_damaged(const struct database *database)
{
	int failure = database->failure & 0xff;

	return failure == SQLITE_CORRUPT || failure == SQLITE_NOTADB ||
	       database->failure == SQLITE_READONLY_DBMOVED;
}

int database_failed(struct database *database)
{
	database->failure = sqlite3_extended_errcode(database->handle);
	snprintf(database->why, sizeof(database->why), "%s", sqlite3_errmsg(database->handle));
	return -EIO;
}

int database_run(struct database *database, const char *statements)
{
	return sqlite3_exec(database->handle, statements, NULL, NULL, NULL) == SQLITE_OK
		   ? 0
		   : database_failed(database);
}

sqlite3_stmt *database_prepare(struct database *database, const char *statement)
{
	sqlite3_stmt *prepared = NULL;

	if (sqlite3_prepare_v2(database->handle, statement, -1, &prepared, NULL) != SQLITE_OK) {
		(void)database_failed(database);
		return NULL;
	}
	return prepared;
}

void database_bind_text(sqlite3_stmt *prepared, int place, const char *text)
{
	if (text != NULL)
		(void)sqlite3_bind_text(prepared, place, text, -1, SQLITE_TRANSIENT);
}

int database_finish(struct database *database, sqlite3_stmt *prepared)
{
	int error = sqlite3_step(prepared) == SQLITE_DONE ? 0 : database_failed(database);

	sqlite3_finalize(prepared);
	return error;
}

int database_query(struct database *database, const char *statement, const int64_t *values,
		   int count, int64_t *ret_result)
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
	if (r != SQLITE_DONE)
		database_failed(database);
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
	int error = database_run(database, "BEGIN IMMEDIATE");

	if (error < 0)
		return error;
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %lld", (long long)version + 1);
	error = database_run(database, schema_steps[version]);
	if (error == 0)
		error = database_run(database, pragma);
	if (error == 0)
		error = database_run(database, "COMMIT");
	return error;
}

static int prepare_schema(struct database *database)
{
	int64_t version;
	int error = database_query(database, "PRAGMA user_version", NULL, 0, &version);

	if (error < 0)
		return error;
	if (version < 0 || version > DATABASE_SCHEMA)
		return -EPROTONOSUPPORT;
	for (; version < DATABASE_SCHEMA && error == 0; version++)
		error = upgrade(database, version);
	return error;
}

/* Remembers which files these are: SQLite would go on writing to them without their names. */
static int remember_files(struct database *database, const char *path)
{
	static const char *const suffixes[DATABASE_FILES] = { "", "-wal" };

	for (size_t i = 0; i < DATABASE_FILES; i++) {
		struct database_file *file = &database->files[i];
		struct stat found;

		if (asprintf(&file->path, "%s%s", path, suffixes[i]) < 0) {
			file->path = NULL;
			return -ENOMEM;
		}
		/* Without a log, where the file system allows none, there is none to lose. */
		if (stat(file->path, &found) < 0) {
			free(file->path);
			file->path = NULL;
			continue;
		}
		file->device = found.st_dev;
		file->number = found.st_ino;
	}
	return 0;
}

int database_check_files(struct database *database)
{
	for (size_t i = 0; i < DATABASE_FILES; i++) {
		const struct database_file *file = &database->files[i];
		struct stat found;

		if (file->path == NULL)
			continue;
		if (stat(file->path, &found) == 0
			? found.st_dev == file->device && found.st_ino == file->number
			: errno != ENOENT)
			continue;
		database->failure = SQLITE_READONLY_DBMOVED;
		snprintf(database->why, sizeof(database->why),
			 "its files were deleted or replaced while it was in use");
		return -EIO;
	}
	return 0;
}

/* What a failure to open means to the caller. */
static int classify(const struct database *database, int error)
{
	if (error != -EIO)
		return error;
	if (database_is_damaged(database))
		return -EBADMSG;
	return (database->failure & 0xff) == SQLITE_READONLY ? -EROFS : -EIO;
}

static int open_file(struct database *database, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW;
	int error;

	if (sqlite3_open_v2(path, &database->handle, flags, NULL) != SQLITE_OK)
		return database->handle == NULL ? -ENOMEM : database_failed(database);
	sqlite3_extended_result_codes(database->handle, 1);
	sqlite3_busy_timeout(database->handle, BUSY_TIMEOUT);
	if (sqlite3_db_readonly(database->handle, "main") == 1) {
		database->failure = SQLITE_READONLY;
		snprintf(database->why, sizeof(database->why), "it can be read only");
		return -EIO;
	}
	error = database_run(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
	if (error == 0)
		error = prepare_schema(database);
	return error < 0 ? error : remember_files(database, path);
}

/* "immutable": nothing is written beside the file either, which a read-only disk would refuse. */
static int open_immutable(struct database *database, const char *path)
{
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW;
	int64_t version;
	char *uri;
	int r;

	if (strpbrk(path, "%?#") != NULL) {
		snprintf(database->why, sizeof(database->why),
			 "it can be read only, and not at all with any of %%?# in its path");
		return -EIO;
	}
	uri = sqlite3_mprintf("file:%s?immutable=1", path);
	r = uri != NULL ? sqlite3_open_v2(uri, &database->handle, flags, NULL) : SQLITE_NOMEM;
	sqlite3_free(uri);
	if (r != SQLITE_OK)
		return database->handle == NULL ? -ENOMEM : database_failed(database);
	r = database_query(database, "PRAGMA user_version", NULL, 0, &version);
	if (r < 0)
		return r;
	return version >= BANS_SCHEMA && version <= DATABASE_SCHEMA ? 0 : -EPROTONOSUPPORT;
}

static int open_by(int (*open)(struct database *database, const char *path),
		   struct database **ret_database, const char *folder, char **ret_why)
{
	struct database *database = calloc(1, sizeof(*database));
	char *path = NULL;
	char *why = NULL;
	int error = -ENOMEM;

	if (database == NULL || asprintf(&path, "%s/" FILE_NAME, folder) < 0) {
		path = NULL;
		goto out;
	}
	error = classify(database, open(database, path));
	if (error == 0) {
		*ret_database = database;
		database = NULL;
	} else if (error == -EPROTONOSUPPORT) {
		if (asprintf(&why, "%s was written by another version of vdtgw", path) < 0)
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

int database_open(struct database **ret_database, const char *folder, char **ret_why)
{
	return open_by(open_file, ret_database, folder, ret_why);
}

int database_open_to_read(struct database **ret_database, const char *folder, char **ret_why)
{
	return open_by(open_immutable, ret_database, folder, ret_why);
}

int database_move_aside(const char *folder)
{
	/* The log first: it must never be found beside a database that it does not belong to. */
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	int error = 0;

	for (size_t i = 0; error == 0 && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *from = NULL, *to = NULL;

		if (asprintf(&from, "%s/" FILE_NAME "%s", folder, suffixes[i]) < 0)
			return -ENOMEM;
		if (asprintf(&to, "%s/" DAMAGED_NAME "%s", folder, suffixes[i]) < 0) {
			free(from);
			return -ENOMEM;
		}
		if (unlink(to) < 0 && errno != ENOENT)
			error = -errno;
		if (error == 0 && rename(from, to) < 0 && errno != ENOENT)
			error = -errno;
		free(from);
		free(to);
	}
	return error;
}

void database_close(struct database *database)
{
	if (database == NULL)
		return;
	/* Beside a file that took the place of ours, the log is not ours to work off and delete. */
	if (database->failure == SQLITE_READONLY_DBMOVED)
		(void)sqlite3_db_config(database->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
					NULL);
	sqlite3_close_v2(database->handle);
	for (size_t i = 0; i < DATABASE_FILES; i++)
		free(database->files[i].path);
	free(database);
}

int database_add_launch(struct database *database, int64_t started, int64_t *ret_launches)
{
	int64_t launches;
	int error =
	    database_query(database, "INSERT INTO launch (started) VALUES (?1) RETURNING number",
			   &started, 1, &launches);

	if (error == 0)
		error = database_query(database, "DELETE FROM launch WHERE number <= ?1",
				       &(int64_t) { launches - DATABASE_LAUNCHES_MAX }, 1, NULL);
	if (error == 0)
		*ret_launches = launches;
	return error;
}

int database_reserve_numbers(struct database *database, int64_t least, int64_t count,
			     int64_t *ret_first)
{
	int64_t reserved;
	int error = database_query(database,
				   "UPDATE session_number SET reserved = max(reserved, ?1 - 1) + ?2"
				   " RETURNING reserved",
				   (int64_t[]) { least, count }, 2, &reserved);

	if (error == 0)
		*ret_first = reserved - count + 1;
	return error;
}
