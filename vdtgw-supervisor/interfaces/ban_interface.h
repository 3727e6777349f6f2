/* The methods of org.vdtgw.Admin on bans and on who is never banned. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_BAN_INTERFACE_H
#define VDTGW_SUPERVISOR_INTERFACES_BAN_INTERFACE_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

void ban_interface_list_bans(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call);
void ban_interface_ban(struct supervisor *supervisor, struct peer *peer,
		       const struct varlink_call *call);
void ban_interface_unban(struct supervisor *supervisor, struct peer *peer,
			 const struct varlink_call *call);
void ban_interface_list_never(struct supervisor *supervisor, struct peer *peer,
			      const struct varlink_call *call);
void ban_interface_add_never(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call);
void ban_interface_remove_never(struct supervisor *supervisor, struct peer *peer,
				const struct varlink_call *call);

#endif
