/* The methods of org.vdtgw.Admin that start and stop the Teletel server. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_TELETEL_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_TELETEL_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void teletel_interface_status(struct supervisor *supervisor, struct peer *peer,
			      const struct varlink_call *call);
void teletel_interface_start(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call);
void teletel_interface_stop(struct supervisor *supervisor, struct peer *peer,
			    const struct varlink_call *call);
void teletel_interface_restart(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);

#endif
