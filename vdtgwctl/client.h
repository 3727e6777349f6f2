/*
 * One connection to the supervisor's admin socket, with calls that wait for their reply. No wait is
 * longer than its caller says.
 */
#ifndef VDTGWCTL_CLIENT_H
#define VDTGWCTL_CLIENT_H

#include "common/varlink.h"

struct client;

enum {
	CLIENT_FOR_EVER = -1,
};

/* Connects within timeout_ms. interrupt: a descriptor that ends every wait, with -ECANCELED, as
 * soon as it can be read; -1: none. Returns 0, -ETIMEDOUT, or what connect() said. */
int client_new(struct client **ret_client, const char *path, int timeout_ms, int interrupt);
/* Accepts NULL. */
void client_free(struct client *client);

/* Sends a call of a method by its full name. parameters is taken over. After a failure the
 * connection is of no use. Returns 0 or -errno. */
int client_send(struct client *client, const char *method, json_t *parameters, unsigned flags,
		int timeout_ms);
/* Waits for the next reply, an error among them; to be freed by varlink_reply_done(). Returns 0;
 * -ECONNRESET: the supervisor has closed the connection; -EPROTO: what it said is no reply;
 * -ETIMEDOUT, -ECANCELED, -ENOMEM. */
int client_receive(struct client *client, struct varlink_reply *ret_reply, int timeout_ms);

#endif
