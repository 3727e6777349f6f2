/*
 * What the interfaces work on: the sessions, their numbers, the counts since the start.
 */
#ifndef VDTGW_SUPERVISOR_SUPERVISOR_H
#define VDTGW_SUPERVISOR_SUPERVISOR_H

#include "common/config.h"
#include "common/log.h"
#include "common/log_budget.h"
#include "common/varlink.h"
#include "vdtgw-supervisor/notifier.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/sessions/session_numbers.h"
#include "vdtgw-supervisor/sessions/session_table.h"
#include "vdtgw-supervisor/sessions/timeouts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dumps;
struct event;
struct events;
struct gatekeeper;
struct redirections;
struct history;
struct reload;
struct teletel;
struct teletel_server;

struct supervisor {
	const struct config *config; /* in force: of reload */
	struct reload *reload;
	struct session_table *sessions;
	struct session_numbers numbers;
	struct notifier *notifier;
	struct redirections *redirections;
	struct teletel *teletel;
	struct teletel_server *teletel_server;
	struct gatekeeper *gatekeeper;
	struct events *events;
	struct dumps *dumps;
	struct history *history;
	int64_t started;            /* µs since the epoch */
	uint64_t started_monotonic; /* µs */
	int64_t launches;           /* 0: not known, without the database */
	/* Of lines about peers that were let go. */
	struct log_budget sessions_let_go;
	struct log_budget others_let_go;
	struct {
		int64_t admitted[TRANSPORT_COUNT];
		int64_t refused;
		int64_t half_open; /* calls at the limit of those that have sent nothing */
		int64_t reentered;
		int64_t kicked;
		int64_t crashed;
		int64_t redirections;
		int64_t timeouts[TIMEOUT_COUNT][TRANSPORT_COUNT];
	} totals;
};

/* The caller's address as text, empty where there is none. */
void supervisor_format_address(const struct session_entry *entry, char ret_text[ADDRESS_TEXT_MAX]);

/* Writes a line about a session, with the fields that are for machines. message_id: of
 * common/messages.h, or NULL. */
void supervisor_log_session(const char *message_id, enum log_priority priority,
			    const struct session_entry *entry, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with the field VDTGW_REASON; NULL: none. */
void supervisor_log_reason(const char *message_id, enum log_priority priority,
			   const struct session_entry *entry, const char *reason,
			   const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same with the event's reason, duration and bytes, as far as it has them. */
void supervisor_log_end(const char *message_id, enum log_priority priority,
			const struct session_entry *entry, const struct event *event,
			const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Reads the parameters of a call by a table; where one is wrong, answers so and returns false. */
bool supervisor_read_parameters(struct peer *peer, const struct varlink_call *call,
				const struct varlink_field *fields, size_t count, void *ret_values);
void supervisor_answer_invalid(struct peer *peer, const char *parameter);

/* Whether another line may say that a peer was let go: who comes back and is let go again and again
 * does not fill the log. Says how many lines were left out; door: the socket's name for that. */
bool supervisor_may_log_let_go(struct log_budget *budget, const char *door);

/* Orders a session to end its call. The entry may be gone after this. */
void supervisor_send_away(struct supervisor *supervisor, struct session_entry *entry,
			  const char *reason);

/* The history's bounds are those of the configuration in force. */
void supervisor_bound_history(struct supervisor *supervisor);

/* Forgets a session: its connection is one without a session then. */
void supervisor_forget(struct supervisor *supervisor, struct session_entry *entry);

#endif
