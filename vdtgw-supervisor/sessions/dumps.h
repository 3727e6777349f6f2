/*
 * Files of what callers type, one a call (PROTOCOLS.md section 6, DumpData): named, headed and
 * opened here, written by the session, which is given the descriptor.
 */
#ifndef VDTGW_SUPERVISOR_SESSIONS_DUMPS_H
#define VDTGW_SUPERVISOR_SESSIONS_DUMPS_H

#include "common/config.h"
#include "common/transport.h"

#include <stdint.h>

struct dumps;

/* Whose file it is. */
struct dump_call {
	int64_t launch;
	int64_t number;
	const char *address; /* numeric; empty: none */
	unsigned port;
	enum transport transport;
	int64_t started; /* µs since the epoch */
};

/* Nothing is opened yet. Returns 0 or -ENOMEM. */
int dumps_new(struct dumps **ret_dumps);
/* Accepts NULL. */
void dumps_free(struct dumps *dumps);

/* Makes the file of a call as dump.* of the configuration, which may be another one each time,
 * says. Returns its descriptor, for appending only, which the caller owns, with the bytes that may
 * be added in *ret_room; -1 where none is wanted, or none can be made, which is logged once until
 * it can be again. */
int dumps_open(struct dumps *dumps, const struct config *config, const struct dump_call *call,
	       uint64_t *ret_room);

#endif
