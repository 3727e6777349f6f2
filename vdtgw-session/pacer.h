/*
 * Line speed: credit over time. The line takes one step ahead of the time that has passed; while
 * there is something to send, credit grows with that time, without a cap, so that the rate stays
 * exact however late the machine is and only the steps grow; an idle line saves up nothing but
 * that one step. Never more than speed × time + one step leaves in any stretch of time without a
 * delay of the machine. Pure: time comes from outside.
 */
#ifndef VDTGW_SESSION_PACER_H
#define VDTGW_SESSION_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACER_BITS_PER_CHARACTER = 10, /* start, 7 data, parity, stop */
	PACER_STEP_US = 33334,         /* the most that one step carries: 4 characters at 1200 */
};

/* Fields are private to pacer.c. */
struct pacer {
	unsigned speed;   /* bit/s; 0: unlimited */
	bool running;     /* there is something to send */
	uint64_t started; /* µs: since then the line has been busy without a gap */
	uint64_t sent;    /* characters since then */
};

void pacer_init(struct pacer *pacer, unsigned speed);
/* How many characters the line takes now (SIZE_MAX where unlimited). Starts the line if idle: a
 * whole step if the last characters have left it, else what they leave of one. */
size_t pacer_credit(struct pacer *pacer, uint64_t now);
/* They were sent. More than the credit is allowed (a sequence kept whole), and owed. */
void pacer_spend(struct pacer *pacer, size_t characters);
/* When the next full step is due, which is when the last characters have left the line; UINT64_MAX
 * where unlimited or idle. */
uint64_t pacer_next_step(const struct pacer *pacer);
/* Nothing left to send, or the terminal does not take more: an idle time earns nothing, and what
 * the last characters still need on the line is owed. */
void pacer_idle(struct pacer *pacer);

#endif
