/* The methods of org.vdtgw.Admin that show the state of things. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_ADMIN_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_ADMIN_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void admin_interface_status(struct supervisor *supervisor, struct peer *peer,
			    const struct varlink_call *call);
void admin_interface_list_sessions(struct supervisor *supervisor, struct peer *peer,
				   const struct varlink_call *call);
void admin_interface_get_session(struct supervisor *supervisor, struct peer *peer,
				 const struct varlink_call *call);
void admin_interface_addresses(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);

/* A connection of the admin socket, or of the console socket, is over. */
void admin_interface_gone(struct supervisor *supervisor, struct peer *peer, enum peer_end why);

#endif
