/*
 * Loads bans and never-banned addresses from the database, and says what it could not make sense
 * of.
 */
#include "vdtgw-supervisor/bans/ban_loading.h"

#include "common/log.h"

#include <stdbool.h>
#include <stddef.h>

struct loading {
	struct ban_list *bans;
	struct never_list *nevers;
	int64_t shift;
	bool no_memory;
};

static void take_ban(void *context, const struct network *network, const struct ban_terms *terms)
{
	struct loading *loading = context;
	struct ban_terms shifted = *terms;
	struct ban *ban;

	if (ban_list_find(loading->bans, network) != NULL || ban_list_is_full(loading->bans))
		return;
	shifted.since += loading->shift;
	shifted.visited += loading->shift;
	if (ban_list_add(loading->bans, network, &shifted, &ban) < 0)
		loading->no_memory = true;
	else
		ban->stored_visit = ban->visited;
}

static void take_never(void *context, const struct network *network, int64_t added,
		       const char *comment)
{
	struct loading *loading = context;

	if (never_list_add(loading->nevers, network, added, comment) < 0)
		loading->no_memory = true;
}

int ban_loading_run(struct database *database, struct ban_list *bans, struct never_list *nevers,
		    int64_t shift)
{
	struct loading loading = { .bans = bans, .nevers = nevers, .shift = shift };
	size_t strange_bans = 0, strange_nevers = 0;
	int error = database_load_bans(database, take_ban, &loading, &strange_bans);

	if (error == 0)
		error = database_load_nevers(database, take_never, &loading, &strange_nevers);
	if (error < 0)
		return error;
	if (loading.no_memory)
		log_error("there was not enough memory for all bans of the database");
	if (strange_bans + strange_nevers > 0)
		log_warning("%zu bans and %zu never-banned addresses of the database make no sense "
			    "and were left out",
			    strange_bans, strange_nevers);
	log_info("%zu bans were loaded", ban_list_count(bans));
	return 0;
}
