/*
 * The listening side of a Unix socket. It stays within its number of peers and of descriptors: it
 * then leaves connections in the kernel's queue, where they wait, rather than fail.
 */
#include "vdtgw-supervisor/peers/server.h"

#include "common/log.h"
#include "common/log_budget.h"
#include "vdtgw-supervisor/peers/peer_rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ACCEPT_BATCH = 16, /* connections accepted in a row before the peers have their turn */
	RETRY_DELAY =
	    1000000, /* µs until accepting is tried again, without descriptors or memory */
};

/* A peer and its place in the server's list. */
struct member {
	struct server *server;
	struct peer *peer;
	struct member *previous;
	struct member *next;
};

struct server {
	struct event_loop *loop;
	struct watch *listener;
	struct timer *retry;
	const struct server_options *options;
	struct peer_options peer_options; /* with handlers that keep the list */
	void *context;
	struct member *members;
	size_t count;
	size_t peers_max;
	struct peer_rights rights;
	struct log_budget budget; /* of lines about who has no right */
	bool full_logged;         /* once for each time that it is full */
	char *path;
	dev_t device; /* of the socket that we made at path */
	ino_t inode;
};

/* Whether a process answers on the socket at this address. */
static int probe(const struct sockaddr_un *address)
{
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;

	if (descriptor < 0)
		return -errno;
	if (connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) < 0)
		error = -errno;
	close(descriptor);
	return error;
}

/* Removes the socket of a process that is no more. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	if (probe(address) != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

int server_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int descriptor;
	int error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return -errno;
	error = remove_stale(&address);
	if (error < 0)
		goto out;
	mask = umask(0117);
	if (bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0)
		error = -errno;
	umask(mask);
	if (error == 0 && listen(descriptor, SOMAXCONN) < 0)
		error = -errno;
out:
	if (error < 0) {
		close(descriptor);
		return error;
	}
	return descriptor;
}

static void on_called(void *context, struct peer *peer, const struct varlink_call *call)
{
	struct member *member = context;
	struct server *server = member->server;

	server->options->peer.handlers->called(server->context, peer, call);
}

static void on_gone(void *context, struct peer *peer, enum peer_end why)
{
	struct member *member = context;
	struct server *server = member->server;

	if (member->previous != NULL)
		member->previous->next = member->next;
	else
		server->members = member->next;
	if (member->next != NULL)
		member->next->previous = member->previous;
	server->count--;
	server->full_logged = false;
	if (why != PEER_STOPPING)
		watch_read(server->listener, true);
	server->options->peer.handlers->gone(server->context, peer, why);
	free(member);
}

static const struct peer_handlers member_handlers = {
	.called = on_called,
	.gone = on_gone,
};

static int add_member(struct server *server, int descriptor)
{
	struct member *member = calloc(1, sizeof(*member));
	int error;

	if (member == NULL)
		return -ENOMEM;
	member->server = server;
	error = peer_new(&member->peer, server->loop, descriptor, &server->peer_options, member);
	if (error < 0) {
		free(member);
		return error;
	}
	member->next = server->members;
	if (member->next != NULL)
		member->next->previous = member;
	server->members = member;
	server->count++;
	return 0;
}

/* At the limit of peers: true where the connection is to be accepted only to be closed, false where
 * it waits. */
static bool turns_away(struct server *server)
{
	if (!server->full_logged)
		log_warning("%s: %zu peers are connected, which is the limit; others %s",
			    server->options->name, server->count,
			    server->options->waits_when_full ? "wait" : "are turned away");
	server->full_logged = true;
	if (server->options->waits_when_full)
		watch_read(server->listener, false);
	return !server->options->waits_when_full;
}

/* Without descriptors or memory the connection stays in the queue, and trying again at once would
 * only burn time. */
static void pause_accepting(struct server *server, int error)
{
	log_error("%s: a connection cannot be accepted, trying again in 1 s: %s",
		  server->options->name, strerror(-error));
	watch_read(server->listener, false);
	timer_arm(server->retry, event_loop_now() + RETRY_DELAY);
}

static void on_retry(void *context)
{
	struct server *server = context;

	watch_read(server->listener, true);
}

/* Whether who has connected may; if not, it is told to the log. */
static bool is_allowed(struct server *server, int descriptor)
{
	struct ucred peer;
	unsigned left_out;
	bool may_log;

	if (peer_rights_allow(&server->rights, descriptor, &peer))
		return true;
	may_log = log_budget_take(&server->budget, event_loop_now(), &left_out);
	if (left_out > 0)
		log_warning("%s: %u more were turned away", server->options->name, left_out);
	if (may_log)
		log_warning("%s: user %lu (pid %ld) was turned away, who is not in the group %s%s; "
			    "the socket's mode should have kept it out",
			    server->options->name, (unsigned long)peer.uid, (long)peer.pid,
			    server->rights.name,
			    server->rights.exists ? "" : ", which does not exist");
	return false;
}

/* Accepts one connection. False: no more for now. */
static bool accept_one(struct server *server)
{
	bool full = server->count >= server->peers_max;
	int descriptor;
	int error;

	if (full && !turns_away(server))
		return false;
	descriptor =
	    accept4(watch_descriptor(server->listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (descriptor < 0) {
		error = -errno;
		if (error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS)
			pause_accepting(server, error);
		return error == -ECONNABORTED || error == -EINTR;
	}
	if (full || !is_allowed(server, descriptor)) {
		close(descriptor);
		return true;
	}
	error = add_member(server, descriptor);
	if (error < 0) {
		close(descriptor);
		log_error("%s: a connection was closed: %s", server->options->name,
			  strerror(-error));
	}
	return true;
}

static void on_connection(void *context)
{
	for (int i = 0; i < ACCEPT_BATCH && accept_one(context); i++)
		;
}

static const struct watch_handlers listener_handlers = { .readable = on_connection };

static int remember_path(struct server *server, const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return -errno;
	server->device = status.st_dev;
	server->inode = status.st_ino;
	server->path = strdup(path);
	return server->path == NULL ? -ENOMEM : 0;
}

int server_new(struct server **ret_server, struct event_loop *loop, int descriptor,
	       const char *path, const struct server_options *options, void *context)
{
	struct server *server = calloc(1, sizeof(*server));
	int error;

	if (server == NULL)
		return -ENOMEM;
	server->loop = loop;
	server->options = options;
	server->peers_max = options->peers_max;
	server->peer_options = options->peer;
	server->peer_options.handlers = &member_handlers;
	server->context = context;
	peer_rights_init(&server->rights, options->group);
	error = path != NULL ? remember_path(server, path) : 0;
	if (error == 0)
		error = timer_new(&server->retry, loop, on_retry, server);
	if (error == 0)
		error = watch_new(&server->listener, loop, descriptor, &listener_handlers, server);
	if (error < 0) {
		server_free(server);
		return error;
	}
	*ret_server = server;
	return 0;
}

void server_set_peers_max(struct server *server, size_t peers_max)
{
	server->peers_max = peers_max;
	server->full_logged = false;
	watch_read(server->listener, true);
}

/* Unless another process has put its own socket there. */
static void remove_socket(const struct server *server)
{
	struct stat status;

	if (server->path != NULL && lstat(server->path, &status) == 0 &&
	    status.st_dev == server->device && status.st_ino == server->inode)
		unlink(server->path);
}

void server_free(struct server *server)
{
	if (server == NULL)
		return;
	remove_socket(server);
	while (server->members != NULL)
		peer_end(server->members->peer, PEER_STOPPING);
	watch_free(server->listener);
	timer_free(server->retry);
	free(server->path);
	free(server);
}
