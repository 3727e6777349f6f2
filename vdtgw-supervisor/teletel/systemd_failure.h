/* What systemd or the bus answers when it does not do what is wanted, in words that say what to do.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_SYSTEMD_FAILURE_H
#define VDTGW_SUPERVISOR_TELETEL_SYSTEMD_FAILURE_H

#include <stddef.h>

/* A call's error by its D-Bus name, with the message that came with it (either may be NULL). */
void systemd_failure_of_call(char *ret_text, size_t size, const char *unit, const char *name,
			     const char *message);
/* A job's result that is not "done"; NULL: there is none yet, and nobody waits any longer. */
void systemd_failure_of_job(char *ret_text, size_t size, const char *unit, const char *result);
/* The connection cannot be opened: -errno. */
void systemd_failure_of_connection(char *ret_text, size_t size, const char *unit, int error);

#endif
