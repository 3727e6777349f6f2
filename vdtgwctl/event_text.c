/*
 * Writes events. Names of services, terminals and reasons are from the network: whatever acts on a
 * terminal is taken out, whatever acts on a spreadsheet is made text.
 */
#include "vdtgwctl/event_text.h"

#include "common/array.h"
#include "common/event_words.h"
#include "common/printable.h"
#include "vdtgwctl/display.h"
#include "vdtgwctl/words.h"

#include <stdint.h>
#include <string.h>

enum {
	KIND_WIDTH = 17, /* of the longest kind's name */
	WHO_WIDTH = 34,
	NAME_MAX_BYTES = 256, /* of a kind */
	FIELD_MAX = 4096,     /* bytes of a field of CSV */
};

static const struct kind {
	const char *name;
	enum display_style style;
	bool ends; /* what it tells of is over: its duration matters more than its reason */
} kinds[] = {
	{ "started", DISPLAY_GOOD, false },         { "ended", DISPLAY_PLAIN, true },
	{ "crashed", DISPLAY_BAD, true },           { "refused", DISPLAY_WARNING, false },
	{ "state", DISPLAY_FAINT, false },          { "redirecting", DISPLAY_PLAIN, false },
	{ "redirected", DISPLAY_PLAIN, false },     { "redirection_ended", DISPLAY_PLAIN, true },
	{ "timed_out", DISPLAY_WARNING, false },    { "kicked", DISPLAY_WARNING, false },
	{ "sent_home", DISPLAY_PLAIN, false },      { "message", DISPLAY_PLAIN, false },
	{ "banned", DISPLAY_WARNING, false },       { "unbanned", DISPLAY_PLAIN, false },
	{ "channel_up", DISPLAY_GOOD, false },      { "channel_down", DISPLAY_BAD, false },
	{ "teletel_started", DISPLAY_GOOD, false }, { "teletel_stopped", DISPLAY_WARNING, false },
	{ "teletel_failed", DISPLAY_BAD, false },   { "reloaded", DISPLAY_PLAIN, false },
	{ "reload_failed", DISPLAY_BAD, false },
};

const char *event_text_kind(size_t index)
{
	return index < LENGTH(kinds) ? kinds[index].name : NULL;
}

/* A kind of a newer supervisor's is shown as it is. */
static struct kind find_kind(const char *name)
{
	for (size_t i = 0; i < LENGTH(kinds); i++)
		if (name != NULL && strcmp(kinds[i].name, name) == 0)
			return kinds[i];
	return (struct kind) { name != NULL ? name : "?", DISPLAY_PLAIN, false };
}

/* The fault that hides a whole line. */
static bool is_event(const json_t *event, struct answer_fault *fault)
{
	if (json_is_object(event))
		return true;
	if (fault->wanted == NULL) {
		snprintf(fault->name, sizeof(fault->name), "event");
		fault->wanted = "an object";
	}
	return false;
}

void event_text_write(const json_t *event, bool with_day, bool colour, FILE *out,
		      struct answer_fault *fault)
{
	struct kind kind;
	char who[EVENT_WORDS_WHO_MAX], safe_who[EVENT_WORDS_WHO_MAX], time[WORDS_MAX];
	char what[EVENT_WORDS_WHAT_MAX], safe[EVENT_WORDS_WHAT_MAX], name[NAME_MAX_BYTES];
	int64_t when;
	size_t taken;

	if (!is_event(event, fault))
		return;
	kind = find_kind(answer_text(event, "kind", fault));
	when = answer_integer(event, "time", fault);
	event_words_who(event, who, fault);
	event_words_what(event, what, fault);
	printable(name, sizeof(name), kind.name, strlen(kind.name));
	printable(safe_who, sizeof(safe_who), who, strlen(who));
	printable(safe, sizeof(safe), what, strlen(what));
	fprintf(out, "%s  ", with_day ? words_time(time, when) : words_clock(time, when));
	taken = display_write(out, name, SIZE_MAX, kind.style, colour);
	if (safe_who[0] == '\0' && safe[0] == '\0') {
		fputc('\n', out);
		return;
	}
	fprintf(out, "%*s", (int)(taken < KIND_WIDTH ? KIND_WIDTH - taken : 0) + 1, "");
	taken = display_width(safe_who);
	fputs(safe_who, out);
	if (safe[0] != '\0')
		fprintf(out, "%*s%s", (int)(taken < WHO_WIDTH ? WHO_WIDTH - taken : 0) + 1, "",
			safe);
	fputc('\n', out);
}

const char event_text_csv_head[] = "TIME,EVENT,FROM,TO,INFO\n";

/* A field: safe to show, no formula, in quotes where it needs them. */
static void write_field(const char *text, FILE *out)
{
	char safe[FIELD_MAX];
	bool formula;

	printable(safe, sizeof(safe), text, strlen(text));
	formula = safe[0] != '\0' && strchr("=+-@", safe[0]) != NULL;
	if (strpbrk(safe, ",\"") == NULL && safe[0] != ' ') {
		fprintf(out, "%s%s", formula ? "'" : "", safe);
		return;
	}
	fputs(formula ? "\"'" : "\"", out);
	for (const char *at = safe; *at != '\0'; at++) {
		if (*at == '"')
			fputc('"', out);
		fputc(*at, out);
	}
	fputc('"', out);
}

void event_text_write_csv(const json_t *event, FILE *out, struct answer_fault *fault)
{
	const char *service, *reason, *state;
	char from[EVENT_WORDS_ADDRESS_MAX], time[WORDS_MAX], length[WORDS_MAX];
	struct kind kind;
	int64_t duration;

	if (!is_event(event, fault))
		return;
	kind = find_kind(answer_text(event, "kind", fault));
	service = answer_text(event, "service", fault);
	reason = answer_text(event, "reason", fault);
	state = answer_text(event, "state", fault);
	duration = answer_integer(event, "duration", fault);
	event_words_address(event, from, fault);
	write_field(words_time(time, answer_integer(event, "time", fault)), out);
	fputc(',', out);
	write_field(kind.name, out);
	fputc(',', out);
	write_field(from, out);
	fputc(',', out);
	write_field(service != NULL ? service : "", out);
	fputc(',', out);
	if (kind.ends && duration >= 0)
		write_field(words_duration_exact(length, duration), out);
	else if (reason != NULL)
		write_field(reason, out);
	else
		write_field(state != NULL ? state : "", out);
	fputc('\n', out);
}
