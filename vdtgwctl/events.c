/*
 * The commands watch and history: what happens, and what has happened.
 */
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/event_text.h"
#include "vdtgwctl/words.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define DAY (INT64_C(86400) * US_PER_S)

static int take_watched(struct control *control, json_t *reply, void *context)
{
	const json_t *event = answer_object(reply, "event", &control->fault);

	(void)context;
	if (event != NULL && control->json) {
		control_write_json(event, true);
		putchar('\n');
	} else if (event != NULL) {
		event_text_write(event, false, control->colour, stdout, &control->fault);
	}
	if (fflush(stdout) != 0)
		return EX_IOERR;
	return control_check_answers(control, "Watch");
}

static int run_watch(struct control *control)
{
	return control_follow(control, "Watch", take_watched, NULL);
}

const struct command command_watch = {
	.name = "watch",
	.arguments = "",
	.about = "Prints what happens, as it happens, until Ctrl-C",
	.details = "A line an event: the time, what it is, the session (its number, how it came, "
		   "from where),\n"
		   "and the rest: a reason, a service, a duration, bytes. With --json, an object a "
		   "line. It\n"
		   "ends, with status 69, when the supervisor does.\n",
	.run = run_watch,
};

enum {
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_ADDRESS,
	OPTION_TRANSPORT,
	OPTION_SERVICE,
	OPTION_SESSION,
	OPTION_KIND,
	OPTION_LAST,
	OPTION_CSV,
};

/* Puts a value, taken over, among the parameters. */
static int put(struct control *control, json_t *parameters, const char *name, json_t *value)
{
	return json_object_set_new(parameters, name, value) < 0 ? control_fail_parameters(control)
								: EX_OK;
}

static int put_text(struct control *control, json_t *parameters, const char *name, int option)
{
	if (control->values[option] == NULL)
		return EX_OK;
	return put(control, parameters, name, json_string(control->values[option]));
}

static int put_number(struct control *control, json_t *parameters, const char *name, int option)
{
	const char *text = control->values[option];
	int64_t number;

	if (text == NULL)
		return EX_OK;
	if (words_parse_number(&number, text, 0, ANSWER_INTEGER_MAX) < 0)
		return control_fail_usage(control, "--%s is a whole number", name);
	return put(control, parameters, name, json_integer(number));
}

static int put_time(struct control *control, json_t *parameters, const char *name, int option,
		    int64_t now)
{
	const char *text = control->values[option];
	int64_t time;

	if (text == NULL)
		return EX_OK;
	if (words_parse_time(&time, text, now) < 0)
		return control_fail_usage(control, "\"%s\" is not a time: write %s", text,
					  WORDS_TIME_ALLOWED);
	return put(control, parameters, name, json_integer(time));
}

static bool is_kind(const char *name, size_t length)
{
	const char *kind;

	for (size_t i = 0; (kind = event_text_kind(i)) != NULL; i++)
		if (strlen(kind) == length && strncmp(kind, name, length) == 0)
			return true;
	return false;
}

/* "started,ended" */
static int put_kinds(struct control *control, json_t *parameters)
{
	const char *text = control->values[OPTION_KIND];
	json_t *kinds;

	if (text == NULL)
		return EX_OK;
	kinds = json_array();
	if (kinds == NULL)
		return control_fail_parameters(control);
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!is_kind(text, length)) {
			json_decref(kinds);
			return control_fail_usage(control, "there is no kind of event \"%.*s\"",
						  (int)length, text);
		}
		if (json_array_append_new(kinds, json_stringn(text, length)) < 0) {
			json_decref(kinds);
			return control_fail_parameters(control);
		}
		if (text[length] == '\0')
			return put(control, parameters, "kinds", kinds);
		text += length + 1;
	}
}

static int put_filters(struct control *control, json_t *parameters)
{
	int64_t now = wall_clock_now();
	int status = put_time(control, parameters, "since", OPTION_SINCE, now);

	if (status == EX_OK)
		status = put_time(control, parameters, "until", OPTION_UNTIL, now);
	if (status == EX_OK)
		status = put_text(control, parameters, "network", OPTION_ADDRESS);
	if (status == EX_OK)
		status = put_text(control, parameters, "transport", OPTION_TRANSPORT);
	if (status == EX_OK)
		status = put_text(control, parameters, "service", OPTION_SERVICE);
	if (status == EX_OK)
		status = put_number(control, parameters, "session", OPTION_SESSION);
	if (status == EX_OK)
		status = put_number(control, parameters, "last", OPTION_LAST);
	if (status == EX_OK)
		status = put_kinds(control, parameters);
	/* Who says nothing of when means the last day, not years. */
	if (status == EX_OK && control->values[OPTION_SINCE] == NULL &&
	    control->values[OPTION_UNTIL] == NULL && control->values[OPTION_SESSION] == NULL &&
	    control->values[OPTION_LAST] == NULL)
		status = put(control, parameters, "since", json_integer(now - DAY));
	return status;
}

/* What of the history has come so far. */
struct reading {
	size_t count;
	int64_t total;
	int64_t oldest;
};

static void print_event(struct control *control, const struct reading *reading, json_t *event)
{
	if (control->json)
		fputs(reading->count == 0 ? "\n" : ",\n", stdout);
	if (control->json)
		control_write_json(event, true);
	else if (control->values[OPTION_CSV] != NULL)
		event_text_write_csv(event, stdout, &control->fault);
	else
		event_text_write(event, true, control->colour, stdout, &control->fault);
}

static int take_history(struct control *control, json_t *page, void *context)
{
	struct reading *reading = context;
	const json_t *events = answer_array(page, "events", &control->fault);

	reading->total = answer_integer(page, "total", &control->fault);
	reading->oldest = answer_integer(page, "oldest", &control->fault);
	for (size_t i = 0; i < json_array_size(events); i++) {
		print_event(control, reading, json_array_get(events, i));
		reading->count++;
		if (control->fault.wanted != NULL)
			break;
	}
	if (ferror(stdout))
		return EX_IOERR;
	return control_check_answers(control, "History");
}

/* Nothing may mean that the question was too narrow. */
static void explain_nothing(const struct reading *reading)
{
	char time[WORDS_MAX];

	if (reading->oldest >= 0)
		fprintf(stderr,
			"Nothing of that kind. The history holds %lld events, the oldest of %s; "
			"without --since and --until, the last 24 hours are shown.\n",
			(long long)reading->total, words_time(time, reading->oldest));
	else
		fputs("The history is empty.\n", stderr);
}

/* What stands behind the events of the document. */
static void print_end(const struct reading *reading)
{
	printf("\n], \"total\": %lld, \"oldest\": ", (long long)reading->total);
	if (reading->oldest >= 0)
		printf("%lld }\n", (long long)reading->oldest);
	else
		puts("null }");
}

static int run_history(struct control *control)
{
	bool csv = control->values[OPTION_CSV] != NULL;
	struct reading reading = { 0, -1, -1 };
	json_t *parameters;
	int status;

	if (csv && control->json)
		return control_fail_usage(control, "--csv and --json exclude each other");
	parameters = json_object();
	if (parameters == NULL)
		return control_fail_memory(control);
	status = put_filters(control, parameters);
	if (status != EX_OK) {
		json_decref(parameters);
		return status;
	}
	/* Printed page by page: ten million events do not fit into memory. */
	if (csv)
		fputs(event_text_csv_head, stdout);
	if (control->json)
		fputs("{ \"events\": [", stdout);
	status = control_ask_pages(control, "History", parameters, take_history, &reading);
	if (control->json)
		print_end(&reading);
	if (status == EX_OK && reading.count == 0 && !csv && !control->json)
		explain_nothing(&reading);
	return status;
}

const struct command command_history = {
	.name = "history",
	.arguments = "",
	.about = "Shows what has happened, oldest first",
	.details =
	    "Without --since, --until, --last and --session, the last 24 hours. A TIME is written "
	    "as\n"
	    "\"2026-11-19 18:00\", 2026-11-19 (its beginning), 18:00 (today), yesterday, "
	    "\"yesterday 18:00\",\n"
	    "today, now, \"2h ago\", \"-1d 12h\", 2026-11-19T18:00:00Z or @SECONDS since 1970.\n"
	    "Kinds: started ended crashed refused redirecting redirected redirection_ended "
	    "timed_out\n"
	    "kicked sent_home message banned unbanned channel_up channel_down teletel_started\n"
	    "teletel_stopped teletel_failed reloaded reload_failed.\n"
	    "--csv prints TIME,EVENT,FROM,TO,INFO: INFO is the duration (h:mm:ss) at an end, else "
	    "the\n"
	    "reason. What a spreadsheet would take for a formula begins with an apostrophe.\n",
	.options = { { "since", "TIME", "from this time on" },
		     { "until", "TIME", "before this time" },
		     { "address", "NETWORK", "of an address or a network, such as 192.0.2.0/24" },
		     { "transport", "NAME", "of callers by telnet, raw or websocket" },
		     { "service", "URI", "of a service: its address, or the beginning of it" },
		     { "session", "N", "of the session of this number" },
		     { "kind", "LIST", "of these kinds, with commas between: started,ended" },
		     { "last", "N", "only so many, the last ones" },
		     { "csv", NULL, "print comma-separated values" } },
	.run = run_history,
};
