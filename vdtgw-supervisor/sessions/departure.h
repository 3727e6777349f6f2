/* How sessions go: with Leave of org.vdtgw.Session, or without a word. */
#ifndef VDTGW_SUPERVISOR_SESSIONS_DEPARTURE_H
#define VDTGW_SUPERVISOR_SESSIONS_DEPARTURE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void departure_leave(struct supervisor *supervisor, struct peer *peer,
		     const struct varlink_call *call);

/* A connection of the session socket is over. */
void departure_gone(struct supervisor *supervisor, struct peer *peer, enum peer_end why);

#endif
