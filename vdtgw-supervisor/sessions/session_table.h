/*
 * The sessions that are connected, in the order of their numbers, counted by transport and by
 * address. Pure.
 */
#ifndef VDTGW_SUPERVISOR_SESSIONS_SESSION_TABLE_H
#define VDTGW_SUPERVISOR_SESSIONS_SESSION_TABLE_H

#include "common/address.h"
#include "common/transport.h"
#include "vdtgw-supervisor/teletel/command_line.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SESSION_WORD_MAX = 32,            /* bytes of a state */
	SESSION_TEXT_MAX = 256,           /* bytes of a terminal's type, a reason … */
	SESSION_SERVICE_MAX = 2048,       /* bytes of a service's address */
	SESSION_ENVIRONMENT_MAX = 16,     /* variables */
	SESSION_ENVIRONMENT_NAME_MAX = 64 /* bytes of a variable's name */
};

struct peer;
struct session_table;

/* How far a redirection has come. */
enum redirection_state {
	REDIRECTION_NONE,
	REDIRECTION_ORDERED, /* the session has not answered yet */
	REDIRECTION_STARTING,
	REDIRECTION_CONNECTED,
	REDIRECTION_CLOSING, /* the caller pressed Connexion/Fin */
	REDIRECTION_STATE_COUNT,
};

/* Who wanted it. */
enum redirection_origin {
	REDIRECTION_BY_TELETEL,
	REDIRECTION_BY_ADMINISTRATOR,
	REDIRECTION_ORIGIN_COUNT,
};

/* Zero-initialised: there is none. */
struct redirection {
	enum redirection_state state;
	enum redirection_origin origin;
	char tag[COMMAND_TAG_MAX + 1]; /* the Teletel server's number for it, or one of ours */
	char *service;                 /* where it leads; NULL: not known */
	unsigned ping;                 /* s, 0: none */
	json_t *subprotocols;          /* an array of strings; NULL: not known */
	int64_t started;               /* µs since the epoch when it was ordered; 0: not known */
	uint64_t ordered;              /* the same in µs of event_loop_now() */
	int64_t bytes_in;
	int64_t bytes_out;
	bool orphaned; /* the Teletel server is not told of it: it did not order it, or is gone */
};

/* What is known of one caller's stay. Texts are owned; NULL: not known. */
struct session_entry {
	int64_t number;
	pid_t pid;
	enum transport transport;
	bool has_address;       /* false: a local socket */
	struct address address; /* of the caller */
	uint16_t port;
	bool orders;    /* it waits for some */
	bool again;     /* it entered again: its call began before entered */
	bool sent_away; /* it was ordered to end its call */
	bool half_open; /* nothing has come from the caller; see session_table_count_half_open() */
	uint64_t entered; /* µs of event_loop_now() */
	int64_t started;  /* µs since the epoch */
	int64_t bytes_in;
	int64_t bytes_out;
	int64_t typed; /* µs since the epoch: the caller's last byte; 0: none is known of */
	int64_t queue; /* bytes that wait for the caller's line */
	char state[SESSION_WORD_MAX + 1];
	char *home; /* the home service's address */
	char *service;
	char *terminal_type;
	char *window_size;
	json_t *environment; /* an object of strings */
	struct redirection redirection;
	int64_t redirections; /* begun in this call, as far as was seen here */
	bool announced;       /* the Teletel server knows of it */
	struct peer *peer;    /* its connection */
	/* Private to session_table.c: */
	struct session_entry *next_at_address;
	struct session_entry *older_half_open;
	struct session_entry *newer_half_open;
};

int session_table_new(struct session_table **ret_table);
/* Accepts NULL. Frees the entries too. */
void session_table_free(struct session_table *table);

/* Adds a session of this number, at *address (NULL: none); the rest is for the caller to fill in.
 * The entry belongs to the table. Returns 0, -EEXIST or -ENOMEM. */
int session_table_add(struct session_table *table, int64_t number, enum transport transport,
		      const struct address *address, struct session_entry **ret_entry);
/* Frees the entry. */
void session_table_remove(struct session_table *table, struct session_entry *entry);

/* NULL where there is none. */
struct session_entry *session_table_find(const struct session_table *table, int64_t number);
/* The first one whose number is `from` or above; NULL: there is none. */
struct session_entry *session_table_next(const struct session_table *table, int64_t from);

size_t session_table_count(const struct session_table *table);
size_t session_table_count_transport(const struct session_table *table, enum transport transport);
/* Sessions from this IPv4 address, or from this IPv6 address's /64. */
size_t session_table_count_address(const struct session_table *table,
				   const struct address *address);

/* Sessions that are half-open: a new one is where it is told so here. Something has come from the
 * caller, or it does not count any more, once it is told otherwise; a removed one leaves them. */
void session_table_set_half_open(struct session_table *table, struct session_entry *entry,
				 bool half_open);
size_t session_table_count_half_open(const struct session_table *table);
/* The one that has been so for longest; NULL: there is none. */
struct session_entry *session_table_oldest_half_open(const struct session_table *table);

/* There is no redirection any more. */
void redirection_clear(struct redirection *redirection);
/* "teletel", "administrator". */
const char *redirection_origin_name(enum redirection_origin origin);

/* Replaces a text of an entry by a copy, NULL where text is empty. Returns 0 or -ENOMEM. */
int session_entry_set_text(char **text_place, const char *text);
/* Takes the string members of an object over into the environment, within its limits; what is
 * beyond them is forgotten. Returns 0, or -ENOMEM with a part of it taken. */
int session_entry_add_environment(struct session_entry *entry, json_t *variables);

#endif
