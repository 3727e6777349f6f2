/*
 * Who called, by what HTTP proxies say of it: X-Forwarded-For, and Forwarded (RFC 7239). Each proxy
 * appends whom it was called by, so that the list is read from its right end: what our own proxies
 * appended is true, and the first address that is none of theirs is the caller's; what stands left
 * of that one may be anybody's invention and is not believed. Pure.
 */
#ifndef VDTGW_NETWORK_FORWARDED_H
#define VDTGW_NETWORK_FORWARDED_H

#include "common/address.h"
#include "network/http_head.h"

#include <stddef.h>
#include <stdint.h>

enum {
	FORWARDED_VALUE_MAX = 4096, /* bytes of a field's value */
	FORWARDED_HOPS_MAX = 32,    /* elements of a value that are looked at */
	FORWARDED_FIELDS_MAX = 16,  /* fields of each of the two names in one head */
};

enum forwarded_kind {
	FORWARDED_FOR, /* X-Forwarded-For */
	FORWARDED_RFC7239,
};

/* The networks of the proxies that are believed. */
struct forwarded_trust {
	const struct network *networks;
	size_t count;
};

struct forwarded_caller {
	struct address address;
	uint16_t port; /* 0: not said */
};

enum forwarded_result {
	FORWARDED_ALL_TRUSTED, /* trusted proxies only, or nobody: what came before may tell */
	FORWARDED_FOUND,
	FORWARDED_HIDDEN, /* a proxy says that it does not tell ("unknown", "_name") */
};

/* The rightmost address of one field's value that is no trusted proxy's. Returns an enum
 * forwarded_result, or -EPROTO with *ret_why (static text) where it is not understood. */
int forwarded_read(struct forwarded_caller *ret_caller, enum forwarded_kind kind,
		   const struct http_text *value, const struct forwarded_trust *trust,
		   const char **ret_why);
/* The same of a whole head, all its fields taken together. Where both kinds are there they must
 * agree: a proxy that adds the one passes on what a caller wrote into the other. */
int forwarded_read_head(struct forwarded_caller *ret_caller, const char *head, size_t length,
			const struct forwarded_trust *trust, const char **ret_why);

#endif
