/* The time that people know, as events, bans and sessions tell it. */
#ifndef VDTGW_COMMON_WALL_CLOCK_H
#define VDTGW_COMMON_WALL_CLOCK_H

#include <stdint.h>

/* Microseconds since the epoch (UTC). It may jump: what waits uses event_loop_now(). */
int64_t wall_clock_now(void);

#endif
