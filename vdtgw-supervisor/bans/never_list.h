/*
 * Who is never banned: what the configuration names, what was added at run time, this machine's own
 * addresses, and loopback. Pure.
 */
#ifndef VDTGW_SUPERVISOR_BANS_NEVER_LIST_H
#define VDTGW_SUPERVISOR_BANS_NEVER_LIST_H

#include "common/address.h"
#include "vdtgw-supervisor/bans/network_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NEVER_LIST_MAX = 4096,       /* networks that are added at run time */
	NEVER_CONFIGURED_MAX = 2048, /* those of the configuration: two lists of it */
	NEVER_OWN_MAX = 1024,        /* addresses of this machine; more are not known */
	NEVER_COMMENT_MAX = 256,
};

struct never {
	struct network_node node; /* first */
	int64_t number;           /* in the order of adding, since the start of the program */
	const char *configured;   /* the key of the configuration that has it; NULL: none */
	bool kept;                /* added at run time, for good: the rest is of that */
	int64_t added;            /* µs since the epoch; 0: not known */
	char *comment;            /* owned; NULL: none */
};

struct never_list;

/* seed: as for network_table_init(). Returns 0 or -ENOMEM. */
int never_list_new(struct never_list **ret_list, uint64_t seed);
/* Accepts NULL. */
void never_list_free(struct never_list *list);

/* Adds a network for good. comment is copied; NULL: none. Returns 0; 1 where the network was there
 * already (it then has the new comment); -ENOSPC or -ENOMEM. */
int never_list_add(struct never_list *list, const struct network *network, int64_t added,
		   const char *comment);
/* Adds a network of the configuration: key is kept, not copied. One that is there may be added for
 * good, too. Returns 0, 1 where the configuration had it already, -ENOSPC or -ENOMEM. */
int never_list_configure(struct never_list *list, const struct network *network, const char *key);
/* Takes those of the configuration away, but not what was added for good. */
void never_list_unconfigure(struct never_list *list);
/* Takes away what was added. Returns 0, -ENOENT, or -EPERM for one of the configuration's. */
int never_list_remove(struct never_list *list, const struct network *network);
/* Replaces this machine's own addresses; those beyond NEVER_OWN_MAX are left out. */
void never_list_set_own(struct never_list *list, const struct address *addresses, size_t count);

/* Whether this address is never banned. */
bool never_list_holds(const struct never_list *list, const struct address *address);
/* Whether this very network was added. */
bool never_list_has(const struct never_list *list, const struct network *network);
/* Whether the network holds an address that is never banned. This looks at the whole list. */
bool never_list_touches(const struct never_list *list, const struct network *network);
/* The first one whose number is `from` or above; NULL: there is none. */
const struct never *never_list_next(const struct never_list *list, int64_t from);
size_t never_list_count(const struct never_list *list);
size_t never_list_own_count(const struct never_list *list);
const struct address *never_list_own(const struct never_list *list, size_t index);

#endif
