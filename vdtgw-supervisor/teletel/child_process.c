/*
 * Forks, cleans up what a program would inherit, and executes it. Between the two only calls are
 * made that a process with threads may make there: another thread may have held any lock.
 */
#include "vdtgw-supervisor/teletel/child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	FIRST_FREE = 16,     /* a descriptor above all that are put in their places */
	REPORT_PLACE = 3,    /* of the report's descriptor, in the child */
	NOT_EXECUTED = 127,  /* exit status, as of a shell */
	VARIABLE_MAX = 4096, /* bytes of "NAME=value": what is longer is left out */
};

static const char path_variable[] =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static const char *const passed_variables[] = { "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ" };

#define PASSED_COUNT (sizeof(passed_variables) / sizeof(passed_variables[0]))

/* PATH, those that are passed on, JOURNAL_STREAM, and the end. */
struct environment {
	char *variables[PASSED_COUNT + 3];
	size_t count;
};

static void add_variable(struct environment *environment, const char *name, const char *value)
{
	char *variable;

	/* Without memory the program goes without it. */
	if (value != NULL && strlen(value) < VARIABLE_MAX &&
	    asprintf(&variable, "%s=%s", name, value) >= 0)
		environment->variables[environment->count++] = variable;
}

/* What systemd would set for the program, had it started it: so it finds out that what it writes
 * goes to the journal. */
static void add_journal(struct environment *environment, int output)
{
	struct stat status;
	char text[64];

	if (fstat(output, &status) < 0 || !S_ISSOCK(status.st_mode))
		return;
	snprintf(text, sizeof(text), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	add_variable(environment, "JOURNAL_STREAM", text);
}

static int environment_init(struct environment *environment, int output)
{
	*environment = (struct environment) { .count = 0 };
	environment->variables[0] = strdup(path_variable);
	if (environment->variables[0] == NULL)
		return -ENOMEM;
	environment->count = 1;
	for (size_t i = 0; i < PASSED_COUNT; i++)
		add_variable(environment, passed_variables[i], getenv(passed_variables[i]));
	add_journal(environment, output);
	return 0;
}

static void environment_done(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		free(environment->variables[i]);
}

/* Puts the descriptors in their places, and closes all others. */
static int place_descriptors(int null, int output, int report)
{
	output = fcntl(output, F_DUPFD_CLOEXEC, FIRST_FREE);
	null = fcntl(null, F_DUPFD_CLOEXEC, FIRST_FREE);
	report = fcntl(report, F_DUPFD_CLOEXEC, FIRST_FREE);
	if (output < 0 || null < 0 || report < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 ||
	    dup3(report, REPORT_PLACE, O_CLOEXEC) < 0 || close_range(REPORT_PLACE + 1, ~0U, 0) < 0)
		return -errno;
	return 0;
}

/* Without systemd nothing else would end it after us; with systemd it would outlive us for the time
 * of a stop, on the ports that its successor needs. */
static int prepare(pid_t parent)
{
	sigset_t none;

	setpgid(0, 0);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	if (getppid() != parent)
		_exit(NOT_EXECUTED);
	for (int number = 1; number < NSIG; number++)
		(void)signal(number, SIG_DFL);
	sigemptyset(&none);
	return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static _Noreturn void run(char *const *command, char *const *environment, pid_t parent, int null,
			  int output, int report)
{
	int error = prepare(parent);

	if (error == 0)
		error = place_descriptors(null, output, report);
	if (error == 0) {
		report = REPORT_PLACE;
		execve(command[0], command, environment);
		error = -errno;
	}
	error = -error;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(NOT_EXECUTED);
	_exit(NOT_EXECUTED);
}

static int fork_program(pid_t *ret_pid, char *const *command, int null, int output, int report)
{
	struct environment environment;
	pid_t parent = getpid();
	pid_t pid;
	int error = environment_init(&environment, output);

	if (error < 0)
		return error;
	pid = fork();
	if (pid == 0)
		run(command, environment.variables, parent, null, output, report);
	if (pid < 0)
		error = -errno;
	else
		*ret_pid = pid;
	environment_done(&environment);
	return error;
}

int child_process_start(struct child_process *ret_process, char *const *command, int output)
{
	struct child_process process = { .descriptor = -1, .report = -1 };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int ends[2] = { -1, -1 };
	int error = 0;

	if (null < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		error = -errno;
		goto out;
	}
	error = fork_program(&process.pid, command, null, output, ends[1]);
	if (error < 0)
		goto out;
	/* Here as in the child: whichever comes first. */
	setpgid(process.pid, process.pid);
	process.descriptor = pidfd_open(process.pid, 0);
	if (process.descriptor < 0) {
		error = -errno;
		kill(process.pid, SIGKILL);
		waitpid(process.pid, NULL, 0);
		goto out;
	}
	process.report = ends[0];
	ends[0] = -1;
	*ret_process = process;
out:
	if (null >= 0)
		close(null);
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	return error;
}

void child_process_signal(pid_t pid, int signal_number)
{
	/* A child that has no group yet has no children either. */
	if (kill(-pid, signal_number) < 0)
		kill(pid, signal_number);
}

int child_process_reap(pid_t pid, char ret_text[CHILD_PROCESS_TEXT_MAX])
{
	siginfo_t information = { 0 };
	const char *name;

	/* Until it is reaped nobody else can have its number, so the group is still its own. */
	if (waitid(P_PID, (id_t)pid, &information, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	    information.si_pid != pid)
		return -EAGAIN;
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	name = sigabbrev_np(information.si_status);
	if (information.si_code == CLD_EXITED)
		snprintf(ret_text, CHILD_PROCESS_TEXT_MAX, "ended with status %d",
			 information.si_status);
	else if (name != NULL)
		snprintf(ret_text, CHILD_PROCESS_TEXT_MAX, "was killed by SIG%s", name);
	else
		snprintf(ret_text, CHILD_PROCESS_TEXT_MAX, "was killed by signal %d",
			 information.si_status);
	return 0;
}
