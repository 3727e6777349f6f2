/*
 * Lays answers and events out for 80 columns. What an answer lacks is shown as "-": the supervisor
 * may be an older or a newer one.
 */
#include "vdtgw-session/console/console_text.h"

#include "common/event_words.h"
#include "common/microseconds.h"
#include "common/printable.h"
#include "common/words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	RAW_MAX = 2 * CONSOLE_LINE_MAX, /* bytes of a line before it is made safe */
	PROTOCOLS_MAX = 128,            /* bytes of a list of subprotocols */
	DAY_START = 5,                  /* of "2026-11-20 08:54:01": without the year, */
	DAY_LENGTH = 11,                /* and the seconds */
};

void console_text_line(struct console_text *text, unsigned width, const char *format, ...)
{
	char line[RAW_MAX], safe[CONSOLE_LINE_MAX + 1];
	size_t size = width > 0 && width < CONSOLE_LINE_MAX ? width + 1 : sizeof(safe);
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	length = printable(safe, size, line, strlen(line));
	if (length + 2 > sizeof(text->bytes) - text->length)
		return;
	memcpy(text->bytes + text->length, safe, length);
	memcpy(text->bytes + text->length + length, "\r\n", 2);
	text->length += length + 2;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL && text[0] != '\0' ? text : "-";
}

static int64_t number_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

/* "11-20 08:54" */
static const char *day_of(char ret_text[WORDS_MAX], int64_t time)
{
	if (strlen(words_time(ret_text, time)) < DAY_START + DAY_LENGTH)
		return ret_text;
	ret_text[DAY_START + DAY_LENGTH] = '\0';
	return ret_text + DAY_START;
}

/* How PyMoIP calls them. */
static const char *access_of(const json_t *session)
{
	const char *transport = text_of(session, "transport");

	if (strcmp(transport, "telnet") == 0)
		return "Telnet";
	if (strcmp(transport, "raw") == 0)
		return "Raw";
	return strcmp(transport, "websocket") == 0 ? "WS" : transport;
}

void console_text_event(struct console_text *text, const json_t *event)
{
	struct answer_fault fault = { .wanted = NULL };
	char who[EVENT_WORDS_WHO_MAX], what[EVENT_WORDS_WHAT_MAX], time[WORDS_MAX];
	const char *kind = text_of(event, "kind");
	char words[WORDS_MAX];

	if (strcmp(kind, "state") == 0)
		return;
	(void)snprintf(words, sizeof(words), "%s", kind);
	for (char *at = words; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	event_words_who(event, who, &fault);
	event_words_what(event, what, &fault);
	console_text_line(text, 0, "%s %s%s%s%s%s", words_clock(time, number_of(event, "time")),
			  words, who[0] != '\0' ? ": " : "", who, what[0] != '\0' ? ": " : "",
			  what);
}

static const char *channel_state(const json_t *status)
{
	return text_of(json_object_get(status, "command_channel"), "state");
}

void console_text_supervisor(struct console_text *text, const json_t *status)
{
	char uptime[WORDS_MAX], sessions[WORDS_MAX];

	console_text_line(
	    text, 0,
	    "Supervisor %s: process %" PRId64 ", up %s, launch %" PRId64
	    "; sessions: %s; command channel: %s",
	    text_of(status, "version"), number_of(status, "pid"),
	    words_duration(uptime, number_of(status, "uptime")), number_of(status, "launches"),
	    words_number(sessions, number_of(status, "sessions")), channel_state(status));
}

/* A row of totals, by access. */
static void add_counts(struct console_text *text, const char *label, const json_t *counts)
{
	char telnet[WORDS_MAX], raw[WORDS_MAX], websocket[WORDS_MAX];

	console_text_line(text, 0, "%-24s %8s %8s %8s", label,
			  words_number(telnet, number_of(counts, "telnet")),
			  words_number(raw, number_of(counts, "raw")),
			  words_number(websocket, number_of(counts, "websocket")));
}

void console_text_totals(struct console_text *text, const json_t *status)
{
	static const char *const timeouts[][2] = {
		{ "Time-outs, activity", "activity" },
		{ "Time-outs, session", "session" },
		{ "Time-outs, server", "home" },
		{ "Time-outs, remote", "remote" },
	};
	const json_t *bans = json_object_get(status, "bans");
	const json_t *channel = json_object_get(status, "command_channel");
	char one[WORDS_MAX], two[WORDS_MAX], three[WORDS_MAX], four[WORDS_MAX];

	console_text_line(text, 0, "%-24s %8s %8s %8s", "Totals", "Telnet", "Raw", "WS");
	add_counts(text, "Connected now", json_object_get(status, "sessions_by_transport"));
	add_counts(text, "Registered", json_object_get(status, "admitted_by_transport"));
	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++)
		add_counts(text, timeouts[i][0],
			   json_object_get(json_object_get(status, "timeouts"), timeouts[i][1]));
	console_text_line(text, 0,
			  "Redirections: %s   Banned: %s   Unbanned: %s   On the list: %s%s",
			  words_number(one, number_of(status, "redirections")),
			  words_number(two, number_of(bans, "banned")),
			  words_number(three, number_of(bans, "unbanned")),
			  words_number(four, number_of(bans, "count")),
			  json_is_false(json_object_get(bans, "enabled")) ? " (bans are off)" : "");
	if (strcmp(channel_state(status), "off") == 0)
		console_text_line(text, 0, "Command channel: off");
	else
		console_text_line(
		    text, 0, "Command channel: %s since %s: %s", channel_state(status),
		    words_time(one, number_of(channel, "since")), text_of(channel, "uri"));
}

void console_text_addresses(struct console_text *text, const json_t *answer)
{
	json_t *addresses = json_object_get(answer, "addresses"), *address;
	size_t index;

	console_text_line(text, 0, "This machine's addresses:");
	json_array_foreach(addresses, index, address)
	{
		console_text_line(text, 0, "  %s",
				  json_is_string(address) ? json_string_value(address) : "-");
	}
	if (json_array_size(addresses) == 0)
		console_text_line(text, 0, "  none but its own loopback");
}

void console_text_timeouts(struct console_text *text, const json_t *answer)
{
	static const char *const keys[][2] = {
		{ "caller_idle", "activity: a caller who types nothing" },
		{ "session", "session: a call, however long" },
		{ "home", "server: a stay with the home service" },
		{ "remote", "remote: a redirection" },
		{ "remote_telnet_idle", "remote: a telnet service that sends nothing" },
		{ "console_idle", "console: nothing is typed" },
	};
	const json_t *timeouts = json_object_get(answer, "timeouts");
	char duration[WORDS_MAX];

	console_text_line(text, 0, "Time-outs, in seconds:");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int64_t seconds = number_of(timeouts, keys[i][0]);

		if (seconds > 0 && seconds <= INT64_MAX / US_PER_S)
			console_text_line(text, 0, "  %-19s %9" PRId64 "  %-8s  %s", keys[i][0],
					  seconds, words_duration(duration, seconds * US_PER_S),
					  keys[i][1]);
		else
			console_text_line(text, 0, "  %-19s %9s  %-8s  %s", keys[i][0],
					  seconds == 0 ? "none" : "-", "", keys[i][1]);
	}
}

void console_text_sessions_head(struct console_text *text)
{
	console_text_line(text, 0, "%4s %7s %-22s %5s %-6s %-11s %9s %9s", "No", "Id", "Address",
			  "Port", "Access", "Start", "Received", "Sent");
	console_text_line(text, 0, "%12s %9s %9s %4s %-11s %s", "Redirections", "Received", "Sent",
			  "Ping", "Protocols", "Target");
}

/* "binary,tty" */
static const char *protocols_of(char ret_text[PROTOCOLS_MAX], json_t *list)
{
	size_t index, length = 0;
	json_t *name;

	(void)snprintf(ret_text, PROTOCOLS_MAX, "-");
	json_array_foreach(list, index, name)
	{
		if (!json_is_string(name) || length >= PROTOCOLS_MAX - 1)
			break;
		length += (size_t)snprintf(ret_text + length, PROTOCOLS_MAX - length, "%s%s",
					   index > 0 ? "," : "", json_string_value(name));
	}
	return ret_text;
}

void console_text_session(struct console_text *text, unsigned width, unsigned number,
			  const json_t *session)
{
	json_t *redirection = json_object_get(session, "redirection");
	const char *address = text_of(session, "address");
	const char *service = text_of(redirection, "service");
	int64_t ping = number_of(redirection, "ping");
	char id[WORDS_MAX], started[WORDS_MAX], in[WORDS_MAX], out[WORDS_MAX];
	char protocols[PROTOCOLS_MAX], count[WORDS_MAX], every[WORDS_MAX];

	console_text_line(text, 0, "%4u %7s %-22s %5" PRId64 " %-6s %-11s %9s %9s", number,
			  words_number(id, number_of(session, "session")),
			  strcmp(address, "-") == 0 ? "local" : address, number_of(session, "port"),
			  access_of(session), day_of(started, number_of(session, "started")),
			  words_number(in, number_of(session, "bytes_in")),
			  words_number(out, number_of(session, "bytes_out")));
	console_text_line(text, width, "%12s %9s %9s %4s %-11s %s",
			  words_number(count, number_of(session, "redirections")),
			  words_number(in, number_of(redirection, "bytes_in")),
			  words_number(out, number_of(redirection, "bytes_out")),
			  ping > 0 ? words_number(every, ping) : "-",
			  protocols_of(protocols, json_object_get(redirection, "subprotocols")),
			  json_is_object(redirection) && strcmp(service, "-") != 0
			      ? service
			      : text_of(session, "service"));
}

void console_text_bans_head(struct console_text *text)
{
	console_text_line(text, 0, "%-19s %-11s %-11s %-11s %5s %s", "Banned", "Since",
			  "Last visit", "Until", "Tries", "Reason");
}

void console_text_ban(struct console_text *text, unsigned width, const json_t *ban)
{
	const char *comment = text_of(ban, "comment");
	char since[WORDS_MAX], visited[WORDS_MAX], until[WORDS_MAX], refusals[WORDS_MAX];
	char reason[WORDS_MAX];

	(void)snprintf(reason, sizeof(reason), "%s", text_of(ban, "reason"));
	for (char *at = reason; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	console_text_line(
	    text, width, "%-19s %-11s %-11s %-11s %5s %s%s%s", text_of(ban, "network"),
	    day_of(since, number_of(ban, "since")), day_of(visited, number_of(ban, "visited")),
	    day_of(until, number_of(ban, "until")),
	    words_number(refusals, number_of(ban, "refusals")), reason,
	    strcmp(comment, "-") == 0 ? "" : ": ", strcmp(comment, "-") == 0 ? "" : comment);
}

void console_text_teletel(struct console_text *text, const json_t *answer)
{
	const json_t *server = json_object_get(answer, "server");
	int64_t process = number_of(server, "pid");

	if (process > 0)
		console_text_line(text, 0, "The Teletel server (%s) is %s, process %" PRId64 ".",
				  text_of(server, "name"), text_of(server, "state"), process);
	else
		console_text_line(text, 0, "The Teletel server (%s) is %s.",
				  text_of(server, "name"), text_of(server, "state"));
}

void console_text_error(struct console_text *text, const char *error, const json_t *parameters)
{
	const char *name = strrchr(error, '.');

	name = name != NULL ? name + 1 : error;
	if (strcmp(name, "NotAllowed") == 0)
		console_text_line(text, 0,
				  "This console only shows: console.control is false in the "
				  "configuration.");
	else if (strcmp(name, "NoTeletelServer") == 0)
		console_text_line(text, 0,
				  "No Teletel server is known here: neither teletel.unit nor "
				  "teletel.command of the configuration names one.");
	else if (strcmp(name, "TeletelFailed") == 0)
		console_text_line(text, 0, "That failed: %s", text_of(parameters, "message"));
	else
		console_text_line(text, 0, "The supervisor refused: %s", name);
}
