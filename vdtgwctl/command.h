/* What a command is, and where each of them is. */
#ifndef VDTGWCTL_COMMAND_H
#define VDTGWCTL_COMMAND_H

#include "vdtgwctl/control.h"

struct command_option {
	const char *name;  /* without its dashes */
	const char *value; /* what it takes, in capitals; NULL: nothing */
	const char *about;
};

struct command {
	const char *name;
	const char *arguments; /* "N [REASON]" */
	const char *about;     /* a line */
	const char *details;   /* whole lines; NULL: none */
	int arguments_least;
	int arguments_most;
	struct command_option options[CONTROL_OPTIONS_MAX]; /* ended by one without a name */
	int (*run)(struct control *control);                /* returns the exit status */
};

extern const struct command command_status;
extern const struct command command_sessions;
extern const struct command command_session;
extern const struct command command_watch;
extern const struct command command_bans;
extern const struct command command_ban;
extern const struct command command_unban;
extern const struct command command_never;
extern const struct command command_kick;
extern const struct command command_message;
extern const struct command command_redirect;
extern const struct command command_home;
extern const struct command command_timeouts;
extern const struct command command_config;
extern const struct command command_reload;
extern const struct command command_history;
extern const struct command command_teletel;
extern const struct command command_import;
extern const struct command command_metrics;

#endif
