/*
 * One call, joined: handlers of the caller, the home service and the supervisor become events of
 * the state machine, and its actions are carried out.
 */
#include "vdtgw-session/call_parts.h"

#include "common/log.h"
#include "vdtgw-session/redirection_policy.h"
#include "vdtgw-session/texts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	HANG_UP_GRACE = 5 * US_PER_S, /* for the home service to say good-bye and close */
	SHOW_MAX = 20 * US_PER_S,     /* for what is queued: two full pages at 1200 bit/s */
	CLOSE_MAX = 3 * US_PER_S,     /* for both ends to close, after that */
};

void call_note(struct call *call, const char *detail)
{
	if (detail == NULL || call->detail[0] != '\0')
		return;
	(void)snprintf(call->detail, sizeof(call->detail), "%s", detail);
	/* It is quoted in the log: a peer's words do not end the quotation. */
	for (char *mark = call->detail; (mark = strchr(mark, '"')) != NULL;)
		*mark = '\'';
}

static void finish(struct call *call)
{
	if (call->finished)
		return;
	call->finished = true;
	call_log_ended(call);
	/* There is none before it is known who calls. */
	if (call->supervisor != NULL) {
		call_redirection_tell_end(call);
		supervisor_client_leave(call->supervisor, call->session.reason, call->bytes_in,
					call->bytes_out, event_loop_now() - call->started);
	}
	event_loop_stop(call->loop, 0);
}

/* LEAVING: the caller has all of it, or there is nobody to show it to. */
static void check_shown(struct call *call)
{
	if (call->session.state != SESSION_LEAVING || call->finished)
		return;
	if (call->caller == NULL && call->home.link == NULL)
		finish(call);
	else if (call->caller != NULL && call->caller_ready && !call->caller_closing &&
		 call_output_done(call))
		call_event(call, SESSION_SHOWN, call->session.reason);
}

/* The caller's transport */

static void on_caller_ready(void *context)
{
	struct call *call = context;

	call->caller_ready = true;
	call_event(call, SESSION_CALLER_READY, "answered");
	call_output_pump(call);
	check_shown(call);
}

static void on_caller_received(void *context, const uint8_t *bytes, size_t length)
{
	call_input_received(context, bytes, length);
}

static void on_caller_drained(void *context)
{
	struct call *call = context;

	call_output_pump(call);
	check_shown(call);
}

static void on_caller_learned(void *context, enum caller_fact fact, const char *text)
{
	struct call *call = context;

	supervisor_client_learned(call->supervisor, fact, text);
}

void call_lose_caller(struct call *call, enum caller_end why, const char *detail)
{
	char reason[SESSION_REASON_MAX];

	if (call->session.state != SESSION_LEAVING && why != CALLER_ABUSE)
		call_note(call, detail);
	caller_free(call->caller);
	call->caller = NULL;
	timer_disarm(call->line);
	(void)snprintf(reason, sizeof(reason), "caller-%s", caller_end_name(why));
	if (why == CALLER_ABUSE)
		(void)snprintf(reason, sizeof(reason), "%s", detail);
	call_event(call, SESSION_CALLER_ENDED, reason);
	check_shown(call);
}

static void on_caller_ended(void *context, enum caller_end why, const char *detail)
{
	call_lose_caller(context, why, detail);
}

static const struct caller_handlers caller_handlers = {
	.ready = on_caller_ready,
	.received = on_caller_received,
	.drained = on_caller_drained,
	.learned = on_caller_learned,
	.ended = on_caller_ended,
};

static void answer(struct call *call)
{
	const char *abuse = call_arrival_abuse(call);
	int result;

	if (abuse != NULL) {
		call_event(call, SESSION_CALLER_ENDED, abuse);
		return;
	}
	call_log_started(call);
	typing_meter_init(&call->typing, call->limits.typing_limit, event_loop_now());
	result = caller_new(&call->caller, call->transport, call->loop, call->descriptor,
			    &caller_handlers, call);
	if (result < 0) {
		log_error("the caller cannot be answered: %s", strerror(-result));
		call_event(call, SESSION_CALLER_ENDED, "caller-no-resources");
		return;
	}
	call->descriptor = -1;
	caller_start(call->caller);
}

static void on_line(void *context)
{
	struct call *call = context;

	call_output_pump(call);
	check_shown(call);
}

/* Actions */

static void show_reason(struct call *call)
{
	const char *reason = call->session.reason;
	char text[TEXTS_MAX];

	if (strncmp(reason, "home-", 5) == 0 && call->home.link == NULL)
		texts_home_failed(&call->home_uri, call->home_failure, text);
	else if (strcmp(reason, "full") == 0)
		texts_refused("SERVICE SATURE", text);
	else if (strcmp(reason, "supervisor-required") == 0)
		texts_refused("SERVICE FERME", text);
	else if (strcmp(reason, "caller-idle") == 0 || strcmp(reason, "caller-silent") == 0)
		texts_row0("END INACTIVE", text);
	else if (strcmp(reason, "session-timeout") == 0)
		texts_row0("FIN: DUREE MAXIMALE ATTEINTE", text);
	else if (strcmp(reason, "home-timeout") == 0)
		texts_row0("FIN: DUREE DU SERVICE ATTEINTE", text);
	else if (strcmp(reason, "typing-speed") == 0)
		texts_row0("FIN: FRAPPE TROP RAPIDE", text);
	else
		texts_row0("FIN DE COMMUNICATION", text);
	/* The last words do not wait behind a page that nobody asked to finish. */
	screen_drop(call->screen, SCREEN_HOME);
	call_output_text(call, text);
}

/* What the home service still said is shown beside it. */
static void show_loss(struct call *call)
{
	char text[TEXTS_MAX];

	if (call->hung_up || call->home_failure == SERVICE_CLOSED)
		return;
	texts_service_failed(call->home_failure, text);
	call_output_text(call, text);
}

static void start_grace(struct call *call)
{
	call->hung_up = true;
	if (!deadlines_is_set(&call->deadlines, DEADLINE_GRACE))
		call_set_deadline(call, DEADLINE_GRACE, HANG_UP_GRACE);
}

static void close_caller(struct call *call)
{
	call->caller_closing = true;
	call_set_deadline(call, DEADLINE_LEAVE, CLOSE_MAX);
	if (call->caller != NULL)
		caller_close(call->caller);
}

/* In the order of enum session_action: what is said comes before the answer, so that a caller who
 * is ready finds it waiting. */
static void carry_out(struct call *call, unsigned actions, const char *reason)
{
	if (actions & SESSION_REQUEST_CLOSE)
		call_redirection_request_close(call);
	if (actions & SESSION_END_REDIRECTION)
		call_redirection_end(call, reason);
	if (actions & SESSION_SHOW_REASON)
		show_reason(call);
	if (actions & SESSION_SHOW_LOSS)
		show_loss(call);
	if ((actions & SESSION_CLOSE_HOME) && call->home.link != NULL)
		service_link_close(call->home.link);
	if (actions & SESSION_DRAIN)
		call_set_deadline(call, DEADLINE_LEAVE, SHOW_MAX);
	if (actions & SESSION_ANSWER)
		answer(call);
	if (actions & SESSION_CALL_HOME)
		call_home_connect(call);
	if (actions & SESSION_GREET)
		call_home_greet(call);
	if (actions & SESSION_START_GRACE)
		start_grace(call);
	if (actions & SESSION_START_REDIRECTION)
		call_redirection_start(call);
	if (actions & SESSION_ARRIVE)
		call_redirection_arrive(call);
	if (actions & SESSION_CLOSE_CALLER)
		close_caller(call);
	if (actions & SESSION_ENTER)
		call_arrival_enter(call);
	if (actions & SESSION_FINISH)
		finish(call);
}

/* The service that the caller is with, or is being joined to. */
static const char *current_service(const struct call *call)
{
	bool redirected =
	    call->session.state == SESSION_REDIRECTING || call->session.state == SESSION_AWAY;

	return redirected ? call->redirection.uri_text : call->config->home.uri;
}

void call_event(struct call *call, enum session_event event, const char *reason)
{
	enum session_state before = call->session.state;
	unsigned actions;

	if (call->finished)
		return;
	actions = session_handle(&call->session, event, reason);
	if (call->session.state != before && call->session.state != SESSION_LEAVING &&
	    call->supervisor != NULL)
		supervisor_client_state(call->supervisor, session_state_name(call->session.state),
					reason, current_service(call));
	carry_out(call, actions, reason);
	if (call->session.state == SESSION_HOME && call->home.link == NULL)
		call_event(call, SESSION_HOME_LOST, "the home service closed meanwhile");
	check_shown(call);
}

/* Life */

static int prepare(struct call *call)
{
	char error[CONFIG_ERROR_MAX];
	const char *why;
	int result;

	result = session_init(&call->session);
	if (result < 0)
		return result;
	result = uri_parse(&call->home_uri, call->config->home.uri, &why);
	if (result < 0)
		return result;
	result = redirection_policy_new(&call->policy, &call->config->redirection.allow,
					&call->config->redirection.deny, error, sizeof(error));
	if (result < 0) {
		log_error("%s", error);
		return result;
	}
	call->redirection.remote = &call->redirection.remotes[0];
	pacer_init(&call->pacer, call->config->speed[call->transport]);
	result = screen_new(&call->screen);
	if (result < 0)
		return result;
	result = timer_new(&call->line, call->loop, on_line, call);
	if (result < 0)
		return result;
	result = timer_new(&call->clock, call->loop, call_clock_rang, call);
	if (result < 0)
		return result;
	return call_arrival_begin(call);
}

static struct supervisor_limits limits_of(const struct config *config)
{
	return (struct supervisor_limits) {
		.caller_idle = config->timeouts.caller_idle,
		.session = config->timeouts.session,
		.remote = config->timeouts.remote,
		.remote_telnet_idle = config->timeouts.remote_telnet_idle,
		.home = config->timeouts.home,
		.typing_limit = config->bans.enabled ? config->bans.typing_limit : 0,
	};
}

int call_new(struct call **ret_call, struct event_loop *loop, const struct config *config,
	     enum transport transport, int descriptor)
{
	struct call *call;
	int result;

	call = calloc(1, sizeof(*call));
	if (call == NULL)
		return -ENOMEM;
	call->loop = loop;
	call->config = config;
	call->transport = transport;
	call->descriptor = descriptor;
	call->started = event_loop_now();
	call->limits = limits_of(config);
	recording_init(&call->recording);
	result = prepare(call);
	if (result < 0) {
		call->descriptor = -1;
		call_free(call);
		return result;
	}
	call_set_deadline(call, DEADLINE_SESSION, (uint64_t)call->limits.session * US_PER_S);
	call_input_touch(call);
	*ret_call = call;
	return 0;
}

void call_terminate(struct call *call)
{
	call_event(call, SESSION_ORDERED_OUT, "terminated");
}

void call_free(struct call *call)
{
	if (call == NULL)
		return;
	log_set_fields(NULL, 0);
	caller_free(call->caller);
	service_link_free(call->home.link);
	for (size_t i = 0; i < 2; i++)
		service_link_free(call->redirection.remotes[i].service.link);
	redirection_policy_free(call->policy);
	arrival_free(call->arrival);
	supervisor_client_free(call->supervisor);
	timer_free(call->line);
	timer_free(call->clock);
	screen_free(call->screen);
	recording_done(&call->recording);
	if (call->descriptor >= 0)
		(void)close(call->descriptor);
	free(call);
}
