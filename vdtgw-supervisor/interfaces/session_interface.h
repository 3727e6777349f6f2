/* The methods of org.vdtgw.Session by which a session enters and tells of its caller. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_SESSION_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_SESSION_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void session_interface_enter(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call);
void session_interface_state_changed(struct supervisor *supervisor, struct peer *peer,
				     const struct varlink_call *call);
void session_interface_learned(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);
void session_interface_traffic(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);

/* The session that calls; where there is none, answers so and returns NULL. */
struct session_entry *session_interface_caller(struct peer *peer);

#endif
