/*
 * The caller identified to a Teletel server (PROTOCOLS.md section 4): the first ENQROM that the
 * home service sends is the moment; what is then sent to it. Pure.
 */
#ifndef VDTGW_SESSION_IDENTIFICATION_H
#define VDTGW_SESSION_IDENTIFICATION_H

#include "common/address.h"
#include "common/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IDENTIFICATION_ROM_LENGTH = 5,
	IDENTIFICATION_TEXT_MAX = 24 + ADDRESS_TEXT_MAX + 48,
};

/* Zero-initialised at the start of a call. */
struct identification {
	uint8_t matched; /* bytes of 1B 39 7B seen */
};

/* True when the bytes complete an ENQROM that may have begun in earlier ones. */
bool identification_asked(struct identification *identification, const uint8_t *bytes,
			  size_t length);
/* The first frame, binary: a terminal's answer with the maker, type and version of a gateway. */
extern const uint8_t identification_rom[IDENTIFICATION_ROM_LENGTH];
/* The second one, text. Returns its length. */
size_t identification_text(uint64_t number, enum transport transport, const char *address,
			   unsigned port, char ret_text[IDENTIFICATION_TEXT_MAX]);

#endif
