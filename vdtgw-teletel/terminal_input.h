/*
 * What comes from the terminal, cut into characters, function keys and identifications (STUM;
 * PROTOCOLS: 13 xx, 01 maker type version 04, and the answers to protocol requests, which are
 * passed over). A sequence may be split anywhere. Pure.
 */
#ifndef VDTGW_TELETEL_TERMINAL_INPUT_H
#define VDTGW_TELETEL_TERMINAL_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* The second byte after SEP (13). */
enum terminal_key {
	KEY_ENVOI = 0x41,
	KEY_RETOUR = 0x42,
	KEY_REPETITION = 0x43,
	KEY_GUIDE = 0x44,
	KEY_ANNULATION = 0x45,
	KEY_SOMMAIRE = 0x46,
	KEY_CORRECTION = 0x47,
	KEY_SUITE = 0x48,
	KEY_CONNEXION_FIN = 0x49,
	KEY_MODEM_CONNECTED = 0x53,
	KEY_MODEM_DISCONNECTED = 0x59,
};

struct terminal_identity {
	uint8_t maker;
	uint8_t type;
	uint8_t version;
};

enum terminal_event_kind {
	TERMINAL_NOTHING, /* inside a sequence, or nothing that matters here */
	TERMINAL_CHARACTER,
	TERMINAL_KEY,
	TERMINAL_IDENTITY,
};

struct terminal_event {
	enum terminal_event_kind kind;
	uint8_t byte; /* of a character (20–7E) or a key (any byte) */
	struct terminal_identity identity;
};

/* Zero-initialised: nothing received. Fields are private to terminal_input.c. */
struct terminal_input {
	uint8_t state;
	uint8_t passed_over; /* bytes of a sequence that are still to be passed over */
	uint8_t collected;
	uint8_t answer[3];
};

/* The parity bit is ignored. For callers without function keys Return is Envoi, and Backspace or
 * Delete is Correction. */
struct terminal_event terminal_input_feed(struct terminal_input *input, uint8_t byte);
/* The maker's and the type's name, UTF-8; NULL where unknown (STUM, ENQROM). */
const char *terminal_maker_name(uint8_t maker);
const char *terminal_type_name(uint8_t type);

#endif
