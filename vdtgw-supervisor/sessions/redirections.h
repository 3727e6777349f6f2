/*
 * The redirections of the sessions, one at a time each, whoever wants them: ordered, followed and
 * told of as events.
 */
#ifndef VDTGW_SUPERVISOR_SESSIONS_REDIRECTIONS_H
#define VDTGW_SUPERVISOR_SESSIONS_REDIRECTIONS_H

#include "vdtgw-supervisor/supervisor.h"
#include "vdtgw-supervisor/teletel/command_line.h"

#include <jansson.h>
#include <stdbool.h>

enum {
	REDIRECTIONS_PATIENCE = 10, /* s for a session to answer an order: it is let go then */
};

/* What the tags of administrators' redirections begin with; no Teletel server may use them. */
#define REDIRECTIONS_OWN_TAG "admin-"

struct redirections;

/* supervisor is kept. Returns 0 or -errno. */
int redirections_new(struct redirections **ret_redirections, struct event_loop *loop,
		     struct supervisor *supervisor);
/* Accepts NULL. */
void redirections_free(struct redirections *redirections);

struct redirections_order {
	enum redirection_origin origin;
	const char *by;       /* whom the log names */
	const char *tag;      /* valid by command_tag_is_valid() */
	const char *uri;      /* valid by uri_parse() */
	unsigned ping;        /* s, 0: none */
	json_t *subprotocols; /* an array of strings */
};

/* Whether a tag is one of an administrator's redirections; and a new one. */
bool redirections_is_own_tag(const char *tag);
void redirections_new_tag(struct redirections *redirections, char ret_tag[COMMAND_TAG_MAX + 1]);
/* Orders a session to redirect its caller; everything is copied. The entry may be gone after this.
 * Returns 0; -EOPNOTSUPP where it takes no orders, -EBUSY where one is under way, or -ENOMEM. */
int redirections_order(struct redirections *redirections, struct session_entry *entry,
		       const struct redirections_order *order);

/* The session says what became of it. detail: where to, with COMMAND_REDIRECTING; why, with
 * COMMAND_REDIRECT_ENDED. Returns 0; -ENOENT where no redirection of this tag is under way, or not
 * in a state for that; or -ENOMEM. */
int redirections_news(struct redirections *redirections, struct session_entry *entry,
		      enum command_event event, const char *tag, const char *detail);
/* The session's call is over, and so is its redirection, if there is one. */
void redirections_left(struct redirections *redirections, struct session_entry *entry,
		       const char *reason);
/* The same of a session that cannot tell of it in the log itself. */
void redirections_crashed(struct redirections *redirections, struct session_entry *entry);
/* The session came back over another connection, without the redirection that it had. */
void redirections_lost(struct redirections *redirections, const struct session_entry *entry,
		       const struct redirection *redirection);

/* A Redirection of org.vdtgw.Admin; NULL where there is none, or no memory. */
json_t *redirections_pack(const struct session_entry *entry);

#endif
