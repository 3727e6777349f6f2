/* How long a program that has died waits until it is started again. Pure. */
#ifndef VDTGW_SUPERVISOR_TELETEL_BACKOFF_H
#define VDTGW_SUPERVISOR_TELETEL_BACKOFF_H

#include <stdint.h>

enum {
	TELETEL_BACKOFF_FIRST = 1,   /* s; doubled from one death to the next … */
	TELETEL_BACKOFF_MOST = 60,   /* … up to this */
	TELETEL_BACKOFF_HEALTH = 60, /* s that it must have lived to begin with the first again */
};

/* previous: the wait before its last start, in s, 0: there was none; lived: µs. Returns s. */
unsigned teletel_backoff(unsigned previous, uint64_t lived);

#endif
