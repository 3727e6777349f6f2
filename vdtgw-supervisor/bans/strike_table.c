/*
 * The table of strikes: a ring of counts for each address, and all addresses in the order of their
 * last strike, so that forgetting needs no search.
 */
#include "vdtgw-supervisor/bans/strike_table.h"

#include <stdlib.h>
#include <string.h>

struct strikes {
	struct network_node node; /* first */
	struct strikes *older;
	struct strikes *newer;
	int64_t step; /* the number of the last strike's step */
	uint16_t counts[STRIKE_STEPS];
};

int strike_table_init(struct strike_table *table, uint64_t seed)
{
	*table = (struct strike_table) { .oldest = NULL };
	return network_table_init(&table->table, seed);
}

static void unlink_strikes(struct strike_table *table, struct strikes *strikes)
{
	*(strikes->older != NULL ? &strikes->older->newer : &table->oldest) = strikes->newer;
	*(strikes->newer != NULL ? &strikes->newer->older : &table->newest) = strikes->older;
}

static void link_newest(struct strike_table *table, struct strikes *strikes)
{
	strikes->older = table->newest;
	strikes->newer = NULL;
	*(table->newest != NULL ? &table->newest->newer : &table->oldest) = strikes;
	table->newest = strikes;
}

static void forget(struct strike_table *table, struct strikes *strikes)
{
	unlink_strikes(table, strikes);
	network_table_remove(&table->table, &strikes->node);
	free(strikes);
}

void strike_table_done(struct strike_table *table)
{
	while (table->oldest != NULL)
		forget(table, table->oldest);
	network_table_done(&table->table);
}

static struct strikes *find_or_add(struct strike_table *table, const struct network *network,
				   int64_t step)
{
	struct strikes *strikes = (struct strikes *)network_table_find(&table->table, network);

	if (strikes != NULL) {
		unlink_strikes(table, strikes);
	} else {
		if (table->oldest != NULL && table->table.count >= STRIKE_TABLE_MAX)
			forget(table, table->oldest);
		strikes = calloc(1, sizeof(*strikes));
		if (strikes == NULL)
			return NULL;
		strikes->node.network = *network;
		strikes->step = step;
		network_table_add(&table->table, &strikes->node);
	}
	link_newest(table, strikes);
	return strikes;
}

/* Empties the counts of the steps that have gone by since the last strike. */
static void advance(struct strikes *strikes, int64_t step)
{
	if (step - strikes->step >= STRIKE_STEPS)
		memset(strikes->counts, 0, sizeof(strikes->counts));
	else
		for (int64_t gone = strikes->step + 1; gone <= step; gone++)
			strikes->counts[gone % STRIKE_STEPS] = 0;
	if (step > strikes->step)
		strikes->step = step;
}

unsigned strike_table_add(struct strike_table *table, const struct network *network, int64_t now)
{
	int64_t step = now > 0 ? now / STRIKE_STEP : 0;
	unsigned sum = 0;
	struct strikes *strikes;

	while (table->oldest != NULL && step - table->oldest->step >= STRIKE_STEPS)
		forget(table, table->oldest);
	strikes = find_or_add(table, network, step);
	if (strikes == NULL)
		return 1;
	advance(strikes, step);
	if (strikes->counts[strikes->step % STRIKE_STEPS] < UINT16_MAX)
		strikes->counts[strikes->step % STRIKE_STEPS]++;
	for (size_t i = 0; i < STRIKE_STEPS; i++)
		sum += strikes->counts[i];
	return sum;
}

void strike_table_clear(struct strike_table *table, const struct network *network)
{
	struct strikes *strikes = (struct strikes *)network_table_find(&table->table, network);

	if (strikes != NULL)
		forget(table, strikes);
}
