/* What administrators and consoles watch: the stream of events. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_WATCH_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_WATCH_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void watch_interface_watch(struct supervisor *supervisor, struct peer *peer,
			   const struct varlink_call *call);

#endif
