/*
 * The gateway's headers: X-Forwarded-For, X-Vdtgw-Speed, X-Vdtgw-Transport. Whoever can connect
 * can send them, so each is checked to be an address, a number or a known word.
 */
#include "vdtgw-teletel/caller_facts.h"

#include "common/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPEED_MAX = 10000000 /* bit/s */
};

void caller_facts_set_address(struct kiosk_facts *facts, const char *value)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr parsed;
	size_t length;

	value += strspn(value, " \t");
	length = strcspn(value, ", \t");
	if (length >= sizeof(address))
		return;
	memcpy(address, value, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, &parsed) == 1 || inet_pton(AF_INET6, address, &parsed) == 1)
		snprintf(facts->address, sizeof(facts->address), "%s", address);
}

void caller_facts_set_speed(struct kiosk_facts *facts, const char *value)
{
	size_t digits = strspn(value, "0123456789");
	unsigned long speed;

	if (digits == 0 || digits > 8 || value[digits] != '\0')
		return;
	speed = strtoul(value, NULL, 10);
	if (speed > SPEED_MAX)
		return;
	facts->speed = (unsigned)speed;
	facts->speed_known = true;
}

void caller_facts_set_transport(struct kiosk_facts *facts, const char *value)
{
	enum transport transport;

	if (transport_from_name(&transport, value) == 0)
		snprintf(facts->transport, sizeof(facts->transport), "%s",
			 transport_name(transport));
}

bool caller_facts_believed(const struct sockaddr *peer)
{
	if (peer->sa_family == AF_INET) {
		const struct sockaddr_in *ipv4 = (const void *)peer;

		return ntohl(ipv4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	if (peer->sa_family == AF_INET6) {
		const struct sockaddr_in6 *ipv6 = (const void *)peer;

		return IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr) ||
		       (IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr) &&
			ipv6->sin6_addr.s6_addr[12] == IN_LOOPBACKNET);
	}
	return false;
}
