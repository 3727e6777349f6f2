/*
 * What time-outs are called by the sessions. One that ends a call while it is redirected ends the
 * redirection for the same reason, and is counted once: as the call's.
 */
#include "vdtgw-supervisor/sessions/timeouts.h"

#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/supervisor.h"

#include <assert.h>
#include <string.h>

static const struct {
	const char *reason;
	enum timeout timeout;
} reasons[] = {
	{ "caller-idle", TIMEOUT_ACTIVITY },    { "caller-silent", TIMEOUT_ACTIVITY },
	{ "session-timeout", TIMEOUT_SESSION }, { "home-timeout", TIMEOUT_HOME },
	{ "remote-timeout", TIMEOUT_REMOTE },   { "remote-idle", TIMEOUT_REMOTE },
};

const char *timeouts_name(enum timeout timeout)
{
	static const char *const names[] = {
		[TIMEOUT_ACTIVITY] = "activity",
		[TIMEOUT_SESSION] = "session",
		[TIMEOUT_HOME] = "home",
		[TIMEOUT_REMOTE] = "remote",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == TIMEOUT_COUNT,
		      "every time-out has its name");

	return names[timeout];
}

/* TIMEOUT_COUNT: it is none. */
static enum timeout find(const char *reason)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].reason, reason) == 0)
			return reasons[i].timeout;
	return TIMEOUT_COUNT;
}

static void tell(struct supervisor *supervisor, const struct session_entry *entry,
		 enum timeout timeout, const char *reason)
{
	struct event event = event_of_session(EVENT_TIMED_OUT, entry);

	supervisor->totals.timeouts[timeout][entry->transport]++;
	event.reason = reason;
	events_publish(supervisor->events, &event);
}

void timeouts_judge_call(struct supervisor *supervisor, const struct session_entry *entry,
			 const char *reason)
{
	enum timeout timeout = find(reason);

	if (timeout != TIMEOUT_COUNT && timeout != TIMEOUT_REMOTE)
		tell(supervisor, entry, timeout, reason);
}

void timeouts_judge_redirection(struct supervisor *supervisor, const struct session_entry *entry,
				const char *reason)
{
	if (find(reason) == TIMEOUT_REMOTE)
		tell(supervisor, entry, TIMEOUT_REMOTE, reason);
}
