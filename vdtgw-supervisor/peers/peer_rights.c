/*
 * Asks the kernel who connected (unix(7), SO_PEERCRED and SO_PEERGROUPS): its effective user and
 * group, and its supplementary groups.
 */
#include "vdtgw-supervisor/peers/peer_rights.h"

#include <errno.h>
#include <grp.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

void peer_rights_init(struct peer_rights *rights, const char *group)
{
	const struct group *entry = group != NULL ? getgrnam(group) : NULL;

	*rights = (struct peer_rights) {
		.name = group,
		.exists = entry != NULL,
		.group = entry != NULL ? entry->gr_gid : 0,
	};
}

/* The supplementary groups of the peer, which the caller frees. Returns how many bytes, or -errno.
 */
static long read_groups(int descriptor, gid_t **ret_groups)
{
	socklen_t length = 0;
	gid_t *groups;

	/* The length first: a process can be in 65536 groups. */
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) == 0)
		return 0;
	if (errno != ERANGE)
		return -errno;
	groups = malloc(length);
	if (groups == NULL)
		return -ENOMEM;
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0) {
		int error = -errno;

		free(groups);
		return error;
	}
	*ret_groups = groups;
	return (long)length;
}

static bool is_in_group(int descriptor, gid_t group)
{
	gid_t *groups = NULL;
	long length = read_groups(descriptor, &groups);
	bool found = false;

	for (long i = 0; groups != NULL && i < length / (long)sizeof(*groups) && !found; i++)
		found = groups[i] == group;
	free(groups);
	return found;
}

bool peer_rights_allow(const struct peer_rights *rights, int descriptor, struct ucred *ret_peer)
{
	struct ucred peer = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	socklen_t length = sizeof(peer);
	bool known = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0;

	*ret_peer = peer;
	if (rights->name == NULL)
		return true;
	if (!known)
		return false;
	if (peer.uid == 0 || peer.uid == geteuid())
		return true;
	return rights->exists &&
	       (peer.gid == rights->group || is_in_group(descriptor, rights->group));
}
