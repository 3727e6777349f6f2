/* The words for the ways a caller comes, one table for both directions. */
#include "common/transport.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static const char *const names[] = {
	[TRANSPORT_TELNET] = "telnet",
	[TRANSPORT_RAW] = "raw",
	[TRANSPORT_WEBSOCKET] = "websocket",
};
static_assert(sizeof(names) / sizeof(names[0]) == TRANSPORT_COUNT, "each transport has its name");

const char *transport_name(enum transport transport)
{
	return names[transport];
}

int transport_from_name(enum transport *ret_transport, const char *name)
{
	for (unsigned i = 0; i < TRANSPORT_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_transport = (enum transport)i;
			return 0;
		}
	}
	return -EINVAL;
}
