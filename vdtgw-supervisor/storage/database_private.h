/* Within database*.c only: the handle, and what they all do with it. */
#ifndef VDTGW_SUPERVISOR_STORAGE_DATABASE_PRIVATE_H
#define VDTGW_SUPERVISOR_STORAGE_DATABASE_PRIVATE_H

#include <sqlite3.h>
#include <sys/stat.h>

enum {
	DATABASE_WHY_MAX = 256, /* bytes of the text of a failure */
	DATABASE_FILES = 2,     /* that hold what was written: the database and its log */
};

/* A file as it was when it was opened. */
struct database_file {
	char *path; /* NULL: there was none */
	dev_t device;
	ino_t number;
};

struct database {
	sqlite3 *handle;
	struct database_file files[DATABASE_FILES]; /* none of one that is only read */
	int failure;                                /* the last one, as SQLite numbers them */
	char why[DATABASE_WHY_MAX];
};

/* Whether the files are still the ones that were opened for writing. 0, or -EIO with that noted as
 * the failure. */
int database_check_files(struct database *database);
/* Notes the failure that has just happened. Returns -EIO. */
int database_failed(struct database *database);
/* Statements without parameters and results. 0 or -EIO. */
int database_run(struct database *database, const char *statements);

/* A statement to be bound and stepped; NULL, with the failure noted. */
sqlite3_stmt *database_prepare(struct database *database, const char *statement);
/* text NULL: the place stays NULL, which the tables refuse where it matters. Without memory, too.
 */
void database_bind_text(sqlite3_stmt *prepared, int place, const char *text);
/* Runs a statement that gives no rows, and frees it. 0 or -EIO. */
int database_finish(struct database *database, sqlite3_stmt *prepared);
/* Runs one statement to its end, with values for its parameters; the first column of its first row
 * is stored, and -EIO where that is wanted and there is no row. ret_result may be NULL. */
int database_query(struct database *database, const char *statement, const int64_t *values,
		   int count, int64_t *ret_result);

#endif
