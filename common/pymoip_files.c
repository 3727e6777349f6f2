/*
 * Reads the three JSON files of a PyMoIP gateway. Each is an object; each member of it is taken, or
 * said to be left out, never passed over in silence.
 */
#include "common/pymoip_files.h"

#include "common/printable.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	QUOTE_MAX = 96, /* bytes of what is quoted from a file */
	SPEED_MIN = 75, /* bit/s, as in the configuration */
	SPEED_MAX = 1000000,
};

struct reader {
	const struct pymoip_handlers *handlers;
	void *context;
};

static void leave_out(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void leave_out(const struct reader *reader, const char *format, ...)
{
	char what[PYMOIP_WHAT_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	reader->handlers->left_out(reader->context, what);
}

/* A member's name or text, safe to be shown. */
static const char *quote(char ret_text[QUOTE_MAX], const char *text)
{
	printable(ret_text, QUOTE_MAX, text, strlen(text));
	return ret_text;
}

/* A member's value likewise, whatever it is. */
static const char *quote_value(char ret_text[QUOTE_MAX], const json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

	quote(ret_text, text != NULL ? text : "?");
	free(text);
	return ret_text;
}

/* The object that a file is, or NULL. */
static json_t *load(const struct reader *reader, const char *text, size_t length)
{
	char quoted[QUOTE_MAX];
	json_error_t error;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

	if (root == NULL)
		leave_out(reader, "all of it, which is no JSON: line %d: %s", error.line,
			  quote(quoted, error.text));
	else if (!json_is_object(root))
		leave_out(reader, "all of it, which is no JSON object");
	if (json_is_object(root))
		return root;
	json_decref(root);
	return NULL;
}

/* What reading it came to. */
static int unload(json_t *root)
{
	if (root == NULL)
		return -EBADMSG;
	json_decref(root);
	return 0;
}

/* Digits only, of this many. */
static bool read_digits(const char **at, int count, int *ret_number)
{
	int number = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		number = number * 10 + (**at - '0');
	}
	*ret_number = number;
	return true;
}

static bool read_mark(const char **at, char mark)
{
	if (**at != mark)
		return false;
	(*at)++;
	return true;
}

/* What Python's datetime.isoformat() writes: "2021-08-11T18:40:53.797380", the fraction missing
 * where it is zero. */
static int read_time(int64_t *ret_time, const char *text)
{
	struct tm parts = { .tm_isdst = -1 };
	int64_t fraction = 0;
	time_t seconds;
	int digits = 0;

	if (!read_digits(&text, 4, &parts.tm_year) || !read_mark(&text, '-') ||
	    !read_digits(&text, 2, &parts.tm_mon) || !read_mark(&text, '-') ||
	    !read_digits(&text, 2, &parts.tm_mday) ||
	    (!read_mark(&text, 'T') && !read_mark(&text, ' ')) ||
	    !read_digits(&text, 2, &parts.tm_hour) || !read_mark(&text, ':') ||
	    !read_digits(&text, 2, &parts.tm_min) || !read_mark(&text, ':') ||
	    !read_digits(&text, 2, &parts.tm_sec))
		return -EINVAL;
	if (parts.tm_year < 1970 || parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 ||
	    parts.tm_mday > 31 || parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60)
		return -EINVAL;
	if (read_mark(&text, '.')) {
		for (int64_t unit = 100000; *text >= '0' && *text <= '9' && digits < 6;
		     unit /= 10, digits++)
			fraction += (*text++ - '0') * unit;
		if (digits == 0)
			return -EINVAL;
	}
	if (*text != '\0')
		return -EINVAL;
	parts.tm_year -= 1900;
	parts.tm_mon -= 1;
	seconds = mktime(&parts);
	if (seconds < 0)
		return -EINVAL;
	*ret_time = (int64_t)seconds * 1000000 + fraction;
	return 0;
}

int pymoip_read_banned(const char *text, size_t length, const struct pymoip_handlers *handlers,
		       void *context)
{
	const struct reader reader = { handlers, context };
	char name_text[QUOTE_MAX], value_text[QUOTE_MAX];
	json_t *root = load(&reader, text, length);
	const char *name;
	json_t *value;

	json_object_foreach(root, name, value)
	{
		struct address address;
		int64_t visited;

		if (address_parse(&address, name) < 0)
			leave_out(&reader, "\"%s\", which is no address", quote(name_text, name));
		else if (!json_is_string(value) ||
			 read_time(&visited, json_string_value(value)) < 0)
			leave_out(&reader, "%s, because %s is no time", quote(name_text, name),
				  quote_value(value_text, value));
		else
			handlers->banned(context, &address, visited);
	}
	return unload(root);
}

int pymoip_read_never_banned(const char *text, size_t length,
			     const struct pymoip_handlers *handlers, void *context)
{
	const struct reader reader = { handlers, context };
	json_t *root = load(&reader, text, length);
	char name_text[QUOTE_MAX];
	const char *name;
	json_t *value;

	json_object_foreach(root, name, value)
	{
		struct address address;

		if (address_parse(&address, name) < 0)
			leave_out(&reader, "\"%s\", which is no address", quote(name_text, name));
		else
			handlers->never_banned(context, &address,
					       json_is_string(value) ? json_string_value(value)
								     : "");
	}
	return unload(root);
}

/* The configuration. */

static void set(const struct reader *reader, const char *group, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set(const struct reader *reader, const char *group, const char *format, ...)
{
	char keys[PYMOIP_KEYS_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(keys, sizeof(keys), format, arguments);
	va_end(arguments);
	reader->handlers->setting(reader->context, group, keys);
}

/* A number, or a text that is one. */
static bool read_number(const json_t *value, double *ret_number)
{
	const char *text = json_string_value(value);
	char *end;

	if (json_is_number(value)) {
		*ret_number = json_number_value(value);
		return true;
	}
	if (text == NULL || text[0] == '\0')
		return false;
	*ret_number = strtod(text, &end);
	return *end == '\0' && isfinite(*ret_number);
}

static bool is_none(const json_t *value)
{
	return json_is_null(value) || json_is_false(value) ||
	       (json_is_string(value) && (strcmp(json_string_value(value), "None") == 0 ||
					  strcmp(json_string_value(value), "") == 0));
}

/* In thousands of bit/s; 0 or none: unlimited. */
static bool read_speed(const json_t *value, unsigned *ret_speed)
{
	double number = 0;

	if (!is_none(value) && !read_number(value, &number))
		return false;
	number = number * 1000 + 0.5;
	if (number != 0.5 && !(number >= SPEED_MIN && number < SPEED_MAX + 1))
		return false;
	*ret_speed = (unsigned)number;
	return true;
}

static bool take_tcp_speed(const struct reader *reader, const json_t *value)
{
	unsigned speed;

	if (!read_speed(value, &speed))
		return false;
	set(reader, "speed", "telnet = %u; raw = %u;", speed, speed);
	return true;
}

static bool take_websocket_speed(const struct reader *reader, const json_t *value)
{
	unsigned speed;

	if (!read_speed(value, &speed))
		return false;
	set(reader, "speed", "websocket = %u;", speed);
	return true;
}

static bool take_dump(const struct reader *reader, const json_t *value)
{
	const char *text = json_string_value(value);
	bool enabled = json_is_true(value) || (text != NULL && strcasecmp(text, "true") == 0);

	if (!enabled && !is_none(value) && (text == NULL || strcasecmp(text, "false") != 0))
		return false;
	set(reader, "dump", "enabled = %s;", enabled ? "true" : "false");
	return true;
}

static bool take_dump_path(const struct reader *reader, const json_t *value)
{
	const char *text = json_string_value(value);

	/* What a path of ours may be, without what libconfig would want to be escaped. */
	if (text == NULL || text[0] != '/' || strlen(text) > PYMOIP_KEYS_MAX / 2 ||
	    strpbrk(text, "\"\\\n\r") != NULL)
		return false;
	set(reader, "dump", "directory = \"%s\";", text);
	return true;
}

static bool take_launches(const struct reader *reader, const json_t *value)
{
	(void)value;
	leave_out(reader, "GatewayExecCount: launches are counted anew");
	return true;
}

static const struct {
	const char *name;
	bool (*take)(const struct reader *reader, const json_t *value);
} settings[] = {
	{ "GatewayExecCount", take_launches },    { "LimitTcpSpeed", take_tcp_speed },
	{ "LimitWsSpeed", take_websocket_speed }, { "DumpData", take_dump },
	{ "DumpDataPath", take_dump_path },
};

static void read_setting(const struct reader *reader, const char *name, const json_t *value)
{
	char name_text[QUOTE_MAX], value_text[QUOTE_MAX];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (!settings[i].take(reader, value))
			leave_out(reader, "%s, whose value %s is not one that it can have here",
				  name, quote_value(value_text, value));
		return;
	}
	leave_out(reader, "\"%s\": %s, which has no place here", quote(name_text, name),
		  quote_value(value_text, value));
}

int pymoip_read_config(const char *text, size_t length, const struct pymoip_handlers *handlers,
		       void *context)
{
	const struct reader reader = { handlers, context };
	json_t *root = load(&reader, text, length);
	const char *name;
	json_t *value;

	json_object_foreach(root, name, value)
	{
		read_setting(&reader, name, value);
	}
	return unload(root);
}
