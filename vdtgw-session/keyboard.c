/*
 * Cuts the caller's bytes into runs of plain input and function keys. The only memory between two
 * packets is whether the last byte was a SEP.
 */
#include "vdtgw-session/keyboard.h"

#include <string.h>

static const uint8_t separator = 0x13;

static void take_key(struct keyboard *keyboard, const uint8_t **bytes, size_t *length,
		     struct keyboard_token *ret_token)
{
	uint8_t key = **bytes;

	if (key == separator) {
		/* The byte just read becomes the SEP that waits; the one before is plain. */
		*ret_token = (struct keyboard_token) { .bytes = &separator, .length = 1 };
	} else {
		*ret_token = (struct keyboard_token) { .key = key };
		keyboard->after_separator = false;
	}
	(*bytes)++;
	(*length)--;
}

bool keyboard_next(struct keyboard *keyboard, const uint8_t **bytes, size_t *length,
		   struct keyboard_token *ret_token)
{
	const uint8_t *found;
	size_t plain;

	if (*length > 0 && !keyboard->after_separator && **bytes == separator) {
		keyboard->after_separator = true;
		(*bytes)++;
		(*length)--;
	}
	if (*length == 0)
		return false;
	if (keyboard->after_separator) {
		take_key(keyboard, bytes, length, ret_token);
		return true;
	}
	found = memchr(*bytes, separator, *length);
	plain = found != NULL ? (size_t)(found - *bytes) : *length;
	*ret_token = (struct keyboard_token) { .bytes = *bytes, .length = plain };
	*bytes += plain;
	*length -= plain;
	return true;
}

bool keyboard_waiting(const struct keyboard *keyboard)
{
	return keyboard->after_separator;
}

bool keyboard_flush(struct keyboard *keyboard)
{
	bool waited = keyboard->after_separator;

	keyboard->after_separator = false;
	return waited;
}
