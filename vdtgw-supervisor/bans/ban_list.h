/*
 * Who is banned, since when, and until when. A ban lasts for its duration from the last visit of
 * its address: each new attempt renews it. Bans are of an IPv4 address or a /64 of IPv6 where the
 * gateway makes them (network_of_caller()), of any network where a person does. Pure: times are
 * microseconds of the ban clock (vdtgw-supervisor/bans/ban_clock.h), which no one can set back.
 */
#ifndef VDTGW_SUPERVISOR_BANS_BAN_LIST_H
#define VDTGW_SUPERVISOR_BANS_BAN_LIST_H

#include "common/address.h"
#include "vdtgw-supervisor/bans/network_table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Bans at once; about 150 bytes each. Beyond it the one that would end first is forgotten,
	 * so that a flood of new addresses costs memory up to a bound. */
	BAN_LIST_MAX = 262144,
	BAN_COMMENT_MAX = 256, /* bytes */
};

/* What an address was banned for. */
enum ban_reason {
	BAN_SHORT_SESSION,
	BAN_TYPING_SPEED,
	BAN_PROTOCOL_ABUSE,
	BAN_NO_HANDSHAKE,
	BAN_ADMINISTRATOR,
	BAN_IMPORTED,
	BAN_REASON_COUNT,
};

struct ban {
	struct network_node node; /* first: the network, and its place in the table */
	int64_t number;           /* in the order of banning, since the start of the program */
	int64_t since;            /* µs of the ban clock, as visited */
	int64_t visited;
	int64_t duration;     /* µs after the last visit */
	int64_t stored_visit; /* the last visit as it is on disk; kept by ban_store.c */
	bool changed;         /* what is on disk is not this; kept by ban_store.c */
	int64_t refusals;     /* visits since the start of the program */
	enum ban_reason reason;
	char *comment;   /* owned; NULL: none */
	size_t in_queue; /* private to ban_list.c */
};

struct ban_list;

/* seed: as for network_table_init(). Returns 0 or -ENOMEM. */
int ban_list_new(struct ban_list **ret_list, uint64_t seed);
/* Accepts NULL. */
void ban_list_free(struct ban_list *list);

/* What a new ban, or a ban anew, is to be. */
struct ban_terms {
	int64_t since;
	int64_t visited;
	int64_t duration;
	enum ban_reason reason;
	const char *comment; /* copied; NULL: none */
};

/* Bans a network; one that is banned gets these terms instead of its own. A full list is made room
 * in first: see ban_list_is_full(). Returns 0 for a new ban, 1 for one with new terms, or -ENOMEM
 * with the list as it was. */
int ban_list_add(struct ban_list *list, const struct network *network,
		 const struct ban_terms *terms, struct ban **ret_ban);
/* Forgets a ban, which is freed. */
void ban_list_remove(struct ban_list *list, struct ban *ban);

/* The ban of this very network; NULL: there is none. */
struct ban *ban_list_find(const struct ban_list *list, const struct network *network);
/* The ban of the smallest network that holds the address and that is not over yet; NULL: there is
 * none. *ret_looks, where it is not NULL, is set to how many bans were looked at. */
struct ban *ban_list_match(const struct ban_list *list, const struct address *address, int64_t now,
			   size_t *ret_looks);
/* Its address came again: the duration starts anew. A time before the last visit changes nothing.
 */
void ban_list_visit(struct ban_list *list, struct ban *ban, int64_t now);

/* When a ban is over. */
int64_t ban_ends(const struct ban *ban);
/* The ban that ends first; NULL: there is none. */
struct ban *ban_list_first_to_end(const struct ban_list *list);
size_t ban_list_count(const struct ban_list *list);
bool ban_list_is_full(const struct ban_list *list);
/* The first ban whose number is `from` or above; NULL: there is none. */
struct ban *ban_list_next(const struct ban_list *list, int64_t from);

/* "short_session", "typing_speed" …: on disk and on the admin socket. */
const char *ban_reason_name(enum ban_reason reason);
/* 0, or -EINVAL for a word that names none. */
int ban_reason_from_name(enum ban_reason *ret_reason, const char *name);

#endif
