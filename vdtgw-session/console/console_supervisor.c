/*
 * Two Varlink connections that stand and fall together. Answers come in the order of the questions,
 * so that a queue of what was asked tells what is answered.
 */
#include "vdtgw-session/console/console_supervisor.h"

#include "common/microseconds.h"
#include "vdtgw-session/supervisor_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	RETRY = 1,         /* s between attempts */
	WATCH_TIMEOUT = 5, /* s for the first reply to Watch, which comes at once */
};

struct question {
	int number;
	uint64_t deadline;
};

struct console_supervisor {
	struct event_loop *loop;
	const char *path;
	const struct console_supervisor_handlers *handlers;
	void *context;
	struct supervisor_link *watching; /* both NULL while it is away */
	struct supervisor_link *asking;
	struct timer *timer; /* away: the next attempt; else the earliest deadline */
	struct question questions[CONSOLE_QUESTIONS_MAX];
	unsigned count;
	bool back;
	bool absence_told; /* since it was back */
};

static void disconnect(struct console_supervisor *supervisor, const char *detail)
{
	supervisor_link_free(supervisor->watching);
	supervisor_link_free(supervisor->asking);
	supervisor->watching = NULL;
	supervisor->asking = NULL;
	supervisor->count = 0;
	supervisor->back = false;
	timer_arm(supervisor->timer, event_loop_now() + RETRY * US_PER_S);
	if (supervisor->absence_told)
		return;
	supervisor->absence_told = true;
	supervisor->handlers->away(supervisor->context, detail);
}

static void on_lost(void *context, const char *detail)
{
	disconnect(context, detail);
}

static void arm(struct console_supervisor *supervisor)
{
	uint64_t earliest = UINT64_MAX;

	for (unsigned i = 0; i < supervisor->count; i++)
		if (supervisor->questions[i].deadline < earliest)
			earliest = supervisor->questions[i].deadline;
	if (earliest != UINT64_MAX)
		timer_arm(supervisor->timer, earliest);
	else
		timer_disarm(supervisor->timer);
}

static int on_watch_reply(void *context, const struct varlink_reply *reply)
{
	struct console_supervisor *supervisor = context;
	json_t *event = json_object_get(reply->parameters, "event");

	if (reply->error != NULL || !reply->continues)
		return -EPROTO;
	if (!supervisor->back) {
		supervisor->back = true;
		supervisor->absence_told = false;
		timer_disarm(supervisor->timer);
		supervisor->handlers->back(supervisor->context);
	}
	if (json_is_object(event))
		supervisor->handlers->happened(supervisor->context, event);
	return 0;
}

static int on_answer(void *context, const struct varlink_reply *reply)
{
	struct console_supervisor *supervisor = context;
	int number;

	if (supervisor->count == 0)
		return -EPROTO;
	number = supervisor->questions[0].number;
	supervisor->count--;
	memmove(supervisor->questions, supervisor->questions + 1,
		supervisor->count * sizeof(supervisor->questions[0]));
	arm(supervisor);
	supervisor->handlers->answered(supervisor->context, number, reply->error,
				       reply->parameters);
	return 0;
}

static const struct supervisor_link_handlers watching_handlers = {
	.replied = on_watch_reply,
	.lost = on_lost,
};

static const struct supervisor_link_handlers asking_handlers = {
	.replied = on_answer,
	.lost = on_lost,
};

static int try_to_connect(struct console_supervisor *supervisor)
{
	int result = supervisor_link_new(&supervisor->asking, supervisor->loop, supervisor->path,
					 "org.vdtgw.Admin", &asking_handlers, supervisor);

	if (result == 0)
		result =
		    supervisor_link_new(&supervisor->watching, supervisor->loop, supervisor->path,
					"org.vdtgw.Admin", &watching_handlers, supervisor);
	if (result < 0)
		return result;
	timer_arm(supervisor->timer, event_loop_now() + WATCH_TIMEOUT * US_PER_S);
	supervisor_link_call(supervisor->watching, "Watch", json_object(), VARLINK_MORE);
	return 0;
}

static void on_timer(void *context)
{
	struct console_supervisor *supervisor = context;
	int result;

	if (supervisor->asking != NULL) {
		disconnect(supervisor, "it does not answer");
		return;
	}
	result = try_to_connect(supervisor);
	if (result < 0)
		disconnect(supervisor, strerror(-result));
}

int console_supervisor_new(struct console_supervisor **ret_supervisor, struct event_loop *loop,
			   const char *path, const struct console_supervisor_handlers *handlers,
			   void *context)
{
	struct console_supervisor *supervisor = calloc(1, sizeof(*supervisor));
	int result;

	if (supervisor == NULL)
		return -ENOMEM;
	supervisor->loop = loop;
	supervisor->path = path;
	supervisor->handlers = handlers;
	supervisor->context = context;
	result = timer_new(&supervisor->timer, loop, on_timer, supervisor);
	if (result < 0) {
		free(supervisor);
		return result;
	}
	timer_arm(supervisor->timer, event_loop_now());
	*ret_supervisor = supervisor;
	return 0;
}

bool console_supervisor_ask(struct console_supervisor *supervisor, int question, const char *method,
			    json_t *parameters, unsigned seconds)
{
	if (!supervisor->back || supervisor->count == CONSOLE_QUESTIONS_MAX) {
		json_decref(parameters);
		return false;
	}
	supervisor->questions[supervisor->count++] = (struct question) {
		.number = question,
		.deadline = event_loop_now() + seconds * US_PER_S,
	};
	arm(supervisor);
	supervisor_link_call(supervisor->asking, method, parameters, 0);
	return true;
}

bool console_supervisor_is_back(const struct console_supervisor *supervisor)
{
	return supervisor->back;
}

void console_supervisor_free(struct console_supervisor *supervisor)
{
	if (supervisor == NULL)
		return;
	supervisor_link_free(supervisor->watching);
	supervisor_link_free(supervisor->asking);
	timer_free(supervisor->timer);
	free(supervisor);
}
