/*
 * Reads and writes the lines of the command channel. What a server's line holds is cut at its
 * commas, field by field, so that a fault in one field leaves those before it readable.
 */
#include "vdtgw-supervisor/teletel/command_line.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	PID_DIGITS_MAX = 18, /* fits int64_t */
	PING_DIGITS_MAX = 9,
};

/* A part of a line. */
struct span {
	const char *text;
	size_t length;
};

static bool is_blank(char character)
{
	return character == ' ' || character == '\t';
}

static struct span trim(struct span span)
{
	while (span.length > 0 && is_blank(span.text[0])) {
		span.text++;
		span.length--;
	}
	while (span.length > 0 && is_blank(span.text[span.length - 1]))
		span.length--;
	return span;
}

/* Takes the field ahead of the next comma out of *rest. False: nothing is left, not even an empty
 * field; text is NULL then. */
static bool take_field(struct span *rest, struct span *ret_field)
{
	const char *comma;

	if (rest->text == NULL)
		return false;
	comma = memchr(rest->text, ',', rest->length);
	if (comma == NULL) {
		*ret_field = trim(*rest);
		*rest = (struct span) { NULL, 0 };
		return true;
	}
	*ret_field = trim((struct span) { rest->text, (size_t)(comma - rest->text) });
	rest->length -= (size_t)(comma - rest->text) + 1;
	rest->text = comma + 1;
	return true;
}

static bool is_text(struct span span, const char *text)
{
	return span.length == strlen(text) && memcmp(span.text, text, span.length) == 0;
}

static bool is_none(struct span span)
{
	return span.length == 0 ||
	       (span.length == strlen("none") && strncasecmp(span.text, "none", span.length) == 0);
}

/* Digits only, digits_max of them at most. */
static bool read_number(struct span span, size_t digits_max, int64_t *ret_number)
{
	int64_t number = 0;

	if (span.length == 0 || span.length > digits_max)
		return false;
	for (size_t i = 0; i < span.length; i++) {
		if (span.text[i] < '0' || span.text[i] > '9')
			return false;
		number = number * 10 + (span.text[i] - '0');
	}
	*ret_number = number;
	return true;
}

/* The length is the caller's to check. */
static bool is_tag(struct span span)
{
	for (size_t i = 0; i < span.length; i++)
		if (span.text[i] < ' ' || span.text[i] > '~' || span.text[i] == ',')
			return false;
	return span.length > 0;
}

bool command_tag_is_valid(const char *tag)
{
	return strlen(tag) <= COMMAND_TAG_MAX && is_tag((struct span) { tag, strlen(tag) });
}

/* RFC 7230, section 3.2.6. */
static bool is_token(struct span span)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (size_t i = 0; i < span.length; i++)
		if (span.text[i] == '\0' || strchr(allowed, span.text[i]) == NULL)
			return false;
	return span.length > 0;
}

bool command_subprotocol_is_valid(const char *name)
{
	return strlen(name) <= COMMAND_SUBPROTOCOL_MAX &&
	       is_token((struct span) { name, strlen(name) });
}

static void copy(char *to, struct span span)
{
	memcpy(to, span.text, span.length);
	to[span.length] = '\0';
}

static const char *read_pid(struct command_line *line, struct span *rest)
{
	static const char prefix[] = "PID=";
	size_t length = sizeof(prefix) - 1;
	struct span field;

	if (rest->length < length || memcmp(rest->text, prefix, length) != 0)
		return "it does not begin with PID=";
	rest->text += length;
	rest->length -= length;
	if (!take_field(rest, &field) || !read_number(field, PID_DIGITS_MAX, &line->pid))
		return "its PID is no number";
	line->command = rest->text;
	line->command_length = rest->length;
	return NULL;
}

static const char *read_tag(struct command_line *line, struct span *rest)
{
	struct span field;

	if (!take_field(rest, &field) || field.length == 0)
		return "it has no SESSION";
	if (field.length > COMMAND_TAG_MAX || !is_tag(field))
		return "its SESSION is not 1 to 64 printable characters";
	copy(line->tag, field);
	return NULL;
}

static const char *read_verb(struct span *rest)
{
	struct span field;

	if (!take_field(rest, &field) || field.length == 0)
		return "it has no verb";
	return is_text(field, "CONNECT") ? NULL : "its verb is unknown";
}

static const char *read_uri(struct command_line *line, struct span *rest)
{
	const char *why;
	struct span field;
	struct uri uri;

	if (!take_field(rest, &field) || field.length == 0)
		return "it has no URI";
	if (field.length >= URI_MAX || memchr(field.text, '\0', field.length) != NULL)
		return "its URI is too long or no text";
	copy(line->uri, field);
	return uri_parse(&uri, line->uri, &why) < 0 ? why : NULL;
}

static const char *read_ping(struct command_line *line, struct span *rest)
{
	struct span field;
	int64_t seconds = 0;

	if (!take_field(rest, &field))
		return "it has no PING";
	if (!is_none(field) && !read_number(field, PING_DIGITS_MAX, &seconds))
		return "its PING is neither None nor seconds";
	line->ping = seconds > COMMAND_PING_MAX ? COMMAND_PING_MAX : (unsigned)seconds;
	return NULL;
}

/* "name" and 'name' are name. */
static struct span unquote(struct span span)
{
	char first = span.length >= 2 ? span.text[0] : '\0';

	if ((first == '"' || first == '\'') && span.text[span.length - 1] == first)
		return (struct span) { span.text + 1, span.length - 2 };
	return span;
}

/* What is left of the line: a list as JSON and Python write it, as the directory does, or none. */
static const char *read_subprotocols(struct command_line *line, struct span rest)
{
	struct span field;

	rest = trim(rest);
	if (rest.length >= 2 && rest.text[0] == '[' && rest.text[rest.length - 1] == ']')
		rest = trim((struct span) { rest.text + 1, rest.length - 2 });
	if (is_none(rest))
		return NULL;
	while (take_field(&rest, &field)) {
		field = unquote(field);
		if (line->subprotocol_count == COMMAND_SUBPROTOCOLS_MAX)
			return "it has more than 16 subprotocols";
		if (field.length > COMMAND_SUBPROTOCOL_MAX || !is_token(field))
			return "one of its SUBPROTOCOLS is no name of a subprotocol";
		copy(line->subprotocols[line->subprotocol_count++], field);
	}
	return NULL;
}

static const char *read_line(struct command_line *line, struct span rest)
{
	const char *why = read_pid(line, &rest);

	if (why == NULL)
		why = read_tag(line, &rest);
	if (why == NULL)
		why = read_verb(&rest);
	if (why == NULL)
		why = read_uri(line, &rest);
	if (why == NULL)
		why = read_ping(line, &rest);
	if (why == NULL)
		why = read_subprotocols(line, rest);
	return why;
}

int command_line_parse(struct command_line *ret_line, const char *text, size_t length,
		       const char **ret_why)
{
	const char *why;

	memset(ret_line, 0, sizeof(*ret_line));
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	if (length > COMMAND_LINE_MAX)
		why = "it is too long";
	else
		why = read_line(ret_line, (struct span) { text, length });
	if (why == NULL)
		return 0;
	*ret_why = why;
	return -EPROTO;
}

size_t command_format_event(char ret_text[COMMAND_MESSAGE_MAX], enum command_event event,
			    int64_t pid, const char *tag)
{
	static const char *const names[] = {
		[COMMAND_REDIRECTING] = "UserRedirecting",
		[COMMAND_REDIRECTED] = "UserRedirected",
		[COMMAND_REQUESTED_CLOSE] = "UserRequestedClose",
		[COMMAND_REDIRECT_ENDED] = "UserRedirectEnded",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == COMMAND_EVENT_COUNT,
		      "every event has its name");

	return (size_t)snprintf(ret_text, COMMAND_MESSAGE_MAX, "%s,,,%lld,%.*s", names[event],
				(long long)pid, COMMAND_TAG_MAX, tag);
}

size_t command_format_new_user(char ret_text[COMMAND_MESSAGE_MAX], bool websocket,
			       const char *address, uint16_t port, int64_t pid)
{
	return (size_t)snprintf(ret_text, COMMAND_MESSAGE_MAX, "New%sUser,%.*s,%u,%lld",
				websocket ? "Ws" : "Telnet", ADDRESS_TEXT_MAX, address, port,
				(long long)pid);
}

size_t command_format_echo(char ret_text[COMMAND_MESSAGE_MAX], int64_t pid)
{
	return (size_t)snprintf(ret_text, COMMAND_MESSAGE_MAX, "UserGotCommand,,,%lld,",
				(long long)pid);
}

size_t command_format_gone(char ret_text[COMMAND_MESSAGE_MAX], int64_t pid)
{
	return (size_t)snprintf(ret_text, COMMAND_MESSAGE_MAX, "UserGone,,,%lld", (long long)pid);
}
