/*
 * Reads a pipe, cuts what comes into lines and logs them. A program that writes without end or
 * without lines costs a fixed part of the supervisor's time, and no memory beyond a line.
 */
#include "vdtgw-supervisor/teletel/teletel_output.h"

#include "common/log.h"
#include "common/microseconds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = 4096, /* bytes read at once */
	/* A line that is longer than the log's is cut there, and marked. */
	KEPT_MAX = LOG_LINE_MAX + 8,
	PIPE_SIZE = 65536, /* bytes that can be in the pipe at its end */
};

struct teletel_output {
	struct watch *watch; /* NULL: the journal reads, or all was read */
	struct timer *breath;
	char *name;
	pid_t process;
	char line[KEPT_MAX];
	size_t length;
	uint64_t bytes_since; /* the beginning of what bytes counts */
	size_t bytes;
	uint64_t lines_since;
	unsigned long lines;
};

static void tell_unlogged(struct teletel_output *output)
{
	if (output->lines > TELETEL_OUTPUT_LINES)
		log_warning("%s (pid %ld) wrote too much: %lu lines more than %d in %d s were not "
			    "logged",
			    output->name, (long)output->process,
			    output->lines - TELETEL_OUTPUT_LINES, TELETEL_OUTPUT_LINES,
			    TELETEL_OUTPUT_PERIOD);
}

static void end_line(struct teletel_output *output)
{
	uint64_t now = event_loop_now();
	size_t length = output->length;

	output->length = 0;
	if (length > 0 && output->line[length - 1] == '\r')
		length--;
	if (length == 0)
		return;
	if (now - output->lines_since >= TELETEL_OUTPUT_PERIOD * US_PER_S) {
		tell_unlogged(output);
		output->lines_since = now;
		output->lines = 0;
	}
	if (++output->lines <= TELETEL_OUTPUT_LINES)
		log_line_of(output->name, output->process, output->line, length);
}

static void take(struct teletel_output *output, const char *bytes, size_t length)
{
	while (length > 0) {
		const char *end = memchr(bytes, '\n', length);
		size_t part = end != NULL ? (size_t)(end - bytes) : length;
		size_t room = KEPT_MAX - output->length;
		size_t kept = part < room ? part : room;

		memcpy(output->line + output->length, bytes, kept);
		output->length += kept;
		if (end == NULL)
			return;
		end_line(output);
		bytes += part + 1;
		length -= part + 1;
	}
}

/* Returns how many bytes were read; 0: none are there, or will be. */
static size_t read_chunk(struct teletel_output *output)
{
	char chunk[CHUNK_SIZE];
	ssize_t length;

	if (output->watch == NULL)
		return 0;
	length = read(watch_descriptor(output->watch), chunk, sizeof(chunk));
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (length <= 0) {
		watch_free(output->watch);
		output->watch = NULL;
		return 0;
	}
	take(output, chunk, (size_t)length);
	return (size_t)length;
}

static void on_readable(void *context)
{
	struct teletel_output *output = context;
	uint64_t now = event_loop_now();

	if (now - output->bytes_since >= TELETEL_OUTPUT_BREATH) {
		output->bytes_since = now;
		output->bytes = 0;
	}
	output->bytes += read_chunk(output);
	if (output->watch != NULL && output->bytes >= TELETEL_OUTPUT_BYTES) {
		watch_read(output->watch, false);
		timer_arm(output->breath, output->bytes_since + TELETEL_OUTPUT_BREATH);
	}
}

static void on_breath(void *context)
{
	struct teletel_output *output = context;

	if (output->watch != NULL)
		watch_read(output->watch, true);
}

/* While reading is paused; what is left is read first. */
static void on_hung_up(void *context)
{
	struct teletel_output *output = context;

	watch_free(output->watch);
	output->watch = NULL;
}

static const struct watch_handlers handlers = {
	.readable = on_readable,
	.hung_up = on_hung_up,
};

static int open_pipe(struct teletel_output *output, struct event_loop *loop, int *ret_descriptor)
{
	int ends[2];
	int error;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	error = fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
	if (error == 0)
		error = timer_new(&output->breath, loop, on_breath, output);
	if (error == 0)
		error = watch_new(&output->watch, loop, ends[0], &handlers, output);
	if (error < 0) {
		close(ends[0]);
		close(ends[1]);
		return error;
	}
	*ret_descriptor = ends[1];
	return 0;
}

int teletel_output_new(struct teletel_output **ret_output, struct event_loop *loop,
		       const char *program, int *ret_descriptor)
{
	struct teletel_output *output = calloc(1, sizeof(*output));
	int descriptor = -1;
	int error = 0;

	if (output == NULL)
		return -ENOMEM;
	output->name = strdup(basename(program));
	if (output->name == NULL)
		error = -ENOMEM;
	if (error == 0 && log_is_in_journal())
		descriptor = sd_journal_stream_fd(output->name, LOG_INFO, 1);
	if (error == 0 && descriptor < 0)
		error = open_pipe(output, loop, &descriptor);
	if (error < 0) {
		teletel_output_free(output);
		return error;
	}
	*ret_output = output;
	*ret_descriptor = descriptor;
	return 0;
}

void teletel_output_set_process(struct teletel_output *output, pid_t process)
{
	output->process = process;
}

/* Bounded: somebody may go on writing. */
void teletel_output_read(struct teletel_output *output)
{
	for (size_t bytes = 0, chunk; bytes < PIPE_SIZE; bytes += chunk) {
		chunk = read_chunk(output);
		if (chunk == 0)
			return;
	}
}

int teletel_output_descriptor(const struct teletel_output *output)
{
	return output->watch != NULL ? watch_descriptor(output->watch) : -1;
}

void teletel_output_free(struct teletel_output *output)
{
	if (output == NULL)
		return;
	teletel_output_read(output);
	end_line(output);
	tell_unlogged(output);
	watch_free(output->watch);
	timer_free(output->breath);
	free(output->name);
	free(output);
}
