/*
 * The state that outlives a crash: an SQLite file, vdtgw.db in the folder of the configuration's
 * supervisor.state. What a function has returned 0 for is on the disk.
 */
#ifndef VDTGW_SUPERVISOR_DATABASE_H
#define VDTGW_SUPERVISOR_DATABASE_H

#include <stdint.h>

enum {
	DATABASE_SCHEMA = 1,         /* the version that this program writes, in user_version */
	DATABASE_LAUNCHES_MAX = 1000 /* kept; older ones are forgotten, but still counted */
};

struct database;

/* Opens the file in folder, which must exist, and creates or upgrades what is in it. On failure
 * returns -EIO, -ENOMEM, or -EPROTONOSUPPORT for a file of a newer program, with *ret_why a
 * sentence to be freed (or NULL without memory). */
int database_open(struct database **ret_database, const char *folder, char **ret_why);
/* Accepts NULL. */
void database_close(struct database *database);
/* What the last failure was, valid until the next call. */
const char *database_why(const struct database *database);

/* Notes a start of the supervisor, at `started` (µs since the epoch), and returns how many there
 * have been, this one included. 0 or -EIO. */
int database_add_launch(struct database *database, int64_t started, int64_t *ret_launches);
/* Reserves count numbers for sessions, none of them below least nor ever reserved before, and
 * returns the first of them. 0 or -EIO. */
int database_reserve_numbers(struct database *database, int64_t least, int64_t count,
			     int64_t *ret_first);

#endif
