/* What the disk does not have of the bans and of who is never banned, and how it gets there. */
#ifndef VDTGW_SUPERVISOR_BANS_BAN_BACKLOG_H
#define VDTGW_SUPERVISOR_BANS_BAN_BACKLOG_H

#include "vdtgw-supervisor/bans/ban_clock.h"
#include "vdtgw-supervisor/bans/ban_list.h"
#include "vdtgw-supervisor/bans/never_list.h"
#include "vdtgw-supervisor/bans/pending.h"
#include "vdtgw-supervisor/storage/database.h"

#include <stdbool.h>

/* Set bans and nevers, which are borrowed; all else begins as zero: nothing waits. */
struct ban_backlog {
	struct ban_list *bans;
	struct never_list *nevers;
	struct pending urgent; /* networks whose bans are new, have new terms or were removed */
	struct pending slow;   /* … were visited or have ended */
	bool all;              /* everything is to be written, after all is deleted */
	bool nevers_changed;   /* they are to be written, all of them */
};

void ban_backlog_done(struct ban_backlog *backlog);

/* The ban of this network waits. Without memory for one more, or with far too many, all do. */
void ban_backlog_add_urgent(struct ban_backlog *backlog, const struct network *network);
void ban_backlog_add_slow(struct ban_backlog *backlog, const struct network *network);
/* Everything in memory waits, besides what is on disk. */
void ban_backlog_add_everything(struct ban_backlog *backlog);

bool ban_backlog_is_empty(const struct ban_backlog *backlog);

/* One transaction, bounded but for `all`: the latest of what is urgent, then (with_slow) of what is
 * not, and the mark. synced: the disk is waited for. What was written waits no longer. Returns 0 or
 * -errno: nothing was written then. */
int ban_backlog_write(struct ban_backlog *backlog, struct database *database,
		      const struct ban_clock_mark *mark, bool synced, bool with_slow);

#endif
