/*
 * The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt, sections 2.1 and 2.2): the
 * caller's real address, ahead of the first byte of a connection that a load balancer makes. Pure.
 */
#ifndef VDTGW_NETWORK_PROXY_HEADER_H
#define VDTGW_NETWORK_PROXY_HEADER_H

#include "common/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PROXY_HEADER_V1_MAX = 107, /* bytes of the line, its CR LF included */
	PROXY_HEADER_MAX = 536,    /* bytes of either version: what a smallest segment holds */
};

struct proxy_endpoint {
	struct address address;
	uint16_t port;
};

struct proxy_header {
	/* False for LOCAL, UNKNOWN and what is neither TCP over IPv4 nor over IPv6: the socket's
	 * own addresses are the real ones, and the two below are zero. */
	bool relayed;
	struct proxy_endpoint source;
	struct proxy_endpoint destination;
};

/* Reads the header that the first bytes of a connection are to be, all that have come so far.
 * Returns how many of them are the header; 0 while it is incomplete; or -EPROTO, once it is
 * known to be none, with *ret_why (static text) set. TLVs are skipped. */
int proxy_header_parse(struct proxy_header *ret_header, const uint8_t *bytes, size_t length,
		       const char **ret_why);
/* Whether the bytes begin as a header does and as nothing else: the signature of version 2, or
 * "PROXY " with one of the protocols' names. For those who want none. */
bool proxy_header_begins(const uint8_t *bytes, size_t length);

#endif
