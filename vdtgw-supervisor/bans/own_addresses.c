/*
 * Asks the kernel for the addresses of all interfaces (getifaddrs(3)).
 */
#include "vdtgw-supervisor/bans/own_addresses.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>

int own_addresses_read(struct address *ret_addresses, size_t max, size_t *ret_count)
{
	struct ifaddrs *all;
	size_t count = 0;

	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *at = all; at != NULL && count < max; at = at->ifa_next) {
		socklen_t length;

		if (at->ifa_addr == NULL)
			continue;
		length = at->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
							    : sizeof(struct sockaddr_in6);
		if (address_from_socket(&ret_addresses[count], NULL, at->ifa_addr, length) == 0)
			count++;
	}
	freeifaddrs(all);
	*ret_count = count;
	return 0;
}
