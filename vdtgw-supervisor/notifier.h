/*
 * What the service manager is told (sd_notify(3)): that we are ready, alive, stopping, how many
 * sessions there are, and whether the command channel is up. Without a service manager it does
 * nothing.
 */
#ifndef VDTGW_SUPERVISOR_NOTIFIER_H
#define VDTGW_SUPERVISOR_NOTIFIER_H

#include "common/event_loop.h"
#include "vdtgw-supervisor/sessions/session_table.h"

#include <stddef.h>

enum {
	NOTIFIER_STATUS_MAX = 128,     /* bytes of the status line */
	NOTIFIER_STATUS_PERIOD = 1000, /* ms from one status line to the next, at least */
};

struct notifier;

/* Both are borrowed. Returns 0 or -errno. */
int notifier_new(struct notifier **ret_notifier, struct event_loop *loop,
		 const struct session_table *sessions);
/* Accepts NULL. */
void notifier_free(struct notifier *notifier);
/* Says that we are ready, and from now on that we are alive. */
void notifier_ready(struct notifier *notifier);
/* The configuration is being read again; it has been. */
void notifier_reloading(void);
void notifier_reloaded(void);
/* The sessions have changed: the status line follows, soon. */
void notifier_changed(struct notifier *notifier);
/* The command channel's state has changed to this word, static; NULL, as at first: there is none.
 */
void notifier_channel(struct notifier *notifier, const char *state);
void notifier_stopping(struct notifier *notifier);

/* "3 sessions: 2 telnet, 1 websocket; command channel up"; without the last part where channel is
 * NULL. */
void notifier_status_text(const struct session_table *sessions, const char *channel,
			  char ret_text[NOTIFIER_STATUS_MAX]);

#endif
