/* Within database*.c only: the handle, and what they all do with it. */
#ifndef VDTGW_SUPERVISOR_DATABASE_PRIVATE_H
#define VDTGW_SUPERVISOR_DATABASE_PRIVATE_H

#include <sqlite3.h>

enum {
	DATABASE_WHY_MAX = 256, /* bytes of the text of a failure */
};

struct database {
	sqlite3 *handle;
	int failure; /* the last one, as SQLite numbers them */
	char why[DATABASE_WHY_MAX];
};

/* Notes the failure that has just happened. Returns -EIO. */
int database_failed(struct database *database);
/* Statements without parameters and results. 0 or -EIO. */
int database_run(struct database *database, const char *statements);

#endif
