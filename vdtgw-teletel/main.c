/*
 * vdtgw-teletel: the kiosk that a fresh install joins its callers to. Options, files, limits,
 * exit status.
 */
#include "common/config.h"
#include "common/event_loop.h"
#include "common/log.h"
#include "vdtgw-teletel/command_server.h"
#include "vdtgw-teletel/directory.h"
#include "vdtgw-teletel/kiosk.h"
#include "vdtgw-teletel/listener.h"
#include "vdtgw-teletel/pages.h"
#include "vdtgw-teletel/server.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#define DEFAULT_LISTEN    "localhost:8765"
#define DEFAULT_COMMAND   "localhost:8764"
#define DEFAULT_SHARE     VDTGW_PREFIX "/share/vdtgw"
/* The configuration's default: nobody asked for that file. */
#define DEFAULT_DIRECTORY "/etc/vdtgw/directory.json"

enum {
	ERROR_MAX = CONFIG_ERROR_MAX,
	DESCRIPTORS_WANTED = SERVER_CONNECTIONS_MAX + COMMAND_CONNECTIONS_MAX + 64,
};

static const char usage[] =
    "usage: vdtgw-teletel [--config FILE] [--listen ADDRESS:PORT] [--command ADDRESS:PORT]\n"
    "                     [--directory FILE] [--share FOLDER]\n"
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
    "                         " DEFAULT_SHARE "\n";

struct options {
	const char *config;
	const char *listen;
	const char *command;
	const char *directory;
	const char *share;
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

static void local_time(struct tm *ret_time)
{
	time_t now = time(NULL);

	(void)localtime_r(&now, ret_time);
}

/* A directory that nobody asked for may be missing. */
static int load_directory(struct directory **ret_directory, const struct options *options,
			  const struct config *config)
{
	struct directory *directory = NULL;
	const char *path = options->directory;
	char error[ERROR_MAX];
	int r;

	if (path == NULL)
		path = config->teletel.directory;
	r = directory_load(&directory, path, error, sizeof(error));
	if (r == -ENOENT && options->directory == NULL && strcmp(path, DEFAULT_DIRECTORY) == 0) {
		log_notice("%s does not exist: the kiosk has its own services only", path);
		return 0;
	}
	if (r == 0)
		r = kiosk_check_directory(directory, path, error, sizeof(error));
	if (r < 0) {
		directory_free(directory);
		log_error("%s", error);
		return r;
	}
	log_notice("%s: %zu services besides the kiosk's own", path, directory->count);
	*ret_directory = directory;
	return 0;
}

static int load_pages(struct pages *ret_pages, const struct options *options)
{
	const char *share = options->share != NULL ? options->share : DEFAULT_SHARE;
	char folder[PATH_MAX];
	char error[ERROR_MAX];
	int length = snprintf(folder, sizeof(folder), "%s/pages", share);
	int r;

	if (length < 0 || (size_t)length >= sizeof(folder)) {
		log_error("--share: the path is too long");
		return -ENAMETOOLONG;
	}
	r = pages_load(ret_pages, folder, error, sizeof(error));
	if (r < 0)
		log_error("%s", error);
	return r;
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

static void on_signal(int signal_number, void *context)
{
	(void)signal_number;
	server_stop(context);
}

/* What the program serves with. */
struct service {
	struct event_loop *loop;
	struct switchboard *switchboard; /* NULL, like the next: without a command channel */
	struct command_server *command_server;
	struct server *server;
};

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

static int serve(const struct kiosk_house *house, const struct options *options)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	struct service service = { .loop = NULL };
	int status = EX_OSERR;
	/* Many peers: the library's table is as large as the limit on descriptors. */
	int r = event_loop_new(&service.loop, 0);

	if (r == 0 && house->has_channel)
		r = switchboard_new(&service.switchboard);
	if (r == 0 && house->has_channel)
		r = command_server_new(&service.command_server, service.loop, service.switchboard);
	if (r == 0)
		r = server_new(&service.server, service.loop, house, service.switchboard);
	if (r == 0)
		r = event_loop_on_signals(service.loop, signals, on_signal, service.server);
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
	event_loop_free(service.loop);
	return status;
}

/* The kiosk's own remote service as an entry of the directory, where that has none of its name. */
static void enter_echo(struct kiosk_house *house, const struct options *options)
{
	static char name[] = KIOSK_ECHO_NAME;
	static char tariff[] = "T2";
	static char cost[] = "0.37"; /* francs a minute: what a 3614 cost */
	static char nothing[] = "";
	static char address[URI_MAX];
	static struct directory_entry echo = {
		.name = name,
		.key = name,
		.alias = nothing,
		.address = address,
		.subprotocols = nothing,
		.tariff = tariff,
		.cost = cost,
		.target = &echo,
	};
	char where[URI_HOST_MAX + 16];

	if (listener_own_address(options->listen, where, sizeof(where)) < 0 ||
	    directory_find(house->directory, name) != NULL)
		return;
	snprintf(address, sizeof(address), "ws://%s" KIOSK_ECHO_PATH, where);
	house->echo = &echo;
}

int main(int argc, char **argv)
{
	struct options options = { .listen = DEFAULT_LISTEN, .command = DEFAULT_COMMAND };
	struct config *config = NULL;
	struct directory *directory = NULL;
	struct pages pages = { 0 };
	struct kiosk_house house = { .pages = &pages, .local_time = local_time };
	char error[ERROR_MAX];
	int status;

	if (read_options(&options, argc, argv, &status) < 0)
		return status;
	log_open("vdtgw-teletel", false);
	raise_limit();
	status = EX_CONFIG;
	if (config_load(&config, options.config, error, sizeof(error)) < 0)
		log_error("%s", error);
	else if (load_directory(&directory, &options, config) == 0 &&
		 load_pages(&pages, &options) == 0) {
		house.directory = directory;
		house.has_channel = strcmp(options.command, "none") != 0;
		if (house.has_channel)
			enter_echo(&house, &options);
		status = serve(&house, &options);
	}
	pages_done(&pages);
	directory_free(directory);
	config_free(config);
	return status;
}
