/* What the files of a console share, seen by console.c and console_commands.c only. */
#ifndef VDTGW_SESSION_CONSOLE_PARTS_H
#define VDTGW_SESSION_CONSOLE_PARTS_H

#include "common/address.h"
#include "vdtgw-session/caller.h"
#include "vdtgw-session/console/console.h"
#include "vdtgw-session/console/console_output.h"
#include "vdtgw-session/console/console_supervisor.h"

#include <stdint.h>

/* A list that is shown as far as there is room, entry by entry and page by page. */
struct console_listing {
	const struct console_list *list; /* NULL: none */
	unsigned generation;             /* of the list whose pages are awaited */
	json_t *page;                    /* NULL: it is awaited */
	size_t at;                       /* of the next entry */
	unsigned count;                  /* of entries shown */
	json_int_t from;                 /* of this page */
};

struct console {
	struct event_loop *loop;
	const struct config *config;
	struct caller *caller;
	struct console_supervisor *supervisor;
	struct timer *idle; /* timeouts.console_idle */
	struct console_output output;
	struct console_listing listing;
	char address[ADDRESS_TEXT_MAX];
	uint16_t port;
	unsigned width;       /* columns of the terminal */
	char asked;           /* the key that waits for a yes; 0: none */
	uint64_t asked_until; /* event_loop_now() */
	const char *reason;   /* why it closes; NULL: it does not */
	bool over;            /* the terminal has gone */
};

/* Has a text shown: an answer. */
void console_show(struct console *console, const struct console_text *text);
/* The same for one line. */
void console_say(struct console *console, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Says goodbye and closes. reason: a word for the log. */
void console_close(struct console *console, const char *reason);

/* A key was pressed. */
void console_key(struct console *console, char key);
/* The supervisor can be asked; it has answered (handlers of console_supervisor.h). */
void console_greet(struct console *console);
void console_answer(struct console *console, int number, const char *error, json_t *parameters);
/* There is room for more of a list. */
void console_continue_listing(struct console *console);
/* Forgets the list that is being shown. */
void console_end_listing(struct console *console);

#endif
