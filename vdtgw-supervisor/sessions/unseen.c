/*
 * Goes through the history once, from its end to its beginning, in steps that hold nobody up. What
 * it finds is told as any other event, so that it is kept, too. Without a history there is nothing
 * to mend, and with a database that fails now the next start does it.
 */
#include "vdtgw-supervisor/sessions/unseen.h"

#include "common/microseconds.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/storage/database_history.h"
#include "vdtgw-supervisor/storage/history.h"

#include <errno.h>
#include <stdlib.h>

enum {
	STEP = 500, /* events of one step: some ms */
	PAUSE = 50, /* ms between two */
	RETRY = 1,  /* s until the history is looked at again whose last events are not written */
};

struct unseen {
	struct supervisor *supervisor;
	struct timer *timer;
	struct database *database; /* of the step under way */
	int64_t next;              /* the number of the event at which it goes on */
	size_t count;              /* of calls that were ended */
	int error;
};

/* Takes an event; where it is the beginning of such a call, tells its end. */
static bool take(void *context, int64_t number, const struct event *begun)
{
	struct unseen *unseen = context;
	struct event event = event_of(EVENT_ENDED);
	int ended;

	(void)number;
	if (begun->kind != EVENT_STARTED ||
	    session_table_find(unseen->supervisor->sessions, begun->session) != NULL)
		return true;
	ended = database_has_end(unseen->database, begun->session);
	if (ended < 0)
		unseen->error = ended;
	if (ended != 0)
		return ended > 0;
	event.session = begun->session;
	event.has_caller = begun->has_caller;
	event.transport = begun->transport;
	event.has_network = begun->has_network;
	event.network = begun->network;
	event.port = begun->port;
	event.service = begun->service;
	event.reason = "unseen";
	events_publish(unseen->supervisor->events, &event);
	unseen->count++;
	return true;
}

/* Looks at the next events. Returns how long to wait for the next step, in µs; 0: there is none. */
static uint64_t step(struct unseen *unseen)
{
	struct history *history = unseen->supervisor->history;
	struct event_scan scan = {
		.first = 1,
		.last = unseen->next,
		.backwards = true,
		.session = -1,
		.limit = STEP,
	};
	const char *why;

	unseen->database = history_open(history, &why);
	if (unseen->database == NULL)
		return 0;
	/* An end that is not written yet would be missed. */
	if (!history_is_written(history))
		return RETRY * US_PER_S;
	if (database_scan_events(unseen->database, &scan, take, unseen, &unseen->next) < 0 ||
	    unseen->error < 0) {
		history_failed(history);
		return 0;
	}
	return unseen->next > 0 ? PAUSE * US_PER_MS : 0;
}

static void on_due(void *context)
{
	struct unseen *unseen = context;
	uint64_t wait = step(unseen);

	if (wait > 0)
		timer_arm(unseen->timer, event_loop_now() + wait);
	else if (unseen->count > 0)
		log_notice("%zu calls of the history ended while there was no supervisor",
			   unseen->count);
}

int unseen_new(struct unseen **ret_unseen, struct event_loop *loop, struct supervisor *supervisor)
{
	struct unseen *unseen = calloc(1, sizeof(*unseen));
	int error;

	if (unseen == NULL)
		return -ENOMEM;
	unseen->supervisor = supervisor;
	unseen->next = INT64_MAX;
	error = timer_new(&unseen->timer, loop, on_due, unseen);
	if (error < 0) {
		free(unseen);
		return error;
	}
	timer_arm(unseen->timer, event_loop_now() + UNSEEN_PATIENCE * US_PER_S);
	*ret_unseen = unseen;
	return 0;
}

void unseen_free(struct unseen *unseen)
{
	if (unseen == NULL)
		return;
	timer_free(unseen->timer);
	free(unseen);
}
