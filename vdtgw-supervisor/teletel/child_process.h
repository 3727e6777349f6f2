/*
 * A program that is started as a child in a process group of its own, and the end of both.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_CHILD_PROCESS_H
#define VDTGW_SUPERVISOR_TELETEL_CHILD_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

enum {
	CHILD_PROCESS_TEXT_MAX = 64,
};

struct child_process {
	pid_t pid;
	int descriptor; /* readable when it has ended (pidfd_open(2)) */
	int report; /* end of file once the program runs; or an int, the errno why it does not */
};

/* Starts a program by its path, command[0], which is ended by NULL after its arguments. It gets
 * /dev/null as standard input and output as both others, no other descriptor, no signal blocked or
 * ignored, and of the environment PATH (the usual folders), HOME, USER, LOGNAME, LANG, LC_ALL, TZ,
 * and JOURNAL_STREAM where output is the journal's. It is killed when this process dies. Returns 0
 * or -errno; the caller closes the descriptors of *ret_process. */
int child_process_start(struct child_process *ret_process, char *const *command, int output);

/* Sends a signal to the whole group of a child that was not reaped. */
void child_process_signal(pid_t pid, int signal_number);

/* Takes leave of a child that has ended, kills what is left of its group, and says how it was:
 * "ended with status 1", "was killed by SIGSEGV". Returns 0, or -EAGAIN where it has not ended. */
int child_process_reap(pid_t pid, char ret_text[CHILD_PROCESS_TEXT_MAX]);

#endif
