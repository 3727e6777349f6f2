/*
 * The hash table of networks: chains of nodes, as many chains as nodes at least, and a count of the
 * prefix lengths in use, so that an address is looked up once for each of these only.
 */
#include "vdtgw-supervisor/bans/network_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHAINS_MIN = 256,
	CALLER_PREFIX_IPV6 = 64, /* what one subscriber has at least */
	MAPPED_PREFIX = 96,      /* bits ahead of an IPv4 address in its IPv6 form */
	PREFIX_MAX = 128,
};

/* The finaliser of MurmurHash3: every bit of the input changes half of the output's. */
static uint64_t mix(uint64_t value)
{
	value ^= value >> 33;
	value *= UINT64_C(0xff51afd7ed558ccd);
	value ^= value >> 33;
	value *= UINT64_C(0xc4ceb9fe1a85ec53);
	value ^= value >> 33;
	return value;
}

static size_t chain_of(const struct network_table *table, const struct network *network)
{
	uint64_t halves[2];

	memcpy(halves, network->address.bytes, sizeof(halves));
	return mix(mix(mix(table->seed ^ halves[0]) ^ halves[1]) ^ network->prefix) &
	       (table->chain_count - 1);
}

static bool same(const struct network *one, const struct network *other)
{
	return one->prefix == other->prefix && address_equal(&one->address, &other->address);
}

int network_table_init(struct network_table *table, uint64_t seed)
{
	*table = (struct network_table) { .seed = seed, .chain_count = CHAINS_MIN };
	table->chains = calloc(CHAINS_MIN, sizeof(struct network_node *));
	return table->chains == NULL ? -ENOMEM : 0;
}

void network_table_done(struct network_table *table)
{
	free(table->chains);
	table->chains = NULL;
}

static void insert(struct network_table *table, struct network_node *node)
{
	struct network_node **chain = &table->chains[chain_of(table, &node->network)];

	node->next = *chain;
	*chain = node;
}

/* Without memory for it everything stays as it is. */
static void resize(struct network_table *table, size_t chain_count)
{
	struct network_node **old = table->chains;
	size_t old_count = table->chain_count;
	struct network_node **chains = calloc(chain_count, sizeof(struct network_node *));

	if (chains == NULL)
		return;
	table->chains = chains;
	table->chain_count = chain_count;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i] != NULL) {
			struct network_node *node = old[i];

			old[i] = node->next;
			insert(table, node);
		}
	}
	free(old);
}

void network_table_add(struct network_table *table, struct network_node *node)
{
	if (table->count >= table->chain_count)
		resize(table, 2 * table->chain_count);
	insert(table, node);
	table->count++;
	table->of_prefix[node->network.prefix]++;
}

void network_table_remove(struct network_table *table, struct network_node *node)
{
	struct network_node **link = &table->chains[chain_of(table, &node->network)];

	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	table->count--;
	table->of_prefix[node->network.prefix]--;
	if (table->chain_count > CHAINS_MIN && table->count < table->chain_count / 8)
		resize(table, table->chain_count / 4);
}

static struct network_node *look_up(const struct network_table *table,
				    const struct network *network, size_t *looks)
{
	struct network_node *node = table->chains[chain_of(table, network)];

	for (; node != NULL; node = node->next) {
		(*looks)++;
		if (same(&node->network, network))
			break;
	}
	return node;
}

struct network_node *network_table_find(const struct network_table *table,
					const struct network *network)
{
	size_t looks = 0;

	return look_up(table, network, &looks);
}

struct network_node *network_table_match(const struct network_table *table,
					 const struct address *address, size_t *ret_looks)
{
	struct network_node *found = NULL;
	size_t looks = 0;

	/* "::/0" is all of IPv6, and has no IPv4 address (common/address.h). */
	int least = address_is_ipv4(address) ? MAPPED_PREFIX : 0;

	for (int prefix = PREFIX_MAX; found == NULL && prefix >= least; prefix--) {
		struct network network;

		if (table->of_prefix[prefix] == 0)
			continue;
		network = network_of_address(address, (unsigned)prefix);
		found = look_up(table, &network, &looks);
	}
	if (ret_looks != NULL)
		*ret_looks = looks;
	return found;
}

struct network network_of_caller(const struct address *address)
{
	return network_of_address(address,
				  address_is_ipv4(address) ? PREFIX_MAX : CALLER_PREFIX_IPV6);
}
