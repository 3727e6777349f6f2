/* The session's time-outs as one set of moments, so that one timer serves them all. Pure. */
#ifndef VDTGW_SESSION_DEADLINES_H
#define VDTGW_SESSION_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>

enum deadline {
	DEADLINE_CALLER_IDLE,
	DEADLINE_CALLER_WARNING, /* the caller is told that DEADLINE_CALLER_IDLE is near */
	DEADLINE_SESSION,
	DEADLINE_HOME,
	DEADLINE_CONNECTING, /* the caller is told that connecting takes a while */
	DEADLINE_REMOTE,
	DEADLINE_REMOTE_IDLE,
	DEADLINE_HOLD,      /* Connexion/Fin right after Envoi is the home service's after all */
	DEADLINE_GRACE,     /* after Connexion/Fin at home */
	DEADLINE_LEAVE,     /* the last words, then the ends of both connections */
	DEADLINE_SEPARATOR, /* a lone SEP is plain input after all */
	DEADLINE_PAUSED,    /* is a caller who is not read still there? */
	DEADLINE_TRAFFIC,   /* the supervisor hears how much has passed */
	DEADLINE_COUNT,
};

/* Zero-initialised: none is set. Moments are microseconds of event_loop_now(), never 0. */
struct deadlines {
	uint64_t at[DEADLINE_COUNT];
	uint64_t since[DEADLINE_COUNT];
};

/* To be due duration after since; with a duration of 0 it is off, but may be changed. */
void deadlines_set(struct deadlines *deadlines, enum deadline which, uint64_t since,
		   uint64_t duration);
/* Another duration, from the moment that it counts from; nothing where it does not count. */
void deadlines_change(struct deadlines *deadlines, enum deadline which, uint64_t duration);
void deadlines_clear(struct deadlines *deadlines, enum deadline which);
bool deadlines_is_set(const struct deadlines *deadlines, enum deadline which);
/* The first of them; UINT64_MAX where none is set. */
uint64_t deadlines_next(const struct deadlines *deadlines);
/* Takes out one that is due at now; false when none is. */
bool deadlines_take(struct deadlines *deadlines, uint64_t now, enum deadline *ret_which);

#endif
