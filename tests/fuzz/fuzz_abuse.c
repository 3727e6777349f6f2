/* links: vdtgw-session */
/*
 * Any first packet: only a few words are ever said of it, and none of what has a byte ahead of it
 * that no such protocol begins with.
 */
#include "vdtgw-session/abuse.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *packet = malloc(size + 1);
	const char *reason;

	require(packet != NULL);
	memcpy(packet, input, size);
	for (unsigned transport = 0; transport < TRANSPORT_COUNT; transport++) {
		reason = abuse_recognise((enum transport)transport, packet, size);
		require(reason == NULL || strncmp(reason, "abuse-", 6) == 0 ||
			strcmp(reason, "proxy-header") == 0);
		require(reason == NULL || transport != TRANSPORT_WEBSOCKET ||
			strcmp(reason, "abuse-http") != 0);
	}
	/* A terminal's own bytes first: answers, function keys, telnet commands, lower case. DNS
	 * alone begins with any: a length, of which the whole packet must be. */
	for (size_t i = 0; i < 5; i++) {
		packet[0] = (uint8_t) "\x01\x13\x1b\xff"
				      "a"[i];
		if (size == 0)
			break;
		reason = abuse_recognise(TRANSPORT_RAW, packet, size);
		require(reason == NULL || strcmp(reason, "abuse-dns") == 0);
	}
	free(packet);
	return 0;
}
