/*
 * Whether a WebSocket client masks its frames, as RFC 6455, section 5.1, has it, and the library
 * does not look. A client that does not mask does not mask the first one.
 */
#ifndef VDTGW_SESSION_MASK_CHECK_H
#define VDTGW_SESSION_MASK_CHECK_H

#include "common/event_loop.h"

#include <stdbool.h>

/* Zero-initialised: none is under way. */
struct mask_check {
	struct watch *watch;
	void (*checked)(void *context, bool is_masked);
	void *context;
};

/* Waits for the first frame on a socket that nobody reads meanwhile; nothing of it is taken.
 * checked is called once from the loop; a connection that ends before counts as masked. Returns 0
 * or -errno. */
int mask_check_start(struct mask_check *check, struct event_loop *loop, int socket,
		     void (*checked)(void *context, bool is_masked), void *context);
bool mask_check_is_under_way(const struct mask_check *check);
/* Ends it, if it is under way: checked is not called then. */
void mask_check_stop(struct mask_check *check);

#endif
