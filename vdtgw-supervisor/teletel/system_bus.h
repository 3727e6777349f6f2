/*
 * The system's D-Bus (sd-bus(3)) within our event loop: a connection that is opened when it is
 * needed and opened again when it was lost.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_SYSTEM_BUS_H
#define VDTGW_SUPERVISOR_TELETEL_SYSTEM_BUS_H

#include "common/event_loop.h"

#include <systemd/sd-bus.h>

enum {
	SYSTEM_BUS_WAIT = 25, /* s for the answer to a call */
};

struct system_bus;

/* lost: the connection is gone, and with it every slot and match; called from the loop, must not
 * free the bus. Returns 0 or -errno. */
int system_bus_new(struct system_bus **ret_bus, struct event_loop *loop,
		   void (*lost)(void *context), void *context);
/* Slots of calls are to be freed before. Accepts NULL. */
void system_bus_free(struct system_bus *bus);

/* The connection, borrowed; *ret_is_new: it was opened by this call and has no match yet. After
 * what is called on it, system_bus_update() is to be called. Returns 0 or -errno. */
int system_bus_open(struct system_bus *bus, sd_bus **ret_connection, bool *ret_is_new);
void system_bus_update(struct system_bus *bus);
/* Gives the connection up, without lost(). */
void system_bus_close(struct system_bus *bus);

#endif
