/*
 * The statements on the history. The database is one that anybody may have written: what is read is
 * checked.
 */
#include "vdtgw-supervisor/storage/database_history.h"

#include "vdtgw-supervisor/storage/database_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	STATEMENT_MAX = 384,
};

/* The columns of the table, in the order in which they are written and read. */
enum column {
	COLUMN_NUMBER,
	COLUMN_TIME,
	COLUMN_KIND,
	COLUMN_SESSION,
	COLUMN_TRANSPORT,
	COLUMN_ADDRESS,
	COLUMN_PREFIX,
	COLUMN_PORT,
	COLUMN_SERVICE,
	COLUMN_REASON,
	COLUMN_DURATION,
	COLUMN_BYTES_IN,
	COLUMN_BYTES_OUT,
};

#define COLUMNS                                                                                    \
	"number, time, kind, session, transport, address, prefix, port, service, reason,"          \
	" duration, bytes_in, bytes_out"

static void bind_number(sqlite3_stmt *prepared, enum column column, int64_t number)
{
	if (number >= 0)
		sqlite3_bind_int64(prepared, (int)column, number);
}

/* The number is the database's to give: the parameters begin behind it. */
static void bind_event(sqlite3_stmt *prepared, const struct event *event)
{
	sqlite3_clear_bindings(prepared);
	sqlite3_bind_int64(prepared, COLUMN_TIME, event->time);
	sqlite3_bind_int64(prepared, COLUMN_KIND, (int64_t)event->kind);
	bind_number(prepared, COLUMN_SESSION, event->session);
	if (event->has_caller) {
		database_bind_text(prepared, COLUMN_TRANSPORT, transport_name(event->transport));
		bind_number(prepared, COLUMN_PORT, event->port);
	}
	if (event->has_network) {
		sqlite3_bind_blob(prepared, COLUMN_ADDRESS, event->network.address.bytes,
				  sizeof(event->network.address.bytes), SQLITE_TRANSIENT);
		bind_number(prepared, COLUMN_PREFIX, event->network.prefix);
	}
	database_bind_text(prepared, COLUMN_SERVICE, event->service);
	database_bind_text(prepared, COLUMN_REASON, event->reason);
	bind_number(prepared, COLUMN_DURATION, event->duration);
	bind_number(prepared, COLUMN_BYTES_IN, event->bytes_in);
	bind_number(prepared, COLUMN_BYTES_OUT, event->bytes_out);
}

static int change_total(struct database *database, int64_t change)
{
	return database_query(database, "UPDATE event_total SET total = max(total + ?1, 0)",
			      &change, 1, NULL);
}

int database_add_events(struct database *database, const struct event *events, size_t count)
{
	sqlite3_stmt *prepared =
	    database_prepare(database, "INSERT INTO event (" COLUMNS ") VALUES (NULL, ?1, ?2, ?3,"
				       " ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
	int r = SQLITE_DONE;

	if (prepared == NULL)
		return -EIO;
	for (size_t i = 0; r == SQLITE_DONE && i < count; i++) {
		bind_event(prepared, &events[i]);
		r = sqlite3_step(prepared);
		if (r != SQLITE_DONE)
			(void)database_failed(database);
		(void)sqlite3_reset(prepared);
	}
	sqlite3_finalize(prepared);
	return r == SQLITE_DONE ? change_total(database, (int64_t)count) : -EIO;
}

/* Removes the events that a statement chooses by a value and a limit. */
static int remove_chosen(struct database *database, const char *statement, int64_t value,
			 size_t limit, size_t *removed)
{
	int64_t values[] = { value, (int64_t)limit };
	int error = database_query(database, statement, values, 2, NULL);

	if (error == 0)
		*removed += (size_t)sqlite3_changes(database->handle);
	return error;
}

static int remove_first(struct database *database, int64_t most_kept, size_t limit, size_t *removed)
{
	size_t before = *removed;
	int64_t excess = 0;
	int error = database_total_events(database, &excess);

	excess -= (int64_t)*removed + most_kept;
	if (error < 0 || excess <= 0 || limit == 0)
		return error;
	if ((size_t)excess < limit)
		limit = (size_t)excess;
	error = remove_chosen(database,
			      "DELETE FROM event WHERE number IN (SELECT number FROM event"
			      " WHERE number >= ?1 ORDER BY number LIMIT ?2)",
			      INT64_MIN, limit, removed);
	/* None is left, whatever the total said; the caller takes these from it. */
	if (error == 0 && *removed - before < limit)
		error = database_query(database, "UPDATE event_total SET total = ?1",
				       &(int64_t) { (int64_t)*removed }, 1, NULL);
	return error;
}

int database_remove_events(struct database *database, int64_t before, int64_t most_kept,
			   size_t limit, size_t *ret_removed)
{
	size_t removed = 0;
	int error = remove_chosen(database,
				  "DELETE FROM event WHERE number IN (SELECT number FROM event"
				  " WHERE time < ?1 ORDER BY time LIMIT ?2)",
				  before, limit, &removed);

	if (error == 0)
		error = remove_first(database, most_kept, limit - removed, &removed);
	if (error == 0 && removed > 0)
		error = change_total(database, -(int64_t)removed);
	if (error == 0)
		*ret_removed = removed;
	return error;
}

int database_total_events(struct database *database, int64_t *ret_total)
{
	return database_query(database, "SELECT total FROM event_total", NULL, 0, ret_total);
}

int database_earliest_event(struct database *database, int64_t *ret_time)
{
	sqlite3_stmt *row =
	    database_prepare(database, "SELECT time FROM event ORDER BY time LIMIT 1");
	int r;

	if (row == NULL)
		return -EIO;
	r = sqlite3_step(row);
	if (r == SQLITE_ROW)
		*ret_time = sqlite3_column_int64(row, 0);
	else if (r != SQLITE_DONE)
		(void)database_failed(database);
	sqlite3_finalize(row);
	return r == SQLITE_ROW ? 1 : r == SQLITE_DONE ? 0 : -EIO;
}

int database_find_events(struct database *database, int64_t since, int64_t until, size_t limit,
			 int64_t *ret_first, int64_t *ret_last)
{
	sqlite3_stmt *row = database_prepare(
	    database, "SELECT count(*), min(number), max(number) FROM (SELECT number FROM event"
		      " INDEXED BY event_time WHERE time >= ?1 AND time < ?2 LIMIT ?3)");
	int result = -EIO;

	if (row == NULL)
		return -EIO;
	sqlite3_bind_int64(row, 1, since);
	sqlite3_bind_int64(row, 2, until);
	sqlite3_bind_int64(row, 3, (int64_t)limit + 1);
	if (sqlite3_step(row) != SQLITE_ROW) {
		(void)database_failed(database);
	} else if (sqlite3_column_int64(row, 0) > (int64_t)limit) {
		result = 0;
	} else {
		bool nothing = sqlite3_column_int64(row, 0) == 0;

		*ret_first = nothing ? 1 : sqlite3_column_int64(row, 1);
		*ret_last = nothing ? 0 : sqlite3_column_int64(row, 2);
		result = 1;
	}
	sqlite3_finalize(row);
	return result;
}

int database_has_end(struct database *database, int64_t session)
{
	const int64_t values[] = { session, EVENT_ENDED, EVENT_CRASHED };
	int64_t result;
	int error = database_query(database,
				   "SELECT EXISTS (SELECT 1 FROM event INDEXED BY event_session"
				   " WHERE session = ?1 AND kind IN (?2, ?3))",
				   values, 3, &result);

	return error < 0 ? error : result != 0;
}

/* -1 where there is none. */
static int64_t read_number(sqlite3_stmt *row, enum column column)
{
	return sqlite3_column_type(row, (int)column) == SQLITE_INTEGER
		   ? sqlite3_column_int64(row, (int)column)
		   : -1;
}

static const char *read_text(sqlite3_stmt *row, enum column column)
{
	return (const char *)sqlite3_column_text(row, (int)column);
}

static bool read_caller(sqlite3_stmt *row, struct event *event)
{
	const char *transport = read_text(row, COLUMN_TRANSPORT);
	const void *address = sqlite3_column_blob(row, COLUMN_ADDRESS);
	int64_t prefix = read_number(row, COLUMN_PREFIX);
	int64_t port = read_number(row, COLUMN_PORT);

	event->has_caller = transport != NULL;
	event->has_network = address != NULL;
	if (event->has_caller) {
		if (port < 0 || port > UINT16_MAX ||
		    transport_from_name(&event->transport, transport) < 0)
			return false;
		event->port = (uint16_t)port;
	}
	if (address != NULL) {
		struct address copy;

		if (sqlite3_column_bytes(row, COLUMN_ADDRESS) != sizeof(copy.bytes) || prefix < 0 ||
		    prefix > 128)
			return false;
		memcpy(copy.bytes, address, sizeof(copy.bytes));
		event->network = network_of_address(&copy, (unsigned)prefix);
	}
	return true;
}

static bool read_event(sqlite3_stmt *row, struct event *ret_event)
{
	int64_t kind = read_number(row, COLUMN_KIND);

	if (kind < 0 || kind >= EVENT_KIND_COUNT)
		return false;
	*ret_event = (struct event) {
		.kind = (enum event_kind)kind,
		.time = sqlite3_column_int64(row, COLUMN_TIME),
		.session = read_number(row, COLUMN_SESSION),
		.service = read_text(row, COLUMN_SERVICE),
		.reason = read_text(row, COLUMN_REASON),
		.duration = read_number(row, COLUMN_DURATION),
		.bytes_in = read_number(row, COLUMN_BYTES_IN),
		.bytes_out = read_number(row, COLUMN_BYTES_OUT),
	};
	return read_caller(row, ret_event);
}

/* Each of the indexes holds the numbers of its rows in their order, so that nothing is sorted. */
static sqlite3_stmt *prepare_scan(struct database *database, const struct event_scan *scan)
{
	const char *index = "NOT INDEXED WHERE";
	char statement[STATEMENT_MAX];
	sqlite3_stmt *rows;

	if (scan->session >= 0)
		index = "INDEXED BY event_session WHERE session = ?4 AND";
	else if (scan->address != NULL)
		index = "INDEXED BY event_address WHERE address = ?4 AND";
	snprintf(statement, sizeof(statement),
		 "SELECT " COLUMNS " FROM event %s number >= ?1 AND number <= ?2"
		 " ORDER BY number %s LIMIT ?3",
		 index, scan->backwards ? "DESC" : "ASC");
	rows = database_prepare(database, statement);
	if (rows == NULL)
		return NULL;
	sqlite3_bind_int64(rows, 1, scan->first);
	sqlite3_bind_int64(rows, 2, scan->last);
	sqlite3_bind_int64(rows, 3, (int64_t)scan->limit);
	if (scan->session >= 0)
		sqlite3_bind_int64(rows, 4, scan->session);
	else if (scan->address != NULL)
		sqlite3_bind_blob(rows, 4, scan->address->bytes, sizeof(scan->address->bytes),
				  SQLITE_TRANSIENT);
	return rows;
}

int database_scan_events(struct database *database, const struct event_scan *scan,
			 bool (*take)(void *context, int64_t number, const struct event *event),
			 void *context, int64_t *ret_next)
{
	sqlite3_stmt *rows = prepare_scan(database, scan);
	int64_t next = 0;
	bool wanted = true;
	size_t count = 0;
	int r = SQLITE_ERROR;

	while (rows != NULL && wanted && (r = sqlite3_step(rows)) == SQLITE_ROW) {
		int64_t number = sqlite3_column_int64(rows, COLUMN_NUMBER);
		struct event event;

		if (read_event(rows, &event))
			wanted = take(context, number, &event);
		if (!wanted)
			next = number;
		else if (++count == scan->limit)
			next = scan->backwards ? number - 1 : number + 1;
	}
	if (rows != NULL && wanted && r != SQLITE_DONE)
		(void)database_failed(database);
	sqlite3_finalize(rows);
	if (rows == NULL || (wanted && r != SQLITE_DONE))
		return -EIO;
	*ret_next = next;
	return 0;
}
