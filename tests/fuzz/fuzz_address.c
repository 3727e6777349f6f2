/* links: common */
/*
 * Any text as an address and as a network: a refusal leaves the output alone; what is accepted is
 * the same when it is written and read again, and a network holds its own address and nothing of
 * the other family.
 */
#include "common/address.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_address(const char *text)
{
	struct address address, again;
	char written[ADDRESS_TEXT_MAX];

	memset(&address, 0x55, sizeof(address));
	again = address;
	if (address_parse(&address, text) < 0) {
		require(address_equal(&address, &again));
		return;
	}
	address_format(&address, written);
	require(strlen(written) < sizeof(written));
	require(address_parse(&again, written) == 0 && address_equal(&address, &again));
	require(address_is_ipv4(&address) == (strchr(written, ':') == NULL));
}

static void check_network(const char *text)
{
	static const struct address others[] = {
		{ { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1 } },
		{ { 0x20, 1, 0xd, 0xb8 } },
	};
	struct network network, again;
	char written[NETWORK_TEXT_MAX];
	bool is_ipv4;

	if (network_parse(&network, text) < 0)
		return;
	network_format(&network, written);
	require(strlen(written) < sizeof(written));
	require(network_parse(&again, written) == 0 && network.prefix == again.prefix &&
		address_equal(&network.address, &again.address));
	require(network.prefix <= 128 && network_contains(&network, &network.address));
	again = network_of_address(&network.address, network.prefix);
	require(address_equal(&network.address, &again.address));
	is_ipv4 = address_is_ipv4(&network.address) && network.prefix >= 96;
	require(!network_contains(&network, &others[is_ipv4 ? 1 : 0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);

	check_address(text);
	check_network(text);
	free(text);
	return 0;
}
