/* How an older gateway's lists are taken over. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_IMPORT_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_IMPORT_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void import_interface_import(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call);

#endif
