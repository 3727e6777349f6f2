/*
 * The Teletel server as something that can be started and stopped: by the configuration, a systemd
 * unit or our own child. Orders are carried out one after the other; what comes of them is logged
 * and told as events.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_SERVER_H
#define VDTGW_SUPERVISOR_TELETEL_SERVER_H

#include "vdtgw-supervisor/teletel/teletel_backend.h"

enum {
	/* Requests that may wait for their answers. */
	TELETEL_REQUESTS_MAX = 64,
};

struct teletel_server;

/* Borrowed for as long as it is told. */
struct teletel_answer {
	const char *kind;    /* "unit" or "child"; NULL: there is no Teletel server */
	const char *name;    /* the unit's, or the program's path */
	const char *failure; /* a sentence; NULL: it is done */
	struct teletel_status status;
};

typedef void teletel_answered(void *context, const struct teletel_answer *answer);

/* "stopped", "starting" … */
const char *teletel_state_name(enum teletel_state state);

/* Begins to start the server, where it is to be our child. config is kept until the next one is
 * given; events is borrowed. Returns 0 or -errno. */
int teletel_server_new(struct teletel_server **ret_server, struct event_loop *loop,
		       const struct config *config, struct events *events);
/* Answers what is still waiting with a failure, and ends the child, which takes at most 6 s.
 * Accepts NULL. */
void teletel_server_free(struct teletel_server *server);

/* The configuration in force is another one now. Where it names another server, the old child is
 * stopped and the new one started; a unit is left as it is. Orders that were given before are
 * carried out first. Returns 0 or -ENOMEM: the old server stays. */
int teletel_server_reconfigure(struct teletel_server *server, const struct config *config);

/* answered is called once, from the loop or before the return: when the order has been carried out,
 * or has failed. Returns 0; -EBUSY at the limit of requests or -ENOMEM, without an answer. */
int teletel_server_order(struct teletel_server *server, enum teletel_order order,
			 teletel_answered *answered, void *context);
int teletel_server_look(struct teletel_server *server, teletel_answered *answered, void *context);

#endif
