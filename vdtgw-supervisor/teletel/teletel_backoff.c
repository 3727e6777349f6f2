/*
 * The waits between the starts of a program that dies again and again: short ones after a single
 * death, long ones where starting it does not help.
 */
#include "vdtgw-supervisor/teletel/teletel_backoff.h"

#include "common/microseconds.h"

unsigned teletel_backoff(unsigned previous, uint64_t lived)
{
	if (previous == 0 || lived >= TELETEL_BACKOFF_HEALTH * US_PER_S)
		return TELETEL_BACKOFF_FIRST;
	return previous >= TELETEL_BACKOFF_MOST / 2 ? TELETEL_BACKOFF_MOST : 2 * previous;
}
