/* The time-outs that end calls and redirections: told apart by the reason, counted, told of. */
#ifndef VDTGW_SUPERVISOR_SESSIONS_TIMEOUTS_H
#define VDTGW_SUPERVISOR_SESSIONS_TIMEOUTS_H

/* TimeoutCounts of org.vdtgw.Admin. */
enum timeout {
	TIMEOUT_ACTIVITY,
	TIMEOUT_SESSION,
	TIMEOUT_HOME,
	TIMEOUT_REMOTE,
	TIMEOUT_COUNT,
};

struct session_entry;
struct supervisor;

/* "activity", "session" … */
const char *timeouts_name(enum timeout timeout);

/* A call, or a redirection, is over for this reason, a session's word: counts it, and publishes
 * EVENT_TIMED_OUT, if that was a time-out. */
void timeouts_judge_call(struct supervisor *supervisor, const struct session_entry *entry,
			 const char *reason);
void timeouts_judge_redirection(struct supervisor *supervisor, const struct session_entry *entry,
				const char *reason);

#endif
