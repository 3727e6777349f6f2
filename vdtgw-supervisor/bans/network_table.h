/*
 * Networks, found by one of their addresses in a time that does not depend on how many there are:
 * one look into a hash table for each length of prefix that is in use. Pure.
 */
#ifndef VDTGW_SUPERVISOR_BANS_NETWORK_TABLE_H
#define VDTGW_SUPERVISOR_BANS_NETWORK_TABLE_H

#include "common/address.h"

#include <stddef.h>
#include <stdint.h>

enum {
	NETWORK_TABLE_PREFIXES = 129, /* lengths of a prefix: 0 to 128 */
};

/* The first member of what is put into a table. */
struct network_node {
	struct network network;
	struct network_node *next; /* private to network_table.c */
};

struct network_table {
	struct network_node **chains;
	size_t chain_count; /* a power of two */
	size_t count;
	uint64_t seed;
	size_t of_prefix[NETWORK_TABLE_PREFIXES]; /* how many have each length */
};

/* seed: random, so that nobody outside can choose addresses that share a chain. 0 or -ENOMEM. */
int network_table_init(struct network_table *table, uint64_t seed);
/* The nodes belong to the caller. */
void network_table_done(struct network_table *table);

/* The network must not be in the table. A lack of memory makes the table slower, nothing else. */
void network_table_add(struct network_table *table, struct network_node *node);
void network_table_remove(struct network_table *table, struct network_node *node);
/* This very network; NULL: it is not there. */
struct network_node *network_table_find(const struct network_table *table,
					const struct network *network);
/* The smallest network that holds the address; NULL: there is none. *ret_looks, where it is not
 * NULL, is set to how many nodes were looked at. */
struct network_node *network_table_match(const struct network_table *table,
					 const struct address *address, size_t *ret_looks);

/* What bans and counts take for one caller: an IPv4 address, the /64 of an IPv6 one. */
struct network network_of_caller(const struct address *address);

#endif
