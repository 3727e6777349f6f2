/*
 * Writes events. Names of services, terminals and reasons are from the network: whatever acts on a
 * terminal is taken out, whatever acts on a spreadsheet is made text.
 */
#include "vdtgwctl/event_text.h"

#include "common/printable.h"
#include "vdtgwctl/display.h"
#include "vdtgwctl/words.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum {
	KIND_WIDTH = 17, /* of the longest kind's name */
	WHO_WIDTH = 34,
	WHO_MAX = 256,
	WHAT_MAX = 8192,
	FIELD_MAX = 4096, /* bytes of a field of CSV */
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

/* "192.0.2.1:4711", "[2001:db8::1]:4711", "203.0.113.0/24", "local": empty where there is none. */
static void write_address(const json_t *event, char *ret_text, size_t size,
			  struct answer_fault *fault)
{
	const char *address = answer_text(event, "address", fault);
	const char *transport = answer_text(event, "transport", fault);
	int64_t port = answer_integer(event, "port", fault);

	if (address == NULL || address[0] == '\0')
		snprintf(ret_text, size, "%s", transport != NULL ? "local" : "");
	else if (port <= 0)
		snprintf(ret_text, size, "%s", address);
	else if (strchr(address, ':') != NULL)
		snprintf(ret_text, size, "[%s]:%lld", address, (long long)port);
	else
		snprintf(ret_text, size, "%s:%lld", address, (long long)port);
}

/* "12 telnet 192.0.2.1:4711" */
static void write_who(const json_t *event, char ret_who[WHO_MAX], struct answer_fault *fault)
{
	const char *transport = answer_text(event, "transport", fault);
	int64_t session = answer_integer(event, "session", fault);
	char address[WHO_MAX / 2], number[WORDS_MAX];

	write_address(event, address, sizeof(address), fault);
	snprintf(ret_who, WHO_MAX, "%s%s%s%s%s", session >= 0 ? words_number(number, session) : "",
		 session >= 0 ? " " : "", transport != NULL ? transport : "",
		 transport != NULL ? " " : "", address);
}

struct text {
	char *bytes;
	size_t size;
	size_t length;
};

/* Adds a part, with a comma before it unless it is the first one. */
static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int written;

	if (text->length > 0 && text->length + 2 < text->size) {
		memcpy(text->bytes + text->length, ", ", 3);
		text->length += 2;
	}
	va_start(arguments, format);
	written =
	    vsnprintf(text->bytes + text->length, text->size - text->length, format, arguments);
	va_end(arguments);
	if (written > 0)
		text->length += (size_t)written;
	if (text->length >= text->size)
		text->length = text->size - 1;
}

static void write_what(const json_t *event, char ret_what[WHAT_MAX], struct answer_fault *fault)
{
	struct text what = { ret_what, WHAT_MAX, 0 };
	const char *service = answer_text(event, "service", fault);
	const char *state = answer_text(event, "state", fault);
	const char *reason = answer_text(event, "reason", fault);
	int64_t duration = answer_integer(event, "duration", fault);
	int64_t in = answer_integer(event, "bytes_in", fault);
	int64_t out = answer_integer(event, "bytes_out", fault);
	char text[WORDS_MAX], other[WORDS_MAX];

	ret_what[0] = '\0';
	if (state != NULL)
		add(&what, "%s", state);
	if (reason != NULL && reason[0] != '\0')
		add(&what, "%s", reason);
	if (service != NULL && service[0] != '\0')
		add(&what, "%s", service);
	if (duration >= 0)
		add(&what, "after %s", words_duration(text, duration));
	if (in >= 0 && out >= 0)
		add(&what, "%s in, %s out", words_size(text, in), words_size(other, out));
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
	char who[WHO_MAX], safe_who[WHO_MAX], what[WHAT_MAX], safe[WHAT_MAX], time[WORDS_MAX];
	char name[WHO_MAX];
	int64_t when;
	size_t taken;

	if (!is_event(event, fault))
		return;
	kind = find_kind(answer_text(event, "kind", fault));
	when = answer_integer(event, "time", fault);
	write_who(event, who, fault);
	write_what(event, what, fault);
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
	char from[WHO_MAX], time[WORDS_MAX], length[WORDS_MAX];
	struct kind kind;
	int64_t duration;

	if (!is_event(event, fault))
		return;
	kind = find_kind(answer_text(event, "kind", fault));
	service = answer_text(event, "service", fault);
	reason = answer_text(event, "reason", fault);
	state = answer_text(event, "state", fault);
	duration = answer_integer(event, "duration", fault);
	write_address(event, from, sizeof(from), fault);
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
