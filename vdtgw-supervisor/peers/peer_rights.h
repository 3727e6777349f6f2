/*
 * Who may use a socket beside root and ourselves: a group, whatever the socket's mode says. The
 * mode is the first lock; this one holds where somebody has loosened it.
 */
#ifndef VDTGW_SUPERVISOR_PEERS_PEER_RIGHTS_H
#define VDTGW_SUPERVISOR_PEERS_PEER_RIGHTS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

struct peer_rights {
	const char *name; /* of the group; NULL: everybody may */
	bool exists;      /* there is such a group: its number */
	gid_t group;
};

/* Looks the group up, once: that may take time, and the caller has it now. group is kept, not
 * copied; NULL: the mode alone decides. */
void peer_rights_init(struct peer_rights *rights, const char *group);
/* Whether the process at the other end of a connected socket may use it, as the kernel saw it when
 * it connected; who that is. What cannot be asked is a no. */
bool peer_rights_allow(const struct peer_rights *rights, int descriptor, struct ucred *ret_peer);

#endif
