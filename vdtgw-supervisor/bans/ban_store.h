/*
 * Keeps the database in step with the list of bans and with who is never banned:
 *
 *   - a new ban, or a ban that a person changed, is written before the function returns;
 *   - a renewal by a visit, and the end of a ban, are written within BAN_STORE_DELAY, so that a
 *     banned address that tries again and again costs at most one row a minute;
 *   - while the disk takes nothing, everything stays in memory; this is said once, tried again
 *     every BAN_STORE_RETRY, and all is written when it works again;
 *   - a damaged database is moved aside (vdtgw.db.damaged), and a new one begun from memory; so it
 *     is where its files were deleted or replaced while they were in use.
 *
 * A commit that waits for the disk costs milliseconds: after BAN_STORE_SYNCS of them at once, and
 * that many a second, further commits are handed to the kernel, where a kill -9 of us cannot undo
 * them, and waited for together BAN_STORE_SYNC_DELAY later. So a storm of scanners cannot stop the
 * supervisor, and a power cut in the midst of one loses its last moment at most.
 */
#ifndef VDTGW_SUPERVISOR_BANS_BAN_STORE_H
#define VDTGW_SUPERVISOR_BANS_BAN_STORE_H

#include "common/event_loop.h"
#include "vdtgw-supervisor/bans/ban_clock.h"
#include "vdtgw-supervisor/bans/ban_list.h"
#include "vdtgw-supervisor/bans/never_list.h"

struct ban_store;
struct database;

enum {
	BAN_STORE_DELAY = 60,       /* s */
	BAN_STORE_RETRY = 10,       /* s */
	BAN_STORE_MARK = 600,       /* s at most between two marks of the ban clock */
	BAN_STORE_SYNCS = 20,       /* at once, and a second */
	BAN_STORE_SYNC_DELAY = 100, /* ms */
};

struct ban_store_options {
	const char *folder; /* of the database; copied */
	struct ban_list *bans;
	struct never_list *nevers;
	struct ban_clock *clock; /* started by ban_store_new() */
	/* The database is there (again); NULL: it is not, and is to be forgotten. is_new: what it
	 * replaces was damaged. */
	void (*opened)(void *context, struct database *database, bool is_new);
	void *context;
};

/* Opens the database and loads all. Only a lack of memory or descriptors is a failure: 0 or
 * -errno. options are copied, what they point to is kept. */
int ban_store_new(struct ban_store **ret_store, struct event_loop *loop,
		  const struct ban_store_options *options);
/* Writes what waits. Accepts NULL. */
void ban_store_free(struct ban_store *store);

/* The ban of this network is new, has new terms or was removed by a person: written at once. */
void ban_store_changed(struct ban_store *store, const struct network *network);
/* The same for many: ban_store_flush() writes them. */
void ban_store_add(struct ban_store *store, const struct network *network);
void ban_store_flush(struct ban_store *store);
/* It was visited. Returns whether that is to be written, as once a minute. */
bool ban_store_visited(struct ban_store *store, struct ban *ban);
/* It has ended, and was removed from the list. */
void ban_store_ended(struct ban_store *store, const struct network *network);
/* Something was added to the list of who is never banned, or removed. */
void ban_store_nevers_changed(struct ban_store *store);
/* The database has failed somebody else. */
void ban_store_check(struct ban_store *store);
/* Whether what is decided now would be lost with the process. */
bool ban_store_is_failing(const struct ban_store *store);

/* µs of the ban clock, now. */
int64_t ban_store_now(const struct ban_store *store);

#endif
