/*
 * A session's own doors. It shuts them once it is ready and before it reads a byte of its caller:
 * whoever takes it over from then on finds a process that starts no program, writes no file, reads
 * only what name resolution and TLS read, and has no hold on any other process, those of its own
 * user included. This holds under xinetd and inetd too, where no unit does it.
 */
#ifndef VDTGW_SESSION_SANDBOX_H
#define VDTGW_SESSION_SANDBOX_H

#include <stdint.h>

enum {
	SANDBOX_DESCRIPTORS_MAX = 48, /* of this process: a call needs about fifteen */
};

/* Irreversible, for this thread and those that it starts. file_size: bytes that a file may grow to
 * which this process writes; 0 where it writes none. What the kernel does not offer is left out,
 * and said in the log where it matters. */
void sandbox_close_doors(uint64_t file_size);

#endif
