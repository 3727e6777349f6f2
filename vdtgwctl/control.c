/*
 * Asks the supervisor, page by page where there are many, and puts every failure on the way into
 * words: that it cannot be reached, that it said no, that what it said makes no sense.
 */
#include "vdtgwctl/control.h"

#include "common/utf8.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/errors.h"
#include "vdtgwctl/table.h"
#include "vdtgwctl/words.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sysexits.h>

enum {
	PATIENCE = 10000,         /* ms for an answer */
	PATIENCE_TELETEL = 60000, /* … when a server is to be started or stopped first */
	PAGES_MAX = 1000000,      /* of one list: a supervisor that never ends is not listened to */
	NUMBERS_SHOWN = 8,        /* sessions named where another one was wanted */
	METHOD_MAX = 128,
};

int control_fail(struct control *control, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(control->words, sizeof(control->words), format, arguments);
	va_end(arguments);
	return status;
}

int control_fail_usage(struct control *control, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	vsnprintf(control->words, sizeof(control->words), format, arguments);
	va_end(arguments);
	length = strlen(control->words);
	snprintf(control->words + length, sizeof(control->words) - length,
		 "\nTry \"vdtgwctl %s --help\"", control->command->name);
	return EX_USAGE;
}

int control_fail_memory(struct control *control)
{
	return control_fail(control, EX_OSERR, "there is not enough memory");
}

/* Why there is no connection. */
static int fail_to_connect(struct control *control, int error)
{
	const char *path = control->socket;

	if (error == -EACCES)
		return control_fail(
		    control, EX_NOPERM,
		    "the supervisor at %s does not listen to you: be root (sudo), or "
		    "join the group vdtgw-admin (sudo usermod -aG vdtgw-admin $USER; "
		    "then log in again)",
		    path);
	if (error == -ENOENT || error == -ECONNREFUSED)
		return control_fail(
		    control, EX_UNAVAILABLE,
		    "the supervisor cannot be reached at %s: %s. Is it started? sudo systemctl "
		    "start vdtgw-supervisor.socket vdtgw-admin.socket",
		    path, error == -ENOENT ? "there is no such file" : "nobody listens there");
	if (error == -ETIMEDOUT)
		return control_fail(control, EX_TEMPFAIL,
				    "the supervisor at %s takes no connection within %d s", path,
				    PATIENCE / 1000);
	return control_fail(control, EX_UNAVAILABLE, "the supervisor cannot be reached at %s: %s",
			    path, strerror(-error));
}

/* Why a connection is of no use any more. */
static int fail_client(struct control *control, int error)
{
	switch (error) {
	case -ECONNRESET:
		return control_fail(control, EX_UNAVAILABLE,
				    "the supervisor has closed the connection");
	case -ETIMEDOUT:
		return control_fail(
		    control, EX_TEMPFAIL,
		    "the supervisor does not answer in time; what it was asked to do "
		    "may still happen");
	case -EPROTO:
		return control_fail(control, EX_PROTOCOL,
				    "what answers at %s does not speak Varlink", control->socket);
	case -EMSGSIZE:
	case -ENOBUFS:
		return control_fail(control, EX_USAGE, "this is too much to say in one message");
	case -ENOMEM:
		return control_fail_memory(control);
	case -ECANCELED:
		return control_fail(control, EX_TEMPFAIL, "interrupted");
	default:
		return control_fail(control, EX_IOERR, "the connection to the supervisor fails: %s",
				    strerror(-error));
	}
}

int control_check_answers(struct control *control, const char *method)
{
	if (control->fault.wanted == NULL)
		return EX_OK;
	return control_fail(control, EX_PROTOCOL,
			    "the supervisor's answer to %s makes no sense: \"%s\" is not %s",
			    method, control->fault.name, control->fault.wanted);
}

int control_connect(struct control *control)
{
	int error = 0;

	if (control->client == NULL)
		error = client_new(&control->client, control->socket, PATIENCE, control->interrupt);
	if (error == 0)
		return EX_OK;
	error = fail_to_connect(control, error);
	if (control->guessed) {
		size_t length = strlen(control->words);

		snprintf(control->words + length, sizeof(control->words) - length,
			 "\nIf it listens elsewhere, tell where: vdtgwctl --socket PATH %s",
			 control->command->name);
	}
	return error;
}

void control_hang_up(struct control *control)
{
	client_free(control->client);
	control->client = NULL;
}

static int patience(const char *method)
{
	return strncmp(method, "Teletel", strlen("Teletel")) == 0 ? PATIENCE_TELETEL : PATIENCE;
}

static bool is_utf8(const char *text)
{
	size_t length = strlen(text);

	while (length > 0)
		if (utf8_next(&text, &length) < 0)
			return false;
	return true;
}

int control_fail_parameters(struct control *control)
{
	for (int i = 0; i < control->argument_count; i++)
		if (!is_utf8(control->arguments[i]))
			return control_fail_usage(control, "\"%s\" is not UTF-8",
						  control->arguments[i]);
	for (int i = 0; i < CONTROL_OPTIONS_MAX; i++)
		if (control->values[i] != NULL && !is_utf8(control->values[i]))
			return control_fail_usage(control, "\"%s\" is not UTF-8",
						  control->values[i]);
	return control_fail_memory(control);
}

/* One call and its reply, an error among them. */
static int exchange(struct control *control, const char *method, json_t *parameters, unsigned flags,
		    struct varlink_reply *ret_reply)
{
	char name[METHOD_MAX];
	int status =
	    parameters != NULL ? control_connect(control) : control_fail_parameters(control);
	int error;

	if (status != EX_OK) {
		json_decref(parameters);
		return status;
	}
	snprintf(name, sizeof(name), "org.vdtgw.Admin.%s", method);
	error = client_send(control->client, name, parameters, flags, patience(method));
	/* One that has hung up may have said why. */
	if (error == 0 || error == -ECONNRESET)
		error = client_receive(control->client, ret_reply, patience(method));
	if (error == 0)
		return EX_OK;
	control_hang_up(control);
	/* As it does to who is let in by the socket's mode, but has no right. */
	if (error == -ECONNRESET)
		return control_fail(
		    control, EX_UNAVAILABLE,
		    "the supervisor has closed the connection without an answer: it "
		    "listens to root and to the group vdtgw-admin only; its log says "
		    "more (journalctl -t vdtgw-supervisor)");
	return fail_client(control, error);
}

/* Which sessions there are, behind the words about one that there is not. */
static void add_sessions(struct control *control)
{
	struct varlink_reply reply = { .message = NULL };
	struct answer_fault fault = { .wanted = NULL };
	char words[CONTROL_WORDS_MAX];
	size_t length, shown = 0, count;
	const json_t *sessions;

	snprintf(words, sizeof(words), "%s", control->words);
	length = strlen(words);
	if (exchange(control, "ListSessions", json_object(), 0, &reply) == EX_OK) {
		sessions = answer_array(reply.parameters, "sessions", &fault);
		count = json_array_size(sessions);
		if (count == 0)
			length += (size_t)snprintf(words + length, sizeof(words) - length,
						   "; nobody is connected");
		else
			length += (size_t)snprintf(
			    words + length, sizeof(words) - length, "; %s%zu %s connected:",
			    json_object_get(reply.parameters, "next") != NULL ? "more than " : "",
			    count, count == 1 ? "is" : "are");
		for (; shown < count && shown < NUMBERS_SHOWN; shown++)
			length += (size_t)snprintf(
			    words + length, sizeof(words) - length, "%s %lld", shown > 0 ? "," : "",
			    (long long)answer_integer(json_array_get(sessions, shown), "session",
						      &fault));
		if (count > shown)
			snprintf(words + length, sizeof(words) - length, " …");
		varlink_reply_done(&reply);
	}
	strcpy(control->words, words);
}

/* The exit status of a reply; words for an error. */
static int judge(struct control *control, const struct varlink_reply *reply)
{
	int status;

	if (reply->error == NULL)
		return EX_OK;
	status = errors_describe(reply->error, reply->parameters, control->words,
				 sizeof(control->words));
	if (strcmp(reply->error, "org.vdtgw.Admin.NoSuchSession") == 0)
		add_sessions(control);
	return status;
}

int control_ask(struct control *control, const char *method, json_t *parameters,
		json_t **ret_answer)
{
	struct varlink_reply reply = { .message = NULL };
	int status = exchange(control, method, parameters, 0, &reply);

	if (status != EX_OK)
		return status;
	status = judge(control, &reply);
	if (status == EX_OK) {
		if (json_is_false(json_object_get(reply.parameters, "saved")))
			control->unsaved = true;
		*ret_answer = json_incref(reply.parameters);
	}
	varlink_reply_done(&reply);
	return status;
}

int control_follow(struct control *control, const char *method, control_take *take, void *context)
{
	struct varlink_reply reply = { .message = NULL };
	int status = exchange(control, method, json_object(), VARLINK_MORE, &reply);

	while (status == EX_OK) {
		bool continues = reply.continues;
		int error;

		status = judge(control, &reply);
		if (status == EX_OK)
			status = take(control, reply.parameters, context);
		varlink_reply_done(&reply);
		if (status != EX_OK || !continues)
			break;
		error = client_receive(control->client, &reply, CLIENT_FOR_EVER);
		if (error < 0)
			return fail_client(control, error);
	}
	return status != EX_OK ? status
			       : control_fail(control, EX_UNAVAILABLE,
					      "the supervisor has nothing more to say");
}

int control_ask_object(struct control *control, const char *method, json_t *parameters,
		       const char *name, json_t **ret_object)
{
	json_t *answer = NULL, *object;
	int status = control_ask(control, method, parameters, &answer);

	if (status != EX_OK)
		return status;
	object = answer_object(answer, name, &control->fault);
	status = control_check_answers(control, method);
	if (status == EX_OK && object == NULL)
		status = control_fail(control, EX_PROTOCOL,
				      "the supervisor's answer to %s makes no sense: there is no "
				      "\"%s\"",
				      method, name);
	if (status == EX_OK)
		*ret_object = json_incref(object);
	json_decref(answer);
	return status;
}

int control_ask_to_show(struct control *control, const char *method, json_t *parameters,
			json_t **ret_answer)
{
	json_t *answer = NULL;
	int status = control_ask(control, method, parameters, &answer);

	if (status == EX_OK && control->json) {
		control_print_json(answer);
		json_decref(answer);
		answer = NULL;
	}
	if (status == EX_OK)
		*ret_answer = answer;
	return status;
}

/* Asks for the page that begins at *from (-1: the first one). *from becomes that of the next one,
 * or -1. */
static int ask_page(struct control *control, const char *method, const json_t *parameters,
		    int64_t *from, json_t **ret_page)
{
	json_t *asked = json_copy((json_t *)parameters);
	json_t *page = NULL;
	int64_t next;
	int status;

	if (asked != NULL && *from >= 0 &&
	    json_object_set_new(asked, "from", json_integer(*from)) < 0) {
		json_decref(asked);
		return control_fail_memory(control);
	}
	status = control_ask(control, method, asked, &page);
	if (status != EX_OK)
		return status;
	next = answer_integer(page, "next", &control->fault);
	status = control_check_answers(control, method);
	if (status == EX_OK && next >= 0 && next <= *from)
		status = control_fail(control, EX_PROTOCOL,
				      "the supervisor's answer to %s makes no sense: it goes on at "
				      "%lld, behind %lld",
				      method, (long long)next, (long long)*from);
	if (status != EX_OK) {
		json_decref(page);
		return status;
	}
	*from = next;
	*ret_page = page;
	return EX_OK;
}

int control_ask_pages(struct control *control, const char *method, json_t *parameters,
		      control_take *take, void *context)
{
	int64_t from = -1;
	int status = EX_OK;

	if (parameters == NULL)
		return control_fail_memory(control);
	for (int i = 0; status == EX_OK && (i == 0 || from >= 0); i++) {
		json_t *page = NULL;

		if (i == PAGES_MAX)
			status = control_fail(control, EX_PROTOCOL,
					      "the supervisor's answer to %s never ends", method);
		else
			status = ask_page(control, method, parameters, &from, &page);
		if (status == EX_OK)
			status = take(control, page, context);
		json_decref(page);
	}
	json_decref(parameters);
	return status;
}

struct joining {
	const char *method;
	const char *name;
	json_t *list;
	json_t *last;
};

static int join_page(struct control *control, json_t *page, void *context)
{
	struct joining *joining = context;
	json_t *list = answer_array(page, joining->name, &control->fault);
	int status = control_check_answers(control, joining->method);

	if (status != EX_OK)
		return status;
	if (list != NULL && json_array_extend(joining->list, list) < 0)
		return control_fail_memory(control);
	json_decref(joining->last);
	joining->last = json_incref(page);
	return EX_OK;
}

int control_ask_list(struct control *control, const char *method, const char *name,
		     json_t **ret_answer)
{
	struct joining joining = { method, name, json_array(), NULL };
	int status;

	if (joining.list == NULL)
		return control_fail_memory(control);
	status = control_ask_pages(control, method, json_object(), join_page, &joining);
	if (status == EX_OK && json_object_set(joining.last, name, joining.list) < 0)
		status = control_fail_memory(control);
	json_decref(joining.list);
	if (status != EX_OK) {
		json_decref(joining.last);
		return status;
	}
	*ret_answer = joining.last;
	return EX_OK;
}

int control_read_session(struct control *control, const char *text, int64_t *ret_session)
{
	if (words_parse_number(ret_session, text, 0, ANSWER_INTEGER_MAX) == 0)
		return EX_OK;
	return control_fail_usage(
	    control, "\"%s\" is not the number of a session (\"vdtgwctl sessions\" shows them)",
	    text);
}

int control_print_table(struct control *control, struct table *table, const char *nothing)
{
	const struct table_view view = { control->columns, 0, SIZE_MAX, control->colour };
	int status = EX_OK;

	if (table_row_count(table) == 0)
		puts(nothing);
	else if (table_write(table, stdout, &view) < 0)
		status = control_fail_memory(control);
	table_free(table);
	return status;
}

/* DEL is the one control character that JSON_ENSURE_ASCII leaves as it is; it is in texts only. */
static int write_json(const char *bytes, size_t length, void *context)
{
	FILE *out = context;

	for (size_t i = 0; i < length; i++)
		if (bytes[i] == 0x7f)
			fputs("\\u007F", out);
		else
			fputc(bytes[i], out);
	return 0;
}

void control_write_json(const json_t *value, bool on_one_line)
{
	size_t layout = on_one_line ? JSON_COMPACT : JSON_INDENT(2);

	(void)json_dump_callback(value, write_json, stdout,
				 layout | JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
}

void control_print_json(const json_t *value)
{
	control_write_json(value, false);
	putchar('\n');
}
