/*
 * Which connection is which gateway's caller (PROTOCOLS.md section 4). Gateways announce their
 * callers on their command channels; each caller's own connection, a line, says by its
 * identification whose and which one it is. The switchboard brings the two together, passes a
 * line's orders to its gateway, and a gateway's news to the line. No descriptor, no clock.
 *
 * An identification is believed when a gateway that is connected announces just this PID, address
 * and port, be it before or after; when it is the line's first; and when no other line has that
 * caller already. So a caller who could forge the frames (identification.h) would have to know the
 * number, the address and the port of somebody who is not identified yet, and has one try a call.
 * A gateway that goes takes its callers' links with it; announced again, they are linked again.
 */
#ifndef VDTGW_TELETEL_SWITCHBOARD_H
#define VDTGW_TELETEL_SWITCHBOARD_H

#include "vdtgw-teletel/directory.h"
#include "vdtgw-teletel/gateway_line.h"
#include "vdtgw-teletel/kiosk.h"

#include <stddef.h>
#include <stdint.h>

enum {
	SWITCHBOARD_GATEWAYS_MAX = 16,
	SWITCHBOARD_CALLERS_MAX = 10000, /* of one gateway */
};

struct switchboard;
struct switchboard_gateway;
struct switchboard_line;

/* Called from any function below, for whatever line it concerns. A handler may give orders, but
 * neither add nor remove. */
struct switchboard_line_handlers {
	void (*reach)(void *context, enum kiosk_reach reach);
	void (*news)(void *context, enum kiosk_news news);
};

/* Sends a message on a gateway's command channel. Returns 0 or -errno. */
typedef int switchboard_send(void *context, const char *text, size_t length);

int switchboard_new(struct switchboard **ret_switchboard);
/* Gateways and lines are removed before. Accepts NULL. */
void switchboard_free(struct switchboard *switchboard);

/* Returns 0; -ENOSPC where there are SWITCHBOARD_GATEWAYS_MAX; or -ENOMEM. */
int switchboard_add_gateway(struct switchboard *switchboard, switchboard_send *send, void *context,
			    struct switchboard_gateway **ret_gateway);
/* Accepts NULL. */
void switchboard_remove_gateway(struct switchboard_gateway *gateway);
/* Callers that it has announced. */
size_t switchboard_gateway_callers(const struct switchboard_gateway *gateway);
/* A line of the command channel. Returns 0, also for news of somebody unknown; -EPROTO for what is
 * no line; -ENOSPC or -ENOMEM where no more callers can be remembered. */
int switchboard_receive(struct switchboard_gateway *gateway, const uint8_t *bytes, size_t length);

/* Returns 0 or -ENOMEM. The line's number is the kiosk's for this caller, never used twice. */
int switchboard_add_line(struct switchboard *switchboard,
			 const struct switchboard_line_handlers *handlers, void *context,
			 struct switchboard_line **ret_line);
/* Accepts NULL. */
void switchboard_remove_line(struct switchboard_line *line);
enum kiosk_reach switchboard_line_reach(const struct switchboard_line *line);
/* The line's identification. Returns 0: linked, or to be when the caller is announced; -EALREADY
 * where the line has been identified before; -EADDRINUSE where another one is that caller. */
int switchboard_identify(struct switchboard_line *line, const struct gateway_caller *caller);
/* Orders the line's gateway to redirect its caller. Returns 0; -ENOTCONN where it has none; or what
 * sending returned. */
int switchboard_order(struct switchboard_line *line, const struct directory_entry *entry);

#endif
