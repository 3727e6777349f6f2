/*
 * How often each address has offended within the last hour, counted in steps of five minutes: a
 * strike counts for at least 55 minutes and at most an hour. Pure; times are microseconds of the
 * ban clock.
 */
#ifndef VDTGW_SUPERVISOR_BANS_STRIKE_TABLE_H
#define VDTGW_SUPERVISOR_BANS_STRIKE_TABLE_H

#include "vdtgw-supervisor/bans/network_table.h"

#include <stddef.h>
#include <stdint.h>

enum {
	STRIKE_STEPS = 12,        /* of an hour */
	STRIKE_TABLE_MAX = 65536, /* addresses; beyond it the one that was quiet for longest goes */
};

#define STRIKE_STEP (INT64_C(3600) * 1000000 / STRIKE_STEPS)

struct strikes;

struct strike_table {
	struct network_table table;
	struct strikes *oldest; /* by their last strike */
	struct strikes *newest;
};

/* seed: as for network_table_init(). 0 or -ENOMEM. */
int strike_table_init(struct strike_table *table, uint64_t seed);
void strike_table_done(struct strike_table *table);

/* Adds a strike of the network's and returns how many there are now within the hour, itself
 * included; 1 also without memory. Addresses without one in the hour are forgotten on the way. */
unsigned strike_table_add(struct strike_table *table, const struct network *network, int64_t now);
/* Forgets what there is against a network. */
void strike_table_clear(struct strike_table *table, const struct network *network);

#endif
