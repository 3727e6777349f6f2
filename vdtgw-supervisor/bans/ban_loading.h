/* What is on disk, into memory. */
#ifndef VDTGW_SUPERVISOR_BANS_BAN_LOADING_H
#define VDTGW_SUPERVISOR_BANS_BAN_LOADING_H

#include "vdtgw-supervisor/bans/ban_list.h"
#include "vdtgw-supervisor/bans/never_list.h"
#include "vdtgw-supervisor/storage/database.h"

#include <stdint.h>

/* Adds what the lists do not have yet. shift: from the times on disk to those of the ban clock that
 * runs, µs. Returns 0 or -EIO; what there is no memory for is left out, and told. */
int ban_loading_run(struct database *database, struct ban_list *bans, struct never_list *nevers,
		    int64_t shift);

#endif
