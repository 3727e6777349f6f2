/*
 * Bans in the kernel: keeps two sets of nftables in step with the list of bans, so that a rule can
 * drop what banned addresses send before it costs a process. IPv4 addresses are in the set that the
 * configuration names (bans.nft_set), IPv6 subscribers, as the first address of their /64, in the
 * one with a 6 behind its name. Bans of other networks, and those of networks in which somebody is
 * never banned, stay with the supervisor alone.
 *
 * libnftables ends the process that it runs in when netlink is not to be had, and waits for the
 * kernel: it is loaded into a child process of its own, and only where bans.nft_set asks for it.
 * Whatever goes wrong with it is said once and tried again, and changes nothing for callers.
 */
#ifndef VDTGW_SUPERVISOR_BANS_KERNEL_SET_H
#define VDTGW_SUPERVISOR_BANS_KERNEL_SET_H

#include "common/event_loop.h"
#include "vdtgw-supervisor/bans/ban_list.h"
#include "vdtgw-supervisor/bans/never_list.h"

#include <stdint.h>

enum {
	KERNEL_SET_RETRY = 30,     /* s */
	KERNEL_SET_NAME_MAX = 128, /* bytes of a name */
};

struct kernel_set;

struct kernel_set_options {
	const char *name; /* "inet TABLE SET", as the configuration has checked it; copied */
	const struct ban_list *bans;
	const struct never_list *nevers;
	int64_t (*now)(void *context); /* µs of the ban clock */
	void *context;
};

/* Starts with all bans. options are copied, what they point to is kept. 0 or -errno. */
int kernel_set_new(struct kernel_set **ret_set, struct event_loop *loop,
		   const struct kernel_set_options *options);
/* Leaves what is in the kernel, which ends it in time. Accepts NULL. */
void kernel_set_free(struct kernel_set *set);

/* Another name: the sets of the one before are emptied, so that they hold nobody up. Empty: none
 * are kept any more. */
void kernel_set_rename(struct kernel_set *set, const char *name);

/* There is a ban of this network now, or none any more, or it lasts longer. set may be NULL. */
void kernel_set_changed(struct kernel_set *set, const struct network *network);
/* Who is never banned has changed. set may be NULL. */
void kernel_set_renew(struct kernel_set *set);

#endif
