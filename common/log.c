/*
 * Turns events into lines and sends each to the one destination chosen at the start. What is
 * written here must never hold up a call: every destination is asked first whether it takes a
 * line, and the line is lost, and counted, where it does not. (syslog(3) has no such question; it
 * is used only where a program has neither the journal nor a standard error of its own.)
 */
#include "common/log.h"

#include "common/log_journal.h"
#include "common/printable.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum {
	PREFIX_MAX = 128, /* "<6>program[pid]: " */
	/* Enough of a message to fill a line, with what is needed to see that it was cut. */
	RAW_MAX = LOG_LINE_MAX + 8,
	/* Bytes for all values of an event's fields that had to be made safe. */
	SAFE_MAX = 2 * LOG_FIELD_MAX,
};

enum destination {
	DESTINATION_NONE,
	DESTINATION_JOURNAL,
	DESTINATION_STDERR,
	DESTINATION_SYSLOG,
};

static struct {
	enum destination destination;
	const char *program;
	bool debug;
	struct log_journal journal;
	struct log_field fields[LOG_COMMON_MAX];
	size_t field_count;
	unsigned long lost; /* lines, since the last one that was taken */
} state = { .journal.descriptor = -1 };

/* A descriptor that is somebody's screen or collected by whoever started this program; a socket
 * may be the caller's. */
static bool stderr_is_ours(void)
{
	struct stat status;

	if (fstat(STDERR_FILENO, &status) < 0)
		return false;
	return S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || isatty(STDERR_FILENO) == 1;
}

void log_open(const char *program, bool stderr_is_peer)
{
	int saved_errno = errno;
	const char *debug = getenv("VDTGW_DEBUG");

	log_journal_done(&state.journal);
	state.program = program;
	state.debug = debug && strcmp(debug, "1") == 0;
	state.lost = 0;
	if (!stderr_is_peer && log_journal_owns(STDERR_FILENO, getenv("JOURNAL_STREAM")) &&
	    log_journal_init(&state.journal, LOG_JOURNAL_PATH) == 0) {
		state.destination = DESTINATION_JOURNAL;
	} else if (!stderr_is_peer && stderr_is_ours()) {
		state.destination = DESTINATION_STDERR;
	} else {
		openlog(program, LOG_PID, LOG_DAEMON);
		state.destination = DESTINATION_SYSLOG;
	}
	errno = saved_errno;
}

void log_set_fields(const struct log_field *fields, size_t field_count)
{
	if (field_count > LOG_COMMON_MAX)
		field_count = LOG_COMMON_MAX;
	if (field_count > 0)
		memcpy(state.fields, fields, field_count * sizeof(*fields));
	state.field_count = field_count;
}

bool log_is_in_journal(void)
{
	return state.destination == DESTINATION_JOURNAL;
}

static int process_of(const struct log_journal_entry *entry)
{
	return (int)(entry->process != 0 ? entry->process : getpid());
}

/* Where the journal's datagram socket cannot be reached (a sandbox hides it), its stream can: it
 * is standard error itself, and a line there starts with its priority. */
static bool write_journal(const struct log_journal_entry *entry)
{
	char line[PREFIX_MAX + LOG_LINE_MAX + 1];
	int r = log_journal_send(&state.journal, entry);
	int length;

	if (r == 0 || r == -EAGAIN)
		return r == 0;
	length = snprintf(line, sizeof(line), "<%d>%.64s[%d]: %s\n", entry->priority,
			  entry->identifier, process_of(entry), entry->message);
	return send(STDERR_FILENO, line, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) == length;
}

/* A pipe that polls as writable takes PIPE_BUF bytes, more than a line; one that nobody reads any
 * more would answer with SIGPIPE. */
static bool write_stderr(const struct log_journal_entry *entry)
{
	char line[PREFIX_MAX + LOG_LINE_MAX + 1];
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
	int length = snprintf(line, sizeof(line), "%.64s[%d]: %s\n", entry->identifier,
			      process_of(entry), entry->message);

	if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT)
		return false;
	return write(STDERR_FILENO, line, (size_t)length) == length;
}

/* syslog(3) has one name at a time, which it does not copy. */
static void write_syslog(const struct log_journal_entry *entry)
{
	char name[PREFIX_MAX];

	if (entry->process == 0) {
		syslog((int)entry->priority, "%s", entry->message);
		return;
	}
	snprintf(name, sizeof(name), "%.64s[%d]", entry->identifier, (int)entry->process);
	openlog(name, 0, LOG_DAEMON);
	syslog((int)entry->priority, "%s", entry->message);
	openlog(state.program, LOG_PID, LOG_DAEMON);
}

static bool write_entry(const struct log_journal_entry *entry)
{
	switch (state.destination) {
	case DESTINATION_NONE:
		return true;
	case DESTINATION_JOURNAL:
		return write_journal(entry);
	case DESTINATION_STDERR:
		return write_stderr(entry);
	case DESTINATION_SYSLOG:
		write_syslog(entry);
		return true;
	}
	return true;
}

/* Said ahead of the first line that can be written again. False while it cannot be. */
static bool confess_losses(void)
{
	char text[80];
	const struct log_journal_entry entry = {
		.priority = LOG_PRIORITY_WARNING,
		.identifier = state.program,
		.message = text,
	};

	if (state.lost == 0)
		return true;
	snprintf(text, sizeof(text), "%lu lines of this log were lost: nothing took them",
		 state.lost);
	if (!write_entry(&entry))
		return false;
	state.lost = 0;
	return true;
}

/* The fields of every line, then the event's own. Returns how many. */
static size_t join_fields(const struct log_journal_entry *event,
			  struct log_field ret_fields[LOG_FIELDS_MAX])
{
	size_t count = state.field_count, own = event->field_count;

	if (own > LOG_FIELDS_MAX - count)
		own = LOG_FIELDS_MAX - count;
	memcpy(ret_fields, state.fields, count * sizeof(*ret_fields));
	if (own > 0)
		memcpy(ret_fields + count, event->fields, own * sizeof(*ret_fields));
	return count + own;
}

/* journalctl -x puts values into what the catalogue says, as they are. safe is what the new ones
 * are in; those that it has no room for are cut. */
static void make_fields_safe(struct log_field *fields, size_t count, char safe[SAFE_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const char *value = fields[i].value;
		size_t room = SAFE_MAX - used;
		size_t length, written;

		if (value == NULL)
			continue;
		length = strnlen(value, LOG_FIELD_MAX);
		written = printable(safe + used, room, value, length);

		if (written == length && memcmp(safe + used, value, length) == 0)
			continue;
		fields[i].value = safe + used;
		/* Of a full one the last zero is left, for the values that then are empty. */
		used += written + 1 < room ? written + 1 : room - 1;
	}
}

static void write_text(const struct log_journal_entry *event, const char *raw, size_t length)
{
	struct log_journal_entry entry = *event;
	char text[LOG_LINE_MAX + 1];

	printable(text, sizeof(text), raw, length);
	entry.message = text;
	if (!confess_losses() || !write_entry(&entry))
		state.lost++;
}

__attribute__((format(printf, 2, 0))) static void write_line(const struct log_journal_entry *event,
							     const char *format, va_list arguments)
{
	struct log_journal_entry entry = *event;
	struct log_field fields[LOG_FIELDS_MAX];
	int saved_errno = errno;
	char raw[RAW_MAX], safe[SAFE_MAX];
	int length;

	if (state.destination == DESTINATION_NONE ||
	    (entry.priority >= LOG_PRIORITY_DEBUG && !state.debug))
		return;
	length = vsnprintf(raw, sizeof(raw), format, arguments);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof(raw))
		length = sizeof(raw) - 1;
	entry.identifier = state.program;
	entry.fields = fields;
	entry.field_count = join_fields(event, fields);
	make_fields_safe(fields, entry.field_count, safe);
	write_text(&entry, raw, (size_t)length);
	errno = saved_errno;
}

void log_line_of(const char *program, pid_t process, const char *text, size_t length)
{
	const struct log_journal_entry entry = {
		.priority = LOG_PRIORITY_INFO,
		.identifier = program,
		.process = process,
	};
	int saved_errno = errno;

	if (state.destination != DESTINATION_NONE)
		write_text(&entry, text, length);
	errno = saved_errno;
}

void log_write(enum log_priority priority, const char *format, ...)
{
	const struct log_journal_entry event = { .priority = priority };
	va_list arguments;

	va_start(arguments, format);
	write_line(&event, format, arguments);
	va_end(arguments);
}

void log_event(enum log_priority priority, const char *message_id, const struct log_field *fields,
	       size_t field_count, const char *format, ...)
{
	const struct log_journal_entry event = {
		.priority = priority,
		.message_id = message_id,
		.fields = fields,
		.field_count = field_count,
	};
	va_list arguments;

	va_start(arguments, format);
	write_line(&event, format, arguments);
	va_end(arguments);
}
