/*
 * The session's word with the supervisor, over its Unix socket (org.vdtgw.Session): may the caller
 * enter, what happened, and orders back. A supervisor that is away is tried again for as long as
 * the session lasts, and told everything anew.
 */
#ifndef VDTGW_SESSION_SUPERVISOR_CLIENT_H
#define VDTGW_SESSION_SUPERVISOR_CLIENT_H

#include "common/config.h"
#include "common/event_loop.h"
#include "common/transport.h"
#include "vdtgw-session/caller.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SUPERVISOR_ANSWER_TIMEOUT = 2, /* s for the first answer; then absent() */
	SUPERVISOR_RETRY = 1,          /* s between attempts to reach one that is away */
};

enum {
	SUPERVISOR_TAG_MAX = 65,
	SUPERVISOR_SUBPROTOCOLS_MAX = 16
};

/* Where the caller is to be connected. */
struct supervisor_redirection {
	const char *tag; /* the Teletel server's name for it, in all that is said of it */
	const char *uri;
	unsigned ping; /* s, 0: none */
	struct config_list subprotocols;
};

/* How much has passed, and how much waits. */
struct supervisor_traffic {
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t typed_at; /* event_loop_now() of the caller's last byte; 0: none yet */
	uint64_t queue;    /* bytes that wait for the line */
	bool redirected;   /* the rest is of a redirection under way */
	uint64_t remote_in;
	uint64_t remote_out;
};

/* Time-outs in seconds, and characters a second; 0: none. */
struct supervisor_limits {
	unsigned caller_idle;
	unsigned session;
	unsigned remote;
	unsigned remote_telnet_idle;
	unsigned home;
	double typing_limit;
};

struct supervisor_handlers {
	/* Once for each time that the session enters: after a restart of the supervisor, again. */
	void (*admitted)(void *context, uint64_t number);
	void (*banned)(void *context);
	void (*full)(void *context);
	/* Ahead of admitted(): a file that takes what the caller types, max bytes of it. Takes the
	 * descriptor. */
	void (*dump)(void *context, int descriptor, uint64_t max);
	/* Once: no first answer could be had. */
	void (*absent)(void *context, const char *detail);
	/* Each time that it goes away after it had admitted the session. */
	void (*away)(void *context, const char *detail);
	/* text: valid during the call, from the supervisor. */
	void (*kicked)(void *context, const char *text);
	/* Valid during the call. */
	void (*redirected)(void *context, const struct supervisor_redirection *redirection);
	void (*sent_home)(void *context, const char *text);
	/* The command channel is up, or down: on entering and at each change. */
	void (*channel)(void *context, bool up);
	/* For the caller to read, in UTF-8, unchecked; false: it cannot be shown. */
	bool (*message)(void *context, const char *text);
	/* In force from now on. */
	void (*reloaded)(void *context, const struct supervisor_limits *limits);
};

/* The caller, as it is announced. address: numeric text; home: the home service's. */
struct supervisor_entry {
	enum transport transport;
	const char *address;
	uint16_t port;
	const char *home;
};

struct supervisor_client;

/* Begins at once; handlers run from the loop only. path and the entry's strings are borrowed for
 * as long as the client lives. Returns 0 or -errno. */
int supervisor_client_new(struct supervisor_client **ret_client, struct event_loop *loop,
			  const char *path, const struct supervisor_entry *entry,
			  const struct supervisor_handlers *handlers, void *context);
/* What a later entry repeats; state and service are borrowed until they are replaced. */
void supervisor_client_state(struct supervisor_client *client, const char *state,
			     const char *reason, const char *service);
void supervisor_client_learned(struct supervisor_client *client, enum caller_fact fact,
			       const char *text);
/* The stages of a redirection. From redirecting() to redirect_ended() a later entry repeats the
 * tag, which is borrowed that long. */
void supervisor_client_redirecting(struct supervisor_client *client, const char *tag,
				   const char *service);
void supervisor_client_redirected(struct supervisor_client *client, const char *tag);
void supervisor_client_requested_close(struct supervisor_client *client, const char *tag);
/* The home service closed meanwhile: the server that ordered it hears no more of it. */
void supervisor_client_home_lost(struct supervisor_client *client, const char *tag);
void supervisor_client_redirect_ended(struct supervisor_client *client, const char *tag,
				      const char *reason, uint64_t bytes_in, uint64_t bytes_out);
/* Told only where it differs from what was told before. */
void supervisor_client_traffic(struct supervisor_client *client,
			       const struct supervisor_traffic *traffic);
/* The last word; duration in microseconds. */
void supervisor_client_leave(struct supervisor_client *client, const char *reason,
			     uint64_t bytes_in, uint64_t bytes_out, uint64_t duration);
/* Closes the connection, which the supervisor takes for the end. Accepts NULL. Safe from within a
 * handler. */
void supervisor_client_free(struct supervisor_client *client);

#endif
