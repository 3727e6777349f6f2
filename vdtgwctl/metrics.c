/*
 * The command metrics: Status as OpenMetrics text. Only gauges and counters, and a line feed after
 * each line, so that what reads the older Prometheus text format (the textfile collector of
 * node_exporter) takes it, too.
 */
#include "common/array.h"
#include "common/microseconds.h"
#include "common/printable.h"
#include "vdtgwctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	LABELS_MAX = 2048,
	LABEL_MAX = 1024, /* bytes of a label's value; what is longer is cut */
};

struct output {
	FILE *out;
	struct answer_fault *fault;
};

/* OpenMetrics 1.0, "Text format": a label's value has its backslashes and quotes escaped; a line
 * feed is left in no text that is safe to show. */
static void escape_label(char ret_text[LABEL_MAX], const char *text)
{
	char safe[LABEL_MAX];
	size_t length = 0;

	printable(safe, sizeof(safe), text, strlen(text));
	for (const char *at = safe; *at != '\0' && length + 3 < LABEL_MAX; at++) {
		if (*at == '\\' || *at == '"')
			ret_text[length++] = '\\';
		ret_text[length++] = *at;
	}
	ret_text[length] = '\0';
}

static void begin(const struct output *output, const char *name, const char *type, const char *unit,
		  const char *help)
{
	fprintf(output->out, "# TYPE vdtgw_%s %s\n", name, type);
	if (unit != NULL)
		fprintf(output->out, "# UNIT vdtgw_%s %s\n", name, unit);
	fprintf(output->out, "# HELP vdtgw_%s %s\n", name, help);
}

/* labels: with their braces, or "". */
static void sample(const struct output *output, const char *name, bool is_counter,
		   const char *labels, int64_t value)
{
	fprintf(output->out, "vdtgw_%s%s%s %lld\n", name, is_counter ? "_total" : "", labels,
		(long long)value);
}

struct metric {
	const char *name;
	const char *group; /* the object of the answer that holds it; NULL: the answer itself */
	const char *field;
	bool is_counter;
	const char *help;
};

static const struct metric metrics[] = {
	{ "sessions_limit", "limits", "sessions", false, "The most sessions that are admitted." },
	{ "sessions_per_address_limit", "limits", "per_address", false,
	  "The most sessions that are admitted from one address." },
	{ "half_open_sessions", NULL, "half_open", false,
	  "Sessions from whose caller nothing has come yet." },
	{ "half_open_sessions_limit", "limits", "half_open", false,
	  "The most of these that are admitted; 0 for no limit." },
	{ "half_open_limited", NULL, "half_open_limited", true,
	  "Callers who came at the limit of half-open sessions." },
	{ "refused", NULL, "refused", true, "Callers for whom there was no room." },
	{ "reentered", NULL, "reentered", true,
	  "Sessions that entered again after a restart of the supervisor." },
	{ "kicked", NULL, "kicked", true, "Calls that an administrator ended." },
	{ "crashed", NULL, "crashed", true, "Sessions that were gone without a word." },
	{ "redirections", NULL, "redirections", true, "Redirections that were started." },
	{ "bans", "bans", "count", false, "Networks that are banned." },
	{ "banned", "bans", "banned", true, "Bans that were made." },
	{ "unbanned", "bans", "unbanned", true, "Bans that ended." },
	{ "ban_refusals", "bans", "refused", true, "Callers turned away because of a ban." },
	{ "command_channel_connections", "command_channel", "connections", true,
	  "How many times the command channel came up." },
	{ "launches", NULL, "launches", true, "Starts of the supervisor, over its whole life." },
	{ "consoles", NULL, "consoles", false, "Console doors in use." },
	{ "watchers", NULL, "watchers", false, "Connections that watch what happens." },
};

static void write_plain(const struct output *output, const json_t *status)
{
	for (size_t i = 0; i < LENGTH(metrics); i++) {
		const struct metric *metric = &metrics[i];
		const json_t *group = metric->group == NULL
					  ? status
					  : answer_object(status, metric->group, output->fault);
		int64_t value = answer_integer(group, metric->field, output->fault);

		if (value < 0)
			continue;
		begin(output, metric->name, metric->is_counter ? "counter" : "gauge", NULL,
		      metric->help);
		sample(output, metric->name, metric->is_counter, "", value);
	}
}

/* One sample for each transport of counts; kind may be NULL. */
static void write_transports(const struct output *output, const char *name, bool is_counter,
			     const char *kind, const json_t *counts)
{
	const char *transport;
	json_t *count;
	char label[LABEL_MAX], labels[LABELS_MAX];

	json_object_foreach((json_t *)counts, transport, count)
	{
		int64_t value = answer_integer(counts, transport, output->fault);

		escape_label(label, transport);
		if (kind != NULL)
			snprintf(labels, sizeof(labels), "{kind=\"%s\",transport=\"%s\"}", kind,
				 label);
		else
			snprintf(labels, sizeof(labels), "{transport=\"%s\"}", label);
		if (value >= 0)
			sample(output, name, is_counter, labels, value);
	}
}

static void write_by_transport(const struct output *output, const json_t *status)
{
	static const char *const kinds[] = { "activity", "session", "home", "remote" };
	const json_t *timeouts = answer_object(status, "timeouts", output->fault);

	begin(output, "sessions", "gauge", NULL, "Sessions that are connected.");
	write_transports(output, "sessions", false, NULL,
			 answer_object(status, "sessions_by_transport", output->fault));
	begin(output, "admitted", "counter", NULL, "Sessions that were admitted.");
	write_transports(output, "admitted", true, NULL,
			 answer_object(status, "admitted_by_transport", output->fault));
	if (timeouts == NULL)
		return;
	begin(output, "timeouts", "counter", NULL,
	      "Calls and redirections that a time-out ended, by its kind.");
	for (size_t i = 0; i < LENGTH(kinds); i++)
		write_transports(output, "timeouts", true, kinds[i],
				 answer_object(timeouts, kinds[i], output->fault));
}

/* Seconds with their fraction. */
static void write_seconds(const struct output *output, const char *name, const char *help,
			  int64_t microseconds)
{
	if (microseconds < 0)
		return;
	begin(output, name, "gauge", "seconds", help);
	fprintf(output->out, "vdtgw_%s %lld.%06lld\n", name, (long long)(microseconds / US_PER_S),
		(long long)(microseconds % US_PER_S));
}

static void write_flag(const struct output *output, const char *name, const char *help, bool flag)
{
	begin(output, name, "gauge", NULL, help);
	sample(output, name, false, "", flag);
}

static void write_metrics(const struct output *output, const json_t *status)
{
	const char *version = answer_text(status, "version", output->fault);
	const json_t *bans = answer_object(status, "bans", output->fault);
	const char *channel = answer_text(answer_object(status, "command_channel", output->fault),
					  "state", output->fault);
	char label[LABEL_MAX], labels[LABELS_MAX];

	escape_label(label, version != NULL ? version : "");
	snprintf(labels, sizeof(labels), "{version=\"%s\"}", label);
	begin(output, "build_info", "gauge", NULL, "The supervisor's version.");
	sample(output, "build_info", false, labels, 1);
	write_seconds(output, "start_time_seconds", "When the supervisor started, since 1970.",
		      answer_integer(status, "started", output->fault));
	write_seconds(output, "uptime_seconds", "How long the supervisor has been running.",
		      answer_integer(status, "uptime", output->fault));
	write_by_transport(output, status);
	write_plain(output, status);
	write_flag(output, "command_channel_up", "Whether the command channel is up.",
		   channel != NULL && strcmp(channel, "up") == 0);
	write_flag(output, "bans_enabled", "Whether bans are applied.",
		   answer_boolean(bans, "enabled", output->fault));
	write_flag(output, "bans_saved", "Whether the disk takes changes of the bans.",
		   answer_boolean(bans, "saved", output->fault));
	fputs("# EOF\n", output->out);
}

static int run_metrics(struct control *control)
{
	json_t *status = NULL;
	char *text = NULL;
	size_t size;
	struct output output = { .fault = &control->fault };
	int result;

	if (control->json)
		return control_fail_usage(control, "metrics are no JSON: vdtgwctl status --json");
	result = control_ask(control, "Status", json_object(), &status);
	if (result != EX_OK)
		return result;
	/* All of it or nothing: a part would be taken for the whole. */
	output.out = open_memstream(&text, &size);
	if (output.out == NULL) {
		json_decref(status);
		return control_fail_memory(control);
	}
	write_metrics(&output, status);
	json_decref(status);
	result = fclose(output.out) == 0 ? control_check_answers(control, "Status")
					 : control_fail_memory(control);
	if (result == EX_OK)
		fputs(text, stdout);
	free(text);
	return result;
}

const struct command command_metrics = {
	.name = "metrics",
	.arguments = "",
	.about = "Prints the counts of status as OpenMetrics text",
	.details = "For node_exporter's textfile collector, by a line for cron, for example:\n"
		   "    vdtgwctl metrics >/var/lib/prometheus/node-exporter/vdtgw.prom.new &&\n"
		   "        mv /var/lib/prometheus/node-exporter/vdtgw.prom.new \\\n"
		   "            /var/lib/prometheus/node-exporter/vdtgw.prom\n",
	.run = run_metrics,
};
