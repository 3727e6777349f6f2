/* The methods of org.vdtgw.Session by which a session tells of its redirection. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_REDIRECTION_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_REDIRECTION_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void redirection_interface_redirecting(struct supervisor *supervisor, struct peer *peer,
				       const struct varlink_call *call);
void redirection_interface_redirected(struct supervisor *supervisor, struct peer *peer,
				      const struct varlink_call *call);
void redirection_interface_home_lost(struct supervisor *supervisor, struct peer *peer,
				     const struct varlink_call *call);
void redirection_interface_requested_close(struct supervisor *supervisor, struct peer *peer,
					   const struct varlink_call *call);
void redirection_interface_ended(struct supervisor *supervisor, struct peer *peer,
				 const struct varlink_call *call);

#endif
