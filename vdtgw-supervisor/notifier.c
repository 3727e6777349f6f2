/*
 * Talks to the service manager. The status line is sent at once, then at most once a period, so
 * that a storm of callers does not become one of notifications.
 */
#include "vdtgw-supervisor/notifier.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

struct notifier {
	const struct session_table *sessions;
	const char *channel; /* its state; NULL: there is none */
	struct timer *watchdog;
	struct timer *status;
	uint64_t watchdog_period; /* µs; 0: nobody watches */
	uint64_t status_due;      /* the earliest time of the next status line */
	bool ready;
};

void notifier_status_text(const struct session_table *sessions, const char *channel,
			  char ret_text[NOTIFIER_STATUS_MAX])
{
	size_t count = session_table_count(sessions);
	size_t length;

	length = (size_t)snprintf(ret_text, NOTIFIER_STATUS_MAX, "%zu session%s", count,
				  count == 1 ? "" : "s");
	for (int i = 0, named = 0; i < TRANSPORT_COUNT; i++) {
		size_t part = session_table_count_transport(sessions, (enum transport)i);

		if (part == 0 || length >= NOTIFIER_STATUS_MAX)
			continue;
		length += (size_t)snprintf(ret_text + length, NOTIFIER_STATUS_MAX - length,
					   "%s %zu %s", named++ > 0 ? "," : ":", part,
					   transport_name((enum transport)i));
	}
	if (channel != NULL && length < NOTIFIER_STATUS_MAX)
		(void)snprintf(ret_text + length, NOTIFIER_STATUS_MAX - length,
			       "; command channel %s", channel);
}

static void on_watchdog(void *context)
{
	struct notifier *notifier = context;

	sd_notify(0, "WATCHDOG=1");
	timer_arm(notifier->watchdog, event_loop_now() + notifier->watchdog_period);
}

static void on_status(void *context)
{
	struct notifier *notifier = context;
	char text[NOTIFIER_STATUS_MAX];

	notifier_status_text(notifier->sessions, notifier->channel, text);
	sd_notifyf(0, "STATUS=%s", text);
	notifier->status_due = event_loop_now() + NOTIFIER_STATUS_PERIOD * UINT64_C(1000);
}

int notifier_new(struct notifier **ret_notifier, struct event_loop *loop,
		 const struct session_table *sessions)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));
	uint64_t limit = 0;
	int error;

	if (notifier == NULL)
		return -ENOMEM;
	notifier->sessions = sessions;
	error = timer_new(&notifier->watchdog, loop, on_watchdog, notifier);
	if (error == 0)
		error = timer_new(&notifier->status, loop, on_status, notifier);
	if (error < 0) {
		notifier_free(notifier);
		return error;
	}
	if (sd_watchdog_enabled(0, &limit) > 0)
		notifier->watchdog_period = limit / 2;
	*ret_notifier = notifier;
	return 0;
}

void notifier_free(struct notifier *notifier)
{
	if (notifier == NULL)
		return;
	timer_free(notifier->watchdog);
	timer_free(notifier->status);
	free(notifier);
}

void notifier_ready(struct notifier *notifier)
{
	notifier->ready = true;
	sd_notify(0, "READY=1");
	on_status(notifier);
	if (notifier->watchdog_period > 0)
		on_watchdog(notifier);
}

void notifier_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, event_loop_now());
}

void notifier_reloaded(void)
{
	sd_notify(0, "READY=1");
}

void notifier_changed(struct notifier *notifier)
{
	if (notifier->ready)
		timer_arm(notifier->status, notifier->status_due);
}

void notifier_channel(struct notifier *notifier, const char *state)
{
	notifier->channel = state;
	notifier_changed(notifier);
}

void notifier_stopping(struct notifier *notifier)
{
	notifier->ready = false;
	timer_disarm(notifier->status);
	sd_notify(0, "STOPPING=1");
}
