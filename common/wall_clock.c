/*
 * Reads the system's clock.
 */
#include "common/wall_clock.h"

#include "common/microseconds.h"

#include <time.h>

int64_t wall_clock_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}
