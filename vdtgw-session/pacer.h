/*
 * Line speed: credit over time. While there is something to send, credit grows with the time that
 * passed, without a cap, so that the rate stays exact however late the machine is and only the
 * steps grow; an idle line saves up nothing. Pure: time comes from outside.
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

struct pacer {
	unsigned speed;   /* bit/s; 0: unlimited */
	bool running;     /* the line is in use since `started` */
	uint64_t started; /* µs */
	uint64_t sent;    /* characters since then */
};

void pacer_init(struct pacer *pacer, unsigned speed);
/* How many characters the line takes now (SIZE_MAX where unlimited). Starts the line if idle. */
size_t pacer_credit(struct pacer *pacer, uint64_t now);
/* They were sent. */
void pacer_spend(struct pacer *pacer, size_t characters);
/* When the next full step is due; UINT64_MAX where unlimited or idle. */
uint64_t pacer_next_step(const struct pacer *pacer);
/* Nothing left to send, or the terminal does not take more: the time until the next
 * pacer_credit() earns nothing, and what the last characters still need on the line is owed. */
void pacer_idle(struct pacer *pacer);

#endif
