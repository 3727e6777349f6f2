/* The methods of org.vdtgw.Admin by which an administrator orders something of callers. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_ORDERS_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_ORDERS_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void orders_interface_kick(struct supervisor *supervisor, struct peer *peer,
			   const struct varlink_call *call);
void orders_interface_message(struct supervisor *supervisor, struct peer *peer,
			      const struct varlink_call *call);
void orders_interface_redirect(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);
void orders_interface_send_home(struct supervisor *supervisor, struct peer *peer,
				const struct varlink_call *call);

#endif
