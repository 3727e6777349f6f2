/*
 * What starts and stops the Teletel server, as teletel_server.c sees it: a systemd unit
 * (teletel_unit.c) or a child process (teletel_child.c).
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_BACKEND_H
#define VDTGW_SUPERVISOR_TELETEL_BACKEND_H

#include "common/config.h"
#include "common/event_loop.h"
#include "vdtgw-supervisor/events.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TELETEL_TEXT_MAX = 512, /* bytes of a sentence; what is longer is cut */
};

enum teletel_order {
	TELETEL_START,
	TELETEL_STOP,
	TELETEL_RESTART,
};

/* org.vdtgw.Admin's TeletelState. */
enum teletel_state {
	TELETEL_STOPPED,
	TELETEL_STARTING,
	TELETEL_RUNNING,
	TELETEL_STOPPING,
	TELETEL_FAILED,
	TELETEL_STATE_COUNT,
};

struct teletel_status {
	enum teletel_state state;
	pid_t pid;                     /* 0: none */
	int64_t since;                 /* µs since the epoch; 0: not known */
	int64_t restarts;              /* after a death */
	int64_t retry;                 /* µs since the epoch; 0: it is not tried again */
	char detail[TELETEL_TEXT_MAX]; /* in words, UTF-8; empty: none */
};

/* What a back end tells; failure: a sentence, NULL where all is well. Any of these may be called
 * before the function that asked for it returns, but not by open(). */
struct teletel_listener {
	void (*ordered)(void *context, const char *failure);
	void (*looked)(void *context, const char *failure, const struct teletel_status *status);
	/* One of EVENT_TELETEL_STARTED, _STOPPED and _FAILED; reason may be NULL. */
	void (*changed)(void *context, enum event_kind kind, const char *reason);
};

struct teletel_backend {
	const char *kind; /* org.vdtgw.Admin's TeletelKind */
	bool is_ours;     /* starts and ends with the supervisor */
	bool (*is_wanted)(const struct config *config);
	/* Returns 0 or -errno; does not start anything yet. Copies of config what it needs;
	 * listener and context outlive it. */
	int (*open)(void **ret_state, struct event_loop *loop, const struct config *config,
		    const struct teletel_listener *listener, void *context);
	/* The unit's name, or the program's path. */
	const char *(*name)(const void *state);
	/* Whether config, which wants this back end, asks for nothing else than it was opened for.
	 */
	bool (*is_same)(const void *state, const struct config *config);
	/* Ends it, within a few seconds, where it is ours. Accepts NULL. */
	void (*close)(void *state);
	/* One at a time: ordered() follows, within two minutes. What is done already is no failure.
	 */
	void (*order)(void *state, enum teletel_order order);
	/* One at a time: looked() follows, within half a minute. */
	void (*look)(void *state);
};

extern const struct teletel_backend teletel_unit;
extern const struct teletel_backend teletel_child;

#endif
