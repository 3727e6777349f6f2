/*
 * Internet addresses and networks: what callers come from, and what lists of the configuration
 * name. An IPv4 address is held in its IPv4-mapped IPv6 form (RFC 4291, section 2.5.5.2), so that
 * a caller is the same one behind an IPv4 and a dual-stack socket. Pure.
 */
#ifndef VDTGW_COMMON_ADDRESS_H
#define VDTGW_COMMON_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	ADDRESS_TEXT_MAX = 46, /* bytes of an address as text, its final zero included */
	NETWORK_TEXT_MAX = 50,
};

struct address {
	uint8_t bytes[16];
};

/* address has no bit set beyond prefix. */
struct network {
	struct address address;
	uint8_t prefix; /* bits of the IPv6 form: 96 more than what is written for IPv4 */
};

/* ret_port may be NULL. Returns 0; -EAFNOSUPPORT for a socket that is not an Internet one (a Unix
 * socket's peer), -EINVAL for a length too short. A scope is forgotten. */
int address_from_socket(struct address *ret_address, uint16_t *ret_port,
			const struct sockaddr *socket_address, socklen_t length);
/* "192.0.2.1", "2001:db8::1"; neither brackets nor scopes. Returns 0 or -EINVAL. */
int address_parse(struct address *ret_address, const char *text);
/* Dotted for IPv4, else as in RFC 5952. */
void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_MAX]);
bool address_equal(const struct address *one, const struct address *other);
bool address_is_ipv4(const struct address *address);
/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(const struct address *address);

/* "192.0.2.0/24", "2001:db8::/32"; an address alone is the network of just itself. Bits beyond the
 * prefix are accepted and cleared: "192.0.2.7/24" is 192.0.2.0/24. Returns 0 or -EINVAL. */
int network_parse(struct network *ret_network, const char *text);
/* The network of an address; prefix: 0 to 128 bits of the IPv6 form. */
struct network network_of_address(const struct address *address, unsigned prefix);
/* Without the prefix where it is that of a single address. */
void network_format(const struct network *network, char ret_text[NETWORK_TEXT_MAX]);
/* IPv4 and IPv6 are apart: "::/0" holds no IPv4 address, "0.0.0.0/0" holds every one. */
bool network_contains(const struct network *network, const struct address *address);

#endif
