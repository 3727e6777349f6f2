/* links: vdtgw-teletel */
/*
 * Any text as each of the headers in which a gateway describes its caller: the facts stay within
 * their bounds, and one that is not what it should be leaves them as they are.
 */
#include "vdtgw-teletel/caller_facts.h"

#include "common/address.h"
#include "common/transport.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);
	struct kiosk_facts facts = { .address = "192.0.2.1" };
	enum transport transport;
	struct address address;

	caller_facts_set_address(&facts, text);
	require(address_parse(&address, facts.address) == 0);
	require(strcmp(facts.address, "192.0.2.1") == 0 || strstr(text, facts.address) != NULL);
	caller_facts_set_speed(&facts, text);
	require(facts.speed_known || facts.speed == 0);
	require(!facts.speed_known || strspn(text, "0123456789") == strlen(text));
	caller_facts_set_transport(&facts, text);
	require(facts.transport[0] == '\0' ||
		(transport_from_name(&transport, facts.transport) == 0 &&
		 strcmp(text, facts.transport) == 0));
	free(text);
	return 0;
}
