/*
 * vdtgw-session: one caller, from the connected socket that systemd (descriptor 3) or inetd
 * (descriptor 0) hands over to the last byte. Options, descriptors, wiring, exit status.
 */
#include "common/config.h"
#include "common/config_copy.h"
#include "common/event_loop.h"
#include "common/log.h"
#include "vdtgw-session/call.h"
#include "vdtgw-session/console/console.h"
#include "vdtgw-session/sandbox.h"
#include "vdtgw-session/session_config.h"
#include "vdtgw-session/texts.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	SYSTEMD_DESCRIPTOR = 3, /* sd_listen_fds(3) */
	INETD_DESCRIPTOR = 0,
	IGNORED_MAX = 64, /* reads of what a caller who is turned away has sent */
};

static const char usage[] =
    "usage: vdtgw-session --transport telnet|raw|websocket|console [--config FILE] [--copy FILE]\n"
    "       vdtgw-session --help | --version\n"
    "\n"
    "Joins the caller on the connected socket that systemd (Accept=yes), xinetd or inetd (nowait)\n"
    "hands over to the home service of the configuration.\n"
    "\n"
    "  --transport KIND  how the caller speaks: telnet, raw (plain TCP) or websocket; or console,\n"
    "                    for who wants to see what happens, by telnet or line by line\n"
    "  --config FILE     instead of " CONFIG_DEFAULT_PATH "\n"
    "  --copy FILE       what to go by while the configuration has a mistake: the supervisor's "
    "copy\n"
    "                    of the one in force; without --config it is in\n"
    "                    " CONFIG_DEFAULT_COPY "\n";

static const int ending_signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };

struct options {
	enum transport transport;
	bool console; /* in the place of a transport */
	bool transport_given;
	const char *config;
	const char *copy;
};

/* Whoever is on the socket: one of them. */
struct visitor {
	struct call *call;
	struct console *console;
};

/* 0: go on; otherwise *ret_status is the exit status. */
static int read_options(struct options *ret_options, int argc, char **argv, int *ret_status)
{
	static const struct option known[] = {
		{ "transport", required_argument, NULL, 't' },
		{ "config", required_argument, NULL, 'c' },
		{ "copy", required_argument, NULL, 'k' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	*ret_status = EX_USAGE;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 't':
			ret_options->console = strcmp(optarg, "console") == 0;
			if (!ret_options->console &&
			    transport_from_name(&ret_options->transport, optarg) < 0) {
				fprintf(stderr,
					"vdtgw-session: --transport %s: allowed are telnet, raw, "
					"websocket and console\n",
					optarg);
				return -EINVAL;
			}
			ret_options->transport_given = true;
			break;
		case 'c':
			ret_options->config = optarg;
			break;
		case 'k':
			ret_options->copy = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			*ret_status = EX_OK;
			return -ECANCELED;
		case 'v':
			puts("vdtgw-session " VDTGW_VERSION);
			*ret_status = EX_OK;
			return -ECANCELED;
		default:
			return -EINVAL;
		}
	}
	if (optind < argc || !ret_options->transport_given) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

static bool is_socket(int descriptor)
{
	struct stat status;

	return fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

static bool same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* The socket's number as it was handed over; -ENOTSOCK where there is none. */
static int find_socket(void)
{
	const char *count = getenv("LISTEN_FDS"), *process = getenv("LISTEN_PID");

	if (count != NULL && process != NULL && strcmp(count, "1") == 0 &&
	    strtol(process, NULL, 10) == (long)getpid() && is_socket(SYSTEMD_DESCRIPTOR))
		return SYSTEMD_DESCRIPTOR;
	return is_socket(INETD_DESCRIPTOR) ? INETD_DESCRIPTOR : -ENOTSOCK;
}

/* Moves the socket away from descriptors 0 to 2, and points those of them that are the socket, or
 * closed, to /dev/null: nothing that is printed can reach the caller. */
static int take_socket(int descriptor)
{
	int taken, null_device;

	taken = fcntl(descriptor, F_DUPFD_CLOEXEC, SYSTEMD_DESCRIPTOR + 1);
	if (taken < 0)
		return -errno;
	null_device = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_device < 0) {
		(void)close(taken);
		return -errno;
	}
	for (int standard = STDIN_FILENO; standard <= STDERR_FILENO; standard++)
		if (same_file(standard, taken) || fcntl(standard, F_GETFD) < 0)
			(void)dup2(null_device, standard);
	if (descriptor > STDERR_FILENO)
		(void)close(descriptor);
	if (null_device > STDERR_FILENO)
		(void)close(null_device);
	return taken;
}

static void on_signal(int signal_number, void *context)
{
	const struct visitor *visitor = context;

	(void)signal_number;
	if (visitor->console != NULL)
		console_terminate(visitor->console);
	else
		call_terminate(visitor->call);
}

static int run(const struct config *config, const struct options *options, int descriptor)
{
	struct event_loop *loop = NULL;
	struct visitor visitor = { .call = NULL };
	int result;

	result = event_loop_new(&loop, SANDBOX_DESCRIPTORS_MAX);
	if (result < 0)
		goto out;
	sandbox_close_doors(config->dump.enabled && !options->console ? config->dump.max_bytes : 0);
	if (options->console)
		result = console_new(&visitor.console, loop, config, descriptor);
	else
		result = call_new(&visitor.call, loop, config, options->transport, descriptor);
	if (result < 0)
		goto out;
	descriptor = -1;
	result = event_loop_on_signals(loop, ending_signals, on_signal, &visitor);
	if (result < 0)
		goto out;
	result = event_loop_run(loop);
out:
	call_free(visitor.call);
	console_free(visitor.console);
	event_loop_free(loop);
	if (descriptor >= 0)
		(void)close(descriptor);
	if (result < 0)
		log_error("the %s cannot be served: %s", options->console ? "console" : "call",
			  strerror(-result));
	return result;
}

/* Without a configuration nobody can be served: whoever understands plain text is told. */
static void turn_away(const struct options *options, int descriptor)
{
	char text[TEXTS_MAX] = "The configuration cannot be used: see the log.\r\n";
	char ignored[256];

	if (!options->console && options->transport == TRANSPORT_WEBSOCKET)
		return;
	if (!options->console)
		texts_refused("SERVICE FERME", text);
	(void)send(descriptor, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(descriptor, SHUT_WR);
	/* What is left unread would make the kernel reset the connection, and the text be lost. */
	for (int i = 0; i < IGNORED_MAX; i++)
		if (recv(descriptor, ignored, sizeof(ignored), MSG_DONTWAIT) <= 0)
			break;
}

/* From the first moment on: a signal that comes while the call is being made is not lost on it. */
static void hold_signals(void)
{
	sigset_t held;

	(void)sigemptyset(&held);
	for (const int *signal_number = ending_signals; *signal_number != 0; signal_number++)
		(void)sigaddset(&held, *signal_number);
	(void)sigprocmask(SIG_BLOCK, &held, NULL);
}

int main(int argc, char **argv)
{
	struct options options = { .config = NULL };
	struct config *config = NULL;
	int descriptor, status;

	hold_signals();
	if (read_options(&options, argc, argv, &status) < 0)
		return status;
	descriptor = find_socket();
	if (descriptor < 0) {
		fputs("vdtgw-session: there is no caller: descriptors 3 (with LISTEN_FDS=1) and 0 "
		      "are no socket.\nRun it from a systemd .socket unit with Accept=yes, from "
		      "xinetd or inetd with nowait, or try\nsystemd-socket-activate --accept "
		      "--listen=9000 vdtgw-session --transport telnet\n",
		      stderr);
		return EX_USAGE;
	}
	log_open("vdtgw-session", same_file(STDERR_FILENO, descriptor));
	descriptor = take_socket(descriptor);
	if (descriptor < 0) {
		log_error("the caller's socket cannot be taken: %s", strerror(-descriptor));
		return EX_OSERR;
	}
	if (session_config_load(&config, options.config,
				config_copy_path(options.copy, options.config)) < 0) {
		turn_away(&options, descriptor);
		return EX_CONFIG;
	}
	status = run(config, &options, descriptor) < 0 ? EX_OSERR : EX_OK;
	config_free(config);
	return status;
}
