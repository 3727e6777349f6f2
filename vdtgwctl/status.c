/*
 * The commands status and timeouts: how things are.
 */
#include "common/array.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/show.h"
#include "vdtgwctl/table.h"
#include "vdtgwctl/words.h"

#include "common/microseconds.h"

#include <string.h>
#include <sysexits.h>

enum {
	COUNTS_MAX = 256, /* bytes of a list of counts */
};

/* "12 (telnet 8, raw 4)"; those of zero are left out. Returns ret_text. */
static const char *describe_counts(char ret_text[COUNTS_MAX], int64_t sum, const json_t *counts)
{
	const char *mark = " (";
	const char *name;
	json_t *count;
	int length = snprintf(ret_text, COUNTS_MAX, "%lld", (long long)sum);

	json_object_foreach((json_t *)counts, name, count)
	{
		if (json_integer_value(count) == 0 || length >= COUNTS_MAX)
			continue;
		length += snprintf(ret_text + length, COUNTS_MAX - (size_t)length, "%s%s %lld",
				   mark, name, (long long)json_integer_value(count));
		mark = ", ";
	}
	if (mark[0] == ',' && length < COUNTS_MAX)
		snprintf(ret_text + length, COUNTS_MAX - (size_t)length, ")");
	return ret_text;
}

static int64_t sum_of(const json_t *counts)
{
	const char *name;
	json_t *count;
	int64_t sum = 0;

	json_object_foreach((json_t *)counts, name, count)
	{
		if (json_integer_value(count) > 0 &&
		    json_integer_value(count) < ANSWER_INTEGER_MAX && sum < ANSWER_INTEGER_MAX)
			sum += json_integer_value(count);
	}
	return sum;
}

static void show_supervisor(const json_t *status, struct answer_fault *fault)
{
	const char *version = answer_text(status, "version", fault);
	int64_t launches = answer_integer(status, "launches", fault);
	char started[WORDS_MAX], uptime[WORDS_MAX];

	show_line("vdtgw", "%s, process %lld", version != NULL ? version : "?",
		  (long long)answer_integer(status, "pid", fault));
	show_line("started", "%s (up %s)",
		  words_time(started, answer_integer(status, "started", fault)),
		  words_duration(uptime, answer_integer(status, "uptime", fault)));
	if (launches > 0)
		show_line("launches", "%lld", (long long)launches);
}

static void show_sessions(const struct control *control, const json_t *status,
			  struct answer_fault *fault)
{
	const json_t *limits = answer_object(status, "limits", fault);
	int64_t sessions = answer_integer(status, "sessions", fault);
	int64_t limit = answer_integer(limits, "sessions", fault);
	int64_t half_open = answer_integer(status, "half_open", fault);
	int64_t half_open_limit = answer_integer(limits, "half_open", fault);
	char text[COUNTS_MAX], whole[2 * COUNTS_MAX], number[WORDS_MAX];

	snprintf(
	    whole, sizeof(whole), "%s of %s at most, %s from one address",
	    describe_counts(text, sessions, answer_object(status, "sessions_by_transport", fault)),
	    words_number(number, limit),
	    words_number((char[WORDS_MAX]) { 0 }, answer_integer(limits, "per_address", fault)));
	show_styled("callers", whole, limit > 0 && sessions >= limit ? DISPLAY_BAD : DISPLAY_PLAIN,
		    control->colour);
	if (half_open_limit > 0)
		show_line("  silent so far", "%lld of %lld at most", (long long)half_open,
			  (long long)half_open_limit);
	else
		show_line("  silent so far", "%lld", (long long)half_open);
}

static void show_channel(const struct control *control, const json_t *status,
			 struct answer_fault *fault)
{
	const json_t *channel = answer_object(status, "command_channel", fault);
	const char *state = answer_text(channel, "state", fault);
	const char *uri = answer_text(channel, "uri", fault);
	char text[COUNTS_MAX], since[WORDS_MAX];

	if (state == NULL)
		return;
	if (strcmp(state, "off") == 0)
		snprintf(text, sizeof(text), "off");
	else
		snprintf(text, sizeof(text), "%s since %s: %s", state,
			 words_time(since, answer_integer(channel, "since", fault)),
			 uri != NULL ? uri : "?");
	show_styled("command channel", text,
		    strcmp(state, "connecting") == 0 ? DISPLAY_WARNING : DISPLAY_PLAIN,
		    control->colour);
}

static void show_bans(const struct control *control, const json_t *status,
		      struct answer_fault *fault)
{
	const json_t *bans = answer_object(status, "bans", fault);

	show_line("banned", "%lld%s", (long long)answer_integer(bans, "count", fault),
		  answer_boolean(bans, "enabled", fault) ? "" : " (bans are off)");
	if (bans != NULL && !answer_boolean(bans, "saved", fault))
		show_styled("  not saved",
			    "the disk takes no changes: they are lost when the supervisor ends",
			    DISPLAY_BAD, control->colour);
}

/* Totals since the start. */
static void show_totals(const json_t *status, struct answer_fault *fault)
{
	static const struct {
		const char *label;
		const char *name;
	} totals[] = {
		{ "  turned away", "refused" },
		{ "  crashed", "crashed" },
		{ "  kicked", "kicked" },
		{ "  came back", "reentered" },
		{ "  redirections", "redirections" },
		{ "  made room", "half_open_limited" },
	};
	const json_t *bans = answer_object(status, "bans", fault);
	char text[COUNTS_MAX];

	puts("since the start:");
	show_line("  admitted", "%s",
		  describe_counts(text, answer_integer(status, "admitted", fault),
				  answer_object(status, "admitted_by_transport", fault)));
	for (size_t i = 0; i < LENGTH(totals); i++)
		show_line(totals[i].label, "%lld",
			  (long long)answer_integer(status, totals[i].name, fault));
	show_line("  bans", "%lld made, %lld ended, %lld times a banned caller",
		  (long long)answer_integer(bans, "banned", fault),
		  (long long)answer_integer(bans, "unbanned", fault),
		  (long long)answer_integer(bans, "refused", fault));
}

static void show_timeouts(const json_t *status, struct answer_fault *fault)
{
	static const char *const kinds[][2] = {
		{ "  silent callers", "activity" },
		{ "  long calls", "session" },
		{ "  long at home", "home" },
		{ "  remote services", "remote" },
	};
	const json_t *timeouts = answer_object(status, "timeouts", fault);
	char text[COUNTS_MAX];

	if (timeouts == NULL)
		return;
	puts("time-outs since the start:");
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		const json_t *counts = answer_object(timeouts, kinds[i][1], fault);

		show_line(kinds[i][0], "%s", describe_counts(text, sum_of(counts), counts));
	}
}

static int run_status(struct control *control)
{
	struct answer_fault *fault = &control->fault;
	json_t *status = NULL;
	int64_t consoles, watchers;
	int result = control_ask_to_show(control, "Status", json_object(), &status);

	if (result != EX_OK || status == NULL)
		return result;
	show_supervisor(status, fault);
	show_sessions(control, status, fault);
	show_channel(control, status, fault);
	show_bans(control, status, fault);
	consoles = answer_integer(status, "consoles", fault);
	watchers = answer_integer(status, "watchers", fault);
	if (consoles >= 0 && watchers >= 0)
		show_line("who looks on", "%lld on consoles, %lld watching", (long long)consoles,
			  (long long)watchers);
	show_totals(status, fault);
	show_timeouts(status, fault);
	json_decref(status);
	return control_check_answers(control, "Status");
}

const struct command command_status = {
	.name = "status",
	.arguments = "",
	.about = "Shows the state of things, and the totals since the supervisor's start",
	.details =
	    "\"silent so far\" are callers from whom nothing has come yet; \"made room\" says how\n"
	    "often one of them had to for another; \"came back\" are sessions that entered again\n"
	    "after a restart of the supervisor.\n",
	.run = run_status,
};

static int run_timeouts(struct control *control)
{
	static const struct table_column columns[] = {
		{ .title = "KEY" },
		{ .title = "SECONDS", .right = true },
		{ .title = "", .rank = 1, .right = true },
		{ .title = "WHAT IT ENDS", .rank = 2, .least = 12 },
	};
	static const char *const keys[][2] = {
		{ "caller_idle", "the call of somebody who types nothing" },
		{ "session", "a whole call" },
		{ "remote", "a redirection" },
		{ "remote_telnet_idle", "a redirection to a telnet service that sends nothing" },
		{ "home", "the stay with the home service" },
		{ "console_idle", "a console on which nothing is typed" },
	};
	struct table *table = NULL;
	json_t *timeouts = NULL;
	int status = control_ask_object(control, "Timeouts", json_object(), "timeouts", &timeouts);

	if (status != EX_OK)
		return status;
	if (control->json) {
		control_print_json(timeouts);
	} else if (table_new(&table, columns, LENGTH(columns)) < 0) {
		status = control_fail_memory(control);
	} else {
		for (size_t i = 0; i < LENGTH(keys); i++) {
			int64_t seconds = answer_integer(timeouts, keys[i][0], &control->fault);
			char number[WORDS_MAX], text[WORDS_MAX];

			table_add(table, keys[i][0]);
			table_add(table, seconds == 0 ? "none" : words_number(number, seconds));
			table_add(table, seconds < 60 || seconds > INT64_MAX / US_PER_S
					     ? NULL
					     : words_duration(text, seconds * US_PER_S));
			table_add(table, keys[i][1]);
		}
		status = control_check_answers(control, "Timeouts");
	}
	if (status == EX_OK && table != NULL)
		status = control_print_table(control, table, "");
	else
		table_free(table);
	json_decref(timeouts);
	return status;
}

const struct command command_timeouts = {
	.name = "timeouts",
	.arguments = "",
	.about = "Shows the time-outs in force",
	.details =
	    "They are the group timeouts of the configuration; \"vdtgwctl reload\" changes them.\n",
	.run = run_timeouts,
};
