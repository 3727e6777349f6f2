/* Who may not enter: who is banned, and for whom there is no room. */
#ifndef VDTGW_SUPERVISOR_SESSIONS_ADMISSION_H
#define VDTGW_SUPERVISOR_SESSIONS_ADMISSION_H

#include "common/address.h"
#include "common/transport.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/supervisor.h"

#include <stdbool.h>
#include <stdint.h>

/* Who calls. */
struct admission_caller {
	enum transport transport;
	bool has_address; /* false: a local socket */
	struct address address;
	uint16_t port;
};

/* Whether a newcomer is refused, whose session has been answered so then. A half-open call may be
 * ended to make room. */
bool admission_refuses(struct supervisor *supervisor, struct peer *peer,
		       const struct admission_caller *caller);

/* Whether nothing has come from the caller yet: no byte, nothing about the terminal, and no
 * WebSocket handshake, which has to be done before the home service is called. */
bool admission_is_half_open(const struct session_entry *entry);

#endif
