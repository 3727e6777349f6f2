/*
 * Numbers for sessions, none of which is ever given twice: a Teletel server knows callers by them
 * (PROTOCOLS.md section 4) and may remember them for longer than the supervisor runs.
 */
#ifndef VDTGW_SUPERVISOR_SESSIONS_SESSION_NUMBERS_H
#define VDTGW_SUPERVISOR_SESSIONS_SESSION_NUMBERS_H

#include "vdtgw-supervisor/storage/database.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	SESSION_NUMBERS_BLOCK = 1000, /* reserved by one write to the database */
};

/* Numbers from here on are taken from the clock, when there is no database; those of the database
 * stay below. */
#define SESSION_NUMBERS_CLOCK INT64_C(1000000000000)
/* The largest that a session which enters again may claim: JSON readers that use floating point
 * still tell it from the next. */
#define SESSION_NUMBERS_MAX   (INT64_C(1) << 52)

struct session_numbers {
	struct database *database; /* borrowed; NULL: there is none */
	int64_t next;
	int64_t end; /* of the numbers that may be given, itself not included */
};

/* database may be NULL. */
void session_numbers_init(struct session_numbers *numbers, struct database *database);
/* The next one; now: µs since the epoch. True in *ret_failed means that the database could not
 * be written just now and numbers come from the clock for a while; why is database_why(). */
int64_t session_numbers_take(struct session_numbers *numbers, int64_t now, bool *ret_failed);
/* A session has this number already: it will not be given. False: it is no number of ours. */
bool session_numbers_claim(struct session_numbers *numbers, int64_t number);

#endif
