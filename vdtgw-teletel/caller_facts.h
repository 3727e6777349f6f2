/* What the gateway says of a caller in the headers of its handshake. */
#ifndef VDTGW_TELETEL_CALLER_FACTS_H
#define VDTGW_TELETEL_CALLER_FACTS_H

#include "vdtgw-teletel/kiosk.h"

#include <sys/socket.h>

/* Each takes a header's value, or leaves the facts as they are where that is not what it should
 * be. X-Forwarded-For: the first of a list is the caller. */
void caller_facts_set_address(struct kiosk_facts *facts, const char *value);
void caller_facts_set_speed(struct kiosk_facts *facts, const char *value);
void caller_facts_set_transport(struct kiosk_facts *facts, const char *value);
/* Only a gateway on this machine is believed. */
bool caller_facts_believed(const struct sockaddr *peer);

#endif
