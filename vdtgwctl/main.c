/*
 * vdtgwctl: the administrator's command line. The table of commands, the options before and behind
 * their names, help, and what is said in the end.
 */
#include "common/array.h"
#include "common/config.h"
#include "common/printable.h"
#include "vdtgwctl/command.h"
#include "vdtgwctl/display.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const struct command *const commands[] = {
	&command_status,   &command_sessions, &command_session,  &command_watch,   &command_bans,
	&command_ban,      &command_unban,    &command_never,    &command_kick,    &command_message,
	&command_redirect, &command_home,     &command_timeouts, &command_config,  &command_reload,
	&command_history,  &command_teletel,  &command_import,   &command_metrics,
};

/* Values of getopt_long(); those of a command's own options are their places from OWN on. */
enum {
	GIVEN_COLOR = 1,
	GIVEN_CONFIG,
	GIVEN_HELP,
	GIVEN_JSON,
	GIVEN_SOCKET,
	GIVEN_VERSION,
	OWN,
};

static const struct option common_options[] = {
	{ "color", required_argument, NULL, GIVEN_COLOR },
	{ "config", required_argument, NULL, GIVEN_CONFIG },
	{ "help", no_argument, NULL, GIVEN_HELP },
	{ "json", no_argument, NULL, GIVEN_JSON },
	{ "socket", required_argument, NULL, GIVEN_SOCKET },
	{ "version", no_argument, NULL, GIVEN_VERSION },
};

static const char common_help[] =
    "  --json             print JSON: one document, or one object a line as things happen\n"
    "  --color WHEN       auto (on a terminal, unless NO_COLOR is set), always or never\n"
    "  --socket PATH      where the supervisor listens; else as the configuration says\n"
    "  --config FILE      read FILE instead of " CONFIG_DEFAULT_PATH "\n"
    "  --help             print this, and end\n"
    "  --version          print the version, and end\n";

static const char statuses_help[] =
    "\n"
    "Exit status: 0 done; 1 refused, or what was named is not there; 64 the command is wrong;\n"
    "65 a file to import makes no sense; 66 a file cannot be read; 69 there is no\n"
    "supervisor; 75 it does not answer in time; 76 its answer makes no sense, or it does not\n"
    "know the question; 77 you have no right to ask; 78 the configuration that is to be read\n"
    "has a fault; 71 and 74 this system failed.\n";

struct given {
	const char *color;
	const char *config;
	const char *socket;
	bool help;
	bool json;
	bool version;
};

/* printf(), to standard error and safe to show. */
static void say(const char *text)
{
	char safe[2 * CONTROL_WORDS_MAX];

	fputs("vdtgwctl: ", stderr);
	/* Line by line: the ends of lines are ours. */
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		printable(safe, sizeof(safe), text, length);
		fprintf(stderr, "%s\n", safe);
		text += length + (text[length] != '\0');
	}
}

static void print_help(void)
{
	puts("usage: vdtgwctl [OPTION…] COMMAND [ARGUMENT…]\n"
	     "\n"
	     "Shows and controls the videotex access point.\n");
	for (size_t i = 0; i < LENGTH(commands); i++)
		printf("  %-9s %-27s %s\n", commands[i]->name, commands[i]->arguments,
		       commands[i]->about);
	printf("\nvdtgwctl COMMAND --help says more of each.\n\n%s%s", common_help, statuses_help);
}

static void print_command_help(const struct command *command)
{
	printf("usage: vdtgwctl %s%s%s%s\n\n%s.\n", command->name,
	       command->arguments[0] != '\0' ? " " : "", command->arguments,
	       command->options[0].name != NULL ? " [OPTION…]" : "", command->about);
	if (command->details != NULL)
		printf("\n%s", command->details);
	putchar('\n');
	for (const struct command_option *option = command->options; option->name != NULL;
	     option++) {
		char name[64];

		snprintf(name, sizeof(name), "%s %s", option->name,
			 option->value != NULL ? option->value : "");
		printf("  --%-16s %s\n", name, option->about);
	}
	fputs(common_help, stdout);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < LENGTH(commands); i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void take_common(struct given *given, int which)
{
	switch (which) {
	case GIVEN_COLOR:
		given->color = optarg;
		break;
	case GIVEN_CONFIG:
		given->config = optarg;
		break;
	case GIVEN_HELP:
		given->help = true;
		break;
	case GIVEN_JSON:
		given->json = true;
		break;
	case GIVEN_SOCKET:
		given->socket = optarg;
		break;
	case GIVEN_VERSION:
		given->version = true;
		break;
	}
}

/* The options up to the first argument, which is the command's name. */
static int read_common(int argc, char **argv, struct given *given)
{
	struct option known[LENGTH(common_options) + 1] = { 0 };
	int which;

	memcpy(known, common_options, sizeof(common_options));
	while ((which = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		if (which == '?')
			return -EINVAL;
		take_common(given, which);
	}
	return 0;
}

/* The options and arguments behind the command's name. */
static int read_own(struct control *control, int argc, char **argv, struct given *given)
{
	const struct command_option *own = control->command->options;
	struct option known[CONTROL_OPTIONS_MAX + LENGTH(common_options) + 1] = { 0 };
	int count = 0, which;

	for (; own[count].name != NULL; count++)
		known[count] = (struct option) {
			.name = own[count].name,
			.has_arg = own[count].value != NULL ? required_argument : no_argument,
			.val = OWN + count,
		};
	memcpy(known + count, common_options, sizeof(common_options));
	optind = 0;
	while ((which = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (which == '?')
			return control_fail(control, EX_USAGE, "try \"vdtgwctl %s --help\"",
					    control->command->name);
		if (which < OWN) {
			take_common(given, which);
			continue;
		}
		if (control->values[which - OWN] != NULL)
			return control_fail_usage(control, "--%s is given twice",
						  own[which - OWN].name);
		control->values[which - OWN] = optarg != NULL ? optarg : "";
	}
	control->arguments = argv + optind;
	control->argument_count = argc - optind;
	return EX_OK;
}

static int check_arguments(struct control *control)
{
	if (control->argument_count < control->command->arguments_least)
		return control_fail_usage(control, "%s wants %s", control->command->name,
					  control->command->arguments);
	if (control->argument_count > control->command->arguments_most)
		return control_fail_usage(control, "\"%s\" is one argument too many",
					  control->arguments[control->command->arguments_most]);
	return EX_OK;
}

/* The configuration tells where the supervisor is. A fault in it is said, and does not keep an
 * administrator from looking. *ret_config owns the path. */
static int find_socket(struct control *control, const struct given *given,
		       struct config **ret_config)
{
	char error[CONFIG_ERROR_MAX];

	if (given->socket != NULL) {
		control->socket = given->socket;
		return EX_OK;
	}
	if (config_load(ret_config, given->config, error, sizeof(error)) < 0) {
		say(error);
		if (config_parse(ret_config, "", "", 0, error, sizeof(error)) < 0)
			return control_fail_memory(control);
		control->guessed = true;
		fprintf(stderr, "vdtgwctl: so the supervisor is looked for at %s\n",
			(*ret_config)->supervisor.admin_socket);
	}
	control->socket = (*ret_config)->supervisor.admin_socket;
	return EX_OK;
}

static int run(struct control *control, const struct given *given)
{
	int colour = display_colour(given->color != NULL ? given->color : "auto");
	struct config *config = NULL;
	size_t lines;
	int status;

	if (colour < 0)
		return control_fail_usage(control, "--color is auto, always or never");
	control->colour = colour > 0;
	control->json = given->json;
	display_size(&control->columns, &lines);
	status = check_arguments(control);
	if (status == EX_OK)
		status = find_socket(control, given, &config);
	if (status == EX_OK)
		status = control->command->run(control);
	control_hang_up(control);
	config_free(config);
	return status;
}

/* What could not be written was not said. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "vdtgwctl: the output cannot be written: %s\n", strerror(errno));
	return status != EX_OK ? status : EX_IOERR;
}

int main(int argc, char **argv)
{
	struct control control = { .interrupt = -1 };
	struct given given = { .color = NULL };
	int status;

	display_init();
	if (read_common(argc, argv, &given) < 0) {
		fputs("Try \"vdtgwctl --help\"\n", stderr);
		return EX_USAGE;
	}
	if (given.help || given.version) {
		if (given.help)
			print_help();
		else
			puts("vdtgwctl " VDTGW_VERSION);
		return finish(EX_OK);
	}
	if (optind == argc) {
		fputs("vdtgwctl: which command? Try \"vdtgwctl --help\"\n", stderr);
		return EX_USAGE;
	}
	control.command = find_command(argv[optind]);
	if (control.command == NULL) {
		display_line(stderr,
			     "vdtgwctl: there is no command \"%s\". Try \"vdtgwctl --help\"",
			     argv[optind]);
		return EX_USAGE;
	}
	status = read_own(&control, argc - optind, argv + optind, &given);
	if (status == EX_OK && given.help)
		print_command_help(control.command);
	else if (status == EX_OK && given.version)
		puts("vdtgwctl " VDTGW_VERSION);
	else if (status == EX_OK)
		status = run(&control, &given);
	/* What was printed stands before what is said of it. */
	status = finish(status);
	if (status != EX_OK && control.words[0] != '\0')
		say(control.words);
	else if (control.unsaved)
		say("but the supervisor cannot write to its disk: this is in memory only, and lost "
		    "if the supervisor ends before the disk takes it (\"vdtgwctl status\" shows "
		    "it)");
	return status;
}
