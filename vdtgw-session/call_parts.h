/* What the call's files share: the call itself. */
#ifndef VDTGW_SESSION_CALL_PARTS_H
#define VDTGW_SESSION_CALL_PARTS_H

#include "common/microseconds.h"
#include "network/service_link.h"
#include "vdtgw-session/arrival.h"
#include "vdtgw-session/call.h"
#include "vdtgw-session/caller.h"
#include "vdtgw-session/deadlines.h"
#include "vdtgw-session/identification.h"
#include "vdtgw-session/keyboard.h"
#include "vdtgw-session/pacer.h"
#include "vdtgw-session/recording.h"
#include "vdtgw-session/screen.h"
#include "vdtgw-session/session.h"
#include "vdtgw-session/supervisor_client.h"
#include "vdtgw-session/typing_meter.h"

#include <netinet/in.h>

enum {
	CALL_INPUT_MAX = 2 * CALLER_INPUT_MAX, /* bytes of the caller's that wait for the service */
	CALL_DETAIL_MAX = 160,
	CALL_PAUSED_LOOK = 2 * US_PER_S,      /* between two looks at a caller who is not read */
	CALL_TRAFFIC_INTERVAL = 5 * US_PER_S, /* between two reports of how much has passed */
};

/* A service that the caller is joined to, or was. */
struct call_service {
	struct service_link *link; /* NULL: there is none (any more) */
	bool connected;
	bool paused;
};

/* A connection to a remote service. When its redirection is over it may still be closing, in
 * order, while the next one begins. */
struct call_remote {
	struct call *call;
	struct call_service service;
	bool parting; /* closing: nothing that it says matters */
};

/* A redirection: the remote service, and what the Teletel server calls it. */
struct call_redirection {
	char tag[SUPERVISOR_TAG_MAX];
	struct uri uri;
	char uri_text[URI_MAX];
	struct call_remote remotes[2];
	struct call_remote *remote;   /* the one of this redirection, or of the last */
	enum service_failure failure; /* why it could not be reached, or closed */
	char detail[CALL_DETAIL_MAX]; /* more of it, for the log; empty: none */
	uint64_t started;             /* when it was ordered */
	uint64_t bytes_in_before;     /* of the call's, those ahead of it */
	uint64_t bytes_out_before;
	uint64_t bytes_in; /* in it, once it is over */
	uint64_t bytes_out;
	bool arrived;                    /* it was reached */
	bool requested;                  /* the caller ended it */
	bool inactive;                   /* a time-out ends it */
	char untold[SESSION_REASON_MAX]; /* why it is over, to be told when home is closed */
};

/* The caller, in the fields of log lines. */
struct call_log {
	char session[24];
	char port[8];
};

struct call {
	struct event_loop *loop;
	const struct config *config;
	struct supervisor_limits limits; /* in force: the configuration's, or newer ones */
	struct call_log log;
	enum transport transport;
	int descriptor; /* until the caller is answered; then -1 */
	char address[INET6_ADDRSTRLEN];
	struct supervisor_entry entry;
	struct session session;
	struct arrival *arrival; /* NULL once it is known who calls */

	struct supervisor_client *supervisor; /* NULL until then */
	uint64_t number;                      /* the supervisor's for this session; 0: none yet */

	struct caller *caller; /* NULL before it is answered and when it has gone */
	bool caller_ready;
	bool caller_closing;
	struct keyboard keyboard;
	struct typing_meter typing;
	struct recording recording;    /* of all that comes from the caller */
	uint64_t silent_since;         /* the caller's last byte, or the beginning */
	bool warned;                   /* that the call is about to end for want of input */
	uint8_t input[CALL_INPUT_MAX]; /* on its way to the service */
	size_t input_length;
	uint64_t sent_at; /* when Envoi was last pressed at home; 0: not yet */
	bool answered;    /* what was ordered since then is over already */
	bool held;
	size_t held_at; /* where in input Connexion/Fin is held back, with all that follows */

	struct uri home_uri;
	struct call_service home;
	enum service_failure home_failure;
	struct identification identification;
	bool identified; /* on this connection to the home service */
	bool channel_up; /* the Teletel server can be told, and can order */
	bool hung_up;    /* Connexion/Fin was pressed at home */

	struct call_redirection redirection;
	struct redirection_policy *policy; /* where redirections may lead */

	struct screen *screen;
	struct pacer pacer;
	uint64_t stuck_since; /* the caller does not take what it was sent; 0: it does */
	struct timer *line;   /* the next step of the pacer */
	struct timer *clock;  /* the first of the deadlines */
	struct deadlines deadlines;

	uint64_t started;
	uint64_t bytes_in;  /* of user data, from the caller */
	uint64_t bytes_out; /* to the caller */
	uint64_t typed_at;  /* when the caller's last byte came; 0: none yet */
	char detail[CALL_DETAIL_MAX];
	bool finished;
};

/* An event of the state machine, and all that follows from it. The call may be finished on
 * return. */
void call_event(struct call *call, enum session_event event, const char *reason);
/* The caller is there no more. */
void call_lose_caller(struct call *call, enum caller_end why, const char *detail);
/* Why, beyond the reason's word: for the log; the first one stands. */
void call_note(struct call *call, const char *detail);

/* call_clock.c: time-outs. From now, or from a moment before; 0 leaves the deadline off. */
void call_set_deadline(struct call *call, enum deadline which, uint64_t microseconds);
void call_set_deadline_since(struct call *call, enum deadline which, uint64_t since,
			     uint64_t microseconds);
void call_clear_deadline(struct call *call, enum deadline which);
/* Of the timer "clock". */
void call_clock_rang(void *context);
/* Each time-out goes on from where it began. */
void call_change_limits(struct call *call, const struct supervisor_limits *limits);

/* call_log.c: the journal. What is known of the caller goes with every line from now on. */
void call_log_identify(struct call *call);
void call_log_started(const struct call *call);
/* detail: why there is no supervisor. */
void call_log_unsupervised(const struct call *call, const char *detail);
void call_log_home_unreachable(const struct call *call, bool was_connected, const char *reason,
			       const char *detail);
void call_log_redirection_connected(const struct call *call);
void call_log_redirection_ended(const struct call *call, const char *reason);
/* It never began. */
void call_log_redirection_declined(const struct call *call, const char *service, const char *why);
void call_log_ended(const struct call *call);

/* call_traffic.c: what the supervisor hears of how much passes. */
void call_traffic_typed(struct call *call, size_t length);
/* Something else has changed: it is told soon. */
void call_traffic_changed(struct call *call);
/* At once, if anything has changed. */
void call_traffic_report(struct call *call);

/* call_arrival.c: who calls, and whether the first bytes are a terminal's. */
int call_arrival_begin(struct call *call);
/* Asks the supervisor for admission. */
void call_arrival_enter(struct call *call);
/* What has come already from a caller who is not answered yet: NULL, or the word for what is no
 * terminal, which is recorded. */
const char *call_arrival_abuse(struct call *call);

/* call_input.c: the caller's bytes on their way to the service. */
void call_input_received(struct call *call, const uint8_t *bytes, size_t length);
/* The caller is there: its silence is measured from now on. */
void call_input_touch(struct call *call);
/* Its silence may last as long as the limits in force say, from where it began. */
void call_input_watch_silence(struct call *call);
/* The silence has nearly lasted too long. */
void call_input_warn(struct call *call);
/* Sends what waits, and lets the caller on when it is gone. */
void call_input_forward(struct call *call);
/* A SEP that nothing followed. */
void call_input_separator_over(struct call *call);
/* What was typed for one service is not for the next. */
void call_input_drop(struct call *call);
/* The Connexion/Fin that is held back, if any, goes on to the home service, or is forgotten. */
void call_input_release(struct call *call);
void call_input_forget_held(struct call *call);

/* call_home.c: the home service. */
void call_home_connect(struct call *call);
void call_home_greet(struct call *call);

/* call_redirection.c: the remote service. */
void call_redirection_ordered(struct call *call, const struct supervisor_redirection *order);
void call_redirection_start(struct call *call);
void call_redirection_arrive(struct call *call);
void call_redirection_request_close(struct call *call);
/* reason: a word, for the supervisor. */
void call_redirection_end(struct call *call, const char *reason);
/* Tells the supervisor of an end that was not told yet, if any. */
void call_redirection_tell_end(struct call *call);

/* call_output.c: what the services and the gateway say, on its way to the caller. */
void call_output_received(struct call *call, enum screen_source source, const uint8_t *bytes,
			  size_t length);
void call_output_text(struct call *call, const char *text);
/* As much as the line takes now; arms itself for the rest. */
void call_output_pump(struct call *call);
/* True when the caller has all of it. */
bool call_output_done(const struct call *call);

#endif
