/*
 * The clock by which bans last. It shows what the wall clock showed when the first ban list was
 * begun, and has gone on evenly ever since, whatever the wall clock was set to: within a run it
 * follows the time since boot, and over the time between two runs it believes the wall clock only
 * as far as that is plausible:
 *
 *   - a wall clock that was set back in between (a dead battery: 1970) counts as no time at all;
 *   - one that was set forward, or a machine that was off for longer than BAN_CLOCK_GAP_MAX, counts
 *     as that long.
 *
 * So a step of the wall clock neither ends all bans nor makes one last for ever; after a long time
 * off, bans last longer by that. Pure; all times are microseconds.
 */
#ifndef VDTGW_SUPERVISOR_BANS_BAN_CLOCK_H
#define VDTGW_SUPERVISOR_BANS_BAN_CLOCK_H

#include <stdint.h>

/* A week. */
#define BAN_CLOCK_GAP_MAX (INT64_C(7) * 86400 * 1000000)

struct ban_clock {
	int64_t offset; /* from the time since boot to the ban clock's */
};

/* What a run leaves to the next one: the ban clock's time, and the wall clock's at that moment. */
struct ban_clock_mark {
	int64_t time;
	int64_t wall;
};

/* left: by the run before; NULL: there was none. boot: the time since boot, suspended time
 * included; wall: since the epoch. */
void ban_clock_start(struct ban_clock *clock, const struct ban_clock_mark *left, int64_t boot,
		     int64_t wall);
int64_t ban_clock_now(const struct ban_clock *clock, int64_t boot);

#endif
