/*
 * A session's states: events in, actions out, no I/O. One table answers every event in every
 * state; one setter moves between states and logs it.
 */
#ifndef VDTGW_SESSION_SESSION_H
#define VDTGW_SESSION_SESSION_H

#include <stdbool.h>

enum session_state {
	SESSION_ARRIVING,     /* behind a trusted proxy: who calls is not known yet */
	SESSION_ENTERING,     /* the supervisor is asked; the caller has not been sent a byte */
	SESSION_ANSWERING,    /* the transport's handshake */
	SESSION_CALLING_HOME, /* connecting to the home service */
	SESSION_HOME,         /* caller ↔ home service */
	SESSION_REDIRECTING,  /* connecting to a remote service; the home service still speaks */
	SESSION_AWAY,         /* caller ↔ remote service; the home service still speaks */
	SESSION_LEAVING,      /* last words, then both ends are closed */
	SESSION_STATE_COUNT,
};

enum session_event {
	SESSION_ARRIVED, /* who calls is known */
	SESSION_ADMITTED,
	SESSION_BANNED, /* or half open for too long: to go without a word */
	SESSION_FULL,
	SESSION_UNSUPERVISED,        /* no supervisor, and none is required */
	SESSION_SUPERVISOR_REQUIRED, /* no supervisor, and one is */
	SESSION_CALLER_READY,
	SESSION_CALLER_ENDED,
	SESSION_HOME_CONNECTED,
	SESSION_HOME_ENDED,
	SESSION_HOME_LOST,   /* back from a redirection: the home service closed meanwhile */
	SESSION_HUNG_UP,     /* Connexion/Fin */
	SESSION_GRACE_OVER,  /* the home service did not close after Connexion/Fin */
	SESSION_ORDERED_OUT, /* kicked, or this process is told to stop */
	SESSION_TIMED_OUT,   /* one of the time-outs that end a call, or its limit on typing */
	SESSION_REDIRECT_ORDERED,
	SESSION_REMOTE_CONNECTED,
	SESSION_REMOTE_ENDED,          /* or could not be reached */
	SESSION_REDIRECTION_TIMED_OUT, /* one of the time-outs that end a redirection */
	SESSION_ORDERED_HOME,
	SESSION_SHOWN,      /* LEAVING: the caller has received the last words */
	SESSION_LEAVE_OVER, /* LEAVING: it took too long */
	SESSION_EVENT_COUNT,
};

/* What the call must do, in this order. */
enum session_action {
	SESSION_REQUEST_CLOSE = 1 << 0,      /* say that the caller ends the redirection */
	SESSION_END_REDIRECTION = 1 << 1,    /* let the remote service go, and its output */
	SESSION_SHOW_REASON = 1 << 2,        /* tell the caller why the call ends, in words */
	SESSION_SHOW_LOSS = 1 << 3,          /* tell that home went without a good-bye, if so */
	SESSION_CLOSE_HOME = 1 << 4,         /* in order */
	SESSION_DRAIN = 1 << 5,              /* show what is queued, for a while, then SHOWN */
	SESSION_ANSWER = 1 << 6,             /* begin the transport's conversation */
	SESSION_CALL_HOME = 1 << 7,          /* connect to the home service */
	SESSION_GREET = 1 << 8,              /* home is there: let the caller's input through */
	SESSION_START_GRACE = 1 << 9,        /* the home service may now say good-bye and close */
	SESSION_START_REDIRECTION = 1 << 10, /* connect to the remote service */
	SESSION_ARRIVE = 1 << 11,            /* it is there: let the caller's input through */
	SESSION_CLOSE_CALLER = 1 << 12,      /* in order */
	SESSION_FINISH = 1 << 13,            /* at once, whatever is open */
	SESSION_ENTER = 1 << 14,             /* ask the supervisor */
};

enum {
	SESSION_REASON_MAX = 64
};

struct session {
	enum session_state state;
	char reason[SESSION_REASON_MAX]; /* why it is LEAVING; empty before */
};

/* Checks the table: a missing pair is -EINVAL, before anything else is done. */
int session_init(struct session *session);
/* reason: a word of the log's vocabulary. Returns the actions. */
unsigned session_handle(struct session *session, enum session_event event, const char *reason);
/* "entering", "calling-home" …: on the supervisor's socket and in logs. */
const char *session_state_name(enum session_state state);

#endif
