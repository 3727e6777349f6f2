/* A service's state as systemd tells it: properties from D-Bus, and what they mean. */
#ifndef VDTGW_SUPERVISOR_TELETEL_UNIT_PROPERTIES_H
#define VDTGW_SUPERVISOR_TELETEL_UNIT_PROPERTIES_H

#include "vdtgw-supervisor/teletel/teletel_backend.h"

#include <stdint.h>
#include <systemd/sd-bus.h>

enum {
	UNIT_WORD_MAX = 64, /* bytes; what is longer is cut */
	UNIT_DESCRIPTION_MAX = 256,
};

/* Zeroed: nothing is known. */
struct unit_properties {
	char load_state[UNIT_WORD_MAX];
	char active_state[UNIT_WORD_MAX];
	char sub_state[UNIT_WORD_MAX];
	char description[UNIT_DESCRIPTION_MAX];
	uint64_t changed; /* µs since the epoch */
	uint32_t main_pid;
	uint32_t restarts;
};

/* Takes those that it knows from a reply to GetAll. Returns 0 or -errno. */
int unit_properties_read(struct unit_properties *properties, sd_bus_message *message);
void unit_properties_status(const struct unit_properties *properties,
			    struct teletel_status *ret_status);

#endif
