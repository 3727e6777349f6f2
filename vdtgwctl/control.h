/*
 * What every command has: its arguments and options, the way to ask the supervisor, and the words
 * that say in the end why it was not done.
 */
#ifndef VDTGWCTL_CONTROL_H
#define VDTGWCTL_CONTROL_H

#include "common/answer.h"
#include "vdtgwctl/client.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CONTROL_OPTIONS_MAX = 12, /* of one command */
	CONTROL_WORDS_MAX = 2048, /* bytes of what is said of a failure */
	CONTROL_REFUSED = 1,      /* exit status: the supervisor said no */
};

struct command;

struct control {
	const struct command *command;
	/* The value of each of the command's options, in the order of its table: NULL where it is
	 * not given; "" for one that takes none. */
	const char *values[CONTROL_OPTIONS_MAX];
	char **arguments;
	int argument_count;
	bool json;
	bool colour;
	size_t columns; /* of the terminal; SIZE_MAX: there is none */
	const char *socket;
	bool guessed;  /* the socket, because the configuration has a fault */
	int interrupt; /* as in client_new() */
	bool unsaved;  /* what was done would be lost with the supervisor */
	struct client *client;
	struct answer_fault fault;
	char words[CONTROL_WORDS_MAX];
};

/* Calls a method of org.vdtgw.Admin. parameters is taken over; NULL: no memory for them. Returns
 * EX_OK with *ret_answer, to be freed; or the exit status, with words set. */
int control_ask(struct control *control, const char *method, json_t *parameters,
		json_t **ret_answer);
/* The same for an answer that is one object under a name, to be freed. */
int control_ask_object(struct control *control, const char *method, json_t *parameters,
		       const char *name, json_t **ret_object);
/* The same, with the answer printed as it is where --json is given: *ret_answer is NULL then. */
int control_ask_to_show(struct control *control, const char *method, json_t *parameters,
			json_t **ret_answer);

/* Calls a method that answers in pages, until there are no more. Each page is given to take(),
 * which keeps nothing of it and returns EX_OK to go on. parameters is taken over. */
typedef int control_take(struct control *control, json_t *page, void *context);
int control_ask_pages(struct control *control, const char *method, json_t *parameters,
		      control_take *take, void *context);
/* The same with all pages joined: *ret_answer is the last one, with the whole list under name. */
int control_ask_list(struct control *control, const char *method, const char *name,
		     json_t **ret_answer);

/* Calls a method with "more" and gives each reply to take(), for as long as there are any. Returns
 * the exit status of their end. */
int control_follow(struct control *control, const char *method, control_take *take, void *context);

/* Ends the connection; the next question makes another one. */
void control_hang_up(struct control *control);
/* Makes the connection where there is none. */
int control_connect(struct control *control);

/* Sets the words; returns status. */
int control_fail(struct control *control, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int control_fail_memory(struct control *control);
/* JSON does not take what was written on the command's line, or there is no memory for it. */
int control_fail_parameters(struct control *control);
/* The command's line is wrong. */
int control_fail_usage(struct control *control, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* EX_OK, or the words for a fault in the answers so far. */
int control_check_answers(struct control *control, const char *method);

struct table;

/* Prints a table as wide as the terminal; `nothing` where it has no row. Frees it, on failure too.
 * Returns the exit status. */
int control_print_table(struct control *control, struct table *table, const char *nothing);
/* A session's number among the arguments. Returns EX_OK or EX_USAGE. */
int control_read_session(struct control *control, const char *text, int64_t *ret_session);
/* Prints a JSON document, in ASCII: nothing in it acts on a terminal. */
void control_print_json(const json_t *value);
/* The same as a part of a line, or on lines of its own without the end of the last one. */
void control_write_json(const json_t *value, bool on_one_line);

#endif
