/* What the two files of the supervisor's client share: the connection, and what is told over it. */
#ifndef VDTGW_SESSION_SUPERVISOR_CLIENT_PRIVATE_H
#define VDTGW_SESSION_SUPERVISOR_CLIENT_PRIVATE_H

#include "vdtgw-session/supervisor_client.h"
#include "vdtgw-session/supervisor_link.h"

#define INTERFACE "org.vdtgw.Session"

enum {
	TEXT_MAX = 256, /* bytes of a text, as the interface allows */
	SERVICE_MAX = 2048,
};

struct supervisor_client {
	struct event_loop *loop;
	const char *path;
	const struct supervisor_entry *entry;
	const struct supervisor_handlers *handlers;
	void *context;
	struct supervisor_link *link; /* NULL while it is away */
	struct timer *timer;          /* of the first answer, or until the next attempt */
	uint64_t number;              /* 0: none yet */
	int64_t started;              /* µs since the epoch */
	const char *state;
	const char *service;
	const char *redirection;           /* its tag; NULL: none */
	json_t *facts;                     /* terminal_type, window_size, environment */
	struct supervisor_traffic traffic; /* as it is now */
	struct supervisor_traffic told;    /* … and as this supervisor knows it */
	bool answered;                     /* on this connection */
	bool untold;                       /* something changed between its Enter and the answer */
	bool absence_told;
	bool handling; /* a handler is on the stack */
	bool freed;
};

/* Calls a method without waiting for an answer; nothing where the session is not admitted: the next
 * Enter says it. parameters are taken over. */
void supervisor_client_tell(struct supervisor_client *client, const char *method,
			    json_t *parameters);

#endif
