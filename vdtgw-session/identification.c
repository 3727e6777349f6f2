/* The caller identified to a Teletel server. */
#include "vdtgw-session/identification.h"

#include <inttypes.h>
#include <stdio.h>

static const uint8_t enqrom[] = { 0x1b, 0x39, 0x7b };

const uint8_t identification_rom[IDENTIFICATION_ROM_LENGTH] = { 0x01, 0x7f, 0x7f, 0x7f, 0x04 };

bool identification_asked(struct identification *identification, const uint8_t *bytes,
			  size_t length)
{
	bool asked = false;

	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != enqrom[identification->matched])
			identification->matched = 0;
		if (bytes[i] == enqrom[identification->matched])
			identification->matched++;
		if (identification->matched == sizeof(enqrom)) {
			identification->matched = 0;
			asked = true;
		}
	}
	return asked;
}

size_t identification_text(uint64_t number, enum transport transport, const char *address,
			   unsigned port, char ret_text[IDENTIFICATION_TEXT_MAX])
{
	return (size_t)snprintf(ret_text, IDENTIFICATION_TEXT_MAX,
				"PID=%" PRIu64 ",IP=%.*s,PORT=%u,Access=%s\n", number,
				ADDRESS_TEXT_MAX - 1, address, port & UINT16_MAX,
				transport == TRANSPORT_WEBSOCKET ? "WS" : "Telnet");
}
