/* What the supervisor orders a session to do (the type Order of org.vdtgw.Session), checked. */
#ifndef VDTGW_SESSION_SUPERVISOR_ORDERS_H
#define VDTGW_SESSION_SUPERVISOR_ORDERS_H

#include "vdtgw-session/supervisor_client.h"

#include <jansson.h>

/* Calls the handler of an order. One that makes no sense, or is not known, is logged and ignored.
 * order: anything, NULL too. */
void supervisor_order(json_t *order, const struct supervisor_handlers *handlers, void *context);

#endif
