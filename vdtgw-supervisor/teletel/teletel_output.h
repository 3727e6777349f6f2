/*
 * What the Teletel server's process writes to its standard output and error, on its way to the log:
 * under the program's own name, line by line, within bounds.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_OUTPUT_H
#define VDTGW_SUPERVISOR_TELETEL_OUTPUT_H

#include "common/event_loop.h"

#include <sys/types.h>

enum {
	/* What is logged of it; other lines are counted, and the number is told. */
	TELETEL_OUTPUT_LINES = 500,
	TELETEL_OUTPUT_PERIOD = 10, /* s */
	/* What is read of it: who writes more waits. */
	TELETEL_OUTPUT_BYTES = 65536,
	TELETEL_OUTPUT_BREATH = 100000, /* µs */
};

struct teletel_output;

/* program: the path. *ret_descriptor: to be written to by the process; the caller closes it. Where
 * our own log is in the journal, it is a stream of the journal's, and nothing comes by here.
 * Returns 0 or -errno. */
int teletel_output_new(struct teletel_output **ret_output, struct event_loop *loop,
		       const char *program, int *ret_descriptor);
/* Whose lines these are. */
void teletel_output_set_process(struct teletel_output *output, pid_t process);
/* Without the event loop, at the end of all: what can be read now, and what to wait on for more;
 * -1: nothing will come. */
void teletel_output_read(struct teletel_output *output);
int teletel_output_descriptor(const struct teletel_output *output);
/* Logs what is left of it. Accepts NULL. */
void teletel_output_free(struct teletel_output *output);

#endif
