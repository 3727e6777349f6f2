/* A limit on lines that somebody else can make us write: those beyond it are counted. Pure. */
#ifndef VDTGW_COMMON_LOG_BUDGET_H
#define VDTGW_COMMON_LOG_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	LOG_BUDGET_LINES = 10,  /* that are written … */
	LOG_BUDGET_PERIOD = 10, /* … in so many seconds */
};

/* Zero-initialised: nothing was written. */
struct log_budget {
	uint64_t period; /* its beginning */
	unsigned lines;  /* in it */
};

/* Whether another line may be written. now: µs of event_loop_now(). *ret_left_out: how many lines
 * of a period that is over were not, for a line that says so; else 0. */
bool log_budget_take(struct log_budget *budget, uint64_t now, unsigned *ret_left_out);

#endif
