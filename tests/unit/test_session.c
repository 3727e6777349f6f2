/* links: vdtgw-session */
#include "vdtgw-session/deadlines.h"
#include "vdtgw-session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	STEPS_MAX = 8
};

struct step {
	enum session_event event;
	enum session_state state; /* after it */
	unsigned actions;
};

struct conversation {
	const char *name;
	struct step steps[STEPS_MAX];
	size_t count;
	const char *reason; /* in the end: the event's number that led to LEAVING, as text */
};

#define ENTER                                                                                      \
	{                                                                                          \
		SESSION_ADMITTED, SESSION_ANSWERING, SESSION_ANSWER                                \
	}
#define READY                                                                                      \
	{                                                                                          \
		SESSION_CALLER_READY, SESSION_CALLING_HOME, SESSION_CALL_HOME                      \
	}
#define CONNECT                                                                                    \
	{                                                                                          \
		SESSION_HOME_CONNECTED, SESSION_HOME, SESSION_GREET                                \
	}

static const char *const reasons[SESSION_EVENT_COUNT] = {
	[SESSION_BANNED] = "banned",           [SESSION_FULL] = "full",
	[SESSION_CALLER_ENDED] = "caller",     [SESSION_HOME_ENDED] = "home",
	[SESSION_HUNG_UP] = "hung-up",         [SESSION_GRACE_OVER] = "grace",
	[SESSION_ORDERED_OUT] = "ordered-out", [SESSION_TIMED_OUT] = "timed-out",
};

static const struct conversation conversations[] = {
	{ "a call that the caller ends",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_CALLER_ENDED, SESSION_LEAVING, SESSION_CLOSE_HOME },
	    { SESSION_HOME_ENDED, SESSION_LEAVING, 0 } },
	  5,
	  "caller" },
	{ "a call that the service ends: what is queued is shown",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_HOME_ENDED, SESSION_LEAVING, SESSION_SHOW_LOSS | SESSION_DRAIN },
	    { SESSION_SHOWN, SESSION_LEAVING, SESSION_CLOSE_CALLER },
	    { SESSION_CALLER_ENDED, SESSION_LEAVING, 0 } },
	  6,
	  "home" },
	{ "a banned caller is sent nothing",
	  { { SESSION_BANNED, SESSION_LEAVING, SESSION_FINISH } },
	  1,
	  "banned" },
	{ "a caller too many hears why",
	  { { SESSION_FULL, SESSION_LEAVING, SESSION_SHOW_REASON | SESSION_DRAIN | SESSION_ANSWER },
	    { SESSION_SHOWN, SESSION_LEAVING, SESSION_CLOSE_CALLER } },
	  2,
	  "full" },
	{ "no supervisor: the call goes on, and a late admission changes nothing",
	  { { SESSION_UNSUPERVISED, SESSION_ANSWERING, SESSION_ANSWER },
	    READY,
	    { SESSION_ADMITTED, SESSION_CALLING_HOME, 0 },
	    CONNECT },
	  4,
	  "" },
	{ "home cannot be reached: the caller hears why",
	  { ENTER,
	    READY,
	    { SESSION_HOME_ENDED, SESSION_LEAVING, SESSION_SHOW_REASON | SESSION_DRAIN } },
	  3,
	  "home" },
	{ "Connexion/Fin at home is the home service's affair, for a while",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_HUNG_UP, SESSION_HOME, SESSION_START_GRACE },
	    { SESSION_GRACE_OVER, SESSION_LEAVING, SESSION_CLOSE_HOME | SESSION_DRAIN } },
	  5,
	  "grace" },
	{ "Connexion/Fin while connecting ends the call",
	  { ENTER,
	    READY,
	    { SESSION_HUNG_UP, SESSION_LEAVING, SESSION_CLOSE_HOME | SESSION_DRAIN } },
	  3,
	  "hung-up" },
	{ "a redirection, and home again when the remote service closes",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_REDIRECT_ORDERED, SESSION_REDIRECTING, SESSION_START_REDIRECTION },
	    { SESSION_REMOTE_CONNECTED, SESSION_AWAY, SESSION_ARRIVE },
	    { SESSION_REMOTE_ENDED, SESSION_HOME, SESSION_END_REDIRECTION } },
	  6,
	  "" },
	{ "Connexion/Fin ends a redirection that is connected",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_REDIRECT_ORDERED, SESSION_REDIRECTING, SESSION_START_REDIRECTION },
	    { SESSION_REMOTE_CONNECTED, SESSION_AWAY, SESSION_ARRIVE },
	    { SESSION_HUNG_UP, SESSION_HOME, SESSION_REQUEST_CLOSE | SESSION_END_REDIRECTION } },
	  6,
	  "" },
	{ "Connexion/Fin cancels a redirection that is not",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_REDIRECT_ORDERED, SESSION_REDIRECTING, SESSION_START_REDIRECTION },
	    { SESSION_HUNG_UP, SESSION_HOME, SESSION_REQUEST_CLOSE | SESSION_END_REDIRECTION } },
	  5,
	  "" },
	{ "home closes while the caller is away, and is called again",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_REDIRECT_ORDERED, SESSION_REDIRECTING, SESSION_START_REDIRECTION },
	    { SESSION_HOME_ENDED, SESSION_REDIRECTING, 0 },
	    { SESSION_REMOTE_ENDED, SESSION_HOME, SESSION_END_REDIRECTION },
	    { SESSION_HOME_LOST, SESSION_CALLING_HOME, SESSION_CALL_HOME } },
	  7,
	  "" },
	{ "a caller who goes while away ends both",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_REDIRECT_ORDERED, SESSION_REDIRECTING, SESSION_START_REDIRECTION },
	    { SESSION_REMOTE_CONNECTED, SESSION_AWAY, SESSION_ARRIVE },
	    { SESSION_CALLER_ENDED, SESSION_LEAVING,
	      SESSION_END_REDIRECTION | SESSION_CLOSE_HOME } },
	  6,
	  "caller" },
	{ "a second order out does not wait for the last words",
	  { ENTER,
	    READY,
	    CONNECT,
	    { SESSION_ORDERED_OUT, SESSION_LEAVING,
	      SESSION_SHOW_REASON | SESSION_CLOSE_HOME | SESSION_DRAIN },
	    { SESSION_ORDERED_OUT, SESSION_LEAVING, SESSION_CLOSE_CALLER },
	    { SESSION_LEAVE_OVER, SESSION_LEAVING, SESSION_FINISH } },
	  6,
	  "ordered-out" },
};

static void test_conversations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		const struct conversation *conversation = &conversations[i];
		struct session session;

		print_message("%s\n", conversation->name);
		assert_int_equal(session_init(&session), 0);
		assert_int_equal(session_handle(&session, SESSION_ARRIVED, "arrived"),
				 SESSION_ENTER);
		for (size_t j = 0; j < conversation->count; j++) {
			const struct step *step = &conversation->steps[j];
			const char *reason = reasons[step->event] ? reasons[step->event] : "-";

			assert_int_equal(session_handle(&session, step->event, reason),
					 step->actions);
			assert_int_equal(session.state, step->state);
		}
		assert_string_equal(session.reason, conversation->reason);
	}
}

static void test_every_pair_is_answered_and_nothing_leaves_leaving(void **state)
{
	(void)state;
	for (unsigned from = 0; from < SESSION_STATE_COUNT; from++)
		for (unsigned event = 0; event < SESSION_EVENT_COUNT; event++) {
			struct session session;

			assert_int_equal(session_init(&session), 0);
			session.state = (enum session_state)from;
			(void)session_handle(&session, (enum session_event)event, "x");
			assert_true(session.state < SESSION_STATE_COUNT);
			if (from == SESSION_LEAVING)
				assert_int_equal(session.state, SESSION_LEAVING);
		}
}

static void test_the_first_reason_to_leave_stands(void **state)
{
	struct session session;

	(void)state;
	assert_int_equal(session_init(&session), 0);
	(void)session_handle(&session, SESSION_ARRIVED, "arrived");
	(void)session_handle(&session, SESSION_ADMITTED, "admitted");
	(void)session_handle(&session, SESSION_TIMED_OUT, "session-timeout");
	(void)session_handle(&session, SESSION_CALLER_ENDED, "caller-closed");
	assert_string_equal(session.reason, "session-timeout");
}

/* Nothing is asked and nothing sent before it is known who calls. */
static void test_a_caller_who_is_not_known_cannot_enter(void **state)
{
	static const enum session_event ends[] = { SESSION_CALLER_ENDED, SESSION_ORDERED_OUT,
						   SESSION_TIMED_OUT };
	struct session session;

	(void)state;
	for (unsigned event = 0; event < SESSION_EVENT_COUNT; event++) {
		unsigned actions;

		assert_int_equal(session_init(&session), 0);
		assert_int_equal(session.state, SESSION_ARRIVING);
		actions = session_handle(&session, (enum session_event)event, "x");
		if (event == SESSION_ARRIVED)
			assert_int_equal(actions, SESSION_ENTER);
		else
			assert_int_equal(actions & ~(unsigned)SESSION_FINISH, 0);
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		assert_int_equal(session_init(&session), 0);
		assert_int_equal(session_handle(&session, ends[i], "proxy-header"), SESSION_FINISH);
		assert_string_equal(session.reason, "proxy-header");
	}
}

static void test_deadlines_are_taken_when_due(void **state)
{
	struct deadlines deadlines = { 0 };
	enum deadline which;

	(void)state;
	assert_int_equal(deadlines_next(&deadlines), UINT64_MAX);
	assert_false(deadlines_take(&deadlines, UINT64_MAX, &which));
	deadlines_set(&deadlines, DEADLINE_HOME, 10, 20);
	deadlines_set(&deadlines, DEADLINE_GRACE, 4, 6);
	deadlines_set(&deadlines, DEADLINE_LEAVE, 5, 15);
	deadlines_clear(&deadlines, DEADLINE_LEAVE);
	assert_int_equal(deadlines_next(&deadlines), 10);
	assert_false(deadlines_take(&deadlines, 9, &which));
	assert_true(deadlines_take(&deadlines, 10, &which));
	assert_int_equal(which, DEADLINE_GRACE);
	assert_false(deadlines_is_set(&deadlines, DEADLINE_GRACE));
	assert_false(deadlines_take(&deadlines, 29, &which));
	assert_true(deadlines_take(&deadlines, 31, &which));
	assert_int_equal(which, DEADLINE_HOME);
}

static void test_a_deadline_changes_from_where_it_began(void **state)
{
	static const struct {
		uint64_t duration;
		uint64_t next;
	} changes[] = { { 30, 130 }, { 5, 105 }, { 0, UINT64_MAX }, { 90, 190 } };
	struct deadlines deadlines = { 0 };
	enum deadline which;

	(void)state;
	deadlines_change(&deadlines, DEADLINE_HOME, 10);
	assert_int_equal(deadlines_next(&deadlines), UINT64_MAX);
	deadlines_set(&deadlines, DEADLINE_HOME, 100, 20);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		deadlines_change(&deadlines, DEADLINE_HOME, changes[i].duration);
		assert_int_equal(deadlines_next(&deadlines), changes[i].next);
	}
	assert_true(deadlines_take(&deadlines, 190, &which));
	deadlines_change(&deadlines, DEADLINE_HOME, 10);
	assert_int_equal(deadlines_next(&deadlines), UINT64_MAX);
	deadlines_set(&deadlines, DEADLINE_REMOTE, 100, 0);
	assert_int_equal(deadlines_next(&deadlines), UINT64_MAX);
	deadlines_clear(&deadlines, DEADLINE_REMOTE);
	deadlines_change(&deadlines, DEADLINE_REMOTE, 10);
	assert_int_equal(deadlines_next(&deadlines), UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_every_pair_is_answered_and_nothing_leaves_leaving),
		cmocka_unit_test(test_the_first_reason_to_leave_stands),
		cmocka_unit_test(test_a_caller_who_is_not_known_cannot_enter),
		cmocka_unit_test(test_deadlines_are_taken_when_due),
		cmocka_unit_test(test_a_deadline_changes_from_where_it_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
