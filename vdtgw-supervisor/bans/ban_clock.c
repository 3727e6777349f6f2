/*
 * The ban clock: the time since boot, moved so that it goes on where the last run left it.
 */
#include "vdtgw-supervisor/bans/ban_clock.h"

#include <stddef.h>

void ban_clock_start(struct ban_clock *clock, const struct ban_clock_mark *left, int64_t boot,
		     int64_t wall)
{
	int64_t time = wall;

	if (left != NULL) {
		int64_t gap = wall > left->wall ? wall - left->wall : 0;

		time = left->time + (gap < BAN_CLOCK_GAP_MAX ? gap : BAN_CLOCK_GAP_MAX);
	}
	clock->offset = time - boot;
}

int64_t ban_clock_now(const struct ban_clock *clock, int64_t boot)
{
	return boot + clock->offset;
}
