/*
 * A console's two connections to the supervisor's console socket: one watches, one asks. They come
 * and go together; while they are away they are tried again.
 */
#ifndef VDTGW_SESSION_CONSOLE_SUPERVISOR_H
#define VDTGW_SESSION_CONSOLE_SUPERVISOR_H

#include "common/event_loop.h"

#include <jansson.h>
#include <stdbool.h>

enum {
	CONSOLE_QUESTIONS_MAX = 8, /* that are not answered yet */
};

struct console_supervisor_handlers {
	/* It can be asked. */
	void (*back)(void *context);
	/* Once for each time that it was back, and at the first attempt that fails. What was asked
	 * is not answered any more. detail: for people. */
	void (*away)(void *context, const char *detail);
	/* An Event. */
	void (*happened)(void *context, const json_t *event);
	/* error: its full name, NULL where there is none. Valid during the call. */
	void (*answered)(void *context, int question, const char *error, json_t *parameters);
};

struct console_supervisor;

/* Begins at once; handlers run from the loop only. path is borrowed. Returns 0 or -errno. */
int console_supervisor_new(struct console_supervisor **ret_supervisor, struct event_loop *loop,
			   const char *path, const struct console_supervisor_handlers *handlers,
			   void *context);
/* Calls a method of org.vdtgw.Admin; question is handed to answered(). seconds: without an answer
 * in this time the supervisor is away. parameters are taken over. False: it is away, or there are
 * CONSOLE_QUESTIONS_MAX already. */
bool console_supervisor_ask(struct console_supervisor *supervisor, int question, const char *method,
			    json_t *parameters, unsigned seconds);
bool console_supervisor_is_back(const struct console_supervisor *supervisor);
/* Accepts NULL. Not from within a handler. */
void console_supervisor_free(struct console_supervisor *supervisor);

#endif
