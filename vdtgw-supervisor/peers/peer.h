/*
 * One connection to a Varlink socket: calls in, replies and orders out, within bounds of size,
 * rate and time. It knows no method.
 */
#ifndef VDTGW_SUPERVISOR_PEERS_PEER_H
#define VDTGW_SUPERVISOR_PEERS_PEER_H

#include "common/event_loop.h"
#include "common/varlink.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	/* What a peer may call: so many a second in the long run, and so many at once. A message
	 * counts once, and once more for each KiB of it. Whoever calls faster is not read until
	 * its turn comes, so that an honest client is only slowed down. */
	PEER_RATE = 200,
	PEER_BURST = 400,
	PEER_PATIENCE = 10,      /* s for a first call, for the rest of a message */
	PEER_READ_PATIENCE = 60, /* s without reading anything of what waits for it */
	PEER_TEXT_MAX = 64,
};

/* Why a connection ended; peer_end_text() says it in words. */
enum peer_end {
	PEER_CLOSED,    /* by the other side */
	PEER_MALFORMED, /* what came is not Varlink */
	PEER_SLOW,      /* more waits for it than its queue holds, or it reads nothing for long */
	PEER_SILENT,    /* it never called, or never finished a message */
	PEER_REPLACED,  /* its session has entered again, over another connection */
	PEER_NO_MEMORY, /* here */
	PEER_STOPPING,  /* the supervisor ends */
	PEER_END_COUNT,
};

struct peer;
struct peer_answer;
struct session_entry;

struct peer_handlers {
	/* One call; peer_reply() or peer_error() answers it before the end of the handler, or
	 * peer_postpone() leaves that for later. */
	void (*called)(void *context, struct peer *peer, const struct varlink_call *call);
	/* Once, and last: the peer is freed afterwards. */
	void (*gone)(void *context, struct peer *peer, enum peer_end why);
};

struct peer_options {
	const struct peer_handlers *handlers;
	size_t output_max;    /* bytes that may wait for it */
	bool settles_by_call; /* its first call settles it */
	int kind;             /* the owner's word for such peers */
};

/* Takes the connected descriptor, non-blocking, on success only. options are kept, not copied.
 * Handlers run from the loop, and from peer_end(), peer_order() and peer_answer_…(). Returns 0 or
 * -errno. */
int peer_new(struct peer **ret_peer, struct event_loop *loop, int descriptor,
	     const struct peer_options *options, void *context);
/* Ends the connection, at once or, from within its own handler, at the end of that. */
void peer_end(struct peer *peer, enum peer_end why);

/* Answers the call under way (nothing is sent for a oneway one). parameters are taken over; NULL
 * is a lack of memory. A peer whose queue is full is ended. */
void peer_reply(struct peer *peer, json_t *parameters, bool continues);
void peer_error(struct peer *peer, const char *error, json_t *parameters);
/* The reply with a descriptor along with its first byte, which is taken over, whatever becomes of
 * the reply. One at a time waits for a peer; -1: none. */
void peer_reply_with(struct peer *peer, json_t *parameters, bool continues, int descriptor);
/* Leaves the answer to the call under way for later. Meanwhile nothing more of this peer is worked
 * off, so that replies come in the order of the calls; the owner sees to it that this does not
 * last. The answer is given exactly once, by either function, which frees it; where the peer has
 * gone, it goes nowhere. parameters as above. Returns NULL without memory: the peer is ended. */
struct peer_answer *peer_postpone(struct peer *peer);
void peer_answer_reply(struct peer_answer *answer, json_t *parameters);
void peer_answer_error(struct peer_answer *answer, const char *error, json_t *parameters);
/* Another reply to an earlier call with "more". */
void peer_order(struct peer *peer, json_t *parameters);

/* A settled peer may stay silent for as long as it likes. */
void peer_settle(struct peer *peer, bool settled);

/* True when it has closed its end already: nobody is there to be answered. */
bool peer_has_hung_up(const struct peer *peer);

/* As the kernel saw them when it connected. */
pid_t peer_pid(const struct peer *peer);
uid_t peer_uid(const struct peer *peer);
/* "user 0 (pid 123)", for logs. Returns ret_text. */
const char *peer_format(const struct peer *peer, char ret_text[PEER_TEXT_MAX]);

/* As in its options. */
int peer_kind(const struct peer *peer);

/* The session that this is the connection of, NULL: none (yet). Not used here. */
struct session_entry *peer_session(const struct peer *peer);
void peer_set_session(struct peer *peer, struct session_entry *session);
/* True once a session was set. */
bool peer_had_session(const struct peer *peer);

/* A sentence's part for logs: "sent what is not Varlink" … */
const char *peer_end_text(enum peer_end why);

#endif
