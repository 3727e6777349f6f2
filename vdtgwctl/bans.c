/*
 * The commands bans, ban, unban and never: who may not call, and who always may.
 */
#include "common/array.h"
#include "common/wall_clock.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/table.h"
#include "vdtgwctl/words.h"

#include <string.h>
#include <sysexits.h>

/* A list asked for, and either printed as it is or made into a table by rows of add_row(). */
struct listing {
	const char *method;
	const char *name; /* of the list in the answer */
	const struct table_column *columns;
	size_t column_count;
	const char *nothing;
	void (*add_row)(struct table *table, const json_t *entry, struct answer_fault *fault);
};

static int run_listing(struct control *control, const struct listing *listing)
{
	struct table *table = NULL;
	json_t *answer = NULL;
	const json_t *list;
	int status = control_ask_list(control, listing->method, listing->name, &answer);

	if (status != EX_OK)
		return status;
	if (control->json) {
		control_print_json(answer);
		json_decref(answer);
		return EX_OK;
	}
	if (table_new(&table, listing->columns, listing->column_count) < 0) {
		json_decref(answer);
		return control_fail_memory(control);
	}
	list = json_object_get(answer, listing->name);
	for (size_t i = 0; i < json_array_size(list); i++)
		listing->add_row(table, json_array_get(list, i), &control->fault);
	json_decref(answer);
	status = control_check_answers(control, listing->method);
	if (status == EX_OK)
		return control_print_table(control, table, listing->nothing);
	table_free(table);
	return status;
}

static void add_time(struct table *table, const json_t *entry, const char *name,
		     struct answer_fault *fault)
{
	int64_t time = answer_integer(entry, name, fault);
	char text[WORDS_MAX];

	table_add(table, time >= 0 ? words_time(text, time) : NULL);
}

static void add_ban(struct table *table, const json_t *ban, struct answer_fault *fault)
{
	const char *reason = answer_text(ban, "reason", fault);
	int64_t left = answer_integer(ban, "until", fault) - wall_clock_now();
	char text[WORDS_MAX];

	table_add(table, answer_text(ban, "network", fault));
	table_add(table, reason);
	add_time(table, ban, "since", fault);
	add_time(table, ban, "visited", fault);
	table_add(table, words_duration(text, left > 0 ? left : 0));
	table_add(table, words_number(text, answer_integer(ban, "refusals", fault)));
	table_add(table, answer_text(ban, "comment", fault));
}

static int run_bans(struct control *control)
{
	static const struct table_column columns[] = {
		{ .title = "NETWORK", .rank = 0 },
		{ .title = "REASON", .rank = 2 },
		{ .title = "SINCE", .rank = 4 },
		{ .title = "LAST VISIT", .rank = 3 },
		{ .title = "ENDS IN", .rank = 1, .right = true },
		{ .title = "REFUSED", .rank = 5, .right = true },
		{ .title = "COMMENT", .rank = 6, .least = 12, .left_out_empty = true },
	};
	static const struct listing listing = {
		"ListBans", "bans", columns, LENGTH(columns), "Nobody is banned.", add_ban,
	};

	return run_listing(control, &listing);
}

const struct command command_bans = {
	.name = "bans",
	.arguments = "",
	.about = "Shows who is banned, and why",
	.details =
	    "A ban ends a while after the last visit from there, so that whoever goes on trying\n"
	    "stays banned. REFUSED counts the tries since the supervisor's start.\n",
	.run = run_bans,
};

/* An order that answers with the network that it was about. */
static int order_network(struct control *control, const char *method, json_t *parameters,
			 const char *done)
{
	json_t *answer = NULL;
	const char *network;
	int status = control_ask_to_show(control, method, parameters, &answer);

	if (status != EX_OK || answer == NULL)
		return status;
	network = answer_text(answer, "network", &control->fault);
	display_line(stdout, "%s %s.", network != NULL ? network : "?", done);
	json_decref(answer);
	return control_check_answers(control, method);
}

enum {
	OPTION_FOR,
	OPTION_COMMENT,
};

static int run_ban(struct control *control)
{
	const char *length = control->values[OPTION_FOR];
	int64_t duration = 0;
	json_t *parameters;

	if (length != NULL && words_parse_duration(&duration, length) < 0)
		return control_fail_usage(
		    control, "\"%s\" is not a duration: write it as 10d, \"1d 12h\", 90m or 30s",
		    length);
	parameters = json_pack("{s:s, s:s*}", "network", control->arguments[0], "comment",
			       control->values[OPTION_COMMENT]);
	if (length != NULL && parameters != NULL &&
	    json_object_set_new(parameters, "duration", json_integer(duration)) < 0) {
		json_decref(parameters);
		return control_fail_memory(control);
	}
	return order_network(control, "Ban", parameters, "is banned");
}

const struct command command_ban = {
	.name = "ban",
	.arguments = "NETWORK",
	.about = "Bans an address or a network, and ends its calls",
	.details =
	    "NETWORK is an address, 192.0.2.1, or a network, 192.0.2.0/24 or 2001:db8::/32. An "
	    "IPv6\n"
	    "address alone means its /64. A ban that is there already gets the new terms. Who is\n"
	    "never banned (\"vdtgwctl never\") is let in all the same.\n",
	.arguments_least = 1,
	.arguments_most = 1,
	.options = { { "for", "TIME",
		       "from each last visit: 10d, \"1d 12h\", 90m; else bans.duration" },
		     { "comment", "TEXT", "why, for those who read the list; 256 bytes at most" } },
	.run = run_ban,
};

static int run_unban(struct control *control)
{
	return order_network(control, "Unban", json_pack("{s:s}", "network", control->arguments[0]),
			     "is not banned any more");
}

const struct command command_unban = {
	.name = "unban",
	.arguments = "NETWORK",
	.about = "Ends a ban, and forgets what else there was against that network",
	.details = "NETWORK is one that \"vdtgwctl bans\" shows, not one within it.\n",
	.arguments_least = 1,
	.arguments_most = 1,
	.run = run_unban,
};

static void add_never(struct table *table, const json_t *never, struct answer_fault *fault)
{
	table_add(table, answer_text(never, "network", fault));
	table_add(table, answer_text(never, "origin", fault));
	add_time(table, never, "added", fault);
	table_add(table, answer_text(never, "comment", fault));
}

static int list_never(struct control *control)
{
	static const struct table_column columns[] = {
		{ .title = "NETWORK", .rank = 0 },
		{ .title = "BECAUSE OF", .rank = 1 },
		{ .title = "ADDED", .rank = 2, .left_out_empty = true },
		{ .title = "COMMENT", .rank = 3, .least = 12, .left_out_empty = true },
	};
	static const struct listing listing = {
		"ListNever",
		"never",
		columns,
		LENGTH(columns),
		"Only this machine's loopback is never banned.",
		add_never,
	};

	return run_listing(control, &listing);
}

enum {
	OPTION_NEVER_COMMENT,
};

static int run_never(struct control *control)
{
	const char *verb = control->argument_count > 0 ? control->arguments[0] : "list";
	const char *network = control->argument_count > 1 ? control->arguments[1] : NULL;
	const char *comment = control->values[OPTION_NEVER_COMMENT];
	bool adds = strcmp(verb, "add") == 0;

	if (comment != NULL && !adds)
		return control_fail_usage(control, "--comment belongs to never add");
	if (strcmp(verb, "list") == 0) {
		if (network != NULL)
			return control_fail_usage(control, "never list takes no network");
		return list_never(control);
	}
	if (!adds && strcmp(verb, "remove") != 0)
		return control_fail_usage(control, "there is no \"never %s\"", verb);
	if (network == NULL)
		return control_fail_usage(control, "never %s wants a network", verb);
	if (adds)
		return order_network(
		    control, "AddNever",
		    json_pack("{s:s, s:s*}", "network", network, "comment", comment),
		    "is never banned from now on");
	return order_network(control, "RemoveNever", json_pack("{s:s}", "network", network),
			     "can be banned again");
}

const struct command command_never = {
	.name = "never",
	.arguments = "[add|remove NETWORK]",
	.about = "Shows and changes who is never banned",
	.details =
	    "\"never\" and \"never list\" show them. add ends a ban of it, too; an address alone\n"
	    "is just this one, of IPv6 too. remove takes away what was added; what the\n"
	    "configuration names is taken away there.\n",
	.arguments_most = 2,
	.options = { { "comment", "TEXT", "with add: who that is; 256 bytes at most" } },
	.run = run_never,
};
