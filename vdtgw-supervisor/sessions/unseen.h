/*
 * Ends in the history the calls that ended while there was no supervisor: those of it that have
 * begun, have no end, and whose sessions have not entered again some time after the start.
 */
#ifndef VDTGW_SUPERVISOR_SESSIONS_UNSEEN_H
#define VDTGW_SUPERVISOR_SESSIONS_UNSEEN_H

#include "common/event_loop.h"
#include "vdtgw-supervisor/supervisor.h"

struct unseen;

enum {
	UNSEEN_PATIENCE = 10, /* s for sessions to enter again: each tries once a second */
};

/* Begins to look UNSEEN_PATIENCE later, a few events at a time. 0 or -errno. */
int unseen_new(struct unseen **ret_unseen, struct event_loop *loop, struct supervisor *supervisor);
/* Accepts NULL. */
void unseen_free(struct unseen *unseen);

#endif
