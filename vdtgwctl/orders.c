/*
 * The commands kick, message, redirect and home: orders to callers' sessions.
 */
#include "vdtgwctl/command.h"
#include "vdtgwctl/display.h"
#include "vdtgwctl/words.h"

#include "common/uri.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	PING_MAX = 3600, /* s; as in the configuration */
};

/* "N [REASON]": an order of one session. */
static int order_session(struct control *control, const char *method, const char *done)
{
	const char *reason = control->argument_count > 1 ? control->arguments[1] : NULL;
	json_t *answer = NULL;
	int64_t session;
	int status = control_read_session(control, control->arguments[0], &session);

	if (status == EX_OK)
		status = control_ask_to_show(
		    control, method,
		    json_pack("{s:I, s:s*}", "session", (json_int_t)session, "reason", reason),
		    &answer);
	if (status != EX_OK || answer == NULL)
		return status;
	printf("Session %lld %s.\n", (long long)session, done);
	json_decref(answer);
	return EX_OK;
}

static int run_kick(struct control *control)
{
	return order_session(control, "Kick", "is told to end its call");
}

const struct command command_kick = {
	.name = "kick",
	.arguments = "N [REASON]",
	.about = "Ends a call",
	.details =
	    "N is the session's number. REASON, of 256 bytes at most, is for its log; the caller\n"
	    "does not see it. Who is to stay away is banned: \"vdtgwctl ban\".\n",
	.arguments_least = 1,
	.arguments_most = 2,
	.run = run_kick,
};

static int run_home(struct control *control)
{
	return order_session(control, "SendHome", "is sent back to the home service");
}

const struct command command_home = {
	.name = "home",
	.arguments = "N [REASON]",
	.about = "Ends a redirection: the caller is with the home service again",
	.details = "N is the session's number. REASON, of 256 bytes at most, is for the log.\n",
	.arguments_least = 1,
	.arguments_most = 2,
	.run = run_home,
};

static int run_message(struct control *control)
{
	bool all = strcmp(control->arguments[0], "all") == 0;
	json_t *answer = NULL, *parameters;
	int64_t session = 0, sent;
	int status = all ? EX_OK : control_read_session(control, control->arguments[0], &session);

	if (status != EX_OK)
		return status;
	parameters = json_pack("{s:s}", "text", control->arguments[1]);
	if (parameters != NULL && !all &&
	    json_object_set_new(parameters, "session", json_integer(session)) < 0) {
		json_decref(parameters);
		return control_fail_memory(control);
	}
	status = control_ask_to_show(control, "Message", parameters, &answer);
	if (status != EX_OK || answer == NULL)
		return status;
	sent = answer_integer(answer, "sent", &control->fault);
	if (all)
		printf("Sent to %lld session%s.\n", (long long)sent, sent == 1 ? "" : "s");
	else
		printf("Sent to session %lld.\n", (long long)session);
	json_decref(answer);
	return control_check_answers(control, "Message");
}

const struct command command_message = {
	.name = "message",
	.arguments = "N|all TEXT",
	.about = "Shows a line on row 0 of one caller's screen, or of all",
	.details =
	    "TEXT is 1 to 40 characters that a videotex terminal has: ASCII, and the accented\n"
	    "letters of French and its neighbours.\n",
	.arguments_least = 2,
	.arguments_most = 2,
	.run = run_message,
};

enum {
	OPTION_PING,
	OPTION_SUBPROTOCOLS,
};

/* "binary,tty" as a list; NULL without memory. */
static json_t *split_list(const char *text)
{
	json_t *list = json_array();

	while (list != NULL) {
		size_t length = strcspn(text, ",");

		if (json_array_append_new(list, json_stringn(text, length)) < 0) {
			json_decref(list);
			return NULL;
		}
		if (text[length] == '\0')
			break;
		text += length + 1;
	}
	return list;
}

static int run_redirect(struct control *control)
{
	const char *ping_text = control->values[OPTION_PING];
	const char *subprotocols = control->values[OPTION_SUBPROTOCOLS];
	const char *why = NULL, *tag;
	json_t *answer = NULL, *parameters;
	int64_t session, ping = 0;
	struct uri uri;
	int status = control_read_session(control, control->arguments[0], &session);

	if (status != EX_OK)
		return status;
	if (uri_parse(&uri, control->arguments[1], &why) < 0)
		return control_fail_usage(control, "\"%s\" is no service's address: %s",
					  control->arguments[1], why);
	if (ping_text != NULL && words_parse_number(&ping, ping_text, 0, PING_MAX) < 0)
		return control_fail_usage(control, "--ping is a number of seconds, 0 to %d",
					  PING_MAX);
	parameters = json_pack("{s:I, s:s, s:I}", "session", (json_int_t)session, "uri",
			       control->arguments[1], "ping", (json_int_t)ping);
	if (subprotocols != NULL && parameters != NULL &&
	    json_object_set_new(parameters, "subprotocols", split_list(subprotocols)) < 0) {
		json_decref(parameters);
		return control_fail_parameters(control);
	}
	status = control_ask_to_show(control, "Redirect", parameters, &answer);
	if (status != EX_OK || answer == NULL)
		return status;
	tag = answer_text(answer, "tag", &control->fault);
	display_line(stdout, "Session %lld is told to go to %s; this is called %s.",
		     (long long)session, control->arguments[1], tag != NULL ? tag : "?");
	json_decref(answer);
	return control_check_answers(control, "Redirect");
}

const struct command command_redirect = {
	.name = "redirect",
	.arguments = "N URI",
	.about = "Redirects a caller by hand",
	.details = "N is the session's number, URI a service: ws://, wss:// or telnet://. Where "
		   "that ends,\n"
		   "the caller is with the home service again. The Teletel server is not told.\n"
		   "\"vdtgwctl watch\" shows whether the service was reached.\n",
	.arguments_least = 2,
	.arguments_most = 2,
	.options = { { "ping", "S",
		       "check the service every S seconds; 0 (as without this): never" },
		     { "subprotocol", "LIST", "of WebSocket, with commas between: binary,tty" } },
	.run = run_redirect,
};
