/* What waits to be sent to a peer: messages, and a descriptor that goes with one of them. */
#ifndef VDTGW_SUPERVISOR_PEERS_PEER_OUTPUT_H
#define VDTGW_SUPERVISOR_PEERS_PEER_OUTPUT_H

#include "common/event_loop.h"
#include "common/varlink.h"

#include <stddef.h>
#include <stdint.h>

struct peer_output {
	struct varlink_writer writer; /* replies are written to it, then peer_output_flush() */
	int passed;                   /* a descriptor that waits for its reply; -1: none */
	size_t ahead_of_passed;       /* bytes that go before that reply */
	uint64_t stuck_since;         /* it has read nothing since, although something waits; 0 */
};

/* most: bytes that may wait. */
void peer_output_init(struct peer_output *output, size_t most);
void peer_output_done(struct peer_output *output);

/* The next reply that is written takes the descriptor along, which is taken over, in the place of
 * one that waits; -1: none. */
void peer_output_pass(struct peer_output *output, int descriptor);

/* Sends what the socket of the watch takes. Where something is left, the watch waits for room. To a
 * peer that has gone nothing is sent: that is noticed by reading, since what it said before its end
 * is still to be read. */
void peer_output_flush(struct peer_output *output, struct watch *watch);

#endif
