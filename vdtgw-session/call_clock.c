/*
 * A call's time-outs: what each of them does when it is over, and how all change when the
 * configuration does.
 */
#include "vdtgw-session/call_parts.h"

#include "vdtgw-session/texts.h"

static void rearm(struct call *call)
{
	uint64_t next = deadlines_next(&call->deadlines);

	if (next == UINT64_MAX)
		timer_disarm(call->clock);
	else
		timer_arm(call->clock, next);
}

void call_set_deadline_since(struct call *call, enum deadline which, uint64_t since,
			     uint64_t microseconds)
{
	uint64_t next = deadlines_next(&call->deadlines);

	deadlines_set(&call->deadlines, which, since, microseconds);
	/* One that moves away (every key moves the caller's silence) costs no system call: the
	 * clock rings for the old moment, finds nothing due, and is armed for the new one. */
	if (deadlines_next(&call->deadlines) < next)
		rearm(call);
}

void call_set_deadline(struct call *call, enum deadline which, uint64_t microseconds)
{
	call_set_deadline_since(call, which, event_loop_now(), microseconds);
}

void call_clear_deadline(struct call *call, enum deadline which)
{
	deadlines_clear(&call->deadlines, which);
}

static void show_connecting(struct call *call)
{
	char text[TEXTS_MAX];

	if (call->session.state != SESSION_CALLING_HOME)
		return;
	texts_connecting(&call->home_uri, text);
	call_output_text(call, text);
}

/* A caller who is not read, because the service takes nothing, may go without a word. */
static void look_at_paused(struct call *call)
{
	if (call->caller == NULL)
		return;
	if (caller_gone(call->caller))
		call_lose_caller(call, CALLER_CUT, "gone while the service took nothing of it");
	else
		call_set_deadline(call, DEADLINE_PAUSED, CALL_PAUSED_LOOK);
}

static void end_redirection(struct call *call, const char *reason)
{
	call->redirection.inactive = true;
	call_event(call, SESSION_REDIRECTION_TIMED_OUT, reason);
}

static void on_deadline(struct call *call, enum deadline which)
{
	switch (which) {
	case DEADLINE_CALLER_IDLE:
		/* Not a key in all this time: perhaps there is no terminal. */
		call_event(call, SESSION_TIMED_OUT,
			   call->bytes_in > 0 ? "caller-idle" : "caller-silent");
		break;
	case DEADLINE_CALLER_WARNING:
		call_input_warn(call);
		break;
	case DEADLINE_SESSION:
		call_event(call, SESSION_TIMED_OUT, "session-timeout");
		break;
	case DEADLINE_HOME:
		call_event(call, SESSION_TIMED_OUT, "home-timeout");
		break;
	case DEADLINE_CONNECTING:
		show_connecting(call);
		break;
	case DEADLINE_REMOTE:
		end_redirection(call, "remote-timeout");
		break;
	case DEADLINE_REMOTE_IDLE:
		end_redirection(call, "remote-idle");
		break;
	case DEADLINE_HOLD:
		call_input_release(call);
		break;
	case DEADLINE_GRACE:
		call_event(call, SESSION_GRACE_OVER, "hung-up");
		break;
	case DEADLINE_LEAVE:
		call_event(call, call->caller_closing ? SESSION_LEAVE_OVER : SESSION_SHOWN,
			   call->session.reason);
		break;
	case DEADLINE_SEPARATOR:
		call_input_separator_over(call);
		break;
	case DEADLINE_PAUSED:
		look_at_paused(call);
		break;
	case DEADLINE_TRAFFIC:
		call_traffic_report(call);
		break;
	case DEADLINE_COUNT:
		break;
	}
}

void call_clock_rang(void *context)
{
	struct call *call = context;
	enum deadline which;

	while (!call->finished && deadlines_take(&call->deadlines, event_loop_now(), &which))
		on_deadline(call, which);
	rearm(call);
}

/* Seconds from the moment that it counts from already. */
static void change(struct call *call, enum deadline which, unsigned seconds)
{
	deadlines_change(&call->deadlines, which, (uint64_t)seconds * US_PER_S);
}

void call_change_limits(struct call *call, const struct supervisor_limits *limits)
{
	call->limits = *limits;
	call_input_watch_silence(call);
	change(call, DEADLINE_SESSION, limits->session);
	change(call, DEADLINE_HOME, limits->home);
	change(call, DEADLINE_REMOTE, limits->remote);
	change(call, DEADLINE_REMOTE_IDLE, limits->remote_telnet_idle);
	typing_meter_set_limit(&call->typing, event_loop_now(), limits->typing_limit);
	/* What is over already rings at once. */
	rearm(call);
}
