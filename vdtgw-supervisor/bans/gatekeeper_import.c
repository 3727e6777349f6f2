/*
 * What another gateway has decided, taken over many at a time: nothing is on disk before the end of
 * it, unlike what is decided here.
 */
#include "vdtgw-supervisor/bans/gatekeeper.h"

#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper_parts.h"
#include "vdtgw-supervisor/bans/kernel_set.h"

#include <errno.h>

int gatekeeper_import_ban(struct gatekeeper *gatekeeper, const struct network *network,
			  int64_t visited)
{
	int64_t duration = (int64_t)(gatekeeper->config->bans.duration * US_PER_S);
	int64_t now = ban_store_now(gatekeeper->store);
	int64_t wall = wall_clock_now();
	int64_t ago = visited < wall ? wall - visited : 0;
	const struct ban_terms terms = {
		.since = now - ago,
		.visited = now - ago,
		.duration = duration,
		.reason = BAN_IMPORTED,
	};
	const struct ban *known = ban_list_find(gatekeeper->bans, network);
	struct ban *ban;

	if (ago >= duration)
		return GATEKEEPER_IMPORT_OVER;
	/* The clocks are read one after the other: what is a moment later is the same. */
	if (known != NULL && known->visited + US_PER_S > terms.visited)
		return GATEKEEPER_IMPORT_KNOWN;
	if (known == NULL && ban_list_is_full(gatekeeper->bans))
		return GATEKEEPER_IMPORT_FULL;
	if (ban_list_add(gatekeeper->bans, network, &terms, &ban) < 0)
		return -ENOMEM;
	ban_store_add(gatekeeper->store, network);
	kernel_set_changed(gatekeeper->kernel, network);
	return GATEKEEPER_IMPORT_TAKEN;
}

int gatekeeper_import_never(struct gatekeeper *gatekeeper, const struct network *network,
			    const char *comment)
{
	struct ban *ban = ban_list_find(gatekeeper->bans, network);
	int error;

	if (never_list_has(gatekeeper->nevers, network))
		return GATEKEEPER_IMPORT_KNOWN;
	error = never_list_add(gatekeeper->nevers, network, wall_clock_now(), comment);
	if (error < 0)
		return error == -ENOSPC ? GATEKEEPER_IMPORT_FULL : error;
	if (ban != NULL) {
		ban_list_remove(gatekeeper->bans, ban);
		gatekeeper->totals.unbanned++;
		ban_store_add(gatekeeper->store, network);
		kernel_set_changed(gatekeeper->kernel, network);
		gatekeeper_publish(gatekeeper, EVENT_UNBANNED, network, "administrator");
	}
	return GATEKEEPER_IMPORT_TAKEN;
}

void gatekeeper_import_end(struct gatekeeper *gatekeeper)
{
	ban_store_nevers_changed(gatekeeper->store);
	kernel_set_renew(gatekeeper->kernel);
	gatekeeper_set_sweep(gatekeeper);
}
