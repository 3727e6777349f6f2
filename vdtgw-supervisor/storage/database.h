/*
 * The state that outlives a crash: an SQLite file, vdtgw.db in the folder of the configuration's
 * supervisor.state. What a function has returned 0 for is on the disk, unless something else is
 * said.
 */
#ifndef VDTGW_SUPERVISOR_STORAGE_DATABASE_H
#define VDTGW_SUPERVISOR_STORAGE_DATABASE_H

#include "common/address.h"
#include "vdtgw-supervisor/bans/ban_clock.h"
#include "vdtgw-supervisor/bans/ban_list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DATABASE_SCHEMA = 3,         /* the version that this program writes, in user_version */
	DATABASE_LAUNCHES_MAX = 1000 /* kept; older ones are forgotten, but still counted */
};

struct database;

/* Opens the file in folder, which must exist, and creates or upgrades what is in it. On failure
 * returns -EBADMSG (the file is damaged, or no database), -EROFS (it can be read only: see
 * database_open_to_read()), -EIO, -ENOMEM, or -EPROTONOSUPPORT for a file of a newer program, with
 * *ret_why a sentence to be freed (or NULL without memory). */
int database_open(struct database **ret_database, const char *folder, char **ret_why);
/* The same for a file that cannot be written, as it was at its last orderly end: only loading
 * works. */
int database_open_to_read(struct database **ret_database, const char *folder, char **ret_why);
/* Accepts NULL. */
void database_close(struct database *database);
/* Renames a closed database to vdtgw.db.damaged, over one of that name. Returns 0 or -errno. */
int database_move_aside(const char *folder);
/* What the last failure was, valid until the next call. */
const char *database_why(const struct database *database);
/* Whether it was that the file is damaged, or that it was deleted or replaced meanwhile. */
bool database_is_damaged(const struct database *database);

/* Notes a start of the supervisor, at `started` (µs since the epoch), and returns how many there
 * have been, this one included. 0 or -EIO. */
int database_add_launch(struct database *database, int64_t started, int64_t *ret_launches);
/* Reserves count numbers for sessions, none of them below least nor ever reserved before, and
 * returns the first of them. 0 or -EIO. */
int database_reserve_numbers(struct database *database, int64_t least, int64_t count,
			     int64_t *ret_first);

/* A transaction of what stands below, and in database_history.h. synced false: a kill -9 loses
 * nothing of it, but a power cut may, until the next transaction that is synced. 0 or -EIO; a
 * failed one is rolled back, by database_commit() too. None begins on files that have no name any
 * more, because they were deleted or replaced: whatever was written would be gone. */
int database_begin(struct database *database, bool synced);
int database_commit(struct database *database);
void database_roll_back(struct database *database);

/* Within a transaction each. 0 or -EIO. */
int database_put_ban(struct database *database, const struct ban *ban);
int database_remove_ban(struct database *database, const struct network *network);
int database_remove_bans(struct database *database);
int database_put_never(struct database *database, const struct network *network, int64_t added,
		       const char *comment);
int database_remove_nevers(struct database *database);
int database_put_mark(struct database *database, const struct ban_clock_mark *mark);

/* Loading: take is called for each row. A row that makes no sense is left out and counted in
 * *ret_strange. 0 or -EIO. */
int database_load_bans(struct database *database,
		       void (*take)(void *context, const struct network *network,
				    const struct ban_terms *terms),
		       void *context, size_t *ret_strange);
int database_load_nevers(struct database *database,
			 void (*take)(void *context, const struct network *network, int64_t added,
				      const char *comment),
			 void *context, size_t *ret_strange);
/* Returns 1 where there is a mark, 0 where there is none, or -EIO. */
int database_load_mark(struct database *database, struct ban_clock_mark *ret_mark);

#endif
