/* The list of sessions as a table, for the command and for the refreshed screen. */
#ifndef VDTGWCTL_SESSION_TABLE_H
#define VDTGWCTL_SESSION_TABLE_H

#include "common/answer.h"
#include "vdtgwctl/table.h"

enum session_order {
	SESSION_ORDER_NUMBER,
	SESSION_ORDER_TIME,
	SESSION_ORDER_IDLE,
	SESSION_ORDER_TRAFFIC,
	SESSION_ORDER_ADDRESS,
	SESSION_ORDER_COUNT,
};

/* "number", "idle" … */
const char *session_order_name(enum session_order order);

/* sessions, an array, is put in order. now: microseconds since the epoch. Returns 0 or -ENOMEM;
 * what is wrong with the sessions is in *fault. */
int session_table_make(struct table **ret_table, json_t *sessions, enum session_order order,
		       int64_t now, struct answer_fault *fault);

/* How a session's state is shown. */
enum display_style session_state_style(const char *state);

#endif
