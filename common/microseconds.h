/*
 * The unit of event_loop_now(), of deadlines and of durations in logs. 64 bits wide, so that
 * numbers of 32 bits are multiplied in full; as constants they go with signed and unsigned ones
 * alike.
 */
#ifndef VDTGW_COMMON_MICROSECONDS_H
#define VDTGW_COMMON_MICROSECONDS_H

#include <stdint.h>

#define US_PER_S  INT64_C(1000000)
#define US_PER_MS INT64_C(1000)

#endif
