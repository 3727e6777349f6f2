/*
 * The caller's bytes on their way in: function keys recognised, also when split over packets
 * (PROTOCOLS.md section 1). Pure. A SEP counts only as the byte 13: one with a parity bit is user
 * data. The tokens, put one after the other, are the input, byte for byte.
 */
#ifndef VDTGW_SESSION_KEYBOARD_H
#define VDTGW_SESSION_KEYBOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The second byte after SEP (13). */
enum keyboard_key {
	KEYBOARD_ENVOI = 0x41,
	KEYBOARD_RETOUR = 0x42,
	KEYBOARD_REPETITION = 0x43,
	KEYBOARD_GUIDE = 0x44,
	KEYBOARD_ANNULATION = 0x45,
	KEYBOARD_SOMMAIRE = 0x46,
	KEYBOARD_CORRECTION = 0x47,
	KEYBOARD_SUITE = 0x48,
	KEYBOARD_CONNEXION_FIN = 0x49,
	KEYBOARD_MODEM_CONNECTED = 0x53,
	KEYBOARD_MODEM_DISCONNECTED = 0x59, /* treated as Connexion/Fin */
};

/* Zero-initialised: nothing pressed. Fields are private to keyboard.c. */
struct keyboard {
	bool after_separator;
};

/* A run of plain bytes, or one key. */
struct keyboard_token {
	const uint8_t *bytes; /* plain bytes: within the input, or a constant; length of them */
	size_t length;        /* 0: it is a key */
	uint8_t key;          /* the byte that came after SEP; enum keyboard_key names the known */
};

/* Cuts the next token off the input: *bytes and *length move past it. False when the input is
 * used up. A SEP that ends the input is kept for the next call, and never lost. Of two SEP in a row
 * the first is plain input, so that a lost byte does not hide the key after it. */
bool keyboard_next(struct keyboard *keyboard, const uint8_t **bytes, size_t *length,
		   struct keyboard_token *ret_token);
/* True while a SEP waits for its second byte. */
bool keyboard_waiting(const struct keyboard *keyboard);
/* Gives up a SEP that waited too long: true when there was one, which is now plain input 13. */
bool keyboard_flush(struct keyboard *keyboard);
static inline bool keyboard_is_hang_up(uint8_t key)
{
	return key == KEYBOARD_CONNEXION_FIN || key == KEYBOARD_MODEM_DISCONNECTED;
}

#endif
