/*
 * Networks whose row in the database is to be written, or deleted where there is no ban of them
 * (any more). Zero-initialised: none. Pure.
 */
#ifndef VDTGW_SUPERVISOR_BANS_PENDING_H
#define VDTGW_SUPERVISOR_BANS_PENDING_H

#include "common/address.h"

#include <stddef.h>

enum {
	PENDING_MAX = 524288, /* networks; beyond it writing everything costs less */
};

struct pending {
	struct network *networks;
	size_t count;
	size_t size;
};

/* Returns 0, -ENOSPC or -ENOMEM. */
int pending_push(struct pending *pending, const struct network *network);
/* The last count of them have been written. */
void pending_pop(struct pending *pending, size_t count);
void pending_done(struct pending *pending);

#endif
