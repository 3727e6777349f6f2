/*
 * vdtgw-teletel: the kiosk that a fresh install joins its callers to. Options, signals, limits,
 * exit status.
 */
#include "common/config.h"
#include "common/event_loop.h"
#include "common/log.h"
#include "common/microseconds.h"
#include "vdtgw-teletel/command_server.h"
#include "vdtgw-teletel/kiosk_files.h"
#include "vdtgw-teletel/server.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#define DEFAULT_LISTEN  "localhost:8765"
#define DEFAULT_COMMAND "localhost:8764"
#define DEFAULT_SHARE   VDTGW_PREFIX "/share/vdtgw"

enum {
	ERROR_MAX = CONFIG_ERROR_MAX,
	STOP_TIMEOUT = 2, /* s: the last output, and the closes */
	DESCRIPTORS_WANTED = SERVER_CONNECTIONS_MAX + COMMAND_CONNECTIONS_MAX + 64,
};

static const char usage[] =
    "usage: vdtgw-teletel [--config FILE] [--listen ADDRESS:PORT] [--command ADDRESS:PORT]\n"
    "                     [--directory FILE] [--share FOLDER] [--check]\n"
    "       vdtgw-teletel --help | --version\n"
    "\n"
    "A small Teletel kiosk: a videotex service by WebSocket, with a welcome page, a directory of\n"
    "services, to which it has gateways redirect their callers, and services of its own.\n"
    "\n"
    "  --config FILE          instead of " CONFIG_DEFAULT_PATH "\n"
    "  --listen ADDRESS:PORT  instead of " DEFAULT_LISTEN "; \"*\" for all addresses\n"
    "  --command ADDRESS:PORT of the command channel, where gateways connect, instead of\n"
    "                         " DEFAULT_COMMAND "; whoever reaches it can say who callers are;\n"
    "                         \"none\": nobody is redirected\n"
    "  --directory FILE       of services (JSON), instead of the configuration's\n"
    "  --share FOLDER         whose folder \"pages\" has the pages, instead of\n"
    "                         " DEFAULT_SHARE "\n"
    "  --check                check the configuration, the directory and the pages, and end\n"
    "\n"
    "SIGHUP has these files read again: callers find what is new from the first page or the guide\n"
    "on, and a mistake changes nothing.\n";

struct options {
	const char *config;
	const char *listen;
	const char *command;
	const char *directory;
	const char *share;
	bool check;
};

/* 0: go on; otherwise *ret_status is the exit status. */
static int read_options(struct options *ret_options, int argc, char **argv, int *ret_status)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "listen", required_argument, NULL, 'l' },
		{ "command", required_argument, NULL, 'm' },
		{ "directory", required_argument, NULL, 'd' },
		{ "share", required_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	*ret_status = EX_USAGE;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret_options->config = optarg;
			break;
		case 'l':
			ret_options->listen = optarg;
			break;
		case 'm':
			ret_options->command = optarg;
			break;
		case 'd':
			ret_options->directory = optarg;
			break;
		case 's':
			ret_options->share = optarg;
			break;
		case 'k':
			ret_options->check = true;
			break;
		case 'h':
			fputs(usage, stdout);
			*ret_status = EX_OK;
			return -ECANCELED;
		case 'v':
			puts("vdtgw-teletel " VDTGW_VERSION);
			*ret_status = EX_OK;
			return -ECANCELED;
		default:
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

/* A descriptor for each caller, as far as this process may. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS_WANTED)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < DESCRIPTORS_WANTED)
		log_warning("this process may open %llu files: fewer than %d callers find a place",
			    (unsigned long long)limit.rlim_cur, SERVER_CALLERS_MAX);
}

/* What the program serves with. */
struct service {
	struct event_loop *loop;
	struct kiosk_files *files;
	struct switchboard *switchboard; /* NULL, like the next: without a command channel */
	struct command_server *command_server;
	struct server *server;
	struct timer *stop_guard;
	unsigned serving; /* of both servers, while it stops: those with somebody left */
};

/* What is offered from now on. */
static void tell_offer(const struct kiosk_files_outcome *outcome)
{
	if (outcome->missing)
		log_notice("%s does not exist: the kiosk has its own services only",
			   outcome->directory);
	else
		log_notice("%s: %zu services besides the kiosk's own", outcome->directory,
			   outcome->services);
	if (outcome->replaced[0] != '\0')
		log_notice("%s", outcome->replaced);
}

static void reload(const struct service *service)
{
	struct kiosk_files_outcome outcome;

	if (kiosk_files_load(service->files, &outcome) < 0) {
		log_error("the services and pages stay as they were (SIGHUP): %s", outcome.error);
		return;
	}
	log_notice("the files were read again (SIGHUP): %s",
		   outcome.changed ? "callers find what is new from the first page or the guide on"
				   : "nothing has changed");
	if (outcome.changed)
		tell_offer(&outcome);
}

/* Whoever is still here was told to go. */
static void on_stop_guard(void *context)
{
	struct service *service = context;

	log_warning("stopping, although not all connections have been closed by their peers");
	event_loop_stop(service->loop, 0);
}

static void on_stopped(void *context)
{
	struct service *service = context;

	if (--service->serving == 0)
		event_loop_stop(service->loop, 0);
}

static void stop(struct service *service)
{
	if (service->serving > 0)
		return;
	timer_arm(service->stop_guard, event_loop_now() + STOP_TIMEOUT * US_PER_S);
	service->serving = service->command_server != NULL ? 2 : 1;
	/* Callers first: they are to hear of the end from us, not that their gateway has gone. */
	server_stop(service->server, on_stopped, service);
	if (service->command_server != NULL)
		command_server_stop(service->command_server, on_stopped, service);
}

static void on_signal(int signal_number, void *context)
{
	if (signal_number == SIGHUP)
		reload(context);
	else
		stop(context);
}

static int told(const char *option, const char *where, int result, const char *error)
{
	if (result == -EINVAL) {
		log_error("%s %s: ADDRESS:PORT is allowed, as in 127.0.0.1:8765, [::1]:8765 "
			  "or *:8765",
			  option, where);
		return EX_USAGE;
	}
	if (result < 0) {
		log_error("cannot listen on %s: %s", where, error);
		return EX_UNAVAILABLE;
	}
	return EX_OK;
}

static int start_listening(const struct service *service, const struct options *options)
{
	char error[ERROR_MAX] = "";
	int status = EX_OK;

	if (service->command_server != NULL)
		status = told("--command", options->command,
			      command_server_listen(service->command_server, options->command,
						    error, sizeof(error)),
			      error);
	if (status == EX_OK)
		status = told("--listen", options->listen,
			      server_listen(service->server, options->listen, error, sizeof(error)),
			      error);
	if (status != EX_OK)
		return status;
	if (service->command_server != NULL)
		log_notice("gateways are awaited on %s", options->command);
	log_notice("vdtgw-teletel " VDTGW_VERSION " listens on %s", options->listen);
	return EX_OK;
}

static int serve(struct kiosk_files *files, const struct options *options)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	const struct kiosk_house *house = kiosk_files_house(files);
	struct service service = { .files = files };
	int status = EX_OSERR;
	/* Many peers: the library's table is as large as the limit on descriptors. */
	int r = event_loop_new(&service.loop, 0);

	if (r == 0)
		r = timer_new(&service.stop_guard, service.loop, on_stop_guard, &service);
	if (r == 0 && house->has_channel)
		r = switchboard_new(&service.switchboard);
	if (r == 0 && house->has_channel)
		r = command_server_new(&service.command_server, service.loop, service.switchboard);
	if (r == 0)
		r = server_new(&service.server, service.loop, house, service.switchboard);
	if (r == 0)
		r = event_loop_on_signals(service.loop, signals, on_signal, &service);
	if (r < 0) {
		log_error("cannot start: %s", strerror(-r));
		goto out;
	}
	status = start_listening(&service, options);
	if (status == EX_OK)
		status = event_loop_run(service.loop) == 0 ? EX_OK : EX_OSERR;
out:
	server_free(service.server);
	command_server_free(service.command_server);
	switchboard_free(service.switchboard);
	timer_free(service.stop_guard);
	event_loop_free(service.loop);
	return status;
}

/* An order to reload that comes while the program starts waits until it runs. */
static void hold_reload(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int check(struct kiosk_files *files)
{
	struct kiosk_files_outcome outcome;

	if (kiosk_files_load(files, &outcome) < 0) {
		fprintf(stderr, "%s\n", outcome.error);
		return EX_CONFIG;
	}
	if (outcome.replaced[0] != '\0')
		puts(outcome.replaced);
	printf("%s: %s\n", outcome.directory,
	       outcome.missing ? "does not exist, and need not" : "no error");
	return EX_OK;
}

static int run(struct kiosk_files *files, const struct options *options)
{
	struct kiosk_files_outcome outcome;

	hold_reload();
	log_open("vdtgw-teletel", false);
	raise_limit();
	if (kiosk_files_load(files, &outcome) < 0) {
		log_error("%s", outcome.error);
		return EX_CONFIG;
	}
	tell_offer(&outcome);
	return serve(files, options);
}

int main(int argc, char **argv)
{
	struct options options = { .listen = DEFAULT_LISTEN,
				   .command = DEFAULT_COMMAND,
				   .share = DEFAULT_SHARE };
	struct kiosk_files_options files_options;
	struct kiosk_files *files = NULL;
	int status;

	if (read_options(&options, argc, argv, &status) < 0)
		return status;
	files_options = (struct kiosk_files_options) {
		.config = options.config,
		.directory = options.directory,
		.share = options.share,
		.listen = strcmp(options.command, "none") != 0 ? options.listen : NULL,
	};
	if (kiosk_files_new(&files, &files_options) < 0)
		return EX_OSERR;
	status = options.check ? check(files) : run(files, &options);
	kiosk_files_free(files);
	return status;
}
