/*
 * One of the Unix sockets: listens, accepts, and holds the peers that are connected.
 */
#ifndef VDTGW_SUPERVISOR_PEERS_SERVER_H
#define VDTGW_SUPERVISOR_PEERS_SERVER_H

#include "common/event_loop.h"
#include "vdtgw-supervisor/peers/peer.h"

#include <stdbool.h>
#include <stddef.h>

struct server;

struct server_options {
	const char *name;  /* in logs: "session socket" */
	const char *group; /* that may connect, as in peer_rights_init() */
	size_t peers_max;
	/* What happens to a connection beyond peers_max: it waits until another one ends, or it is
	 * closed at once. */
	bool waits_when_full;
	struct peer_options peer;
};

/* A listening socket at path, made by us with mode 0660; a file that a dead process left there is
 * replaced. Returns the descriptor; -EADDRINUSE where somebody answers on it, -EEXIST where the
 * path is no socket, -ENAMETOOLONG, or another -errno. */
int server_listen(const char *path);

/* Takes the listening descriptor on success only. path: of a socket that server_free() removes,
 * copied; NULL for one that belongs to somebody else. options are kept, not copied; context is
 * that of the peers' handlers. Returns 0 or -errno. */
int server_new(struct server **ret_server, struct event_loop *loop, int descriptor,
	       const char *path, const struct server_options *options, void *context);
/* Another number of peers: whoever is connected beyond it stays. */
void server_set_peers_max(struct server *server, size_t peers_max);
/* Ends the peers, as PEER_STOPPING. Accepts NULL. */
void server_free(struct server *server);

#endif
