/*
 * The commands sessions and session: who is connected.
 */
#include "common/wall_clock.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/session_screen.h"
#include "vdtgwctl/session_table.h"
#include "vdtgwctl/show.h"
#include "vdtgwctl/words.h"

#include <string.h>
#include <sysexits.h>

enum {
	OPTION_WATCH,
	OPTION_SORT,
};

/* In words, where one of the orders is wanted. */
static int read_order(struct control *control, enum session_order *ret_order)
{
	const char *name = control->values[OPTION_SORT];

	*ret_order = SESSION_ORDER_NUMBER;
	if (name == NULL)
		return EX_OK;
	for (int order = 0; order < SESSION_ORDER_COUNT; order++)
		if (strcmp(session_order_name((enum session_order)order), name) == 0) {
			*ret_order = (enum session_order)order;
			return EX_OK;
		}
	return control_fail_usage(control, "--sort is number, time, idle, traffic or address");
}

static int run_sessions(struct control *control)
{
	struct table *table = NULL;
	json_t *answer = NULL;
	enum session_order order;
	int status = read_order(control, &order);

	if (status != EX_OK)
		return status;
	if (control->values[OPTION_WATCH] != NULL)
		return session_screen_run(control, order);
	status = control_ask_list(control, "ListSessions", "sessions", &answer);
	if (status != EX_OK)
		return status;
	if (control->json)
		control_print_json(answer);
	else if (session_table_make(&table, json_object_get(answer, "sessions"), order,
				    wall_clock_now(), &control->fault) < 0)
		status = control_fail_memory(control);
	else
		status = control_check_answers(control, "ListSessions");
	if (status == EX_OK && table != NULL)
		status = control_print_table(control, table, "Nobody is connected.");
	else
		table_free(table);
	json_decref(answer);
	return status;
}

const struct command command_sessions = {
	.name = "sessions",
	.arguments = "",
	.about = "Shows who is connected",
	.details =
	    "TIME is how long the call has been going on, IDLE how long the caller has sent\n"
	    "nothing. IN counts the bytes from the caller, OUT those to the caller, QUEUE those\n"
	    "that wait for the caller's line. Where the terminal is too narrow, columns are left\n"
	    "out; \"vdtgwctl session N\" and --json show everything.\n",
	.options = { { "watch", NULL, "show it again and again; s sorts, q leaves" },
		     { "sort", "BY", "number, time, idle, traffic or address" } },
	.run = run_sessions,
};

static void show_bytes(const char *label, int64_t bytes)
{
	char size[WORDS_MAX];

	if (bytes < 1024)
		show_line(label, "%s", words_number(size, bytes));
	else
		show_line(label, "%lld (%s)", (long long)bytes, words_size(size, bytes));
}

static void show_redirection(const json_t *session, int64_t now, struct answer_fault *fault)
{
	const json_t *redirection = answer_object(session, "redirection", fault);
	const json_t *subprotocols = answer_array(redirection, "subprotocols", fault);
	const char *service = answer_text(redirection, "service", fault);
	const char *tag = answer_text(redirection, "tag", fault);
	const char *state = answer_text(redirection, "state", fault);
	const char *origin = answer_text(redirection, "origin", fault);
	int64_t started = answer_integer(redirection, "started", fault);
	int64_t ping = answer_integer(redirection, "ping", fault);
	char text[WORDS_MAX];

	if (redirection == NULL)
		return;
	show_line("redirection", "%s, to %s", state != NULL ? state : "?",
		  service != NULL ? service : "?");
	show_line("  ordered by", "%s, as %s", origin != NULL ? origin : "?",
		  tag != NULL ? tag : "?");
	if (started >= 0 && started <= now)
		show_line("  since", "%s", words_time(text, started));
	show_bytes("  bytes in", answer_integer(redirection, "bytes_in", fault));
	show_bytes("  bytes out", answer_integer(redirection, "bytes_out", fault));
	if (ping > 0)
		show_line("  ping", "every %lld s", (long long)ping);
	for (size_t i = 0; i < json_array_size(subprotocols); i++) {
		const char *name = json_string_value(json_array_get(subprotocols, i));

		show_line("  subprotocol", "%s", name != NULL ? name : "?");
	}
}

static void show_optional(const char *label, const char *text)
{
	if (text != NULL)
		show_line(label, "%s", text);
}

static void show_session(const struct control *control, json_t *session, struct answer_fault *fault)
{
	const char *address = answer_text(session, "address", fault);
	const char *state = answer_text(session, "state", fault);
	int64_t started = answer_integer(session, "started", fault);
	int64_t redirections = answer_integer(session, "redirections", fault);
	int64_t now = wall_clock_now();
	json_t *environment = answer_object(session, "environment", fault);
	const char *name;
	json_t *value;
	char text[WORDS_MAX], length[WORDS_MAX];

	show_line("session", "%s", words_number(text, answer_integer(session, "session", fault)));
	show_styled("state", state != NULL ? state : "?", session_state_style(state),
		    control->colour);
	show_optional("came by", answer_text(session, "transport", fault));
	if (address != NULL && address[0] != '\0')
		show_line("address", "%s, port %s", address,
			  words_number(text, answer_integer(session, "port", fault)));
	else
		show_line("address", "local");
	show_optional("service", answer_text(session, "service", fault));
	show_line("started", "%s (%s ago)", words_time(text, started),
		  words_duration(length, started >= 0 && started <= now ? now - started : -1));
	show_line("idle", "%s", words_duration(text, answer_integer(session, "idle", fault)));
	show_bytes("bytes in", answer_integer(session, "bytes_in", fault));
	show_bytes("bytes out", answer_integer(session, "bytes_out", fault));
	show_bytes("queue", answer_integer(session, "queue", fault));
	show_optional("terminal type", answer_text(session, "terminal_type", fault));
	show_optional("window size", answer_text(session, "window_size", fault));
	json_object_foreach(environment, name, value)
	{
		show_line("environment", "%s=%s", name,
			  json_is_string(value) ? json_string_value(value) : "?");
	}
	if (redirections >= 0)
		show_line("redirections", "%lld", (long long)redirections);
	show_redirection(session, now, fault);
	show_line("process", "%s", words_number(text, answer_integer(session, "pid", fault)));
	if (!answer_boolean(session, "orders", fault))
		show_styled("orders", "takes none: it cannot be kicked or redirected",
			    DISPLAY_WARNING, control->colour);
}

static int run_session(struct control *control)
{
	json_t *session = NULL;
	int64_t number;
	int status = control_read_session(control, control->arguments[0], &number);

	if (status == EX_OK)
		status = control_ask_object(control, "GetSession",
					    json_pack("{s:I}", "session", (json_int_t)number),
					    "session", &session);
	if (status != EX_OK)
		return status;
	if (control->json)
		control_print_json(session);
	else
		show_session(control, session, &control->fault);
	json_decref(session);
	return control_check_answers(control, "GetSession");
}

const struct command command_session = {
	.name = "session",
	.arguments = "N",
	.about = "Shows everything about one session",
	.details = "N is its number, as \"vdtgwctl sessions\" shows it. What the terminal told of\n"
		   "itself is shown as it told it.\n",
	.arguments_least = 1,
	.arguments_most = 1,
	.run = run_session,
};
