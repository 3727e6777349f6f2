/* What an administrator asks of the past. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_HISTORY_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_HISTORY_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void history_interface_history(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);

#endif
