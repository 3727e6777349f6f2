/*
 * A connection to one of the supervisor's Unix sockets: calls out, replies in, bounded both ways.
 * It knows no method, and does not come back when it is lost: its owner makes a new one.
 */
#ifndef VDTGW_SESSION_SUPERVISOR_LINK_H
#define VDTGW_SESSION_SUPERVISOR_LINK_H

#include "common/event_loop.h"
#include "common/varlink.h"

struct supervisor_link_handlers {
	/* Valid during the call. Negative: it makes no sense; the connection is lost for it. */
	int (*replied)(void *context, const struct varlink_reply *reply);
	/* Once, and last; detail, for a log, says why. The owner frees the link. */
	void (*lost)(void *context, const char *detail);
};

struct supervisor_link;

/* Connects, at once or not at all (-EAGAIN: the supervisor's queue is full). interface:
 * "org.vdtgw.Session", borrowed. Handlers run from the loop, and lost() from a call. Returns 0 or
 * -errno. */
int supervisor_link_new(struct supervisor_link **ret_link, struct event_loop *loop,
			const char *path, const char *interface,
			const struct supervisor_link_handlers *handlers, void *context);
/* Calls a method of the interface. parameters are taken over; flags: of enum varlink_call_flags. A
 * supervisor that takes nothing any more is lost within. */
void supervisor_link_call(struct supervisor_link *link, const char *method, json_t *parameters,
			  unsigned flags);
/* From within replied() of the first reply: the descriptor that came with it, or -1. It is the
 * caller's then; one that is not taken is closed. */
int supervisor_link_take_passed(struct supervisor_link *link);
/* At once, with no further handler. Accepts NULL. Safe from within a handler. */
void supervisor_link_free(struct supervisor_link *link);

#endif
