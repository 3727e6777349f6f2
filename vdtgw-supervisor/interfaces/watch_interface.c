/*
 * Makes a peer one that watches. Its first reply says that the others will follow.
 */
#include "vdtgw-supervisor/interfaces/watch_interface.h"

#include "vdtgw-supervisor/events.h"

#include <errno.h>

void watch_interface_watch(struct supervisor *supervisor, struct peer *peer,
			   const struct varlink_call *call)
{
	int error;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	if (!call->more) {
		peer_error(peer, "org.vdtgw.Admin.MoreNeeded", json_object());
		return;
	}
	error = events_add_watcher(supervisor->events, peer);
	if (error == -EALREADY)
		peer_error(peer, "org.vdtgw.Admin.AlreadyWatching", json_object());
	else
		peer_reply(peer, error == 0 ? json_object() : NULL, true);
}
