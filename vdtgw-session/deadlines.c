/* The session's time-outs: for each when it is due, and what it counts from; 0 where it is not set.
 */
#include "vdtgw-session/deadlines.h"

void deadlines_set(struct deadlines *deadlines, enum deadline which, uint64_t since,
		   uint64_t duration)
{
	deadlines->since[which] = since;
	deadlines->at[which] = duration != 0 ? since + duration : 0;
}

void deadlines_change(struct deadlines *deadlines, enum deadline which, uint64_t duration)
{
	if (deadlines->since[which] != 0)
		deadlines_set(deadlines, which, deadlines->since[which], duration);
}

void deadlines_clear(struct deadlines *deadlines, enum deadline which)
{
	deadlines->at[which] = 0;
	deadlines->since[which] = 0;
}

bool deadlines_is_set(const struct deadlines *deadlines, enum deadline which)
{
	return deadlines->at[which] != 0;
}

uint64_t deadlines_next(const struct deadlines *deadlines)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < DEADLINE_COUNT; i++)
		if (deadlines->at[i] != 0 && deadlines->at[i] < next)
			next = deadlines->at[i];
	return next;
}

bool deadlines_take(struct deadlines *deadlines, uint64_t now, enum deadline *ret_which)
{
	for (unsigned i = 0; i < DEADLINE_COUNT; i++) {
		if (deadlines->at[i] == 0 || deadlines->at[i] > now)
			continue;
		deadlines_clear(deadlines, (enum deadline)i);
		*ret_which = (enum deadline)i;
		return true;
	}
	return false;
}
