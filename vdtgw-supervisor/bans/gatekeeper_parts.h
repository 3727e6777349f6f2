/* Within gatekeeper*.c only: what they share. */
#ifndef VDTGW_SUPERVISOR_BANS_GATEKEEPER_PARTS_H
#define VDTGW_SUPERVISOR_BANS_GATEKEEPER_PARTS_H

#include "common/microseconds.h"
#include "vdtgw-supervisor/bans/ban_clock.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/bans/strike_table.h"
#include "vdtgw-supervisor/events.h"

struct kernel_set;

struct gatekeeper {
	const struct config *config;
	struct events *events;
	struct event_loop *loop; /* of the kernel set */
	struct ban_list *bans;
	struct never_list *nevers;
	struct strike_table strikes;
	struct ban_clock clock;
	struct ban_store *store;
	struct timer *sweep;
	struct kernel_set *kernel; /* NULL: none is wanted */
	uint64_t own_read;         /* µs of event_loop_now(); 0: never */
	struct gatekeeper_totals totals;
};

/* When the next ban ends may have changed. */
void gatekeeper_set_sweep(struct gatekeeper *gatekeeper);
/* Tells of a ban; reason is a word of events. */
void gatekeeper_publish(const struct gatekeeper *gatekeeper, enum event_kind kind,
			const struct network *network, const char *reason);

#endif
