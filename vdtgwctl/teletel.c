/*
 * The command teletel: the Teletel server, where the supervisor can start and stop it.
 */
#include "common/array.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/show.h"
#include "vdtgwctl/words.h"

#include <string.h>
#include <sysexits.h>

static enum display_style state_style(const char *state)
{
	if (strcmp(state, "running") == 0)
		return DISPLAY_GOOD;
	if (strcmp(state, "failed") == 0)
		return DISPLAY_BAD;
	return DISPLAY_WARNING;
}

static void show_server(const struct control *control, const json_t *server,
			struct answer_fault *fault)
{
	const char *kind = answer_text(server, "kind", fault);
	const char *name = answer_text(server, "name", fault);
	const char *state = answer_text(server, "state", fault);
	const char *detail = answer_text(server, "detail", fault);
	int64_t pid = answer_integer(server, "pid", fault);
	int64_t since = answer_integer(server, "since", fault);
	int64_t restarts = answer_integer(server, "restarts", fault);
	int64_t retry = answer_integer(server, "retry", fault);
	char text[WORDS_MAX];

	show_line(kind != NULL && strcmp(kind, "unit") == 0 ? "unit" : "program", "%s",
		  name != NULL ? name : "?");
	show_styled("state", state != NULL ? state : "?",
		    state != NULL ? state_style(state) : DISPLAY_PLAIN, control->colour);
	if (detail != NULL && detail[0] != '\0')
		show_line("detail", "%s", detail);
	if (since >= 0)
		show_line("since", "%s", words_time(text, since));
	if (pid > 0)
		show_line("process", "%lld", (long long)pid);
	if (restarts > 0)
		show_line("restarts", "%lld", (long long)restarts);
	if (retry >= 0)
		show_line("next try", "%s", words_time(text, retry));
}

static int run_teletel(struct control *control)
{
	static const char *const verbs[][2] = {
		{ "status", "TeletelStatus" },
		{ "start", "TeletelStart" },
		{ "stop", "TeletelStop" },
		{ "restart", "TeletelRestart" },
	};
	const char *verb = control->argument_count > 0 ? control->arguments[0] : "status";
	const char *method = NULL;
	json_t *server = NULL;
	int status;

	for (size_t i = 0; i < LENGTH(verbs); i++)
		if (strcmp(verbs[i][0], verb) == 0)
			method = verbs[i][1];
	if (method == NULL)
		return control_fail_usage(control, "there is no \"teletel %s\"", verb);
	status = control_ask_object(control, method, json_object(), "server", &server);
	if (status != EX_OK)
		return status;
	if (control->json)
		control_print_json(server);
	else
		show_server(control, server, &control->fault);
	json_decref(server);
	return control_check_answers(control, method);
}

const struct command command_teletel = {
	.name = "teletel",
	.arguments = "[status|start|stop|restart]",
	.about = "Shows, starts and stops the Teletel server",
	.details =
	    "It is what teletel.unit or teletel.command of the configuration names. The answer "
	    "comes\n"
	    "when it is done or has failed, within a minute; what is done already is no failure.\n",
	.arguments_most = 1,
	.run = run_teletel,
};
