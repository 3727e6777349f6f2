/* Which method is answered by what, on which socket. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_DISPATCH_H
#define VDTGW_SUPERVISOR_INTERFACES_DISPATCH_H

#include "common/varlink.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

/* The kinds of peers (peer_kind()), by the socket that they came over. */
enum dispatch_socket {
	DISPATCH_SESSION = 1,
	DISPATCH_ADMIN = 2,
	DISPATCH_CONSOLE = 4, /* a part of what administrators can do */
};

/* Answers one call. */
void dispatch_call(struct supervisor *supervisor, struct peer *peer,
		   const struct varlink_call *call);

#endif
