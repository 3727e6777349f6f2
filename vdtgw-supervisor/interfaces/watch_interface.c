/*
 * Makes a peer one that watches. Its first reply says that the others will follow.
 */
#include "vdtgw-supervisor/interfaces/watch_interface.h"

#include "vdtgw-supervisor/events.h"

void watch_interface_watch(struct supervisor *supervisor, struct peer *peer,
			   const struct varlink_call *call)
{
	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	if (!call->more) {
		peer_error(peer, "org.vdtgw.Admin.MoreNeeded", json_object());
		return;
	}
	peer_reply(peer, events_add_watcher(supervisor->events, peer) == 0 ? json_object() : NULL,
		   true);
}
