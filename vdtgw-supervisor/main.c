/*
 * vdtgw-supervisor: options, configuration, sockets, wiring and the order in which it all ends.
 */
#include "common/config.h"
#include "common/config_copy.h"
#include "common/event_loop.h"
#include "common/log.h"
#include "common/messages.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/interfaces/admin_interface.h"
#include "vdtgw-supervisor/interfaces/dispatch.h"
#include "vdtgw-supervisor/peers/server.h"
#include "vdtgw-supervisor/reload.h"
#include "vdtgw-supervisor/sessions/departure.h"
#include "vdtgw-supervisor/sessions/dumps.h"
#include "vdtgw-supervisor/sessions/redirections.h"
#include "vdtgw-supervisor/sessions/unseen.h"
#include "vdtgw-supervisor/storage/database.h"
#include "vdtgw-supervisor/storage/history.h"
#include "vdtgw-supervisor/supervisor.h"
#include "vdtgw-supervisor/teletel/teletel.h"
#include "vdtgw-supervisor/teletel/teletel_server.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum {
	ADMIN_PEERS = 320,          /* watchers among them */
	ADMIN_OUTPUT_MAX = 262144,  /* bytes that may wait for one of them, or for a console */
	CONSOLE_PEERS = 40,         /* two a console, of which vdtgw-console.socket lets 16 in */
	SESSION_OUTPUT_MAX = 16384, /* … for one session */
	SESSION_SLACK = 64,         /* connections beyond limits.sessions: callers being refused */
	LARGE_BLOCK = 65536,        /* bytes */
	OWN_DESCRIPTORS = 64,       /* all that are no peers, generously */
	LOOP_DESCRIPTORS = 16,      /* of those, what the event loop's library has to know */
};

static const char usage[] =
    "usage: vdtgw-supervisor [--config FILE] [--copy FILE] [--check]\n"
    "\n"
    "Admits videotex callers, counts them, carries out the Teletel server's orders, and gives\n"
    "administrators sight of it all.\n"
    "\n"
    "  --config FILE  read FILE instead of " CONFIG_DEFAULT_PATH "\n"
    "  --copy FILE    keep a copy of the configuration in force in FILE, for sessions to go by\n"
    "                 while the file has a mistake; without --config it is in\n"
    "                 " CONFIG_DEFAULT_COPY "\n"
    "  --check        check the configuration, and end\n"
    "  --help         print this, and end\n"
    "  --version      print the version, and end\n"
    "\n"
    "SIGHUP has the configuration read again: a mistake in it changes nothing.\n"
    "Sockets come from systemd (descriptors named \"session\", \"admin\" and \"console\") or are\n"
    "made at supervisor.session_socket, .admin_socket and .console_socket.\n";

/* The Unix sockets that are served. */
enum door {
	DOOR_SESSION,
	DOOR_ADMIN,
	DOOR_CONSOLE,
	DOOR_COUNT,
};

/* What systemd calls its descriptors. */
static const char *const door_names[DOOR_COUNT] = {
	[DOOR_SESSION] = "session",
	[DOOR_ADMIN] = "admin",
	[DOOR_CONSOLE] = "console",
};

struct options {
	const char *config;
	const char *copy;
	bool check;
};

/* Everything that runs, in the order in which it is made. */
struct program {
	struct event_loop *loop;
	struct supervisor supervisor;
	struct server_options options[DOOR_COUNT];
	struct server *servers[DOOR_COUNT];
	struct unseen *unseen;
	int descriptors[DOOR_COUNT]; /* handed over by systemd, -1: none */
};

/* Returns -1 to go on, or the exit status. */
static int read_options(int argc, char **argv, struct options *ret_options)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'f' },
		{ "copy", required_argument, NULL, 'k' },
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'f':
			options.config = optarg;
			break;
		case 'k':
			options.copy = optarg;
			break;
		case 'c':
			options.check = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return EX_OK;
		case 'v':
			puts("vdtgw-supervisor " VDTGW_VERSION);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vdtgw-supervisor: \"%s\" is one argument too many\n%s",
			argv[optind], usage);
		return EX_USAGE;
	}
	*ret_options = options;
	return -1;
}

static void on_signal(int signal_number, void *context)
{
	struct program *program = context;
	struct reload_outcome outcome;

	if (signal_number == SIGHUP) {
		(void)reload_run(program->supervisor.reload, "SIGHUP", &outcome);
		return;
	}
	log_event(LOG_PRIORITY_NOTICE, MESSAGE_SUPERVISOR_STOPPING, NULL, 0,
		  "stopping (%s); %zu sessions go on and enter again at the next start",
		  signal_number == SIGTERM ? "SIGTERM" : "SIGINT",
		  session_table_count(program->supervisor.sessions));
	event_loop_stop(program->loop, EX_OK);
}

static void on_call(void *context, struct peer *peer, const struct varlink_call *call)
{
	dispatch_call(context, peer, call);
}

static void on_session_gone(void *context, struct peer *peer, enum peer_end why)
{
	departure_gone(context, peer, why);
}

static void on_admin_gone(void *context, struct peer *peer, enum peer_end why)
{
	admin_interface_gone(context, peer, why);
}

static const struct peer_handlers session_handlers = {
	.called = on_call,
	.gone = on_session_gone,
};

static const struct peer_handlers admin_handlers = {
	.called = on_call,
	.gone = on_admin_gone,
};

/* Raises the limit of descriptors to what the configured number of sessions needs. Returns how
 * many session peers there can be. */
static size_t allow_descriptors(const struct config *config)
{
	rlim_t others = ADMIN_PEERS + CONSOLE_PEERS + OWN_DESCRIPTORS;
	rlim_t wanted = (rlim_t)config->limits.sessions + SESSION_SLACK + others;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return config->limits.sessions;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			log_warning("the limit of descriptors cannot be raised: %s",
				    strerror(errno));
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		log_warning(
		    "%lu descriptors are allowed, and limits.sessions = %u needs %lu: raise "
		    "the hard limit (LimitNOFILE= of the service, ulimit -Hn)",
		    (unsigned long)limit.rlim_cur, config->limits.sessions, (unsigned long)wanted);
		wanted = limit.rlim_cur;
	}
	return wanted > others ? (size_t)(wanted - others) : 1;
}

/* A descriptor of systemd's is used where its name is one of ours and it is a socket as we need
 * it; all others are closed. */
static void take_descriptor(struct program *program, int descriptor, const char *name)
{
	for (int door = 0; door < DOOR_COUNT; door++) {
		if (strcmp(name, door_names[door]) != 0 || program->descriptors[door] >= 0 ||
		    sd_is_socket_unix(descriptor, SOCK_STREAM, 1, NULL, 0) <= 0 ||
		    fcntl(descriptor, F_SETFL, O_NONBLOCK) < 0)
			continue;
		program->descriptors[door] = descriptor;
		return;
	}
	log_warning("the descriptor that was handed over as \"%s\" is of no use: a listening Unix "
		    "stream socket, once by each of the names \"session\", \"admin\" and "
		    "\"console\", is",
		    name);
	close(descriptor);
}

static void take_descriptors(struct program *program)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(1, &names);

	for (int door = 0; door < DOOR_COUNT; door++)
		program->descriptors[door] = -1;
	for (int i = 0; i < count; i++) {
		take_descriptor(program, SD_LISTEN_FDS_START + i, names[i]);
		free(names[i]);
	}
	free(names);
}

/* Serves one socket: the descriptor that was handed over, or one that is made at path. */
static int open_server(struct program *program, enum door door, const char *path)
{
	const struct server_options *options = &program->options[door];
	int descriptor = program->descriptors[door];
	bool own = descriptor < 0;
	int error = 0;

	if (own)
		descriptor = server_listen(path);
	if (descriptor < 0)
		error = descriptor;
	if (error == 0)
		error = server_new(&program->servers[door], program->loop, descriptor,
				   own ? path : NULL, options, &program->supervisor);
	if (error == 0)
		return 0;
	log_error("the %s %s cannot be served: %s", options->name, path,
		  error == -EADDRINUSE ? "another supervisor answers on it"
		  : error == -EEXIST   ? "there is something else than a socket at this path"
		  : error == -ENOENT   ? "its folder does not exist"
				       : strerror(-error));
	if (descriptor >= 0)
		close(descriptor);
	return error;
}

static void set_server_options(struct program *program)
{
	program->options[DOOR_SESSION] = (struct server_options) {
		.name = "session socket",
		.peers_max = allow_descriptors(program->supervisor.config),
		.waits_when_full = true,
		.peer = { .handlers = &session_handlers,
			  .output_max = SESSION_OUTPUT_MAX,
			  .kind = DISPATCH_SESSION },
	};
	program->options[DOOR_ADMIN] = (struct server_options) {
		.name = "admin socket",
		.group = "vdtgw-admin",
		.peers_max = ADMIN_PEERS,
		.peer = { .handlers = &admin_handlers,
			  .output_max = ADMIN_OUTPUT_MAX,
			  .settles_by_call = true,
			  .kind = DISPATCH_ADMIN },
	};
	program->options[DOOR_CONSOLE] = (struct server_options) {
		.name = "console socket",
		.group = "vdtgw-console",
		.peers_max = CONSOLE_PEERS,
		.peer = { .handlers = &admin_handlers,
			  .output_max = ADMIN_OUTPUT_MAX,
			  .settles_by_call = true,
			  .kind = DISPATCH_CONSOLE },
	};
}

static int open_servers(struct program *program)
{
	const struct config *config = program->supervisor.config;
	int error;

	set_server_options(program);
	error = open_server(program, DOOR_SESSION, config->supervisor.session_socket);
	if (error == 0)
		error = open_server(program, DOOR_ADMIN, config->supervisor.admin_socket);
	/* Callers do not wait for a console: without this one, which is told, all else goes on. */
	if (error == 0)
		(void)open_server(program, DOOR_CONSOLE, config->supervisor.console_socket);
	return error;
}

static void on_resized(void *context, const struct config *config)
{
	struct program *program = context;

	server_set_peers_max(program->servers[DOOR_SESSION], allow_descriptors(config));
}

/* Without the database callers are served all the same, with numbers from the clock. */
static void on_database(void *context, struct database *database, bool is_new)
{
	struct program *program = context;
	struct supervisor *supervisor = &program->supervisor;

	supervisor->numbers.database = database;
	history_set_database(supervisor->history, database);
	if (database == NULL)
		return;
	/* Of the numbers that were given, nothing is known any more: those from the seconds of the
	 * clock on are far above. */
	if (is_new)
		(void)session_numbers_claim(&supervisor->numbers, wall_clock_now() / 1000000);
	if (supervisor->launches == 0 &&
	    database_add_launch(database, supervisor->started, &supervisor->launches) < 0)
		log_error("this launch cannot be counted: %s", database_why(database));
}

static void on_database_failed(void *context)
{
	const struct program *program = context;

	ban_store_check(gatekeeper_store(program->supervisor.gatekeeper));
}

/* Ahead of the gate, which opens the database for it. */
static int open_history(struct program *program)
{
	struct supervisor *supervisor = &program->supervisor;
	const struct history_options options = {
		.database_failed = on_database_failed,
		.context = program,
	};
	int error = history_new(&supervisor->history, program->loop, &options);

	if (error < 0)
		return error;
	supervisor_bound_history(supervisor);
	events_set_keeper(supervisor->events, history_keep, supervisor->history);
	return 0;
}

static int open_gate(struct program *program)
{
	const struct gatekeeper_options options = {
		.config = program->supervisor.config,
		.events = program->supervisor.events,
		.database_opened = on_database,
		.context = program,
	};
	int error;

	session_numbers_init(&program->supervisor.numbers, NULL);
	error = gatekeeper_new(&program->supervisor.gatekeeper, program->loop, &options);
	if (error == 0)
		error = gatekeeper_open_kernel_set(program->supervisor.gatekeeper, program->loop);
	return error;
}

static int set_up(struct program *program)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	struct supervisor *supervisor = &program->supervisor;
	int error;

	supervisor->started = wall_clock_now();
	supervisor->started_monotonic = event_loop_now();
	error = event_loop_new(&program->loop, LOOP_DESCRIPTORS);
	if (error == 0)
		error = event_loop_on_signals(program->loop, signals, on_signal, program);
	if (error == 0)
		error = session_table_new(&supervisor->sessions);
	if (error == 0)
		error = events_new(&supervisor->events);
	if (error == 0)
		error = dumps_new(&supervisor->dumps);
	if (error == 0)
		error = open_history(program);
	if (error == 0)
		error = notifier_new(&supervisor->notifier, program->loop, supervisor->sessions);
	if (error == 0)
		error = redirections_new(&supervisor->redirections, program->loop, supervisor);
	if (error < 0) {
		log_error("the supervisor cannot start: %s", strerror(-error));
		return error;
	}
	/* The sockets first: a second supervisor is to end here, before it counts as a launch. */
	error = open_servers(program);
	if (error < 0)
		return error;
	error = open_gate(program);
	if (error < 0) {
		log_error("the list of bans cannot be set up: %s", strerror(-error));
		return error;
	}
	error = unseen_new(&program->unseen, program->loop, supervisor);
	if (error < 0) {
		log_error("calls that ended unseen cannot be looked for: %s", strerror(-error));
		return error;
	}
	error = teletel_new(&supervisor->teletel, program->loop, supervisor);
	if (error < 0) {
		log_error("the command channel cannot be set up: %s", strerror(-error));
		return error;
	}
	error = teletel_server_new(&supervisor->teletel_server, program->loop,
				   program->supervisor.config, supervisor->events);
	if (error < 0)
		log_error("the Teletel server cannot be set up: %s", strerror(-error));
	return error;
}

static void tear_down(struct program *program)
{
	/* Ahead of the sessions, which go on: the Teletel server is not told that they leave. */
	teletel_free(program->supervisor.teletel);
	for (int door = 0; door < DOOR_COUNT; door++)
		server_free(program->servers[door]);
	/* While there is still a history that can be told of a new database. */
	if (program->supervisor.gatekeeper != NULL)
		ban_store_check(gatekeeper_store(program->supervisor.gatekeeper));
	/* Behind the sockets: callers do not wait for its end. */
	teletel_server_free(program->supervisor.teletel_server);
	unseen_free(program->unseen);
	notifier_free(program->supervisor.notifier);
	redirections_free(program->supervisor.redirections);
	session_table_free(program->supervisor.sessions);
	events_free(program->supervisor.events);
	dumps_free(program->supervisor.dumps);
	history_free(program->supervisor.history);
	gatekeeper_free(program->supervisor.gatekeeper);
	event_loop_free(program->loop);
	reload_free(program->supervisor.reload);
}

/* Takes the configuration over, which was read from file. */
static int run(struct program *program, const struct options *given, struct config *config,
	       struct config_file *file)
{
	const struct reload_options options = {
		.path = given->config,
		.copy = config_copy_path(given->copy, given->config),
		.config = config,
		.resized = on_resized,
		.context = program,
	};
	int status = EX_OSERR;

	if (reload_new(&program->supervisor.reload, &program->supervisor, &options) < 0) {
		log_error("the supervisor cannot start: there is not enough memory");
		config_free(config);
		return EX_OSERR;
	}
	if (set_up(program) == 0) {
		reload_keep_copy(program->supervisor.reload, file);
		config_file_done(file);
		log_event(LOG_PRIORITY_NOTICE, MESSAGE_SUPERVISOR_READY, NULL, 0,
			  "ready: version %s, launch %lld, at most %u sessions", VDTGW_VERSION,
			  (long long)program->supervisor.launches,
			  program->supervisor.config->limits.sessions);
		notifier_ready(program->supervisor.notifier);
		status = event_loop_run(program->loop);
		notifier_stopping(program->supervisor.notifier);
	}
	tear_down(program);
	return status < 0 ? EX_SOFTWARE : status;
}

/* An order to reload that comes while the program starts waits until it runs. */
static void hold_reload(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* What waits for a peer that does not read is large, and is the system's again as soon as the peer
 * is dropped: the C library would learn from the first one to keep such blocks. */
static void give_memory_back(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
}

int main(int argc, char **argv)
{
	struct program program = { .loop = NULL };
	struct config_file file = { .text = NULL };
	struct config *config = NULL;
	struct options options;
	char error[CONFIG_ERROR_MAX];
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	if (!options.check)
		hold_reload();
	umask(0077);
	give_memory_back();
	log_open("vdtgw-supervisor", false);
	if (config_load_file(&config, &file, options.config, NULL, error, sizeof(error)) < 0) {
		if (options.check)
			fprintf(stderr, "%s\n", error);
		else
			log_error("%s", error);
		return EX_CONFIG;
	}
	if (options.check) {
		printf("%s: no error\n",
		       options.config != NULL ? options.config : CONFIG_DEFAULT_PATH);
		config_free(config);
		config_file_done(&file);
		return EX_OK;
	}
	take_descriptors(&program);
	status = run(&program, &options, config, &file);
	config_file_done(&file);
	return status;
}
