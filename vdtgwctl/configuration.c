/*
 * The commands config and reload: what the supervisor goes by.
 */
#include "common/printable.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/display.h"
#include "vdtgwctl/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	LINE_SIZE = 8192, /* bytes of a line; what is longer is cut */
	NAMES_MAX = 1024,
};

static bool holds(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *entry = json_string_value(json_array_get(list, i));

		if (entry != NULL && strcmp(entry, text) == 0)
			return true;
	}
	return false;
}

/* "key = value", with a mark where it differs from the default. */
static void print_value(const struct control *control, const char *key, const json_t *value,
			bool is_default)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	char line[LINE_SIZE], safe[LINE_SIZE];

	snprintf(line, sizeof(line), "%s %s = %s", is_default ? " " : "*", key,
		 text != NULL ? text : "?");
	free(text);
	printable(safe, sizeof(safe), line, strlen(line));
	(void)display_write(stdout, safe, SIZE_MAX, is_default ? DISPLAY_PLAIN : DISPLAY_TITLE,
			    control->colour);
	putchar('\n');
}

static int run_config(struct control *control)
{
	json_t *answer = NULL, *values, *value;
	const json_t *defaults;
	const char *file, *key;
	char loaded[WORDS_MAX];
	int status = control_ask_to_show(control, "Configuration", json_object(), &answer);

	if (status != EX_OK || answer == NULL)
		return status;
	file = answer_text(answer, "file", &control->fault);
	values = answer_object(answer, "values", &control->fault);
	defaults = answer_array(answer, "defaults", &control->fault);
	words_time(loaded, answer_integer(answer, "loaded", &control->fault));
	if (file != NULL)
		display_line(stdout, "# %s, as it was read on %s; * marks what is not the default",
			     file, loaded);
	else
		puts("# There is no file: every value is the default");
	json_object_foreach(values, key, value)
	{
		print_value(control, key, value, holds(defaults, key));
	}
	json_decref(answer);
	return control_check_answers(control, "Configuration");
}

const struct command command_config = {
	.name = "config",
	.arguments = "",
	.about = "Shows the configuration in force",
	.details = "A line a key; * marks what differs from the default. The file may be newer: "
		   "\"vdtgwctl\n"
		   "reload\" has it read again.\n",
	.run = run_config,
};

/* The list's texts with commas between; returns ret_text. */
static const char *join(char ret_text[NAMES_MAX], const json_t *list)
{
	size_t length = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < json_array_size(list) && length < NAMES_MAX; i++) {
		const char *entry = json_string_value(json_array_get(list, i));

		length += (size_t)snprintf(ret_text + length, NAMES_MAX - length, "%s%s",
					   i > 0 ? ", " : "", entry != NULL ? entry : "?");
	}
	return ret_text;
}

static int run_reload(struct control *control)
{
	json_t *answer = NULL;
	const json_t *changed, *restart;
	const char *file;
	int64_t sessions;
	char text[NAMES_MAX];
	int status = control_ask_to_show(control, "Reload", json_object(), &answer);

	if (status != EX_OK || answer == NULL)
		return status;
	file = answer_text(answer, "file", &control->fault);
	changed = answer_array(answer, "changed", &control->fault);
	restart = answer_array(answer, "restart", &control->fault);
	sessions = answer_integer(answer, "sessions", &control->fault);
	if (json_array_size(changed) == 0)
		display_line(stdout, "%s: nothing has changed.",
			     file != NULL ? file : "There is no file");
	else
		display_line(stdout, "%s was read. Changed: %s.", file != NULL ? file : "No file",
			     join(text, changed));
	if (sessions > 0)
		printf("%lld session%s told of new time-outs.\n", (long long)sessions,
		       sessions == 1 ? " was" : "s were");
	if (json_array_size(restart) > 0)
		display_line(stdout,
			     "At the supervisor's next start only (systemctl restart "
			     "vdtgw-supervisor; calls go on): %s.",
			     join(text, restart));
	json_decref(answer);
	return control_check_answers(control, "Reload");
}

const struct command command_reload = {
	.name = "reload",
	.arguments = "",
	.about = "Has the supervisor read its configuration again",
	.details =
	    "A file with a fault changes nothing: what is wrong is said, and the status is 78.\n"
	    "New callers' sessions read the file by themselves.\n",
	.run = run_reload,
};
