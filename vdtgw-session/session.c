/*
 * The session's states as one total table. What happens is decided here and nowhere else; how it
 * is done is call.c's affair.
 */
#include "vdtgw-session/session.h"

#include "common/log.h"

#include <errno.h>
#include <stdio.h>

struct transition {
	bool known; /* false: the pair is missing from the table */
	enum session_state next;
	unsigned actions;
};

/* Nothing to do in this state: the event is late, or repeats what is known. */
#define STAY(state)                                                                                \
	{                                                                                          \
		true, SESSION_##state, 0                                                           \
	}
#define MOVE(state, doing)                                                                         \
	{                                                                                          \
		true, SESSION_##state, (doing)                                                     \
	}
#define LEAVE(doing)                                                                               \
	{                                                                                          \
		true, SESSION_LEAVING, (doing)                                                     \
	}

enum {
	/* The caller is there and hears why; the home service, if any, is let go. */
	LAST_WORDS = SESSION_SHOW_REASON | SESSION_CLOSE_HOME | SESSION_DRAIN,
	/* The caller was not answered yet: answer, to say why. */
	ANSWER_TO_REFUSE = SESSION_ANSWER | SESSION_SHOW_REASON | SESSION_DRAIN,
};

static const struct transition transitions[SESSION_STATE_COUNT][SESSION_EVENT_COUNT] = {
	[SESSION_ENTERING] = {
		[SESSION_ADMITTED] = MOVE(ANSWERING, SESSION_ANSWER),
		[SESSION_BANNED] = LEAVE(SESSION_FINISH),
		[SESSION_FULL] = LEAVE(ANSWER_TO_REFUSE),
		[SESSION_UNSUPERVISED] = MOVE(ANSWERING, SESSION_ANSWER),
		[SESSION_SUPERVISOR_REQUIRED] = LEAVE(ANSWER_TO_REFUSE),
		[SESSION_CALLER_READY] = STAY(ENTERING),
		[SESSION_CALLER_ENDED] = LEAVE(SESSION_FINISH),
		[SESSION_HOME_CONNECTED] = STAY(ENTERING),
		[SESSION_HOME_ENDED] = STAY(ENTERING),
		[SESSION_HUNG_UP] = LEAVE(SESSION_FINISH),
		[SESSION_GRACE_OVER] = STAY(ENTERING),
		[SESSION_ORDERED_OUT] = LEAVE(SESSION_FINISH),
		[SESSION_TIMED_OUT] = LEAVE(SESSION_FINISH),
		[SESSION_SHOWN] = STAY(ENTERING),
		[SESSION_LEAVE_OVER] = STAY(ENTERING),
	},
	[SESSION_ANSWERING] = {
		[SESSION_ADMITTED] = STAY(ANSWERING),
		[SESSION_BANNED] = LEAVE(SESSION_FINISH),
		[SESSION_FULL] = LEAVE(SESSION_SHOW_REASON | SESSION_DRAIN),
		[SESSION_UNSUPERVISED] = STAY(ANSWERING),
		[SESSION_SUPERVISOR_REQUIRED] = STAY(ANSWERING),
		[SESSION_CALLER_READY] = MOVE(CALLING_HOME, SESSION_CALL_HOME),
		[SESSION_CALLER_ENDED] = LEAVE(SESSION_FINISH),
		[SESSION_HOME_CONNECTED] = STAY(ANSWERING),
		[SESSION_HOME_ENDED] = STAY(ANSWERING),
		[SESSION_HUNG_UP] = LEAVE(SESSION_DRAIN),
		[SESSION_GRACE_OVER] = STAY(ANSWERING),
		[SESSION_ORDERED_OUT] = LEAVE(SESSION_SHOW_REASON | SESSION_DRAIN),
		[SESSION_TIMED_OUT] = LEAVE(SESSION_SHOW_REASON | SESSION_DRAIN),
		[SESSION_SHOWN] = STAY(ANSWERING),
		[SESSION_LEAVE_OVER] = STAY(ANSWERING),
	},
	[SESSION_CALLING_HOME] = {
		[SESSION_ADMITTED] = STAY(CALLING_HOME),
		[SESSION_BANNED] = LEAVE(SESSION_FINISH),
		[SESSION_FULL] = LEAVE(LAST_WORDS),
		[SESSION_UNSUPERVISED] = STAY(CALLING_HOME),
		[SESSION_SUPERVISOR_REQUIRED] = STAY(CALLING_HOME),
		[SESSION_CALLER_READY] = STAY(CALLING_HOME),
		[SESSION_CALLER_ENDED] = LEAVE(SESSION_FINISH),
		[SESSION_HOME_CONNECTED] = MOVE(HOME, SESSION_GREET),
		[SESSION_HOME_ENDED] = LEAVE(SESSION_SHOW_REASON | SESSION_DRAIN),
		[SESSION_HUNG_UP] = LEAVE(SESSION_CLOSE_HOME | SESSION_DRAIN),
		[SESSION_GRACE_OVER] = STAY(CALLING_HOME),
		[SESSION_ORDERED_OUT] = LEAVE(LAST_WORDS),
		[SESSION_TIMED_OUT] = LEAVE(LAST_WORDS),
		[SESSION_SHOWN] = STAY(CALLING_HOME),
		[SESSION_LEAVE_OVER] = STAY(CALLING_HOME),
	},
	[SESSION_HOME] = {
		[SESSION_ADMITTED] = STAY(HOME),
		[SESSION_BANNED] = LEAVE(SESSION_FINISH),
		[SESSION_FULL] = LEAVE(LAST_WORDS),
		[SESSION_UNSUPERVISED] = STAY(HOME),
		[SESSION_SUPERVISOR_REQUIRED] = STAY(HOME),
		[SESSION_CALLER_READY] = STAY(HOME),
		[SESSION_CALLER_ENDED] = LEAVE(SESSION_CLOSE_HOME),
		[SESSION_HOME_CONNECTED] = STAY(HOME),
		[SESSION_HOME_ENDED] = LEAVE(SESSION_DRAIN),
		[SESSION_HUNG_UP] = MOVE(HOME, SESSION_START_GRACE),
		[SESSION_GRACE_OVER] = LEAVE(SESSION_CLOSE_HOME | SESSION_DRAIN),
		[SESSION_ORDERED_OUT] = LEAVE(LAST_WORDS),
		[SESSION_TIMED_OUT] = LEAVE(LAST_WORDS),
		[SESSION_SHOWN] = STAY(HOME),
		[SESSION_LEAVE_OVER] = STAY(HOME),
	},
	[SESSION_LEAVING] = {
		[SESSION_ADMITTED] = STAY(LEAVING),
		[SESSION_BANNED] = MOVE(LEAVING, SESSION_FINISH),
		[SESSION_FULL] = STAY(LEAVING),
		[SESSION_UNSUPERVISED] = STAY(LEAVING),
		[SESSION_SUPERVISOR_REQUIRED] = STAY(LEAVING),
		[SESSION_CALLER_READY] = STAY(LEAVING),
		[SESSION_CALLER_ENDED] = STAY(LEAVING),
		[SESSION_HOME_CONNECTED] = MOVE(LEAVING, SESSION_CLOSE_HOME),
		[SESSION_HOME_ENDED] = STAY(LEAVING),
		[SESSION_HUNG_UP] = MOVE(LEAVING, SESSION_CLOSE_CALLER),
		[SESSION_GRACE_OVER] = STAY(LEAVING),
		[SESSION_ORDERED_OUT] = MOVE(LEAVING, SESSION_CLOSE_CALLER),
		[SESSION_TIMED_OUT] = STAY(LEAVING),
		[SESSION_SHOWN] = MOVE(LEAVING, SESSION_CLOSE_CALLER),
		[SESSION_LEAVE_OVER] = MOVE(LEAVING, SESSION_FINISH),
	},
};

static const char *const state_names[] = {
	[SESSION_ENTERING] = "entering",         [SESSION_ANSWERING] = "answering",
	[SESSION_CALLING_HOME] = "calling-home", [SESSION_HOME] = "home",
	[SESSION_LEAVING] = "leaving",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == SESSION_STATE_COUNT,
	       "every state has its name");

int session_init(struct session *session)
{
	for (unsigned state = 0; state < SESSION_STATE_COUNT; state++)
		for (unsigned event = 0; event < SESSION_EVENT_COUNT; event++)
			if (!transitions[state][event].known)
				return -EINVAL;
	*session = (struct session) { .state = SESSION_ENTERING };
	return 0;
}

static void set_state(struct session *session, enum session_state next, const char *reason)
{
	if (session->state == next)
		return;
	log_debug("%s -> %s: %s", state_names[session->state], state_names[next], reason);
	session->state = next;
	if (next == SESSION_LEAVING)
		(void)snprintf(session->reason, sizeof(session->reason), "%s", reason);
}

unsigned session_handle(struct session *session, enum session_event event, const char *reason)
{
	const struct transition *transition = &transitions[session->state][event];

	set_state(session, transition->next, reason);
	return transition->actions;
}

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}
