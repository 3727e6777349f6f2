/*
 * A growing array, whose memory is given back when it is empty.
 */
#include "vdtgw-supervisor/bans/pending.h"

#include <errno.h>
#include <stdlib.h>

enum {
	SIZE_MIN = 64,
};

int pending_push(struct pending *pending, const struct network *network)
{
	if (pending->count == pending->size) {
		size_t size = pending->size > 0 ? 2 * pending->size : SIZE_MIN;
		struct network *networks;

		if (size > PENDING_MAX)
			return -ENOSPC;
		networks = reallocarray(pending->networks, size, sizeof(*networks));
		if (networks == NULL)
			return -ENOMEM;
		pending->networks = networks;
		pending->size = size;
	}
	pending->networks[pending->count++] = *network;
	return 0;
}

void pending_pop(struct pending *pending, size_t count)
{
	pending->count -= count;
	if (pending->count == 0)
		pending_done(pending);
}

void pending_done(struct pending *pending)
{
	free(pending->networks);
	*pending = (struct pending) { .count = 0 };
}
