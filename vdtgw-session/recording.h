/* What the caller types, written to the file that the supervisor has opened for it. */
#ifndef VDTGW_SESSION_RECORDING_H
#define VDTGW_SESSION_RECORDING_H

#include <stddef.h>
#include <stdint.h>

struct recording {
	int descriptor; /* -1: nothing is recorded (any more) */
	uint64_t room;  /* bytes that may still be written */
	uint64_t lost;  /* bytes that could not be, for error */
	int error;      /* -errno; 0: none */
};

void recording_init(struct recording *recording);
/* Closes the file. */
void recording_done(struct recording *recording);
/* Takes the descriptor over in any case; the file in use already is kept. room: bytes at most.
 * Returns 0 or -errno; -EINVAL for what is not a regular file, which might keep the call waiting.
 */
int recording_begin(struct recording *recording, int descriptor, uint64_t room);
/* A failure ends the recording, and only that. */
void recording_write(struct recording *recording, const uint8_t *bytes, size_t length);

#endif
