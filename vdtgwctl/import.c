/*
 * The command import: the files of a PyMoIP gateway, read here and sent to the supervisor in
 * batches. Who is never banned goes first, because that decides about the bans.
 */
#include "common/array.h"
#include "common/pymoip_files.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/display.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	BATCH = 500,         /* entries in one call of Import */
	COMMENT_MAX = 256,   /* bytes */
	FILE_MAX = 67108864, /* bytes: more than a million bans */
};

/* What became of the entries of one list: the members of Import's answer. */
static const char *const outcomes[] = { "taken", "known", "over", "never", "full" };

struct list {
	const char *name;  /* of the parameter */
	json_t *batch;     /* not sent yet */
	int64_t counts[5]; /* by outcome */
};
static_assert(LENGTH(((struct list *)NULL)->counts) == LENGTH(outcomes), "a count for each");

struct import {
	struct control *control;
	struct list never;
	struct list bans;
	const char *file; /* that is read */
	json_t *settings; /* for vdtgw.conf: a group's name → its keys */
	json_t *left_out;
	int files;   /* that were there */
	bool unread; /* one of them is no file of that kind at all */
	int status;  /* not EX_OK: nothing more is sent */
};

/* Sends what is waiting of a list; the other one is empty. */
static void flush(struct import *import, struct list *list)
{
	struct control *control = import->control;
	json_t *answer = NULL, *parameters;

	if (import->status != EX_OK || json_array_size(list->batch) == 0)
		return;
	parameters = json_pack("{s:[], s:[]}", "bans", "never");
	if (parameters == NULL || json_object_set(parameters, list->name, list->batch) < 0) {
		json_decref(parameters);
		import->status = control_fail_memory(control);
		return;
	}
	import->status = control_ask(control, "Import", parameters, &answer);
	if (import->status != EX_OK)
		return;
	for (size_t i = 0; i < LENGTH(outcomes); i++) {
		int64_t count = answer_integer(answer, outcomes[i], &control->fault);

		if (count > 0 && count <= BATCH)
			list->counts[i] += count;
	}
	json_decref(answer);
	import->status = control_check_answers(control, "Import");
	(void)json_array_clear(list->batch);
}

/* entry is taken over. */
static void add(struct import *import, struct list *list, json_t *entry)
{
	if (json_array_append_new(list->batch, entry) < 0 && import->status == EX_OK)
		import->status = control_fail_memory(import->control);
	if (json_array_size(list->batch) >= BATCH)
		flush(import, list);
}

static void on_banned(void *context, const struct address *address, int64_t visited)
{
	struct import *import = context;
	char text[ADDRESS_TEXT_MAX];

	if (import->status != EX_OK)
		return;
	address_format(address, text);
	add(import, &import->bans,
	    json_pack("{s:s, s:I}", "network", text, "visited", (json_int_t)visited));
}

static void on_never_banned(void *context, const struct address *address, const char *comment)
{
	struct import *import = context;
	char text[ADDRESS_TEXT_MAX];

	if (import->status != EX_OK)
		return;
	address_format(address, text);
	if (comment[0] == '\0')
		add(import, &import->never, json_pack("{s:s}", "network", text));
	else
		add(import, &import->never,
		    json_pack("{s:s, s:o}", "network", text, "comment",
			      varlink_text(comment, COMMENT_MAX)));
}

/* A group may stand in the configuration once only, so that its keys are gathered. */
static void on_setting(void *context, const char *group, const char *keys)
{
	struct import *import = context;
	const char *before = json_string_value(json_object_get(import->settings, group));

	(void)json_object_set_new(import->settings, group,
				  before == NULL ? json_string(keys)
						 : json_sprintf("%s %s", before, keys));
}

static void on_left_out(void *context, const char *what)
{
	struct import *import = context;

	(void)json_array_append_new(import->left_out, json_sprintf("%s: %s", import->file, what));
}

static const struct pymoip_handlers handlers = {
	.banned = on_banned,
	.never_banned = on_never_banned,
	.setting = on_setting,
	.left_out = on_left_out,
};

static int read_all(int descriptor, char **ret_text, size_t *ret_length)
{
	struct stat status;
	size_t length = 0;
	ssize_t got = 1;
	char *text;

	if (fstat(descriptor, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > FILE_MAX)
		return -EFBIG;
	text = malloc((size_t)status.st_size + 1);
	if (text == NULL)
		return -ENOMEM;
	while (got > 0 && length < (size_t)status.st_size) {
		got = read(descriptor, text + length, (size_t)status.st_size - length);
		if (got < 0) {
			int error = -errno;

			free(text);
			return error;
		}
		length += (size_t)got;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

typedef int read_text(const char *text, size_t length, const struct pymoip_handlers *handlers,
		      void *context);

/* One file of the folder; that it is not there is all right. */
static void import_file(struct import *import, const char *folder, const char *name,
			read_text *read_it)
{
	char *path = NULL, *text = NULL;
	size_t length = 0;
	int descriptor, error;

	if (import->status != EX_OK)
		return;
	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		import->status = control_fail_memory(import->control);
		return;
	}
	descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	error = descriptor < 0 ? -errno : read_all(descriptor, &text, &length);
	if (error == 0) {
		import->files++;
		import->file = name;
		import->unread = read_it(text, length, &handlers, import) < 0 || import->unread;
	} else if (error != -ENOENT) {
		import->status =
		    control_fail(import->control, EX_NOINPUT, "%s: %s", path, strerror(-error));
	}
	if (descriptor >= 0)
		(void)close(descriptor);
	free(text);
	free(path);
}

static void import_folder(struct import *import, const char *folder)
{
	import_file(import, folder, "neverbanned.json", pymoip_read_never_banned);
	flush(import, &import->never);
	import_file(import, folder, "banned.json", pymoip_read_banned);
	flush(import, &import->bans);
	import_file(import, folder, "GatewayConfig.json", pymoip_read_config);
	if (import->status == EX_OK && import->files == 0)
		import->status =
		    control_fail(import->control, EX_NOINPUT,
				 "%s: there is no banned.json, no neverbanned.json and "
				 "no GatewayConfig.json in this folder",
				 folder);
}

static void print_counts(const struct list *list, const char *label)
{
	printf("%s: %lld taken, %lld known already", label, (long long)list->counts[0],
	       (long long)list->counts[1]);
	if (list->counts[2] > 0)
		printf(", %lld over by now", (long long)list->counts[2]);
	if (list->counts[3] > 0)
		printf(", %lld never to be banned", (long long)list->counts[3]);
	if (list->counts[4] > 0)
		printf(", %lld too many", (long long)list->counts[4]);
	putchar('\n');
}

static json_t *pack_settings(const struct import *import)
{
	json_t *lines = json_array();
	const char *group;
	json_t *keys;

	json_object_foreach(import->settings, group, keys)
	{
		(void)json_array_append_new(
		    lines, json_sprintf("%s: { %s };", group, json_string_value(keys)));
	}
	return lines;
}

static void print_list(const char *title, const json_t *lines)
{
	if (json_array_size(lines) > 0)
		puts(title);
	for (size_t i = 0; i < json_array_size(lines); i++)
		display_line(stdout, "    %s", json_string_value(json_array_get(lines, i)));
}

static void print_report(const struct import *import)
{
	json_t *settings = pack_settings(import);

	print_counts(&import->never, "Never banned");
	print_counts(&import->bans, "Banned");
	print_list("For you to write into the configuration, in the place of what it has there:",
		   settings);
	print_list("Left out:", import->left_out);
	json_decref(settings);
}

static json_t *pack_counts(const struct list *list)
{
	json_t *counts = json_object();

	for (size_t i = 0; i < LENGTH(outcomes); i++)
		(void)json_object_set_new(counts, outcomes[i],
					  json_integer((json_int_t)list->counts[i]));
	return counts;
}

static void print_json_report(const struct import *import)
{
	json_t *report = json_pack("{s:o, s:o, s:o, s:O}", "never", pack_counts(&import->never),
				   "bans", pack_counts(&import->bans), "settings",
				   pack_settings(import), "left_out", import->left_out);

	control_print_json(report);
	json_decref(report);
}

static int run_import(struct control *control)
{
	struct import import = {
		.control = control,
		.never = { .name = "never", .batch = json_array() },
		.bans = { .name = "bans", .batch = json_array() },
		.settings = json_object(),
		.left_out = json_array(),
	};

	if (import.never.batch == NULL || import.bans.batch == NULL || import.settings == NULL ||
	    import.left_out == NULL)
		import.status = control_fail_memory(control);
	import_folder(&import, control->arguments[0]);
	/* What was taken before a failure is taken. */
	if (import.files > 0 && control->json)
		print_json_report(&import);
	else if (import.files > 0)
		print_report(&import);
	if (import.status == EX_OK && import.unread)
		import.status =
		    control_fail(control, EX_DATAERR,
				 "not all files could be understood: see what was left out");
	json_decref(import.never.batch);
	json_decref(import.bans.batch);
	json_decref(import.settings);
	json_decref(import.left_out);
	return import.status;
}

const struct command command_import = {
	.name = "import",
	.arguments = "FOLDER",
	.about = "Takes the bans of a PyMoIP gateway over",
	.details =
	    "FOLDER holds its banned.json, neverbanned.json and GatewayConfig.json, each of which "
	    "may\n"
	    "be missing. Bans and never-banned addresses are taken over, as often as you like;\n"
	    "settings are printed for you to write into the configuration. All is on disk in the\n"
	    "end.\n",
	.arguments_least = 1,
	.arguments_most = 1,
	.run = run_import,
};
