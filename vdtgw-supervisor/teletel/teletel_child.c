/*
 * The Teletel server as the supervisor's own child: started, watched, started again when it dies,
 * and stopped. Its life is a small state machine, driven by its end (a pidfd), by the report
 * whether it could be executed, and by one timer, which means something else in each state.
 */
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/teletel/child_process.h"
#include "vdtgw-supervisor/teletel/teletel_backend.h"
#include "vdtgw-supervisor/teletel/teletel_backoff.h"
#include "vdtgw-supervisor/teletel/teletel_output.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	START_WAIT = 10, /* s for the program to be executed: a file system may hang */
	STOP_WAIT = 10,  /* s from SIGTERM to SIGKILL */
	KILL_WAIT = 5,   /* s for the end after SIGKILL, which nothing but the kernel delays */
	/* At the supervisor's own end, of which systemd waits for TimeoutStopSec= only. */
	LAST_STOP_WAIT = 5,
	LAST_KILL_WAIT = 1,
	UNWATCHED_WAIT =
	    10, /* ms from one look to the next, where there was no memory to be told */
};

struct child {
	struct event_loop *loop;
	const struct teletel_listener *listener;
	void *context;
	char **command;
	enum teletel_state state;
	int64_t since;         /* µs since the epoch */
	pid_t pid;             /* 0: there is no process */
	struct watch *process; /* its end */
	struct watch *report;  /* whether it is executed; NULL: it is known */
	struct teletel_output *output;
	struct timer *timer; /* STARTING: patience; STOPPING: the next step; FAILED: the retry */
	int error;           /* why it could not be executed */
	bool killed;         /* in STOPPING: SIGKILL was sent */
	bool ordered;        /* an order is being carried out */
	enum teletel_order order;
	uint64_t born;  /* event_loop_now() */
	unsigned delay; /* s before the last start; 0: it was ordered */
	int64_t retry;  /* µs since the epoch */
	int64_t restarts;
	char detail[TELETEL_TEXT_MAX];
};

static void start(struct child *child);

static bool wants_child(const struct config *config)
{
	return config->teletel.command.count > 0;
}

static const char *name_of(const void *state)
{
	const struct child *child = state;

	return child->command[0];
}

static bool has_command(const void *state, const struct config *config)
{
	const struct child *child = state;
	const struct config_list *wanted = &config->teletel.command;
	size_t i = 0;

	while (i < wanted->count && child->command[i] != NULL &&
	       strcmp(child->command[i], wanted->items[i]) == 0)
		i++;
	return i == wanted->count && child->command[i] == NULL;
}

static void set_state(struct child *child, enum teletel_state state)
{
	child->state = state;
	child->since = wall_clock_now();
	child->retry = 0;
	timer_disarm(child->timer);
}

static void arm(struct child *child, unsigned seconds)
{
	timer_arm(child->timer, event_loop_now() + seconds * US_PER_S);
}

static void finish_order(struct child *child, const char *failure)
{
	if (!child->ordered)
		return;
	child->ordered = false;
	child->listener->ordered(child->context, failure);
}

static void changed(struct child *child, enum event_kind kind, const char *reason)
{
	child->listener->changed(child->context, kind, reason);
}

__attribute__((format(printf, 2, 3))) static void set_detail(struct child *child,
							     const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(child->detail, sizeof(child->detail), format, arguments);
	va_end(arguments);
}

/* It is down although it should be up: detail says why. */
static void fail(struct child *child, uint64_t lived)
{
	char reason[TELETEL_TEXT_MAX + 64];

	child->delay = teletel_backoff(child->delay, lived);
	set_state(child, TELETEL_FAILED);
	child->retry = child->since + child->delay * US_PER_S;
	arm(child, child->delay);
	snprintf(reason, sizeof(reason), "%s; it is started again in %u s", child->detail,
		 child->delay);
	changed(child, EVENT_TELETEL_FAILED, reason);
	finish_order(child, reason);
}

static void begin_stop(struct child *child)
{
	set_state(child, TELETEL_STOPPING);
	child->killed = false;
	child_process_signal(child->pid, SIGTERM);
	arm(child, STOP_WAIT);
}

/* Of a start under way: whether the program is executed. */
static void on_report(void *context)
{
	struct child *child = context;
	int error = 0;
	ssize_t length = read(watch_descriptor(child->report), &error, sizeof(error));

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	watch_free(child->report);
	child->report = NULL;
	if (length == (ssize_t)sizeof(error)) {
		/* It ends at once, which is seen next. */
		child->error = error;
		return;
	}
	if (child->state != TELETEL_STARTING)
		return;
	set_state(child, TELETEL_RUNNING);
	child->detail[0] = '\0';
	changed(child, EVENT_TELETEL_STARTED, NULL);
	finish_order(child, NULL);
}

static void release(struct child *child)
{
	watch_free(child->process);
	child->process = NULL;
	watch_free(child->report);
	child->report = NULL;
	teletel_output_free(child->output);
	child->output = NULL;
	child->pid = 0;
}

static void describe_death(struct child *child, const char *how)
{
	if (child->error != 0)
		set_detail(child, "%s cannot be executed: %s", child->command[0],
			   strerror(child->error));
	else if (child->state == TELETEL_STARTING)
		set_detail(child, "%s was not executed within %d s", child->command[0], START_WAIT);
	else
		set_detail(child, "%s (pid %ld) %s%s", child->command[0], (long)child->pid, how,
			   strcmp(how, "ended with status 0") == 0
			       ? " (it is to stay in the foreground)"
			       : "");
}

static void on_end(void *context)
{
	struct child *child = context;
	uint64_t lived = event_loop_now() - child->born;
	char how[CHILD_PROCESS_TEXT_MAX];

	if (child_process_reap(child->pid, how) < 0)
		return;
	if (child->report != NULL)
		on_report(child);
	if (child->state != TELETEL_STOPPING) {
		describe_death(child, how);
		release(child);
		fail(child, lived);
		return;
	}
	release(child);
	set_state(child, TELETEL_STOPPED);
	set_detail(child, "%s", how);
	changed(child, EVENT_TELETEL_STOPPED, how);
	if (child->ordered && child->order == TELETEL_RESTART)
		start(child);
	else
		finish_order(child, NULL);
}

static const struct watch_handlers end_handlers = { .readable = on_end };
static const struct watch_handlers report_handlers = { .readable = on_report };

/* Takes the descriptors of a process that was started. */
static int watch_process(struct child *child, const struct child_process *process)
{
	int error =
	    watch_new(&child->process, child->loop, process->descriptor, &end_handlers, child);

	if (error < 0) {
		close(process->descriptor);
		close(process->report);
		return error;
	}
	error = watch_new(&child->report, child->loop, process->report, &report_handlers, child);
	if (error < 0)
		close(process->report);
	return error;
}

static int start_process(struct child *child)
{
	struct child_process process;
	int output;
	int error = teletel_output_new(&child->output, child->loop, child->command[0], &output);

	if (error < 0)
		return error;
	error = child_process_start(&process, child->command, output);
	close(output);
	if (error < 0)
		return error;
	child->pid = process.pid;
	teletel_output_set_process(child->output, process.pid);
	return watch_process(child, &process);
}

/* Ends a process for good, without the event loop, within so many seconds from each signal. */
static void end_process(struct child *child, int stop_wait, int kill_wait);

static void start(struct child *child)
{
	int error;

	child->error = 0;
	child->born = event_loop_now();
	error = start_process(child);
	if (error == 0) {
		set_state(child, TELETEL_STARTING);
		arm(child, START_WAIT);
		return;
	}
	end_process(child, 0, LAST_KILL_WAIT);
	set_detail(child, "%s cannot be started: %s", child->command[0], strerror(-error));
	fail(child, 0);
}

/* A process that stays after SIGKILL waits for the kernel. It is still taken leave of when it
 * ends. */
static void on_stop_timer(struct child *child)
{
	char failure[TELETEL_TEXT_MAX];

	if (!child->killed) {
		child->killed = true;
		child_process_signal(child->pid, SIGKILL);
		arm(child, KILL_WAIT);
		return;
	}
	snprintf(failure, sizeof(failure),
		 "%s (pid %ld) does not end, although it was killed: see what it waits for (ps -o "
		 "stat,wchan %ld)",
		 child->command[0], (long)child->pid, (long)child->pid);
	set_detail(child, "%s", failure);
	changed(child, EVENT_TELETEL_FAILED, failure);
	finish_order(child, failure);
}

static void on_timer(void *context)
{
	struct child *child = context;

	switch (child->state) {
	case TELETEL_STARTING:
		/* Its end is a failure, as that of any start. */
		child_process_signal(child->pid, SIGKILL);
		return;
	case TELETEL_STOPPING:
		on_stop_timer(child);
		return;
	case TELETEL_FAILED:
		child->restarts++;
		start(child);
		return;
	case TELETEL_STOPPED:
	case TELETEL_RUNNING:
	case TELETEL_STATE_COUNT:
		return;
	}
}

static void order_start(struct child *child)
{
	switch (child->state) {
	case TELETEL_STOPPED:
	case TELETEL_FAILED:
		child->delay = 0;
		start(child);
		return;
	case TELETEL_STOPPING:
		/* The one before did not end in time. */
		child->order = TELETEL_RESTART;
		arm(child, KILL_WAIT);
		return;
	case TELETEL_RUNNING:
		finish_order(child, NULL);
		return;
	case TELETEL_STARTING:
	case TELETEL_STATE_COUNT:
		return;
	}
}

static void order_stop(struct child *child)
{
	switch (child->state) {
	case TELETEL_FAILED:
		set_state(child, TELETEL_STOPPED);
		changed(child, EVENT_TELETEL_STOPPED, "is not tried again");
		finish_order(child, NULL);
		return;
	case TELETEL_STOPPED:
		finish_order(child, NULL);
		return;
	case TELETEL_STARTING:
	case TELETEL_RUNNING:
		begin_stop(child);
		return;
	case TELETEL_STOPPING:
		arm(child, KILL_WAIT);
		return;
	case TELETEL_STATE_COUNT:
		return;
	}
}

static void carry_out(void *state, enum teletel_order order)
{
	struct child *child = state;
	bool is_up = child->state == TELETEL_STARTING || child->state == TELETEL_RUNNING;

	child->ordered = true;
	child->order = order;
	if (order == TELETEL_STOP || (order == TELETEL_RESTART && is_up)) {
		child->delay = 0;
		order_stop(child);
	} else {
		order_start(child);
	}
}

static void look(void *state)
{
	struct child *child = state;
	struct teletel_status status = {
		.state = child->state,
		.pid = child->pid,
		.since = child->since,
		.restarts = child->restarts,
		.retry = child->retry,
	};

	memcpy(status.detail, child->detail, sizeof(status.detail));
	child->listener->looked(child->context, NULL, &status);
}

static char **copy_command(const struct config_list *list)
{
	char **command = calloc(list->count + 1, sizeof(*command));

	for (size_t i = 0; command != NULL && i < list->count; i++) {
		command[i] = strdup(list->items[i]);
		if (command[i] == NULL) {
			for (size_t copied = 0; copied < i; copied++)
				free(command[copied]);
			free(command);
			return NULL;
		}
	}
	return command;
}

/* Waits for the end, and meanwhile for what is still written: a process whose output nobody takes
 * could not end. */
static bool wait_end(struct child *child, int seconds, char ret_how[CHILD_PROCESS_TEXT_MAX])
{
	uint64_t deadline = event_loop_now() + (uint64_t)seconds * US_PER_S;

	while (child_process_reap(child->pid, ret_how) < 0) {
		uint64_t now = event_loop_now();
		bool is_watched = child->process != NULL;
		struct pollfd ready[] = {
			{ .fd = is_watched ? watch_descriptor(child->process) : -1,
			  .events = POLLIN },
			{ .fd = teletel_output_descriptor(child->output), .events = POLLIN },
		};
		uint64_t wait = is_watched ? (deadline - now) / 1000 + 1 : UNWATCHED_WAIT;

		if (now >= deadline)
			return false;
		if (poll(ready, 2, (int)wait) > 0 && ready[1].revents != 0)
			teletel_output_read(child->output);
	}
	return true;
}

static void end_process(struct child *child, int stop_wait, int kill_wait)
{
	char how[CHILD_PROCESS_TEXT_MAX] = "does not end, although it was killed";

	if (child->pid == 0) {
		release(child);
		return;
	}
	if (stop_wait > 0)
		child_process_signal(child->pid, SIGTERM);
	if (stop_wait == 0 || !wait_end(child, stop_wait, how)) {
		child_process_signal(child->pid, SIGKILL);
		(void)wait_end(child, kill_wait, how);
	}
	release(child);
	if (stop_wait > 0)
		changed(child, EVENT_TELETEL_STOPPED, how);
}

static void close_child(void *state)
{
	struct child *child = state;

	if (child == NULL)
		return;
	end_process(child, LAST_STOP_WAIT, LAST_KILL_WAIT);
	timer_free(child->timer);
	for (size_t i = 0; child->command != NULL && child->command[i] != NULL; i++)
		free(child->command[i]);
	free(child->command);
	free(child);
}

static int open_child(void **ret_state, struct event_loop *loop, const struct config *config,
		      const struct teletel_listener *listener, void *context)
{
	struct child *child = calloc(1, sizeof(*child));
	int error = 0;

	if (child == NULL)
		return -ENOMEM;
	child->loop = loop;
	child->listener = listener;
	child->context = context;
	child->since = wall_clock_now();
	child->command = copy_command(&config->teletel.command);
	if (child->command == NULL)
		error = -ENOMEM;
	if (error == 0)
		error = timer_new(&child->timer, loop, on_timer, child);
	if (error < 0) {
		close_child(child);
		return error;
	}
	*ret_state = child;
	return 0;
}

const struct teletel_backend teletel_child = {
	.kind = "child",
	.is_ours = true,
	.is_wanted = wants_child,
	.open = open_child,
	.name = name_of,
	.is_same = has_command,
	.close = close_child,
	.order = carry_out,
	.look = look,
};
