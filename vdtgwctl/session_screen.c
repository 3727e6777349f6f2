/*
 * The refreshed screen: the terminal taken and given back whatever ends it, keys, signals, and a
 * frame every two seconds. A supervisor that goes is waited for.
 */
#include "vdtgwctl/session_screen.h"

#include "common/printable.h"
#include "common/wall_clock.h"
#include "vdtgwctl/display.h"
#include "vdtgwctl/words.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

enum {
	INTERVAL = 2000, /* ms between frames */
	HEAD_LINES = 3,
	HEAD_MAX = 512,
};

struct screen {
	struct control *control;
	struct termios saved;
	sigset_t saved_signals;
	int signals;   /* a signalfd */
	int interrupt; /* an epoll descriptor: readable when a signal or a key is there */
	enum session_order order;
	size_t first; /* the row on top */
	size_t columns;
	size_t lines;
	bool ended;
	int ended_by; /* a signal, 0: a key */
};

/* Of the alternate screen: entered and left, cursor off and on, and home. */
static const char take_screen[] = "\033[?1049h\033[?25l";
static const char give_screen[] = "\033[?25h\033[?1049l";
static const char go_home[] = "\033[H";
static const char clear_rest_of_line[] = "\033[K";
static const char clear_rest[] = "\033[J";

static void write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);

		if (written < 0 && errno != EINTR)
			return;
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
	}
}

/* Makes the descriptors by which what the user wants ends a wait for the supervisor. */
static int open_interrupt(struct screen *screen, const sigset_t *signals)
{
	struct epoll_event readable = { .events = EPOLLIN };

	screen->signals = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	screen->interrupt = epoll_create1(EPOLL_CLOEXEC);
	if (screen->signals >= 0 && screen->interrupt >= 0 &&
	    epoll_ctl(screen->interrupt, EPOLL_CTL_ADD, screen->signals, &readable) == 0 &&
	    epoll_ctl(screen->interrupt, EPOLL_CTL_ADD, STDIN_FILENO, &readable) == 0)
		return EX_OK;
	return control_fail(screen->control, EX_OSERR, "the keyboard cannot be listened to: %s",
			    strerror(errno));
}

static void close_interrupt(struct screen *screen)
{
	if (screen->interrupt >= 0)
		(void)close(screen->interrupt);
	if (screen->signals >= 0)
		(void)close(screen->signals);
	(void)sigprocmask(SIG_SETMASK, &screen->saved_signals, NULL);
}

static int take_terminal(struct screen *screen)
{
	struct termios settings;
	sigset_t signals;
	int status;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen->saved) < 0)
		return control_fail_usage(
		    screen->control,
		    "--watch wants a terminal (in scripts: vdtgwctl watch --json)");
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigaddset(&signals, SIGQUIT);
	(void)sigaddset(&signals, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &signals, &screen->saved_signals);
	status = open_interrupt(screen, &signals);
	if (status != EX_OK) {
		close_interrupt(screen);
		return status;
	}
	settings = screen->saved;
	settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	/* Being stopped would leave the terminal as it is now. */
	settings.c_cc[VSUSP] = _POSIX_VDISABLE;
	settings.c_cc[VMIN] = 0;
	settings.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &settings);
	write_all(take_screen, strlen(take_screen));
	screen->control->interrupt = screen->interrupt;
	return EX_OK;
}

static void give_terminal(struct screen *screen)
{
	control_hang_up(screen->control);
	screen->control->interrupt = -1;
	write_all(give_screen, strlen(give_screen));
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &screen->saved);
	close_interrupt(screen);
}

/* "telnet 8, raw 1" behind the number of callers. */
static void write_transports(const json_t *status, struct answer_fault *fault, FILE *out)
{
	json_t *counts = answer_object(status, "sessions_by_transport", fault);
	const char *mark = " (";
	const char *name;
	json_t *count;

	json_object_foreach(counts, name, count)
	{
		if (!json_is_integer(count) || json_integer_value(count) == 0)
			continue;
		fprintf(out, "%s%s %lld", mark, name, (long long)json_integer_value(count));
		mark = ", ";
	}
	if (mark[0] == ',')
		fputc(')', out);
}

/* The state of things in one line. */
static void write_state(const json_t *status, struct answer_fault *fault, FILE *out)
{
	const json_t *bans = answer_object(status, "bans", fault);
	const json_t *channel = answer_object(status, "command_channel", fault);
	const char *version = answer_text(status, "version", fault);
	const char *state = answer_text(channel, "state", fault);
	int64_t sessions = answer_integer(status, "sessions", fault);
	char uptime[WORDS_MAX];

	fprintf(out, "vdtgw %s, up %s: %lld caller%s", version != NULL ? version : "?",
		words_duration(uptime, answer_integer(status, "uptime", fault)),
		(long long)sessions, sessions == 1 ? "" : "s");
	write_transports(status, fault, out);
	fprintf(out, ", %lld banned, command channel %s",
		(long long)answer_integer(bans, "count", fault), state != NULL ? state : "?");
}

/* A line of the head: safe, cut to the terminal, ended. */
static void write_head(const struct screen *screen, const char *text, enum display_style style,
		       FILE *out)
{
	char safe[HEAD_MAX];

	printable(safe, sizeof(safe), text, strlen(text));
	(void)display_write(out, safe, screen->columns, style, screen->control->colour);
	fputc('\n', out);
}

/* What is on the screen when all is well. Returns the exit status of the questions. */
static int write_frame(struct screen *screen, FILE *out)
{
	struct control *control = screen->control;
	struct table_view view = { screen->columns, 0, 0, control->colour };
	struct table *table = NULL;
	json_t *state = NULL, *list = NULL;
	char *head = NULL;
	char order[HEAD_MAX];
	size_t size, count;
	FILE *stream = NULL;
	int status = control_ask(control, "Status", json_object(), &state);

	if (status == EX_OK)
		status = control_ask_list(control, "ListSessions", "sessions", &list);
	if (status == EX_OK)
		stream = open_memstream(&head, &size);
	if (status != EX_OK || stream == NULL ||
	    session_table_make(&table, json_object_get(list, "sessions"), screen->order,
			       wall_clock_now(), &control->fault) < 0) {
		status = status != EX_OK ? status : control_fail_memory(control);
		goto out;
	}
	write_state(state, &control->fault, stream);
	(void)fflush(stream);
	status = control_check_answers(control, "ListSessions");
	if (status != EX_OK || head == NULL)
		goto out;
	count = table_row_count(table);
	view.rows = screen->lines > HEAD_LINES + 1 ? screen->lines - HEAD_LINES - 1 : 1;
	if (screen->first >= count)
		screen->first = count > 0 ? (count - 1) / view.rows * view.rows : 0;
	view.first = screen->first;
	snprintf(order, sizeof(order), "by %s (s: another order)   %zu to %zu of %zu%s   q: leave",
		 session_order_name(screen->order), count > 0 ? view.first + 1 : 0,
		 view.first + view.rows < count ? view.first + view.rows : count, count,
		 count > view.rows ? " (space, b: turn)" : "");
	write_head(screen, head, DISPLAY_TITLE, out);
	write_head(screen, order, DISPLAY_FAINT, out);
	fputc('\n', out);
	if (table_write(table, out, &view) < 0)
		status = control_fail_memory(control);
out:
	if (stream != NULL)
		(void)fclose(stream);
	free(head);
	table_free(table);
	json_decref(list);
	json_decref(state);
	return status;
}

/* Puts text on the screen, over what was there, each line to its end. */
static void put_frame(const struct screen *screen, const char *text)
{
	char *bytes = NULL;
	size_t size, row = 0;
	FILE *out = open_memstream(&bytes, &size);

	if (out == NULL)
		return;
	fputs(go_home, out);
	while (*text != '\0' && row++ < screen->lines) {
		size_t length = strcspn(text, "\n");

		fprintf(out, "%s%.*s%s", row > 1 ? "\n" : "", (int)length, text,
			clear_rest_of_line);
		text += length + (text[length] != '\0');
	}
	fputs(clear_rest, out);
	if (fclose(out) == 0)
		write_all(bytes, size);
	free(bytes);
}

/* Whether a key or a signal is there, which has ended a wait. */
static bool is_interrupted(const struct screen *screen)
{
	struct pollfd watched = { .fd = screen->interrupt, .events = POLLIN };

	return poll(&watched, 1, 0) > 0;
}

/* Asks, and shows the answer or why there is none; nothing new where the user wants something
 * first. */
static void refresh(struct screen *screen)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int status;

	if (out == NULL)
		return;
	display_size(&screen->columns, &screen->lines);
	screen->control->fault = (struct answer_fault) { .wanted = NULL };
	status = write_frame(screen, out);
	if (status != EX_OK) {
		rewind(out);
		write_head(screen, screen->control->words, DISPLAY_BAD, out);
		write_head(screen, "It is tried again.   q: leave", DISPLAY_FAINT, out);
		control_hang_up(screen->control);
	}
	if (fclose(out) == 0 && (status == EX_OK || !is_interrupted(screen)))
		put_frame(screen, text);
	free(text);
}

static void take_key(struct screen *screen, char key)
{
	size_t page = screen->lines > HEAD_LINES + 1 ? screen->lines - HEAD_LINES - 1 : 1;

	if (key == 'q' || key == 'Q')
		screen->ended = true;
	else if (key == 's')
		screen->order = (enum session_order)((screen->order + 1) % SESSION_ORDER_COUNT);
	else if (key == ' ')
		screen->first += page;
	else if (key == 'b')
		screen->first = screen->first > page ? screen->first - page : 0;
}

static void take_keys(struct screen *screen)
{
	char keys[16];
	ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

	/* A terminal that was hung up. */
	if (count <= 0 && errno != EAGAIN && errno != EINTR)
		screen->ended = true;
	/* The bytes of a function key mean nothing, one by one. */
	if (count > 0 && keys[0] != '\033')
		for (ssize_t i = 0; i < count; i++)
			take_key(screen, keys[i]);
}

static void take_signals(struct screen *screen)
{
	struct signalfd_siginfo signal;

	while (read(screen->signals, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
		if (signal.ssi_signo == SIGWINCH)
			continue;
		screen->ended = true;
		if (signal.ssi_signo != SIGINT)
			screen->ended_by = (int)signal.ssi_signo;
	}
}

static void wait_for_something(struct screen *screen)
{
	struct pollfd watched[] = {
		{ .fd = screen->signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	if (poll(watched, 2, INTERVAL) < 0)
		return;
	if (watched[0].revents != 0)
		take_signals(screen);
	if (watched[1].revents != 0)
		take_keys(screen);
}

int session_screen_run(struct control *control, enum session_order order)
{
	struct screen screen = { .control = control, .order = order };
	int status = control->json ? control_fail_usage(control, "--watch and --json exclude each "
								 "other; vdtgwctl watch --json "
								 "tells what happens")
				   : EX_OK;

	/* Somebody who may not ask, or nobody who answers, is said at once. */
	if (status == EX_OK)
		status = control_connect(control);
	if (status == EX_OK)
		status = take_terminal(&screen);
	if (status != EX_OK)
		return status;
	control_hang_up(control);
	while (!screen.ended) {
		refresh(&screen);
		wait_for_something(&screen);
	}
	give_terminal(&screen);
	control->words[0] = '\0';
	/* Who waits for us learns how we ended. */
	if (screen.ended_by != 0)
		(void)raise(screen.ended_by);
	return EX_OK;
}
