/*
 * Patterns of services, as redirection.allow and redirection.deny list them: by scheme, by host
 * and by port. Pure.
 *
 *     [scheme://]host[:port]
 *
 *     scheme  ws, wss, telnet, or * for any; without one: any
 *     host    example.org        that name, without case
 *             *.example.org      every name below it, at any depth, and not itself
 *             192.0.2.1          that address; 192.0.2.0/24: that network
 *             [2001:db8::1]      that address; [2001:db8::/32]: that network, its prefix in the
 *                                brackets
 *             *                  any host
 *     port    23, 1024-65535, or * for any; without one: any, and not that of the scheme
 *
 * An address matches what is connected to, whatever the name that led there; a name matches the
 * URI. IPv4 in its IPv6 form is IPv4 (common/address.h), and neither family's networks hold the
 * other's addresses.
 */
#ifndef VDTGW_COMMON_TARGET_PATTERN_H
#define VDTGW_COMMON_TARGET_PATTERN_H

#include "common/address.h"
#include "common/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARGET_PATTERN_ALLOWED                                                                     \
	"a pattern [scheme://]host[:port] such as \"wss://*.example.org\", \"telnet://*:23\", "    \
	"\"192.0.2.0/24:1-1023\" or \"[2001:db8::/32]\""

enum target_host {
	TARGET_ANY_HOST,
	TARGET_NAME,
	TARGET_NAMES_BELOW,
	TARGET_NETWORK,
};

struct target_pattern {
	enum target_host host;
	bool any_scheme;
	enum uri_scheme scheme;
	uint16_t port_low;
	uint16_t port_high;
	/* Within the text that was read; of names below, from the dot on. */
	const char *name;
	size_t name_length;
	struct network network;
};

/* The text is to live as long as the pattern. Returns 0; or -EINVAL with *ret_why (static text:
 * what is wrong, in a sentence without its capital and full stop) set. */
int target_pattern_parse(struct target_pattern *ret_pattern, const char *text,
			 const char **ret_why);
/* Whether scheme and port are those of the pattern, whatever the host. */
bool target_pattern_covers(const struct target_pattern *pattern, const struct uri *uri);
/* Whether the pattern, as one of names, matches; one of an address or a network never does. */
bool target_pattern_matches_uri(const struct target_pattern *pattern, const struct uri *uri);
/* Whether the pattern, as one of an address or a network, matches a connection to address that is
 * made for uri; one of names never does. */
bool target_pattern_matches_address(const struct target_pattern *pattern, const struct uri *uri,
				    const struct address *address);
/* "localhost" and the names below it, which mean this machine wherever they are looked up (RFC
 * 6761, section 6.3). */
bool target_pattern_is_localhost(const struct target_pattern *pattern);

#endif
