/* The unit of event_loop_now(), of deadlines and of durations in logs. */
#ifndef VDTGW_COMMON_MICROSECONDS_H
#define VDTGW_COMMON_MICROSECONDS_H

enum {
	US_PER_S = 1000000
};

#endif
