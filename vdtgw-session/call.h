/*
 * One call: the caller, the home service, the screen, the line and the supervisor, joined. The
 * state machine decides (session.h); what it decides is carried out here.
 */
#ifndef VDTGW_SESSION_CALL_H
#define VDTGW_SESSION_CALL_H

#include "common/config.h"
#include "common/event_loop.h"
#include "common/transport.h"

struct call;

/* descriptor: the connected socket, taken on success only. The configuration is borrowed. The
 * call stops the loop, with status 0, when it is over. Returns 0 or -errno. */
int call_new(struct call **ret_call, struct event_loop *loop, const struct config *config,
	     enum transport transport, int descriptor);
/* This process is told to stop: the caller hears it, the call ends in order. */
void call_terminate(struct call *call);
void call_free(struct call *call);

#endif
