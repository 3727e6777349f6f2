/* The methods of org.vdtgw.Admin that are about the configuration. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_CONFIG_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_CONFIG_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void config_interface_timeouts(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call);
void config_interface_configuration(struct supervisor *supervisor, struct peer *peer,
				    const struct varlink_call *call);
void config_interface_reload(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call);

#endif
