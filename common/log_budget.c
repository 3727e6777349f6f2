/* Counts lines by periods that begin with the first line after the one before. */
#include "common/log_budget.h"

#include "common/microseconds.h"

bool log_budget_take(struct log_budget *budget, uint64_t now, unsigned *ret_left_out)
{
	*ret_left_out = 0;
	if (now - budget->period >= (uint64_t)LOG_BUDGET_PERIOD * US_PER_S) {
		if (budget->lines > LOG_BUDGET_LINES)
			*ret_left_out = budget->lines - LOG_BUDGET_LINES;
		budget->period = now;
		budget->lines = 0;
	}
	return ++budget->lines <= LOG_BUDGET_LINES;
}
