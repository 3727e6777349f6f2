/*
 * The address of a videotex service: ws://, wss:// (RFC 6455, section 3) and telnet:// (RFC 4248),
 * with telnet:host:port, which some Teletel servers send, read as the last.
 */
#ifndef VDTGW_COMMON_URI_H
#define VDTGW_COMMON_URI_H

#include <stddef.h>
#include <stdint.h>

enum uri_scheme {
	URI_WS,
	URI_WSS,
	URI_TELNET,
};

enum {
	URI_MAX = 2048,     /* bytes of a whole URI, its final zero included */
	URI_HOST_MAX = 254, /* a DNS name is at most 253 characters */
};

struct uri {
	enum uri_scheme scheme;
	uint16_t port;           /* 80, 443 or 23 where the text names none */
	char host[URI_HOST_MAX]; /* a name, an IPv4 address, or an IPv6 address without brackets */
	char path[URI_MAX];      /* with the query, "/" at least; empty for telnet */
};

/* Accepts 0 < length < URI_MAX printable ASCII characters; no user name, no fragment. Returns 0;
 * or -EINVAL with *ret_why (static text: what is wrong and what is allowed) set. */
int uri_parse(struct uri *ret_uri, const char *text, const char **ret_why);
/* Whether host, of less than URI_HOST_MAX bytes, is a name or an IPv4 address as a URI may hold it.
 * Returns NULL, or static text: what is wrong and what is allowed. */
const char *uri_host_check(const char *host);
/* length bytes of text as a port, 1 to 65535 in at most five digits. Returns 0 or -EINVAL. */
int uri_port_parse(uint16_t *ret_port, const char *text, size_t length);
/* "ws", "wss", "telnet". */
const char *uri_scheme_name(enum uri_scheme scheme);
/* host:port, with brackets around an IPv6 address: what a Host: header and a log line hold.
 * Returns the length, cut to size. */
size_t uri_authority(const struct uri *uri, char *ret_text, size_t size);

#endif
