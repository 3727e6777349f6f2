/*
 * Addresses and networks: reading, writing and comparing them, all in the one IPv6 form, so that
 * no caller of this module ever has two families to think of.
 */
#include "common/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
	MAPPED_PREFIX = 96, /* bits ahead of an IPv4 address in its IPv6 form */
	PREFIX_MAX = 128,
};

static const uint8_t mapped_start[MAPPED_PREFIX / 8] = { [10] = 0xff, [11] = 0xff };

static void set_ipv4(struct address *ret_address, const struct in_addr *ipv4)
{
	memcpy(ret_address->bytes, mapped_start, sizeof(mapped_start));
	memcpy(ret_address->bytes + sizeof(mapped_start), ipv4, sizeof(*ipv4));
}

int address_from_socket(struct address *ret_address, uint16_t *ret_port,
			const struct sockaddr *socket_address, socklen_t length)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	sa_family_t family;

	if (length < sizeof(socket_address->sa_family))
		return -EINVAL;
	memcpy(&family, &socket_address->sa_family, sizeof(family));
	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	if (length < (family == AF_INET ? sizeof(ipv4) : sizeof(ipv6)))
		return -EINVAL;
	if (family == AF_INET) {
		memcpy(&ipv4, socket_address, sizeof(ipv4));
		set_ipv4(ret_address, &ipv4.sin_addr);
	} else {
		memcpy(&ipv6, socket_address, sizeof(ipv6));
		memcpy(ret_address->bytes, &ipv6.sin6_addr, sizeof(ret_address->bytes));
	}
	if (ret_port)
		*ret_port = ntohs(family == AF_INET ? ipv4.sin_port : ipv6.sin6_port);
	return 0;
}

int address_parse(struct address *ret_address, const char *text)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		set_ipv4(ret_address, &ipv4);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &ipv6) != 1)
		return -EINVAL;
	memcpy(ret_address->bytes, &ipv6, sizeof(ret_address->bytes));
	return 0;
}

void address_format(const struct address *address, char ret_text[ADDRESS_TEXT_MAX])
{
	if (address_is_ipv4(address))
		inet_ntop(AF_INET, address->bytes + sizeof(mapped_start), ret_text,
			  ADDRESS_TEXT_MAX);
	else
		inet_ntop(AF_INET6, address->bytes, ret_text, ADDRESS_TEXT_MAX);
}

bool address_equal(const struct address *one, const struct address *other)
{
	return memcmp(one->bytes, other->bytes, sizeof(one->bytes)) == 0;
}

bool address_is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, mapped_start, sizeof(mapped_start)) == 0;
}

bool address_is_loopback(const struct address *address)
{
	static const struct address ipv6_loopback = { .bytes = { [15] = 1 } };

	if (address_is_ipv4(address))
		return address->bytes[sizeof(mapped_start)] == 127;
	return address_equal(address, &ipv6_loopback);
}

/* Decimal digits and nothing else, with no zero ahead; -EINVAL above maximum. */
static int prefix_parse(unsigned *ret_prefix, const char *text, unsigned maximum)
{
	unsigned prefix = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		prefix = prefix * 10 + (unsigned)(*text - '0');
		if (prefix > maximum)
			return -EINVAL;
	}
	*ret_prefix = prefix;
	return 0;
}

/* The bits of byte number i that a prefix covers. */
static uint8_t prefix_mask(unsigned prefix, unsigned i)
{
	unsigned covered = prefix <= i * 8 ? 0 : prefix - i * 8;

	if (covered >= 8)
		return 0xff;
	return (uint8_t)(0xff00 >> covered & 0xff);
}

struct network network_of_address(const struct address *address, unsigned prefix)
{
	struct network network = { .address = *address, .prefix = (uint8_t)prefix };

	for (unsigned i = 0; i < sizeof(network.address.bytes); i++)
		network.address.bytes[i] &= prefix_mask(prefix, i);
	return network;
}

int network_parse(struct network *ret_network, const char *text)
{
	struct address parsed;
	char address[ADDRESS_TEXT_MAX];
	size_t address_length = strcspn(text, "/");
	unsigned prefix = PREFIX_MAX;
	int r;

	if (address_length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, address_length);
	address[address_length] = '\0';
	r = address_parse(&parsed, address);
	if (r < 0)
		return r;
	if (text[address_length] == '/') {
		/* What is written counts the bits of the form that is written: "::ffff:0:0/96" is
		 * 0.0.0.0/0. */
		unsigned skipped = strchr(address, ':') ? 0 : MAPPED_PREFIX;

		r = prefix_parse(&prefix, text + address_length + 1, PREFIX_MAX - skipped);
		if (r < 0)
			return r;
		prefix += skipped;
	}
	*ret_network = network_of_address(&parsed, prefix);
	return 0;
}

void network_format(const struct network *network, char ret_text[NETWORK_TEXT_MAX])
{
	char address[ADDRESS_TEXT_MAX];
	unsigned skipped = address_is_ipv4(&network->address) ? MAPPED_PREFIX : 0;

	address_format(&network->address, address);
	if (network->prefix == PREFIX_MAX)
		snprintf(ret_text, NETWORK_TEXT_MAX, "%s", address);
	else
		snprintf(ret_text, NETWORK_TEXT_MAX, "%s/%u", address, network->prefix - skipped);
}

bool network_contains(const struct network *network, const struct address *address)
{
	if (address_is_ipv4(&network->address) != address_is_ipv4(address))
		return false;
	for (unsigned i = 0; i < sizeof(address->bytes); i++) {
		if ((address->bytes[i] & prefix_mask(network->prefix, i)) !=
		    network->address.bytes[i])
			return false;
	}
	return true;
}
