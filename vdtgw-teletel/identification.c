/*
 * The two frames of an identification, recognised in whatever pieces they come. A message is held
 * only as long as every byte of it so far is as it would have to be.
 */
#include "vdtgw-teletel/identification.h"

#include <string.h>

static const uint8_t rom[IDENTIFICATION_ROM_LENGTH] = { 0x01, 0x7f, 0x7f, 0x7f, 0x04 };
static const char text_start[] = "PID=";

static size_t release(struct identification *identification, uint8_t *ret_input)
{
	size_t length = identification->length;

	memcpy(ret_input, identification->held, length);
	*identification = (struct identification) { .length = 0 };
	return length;
}

/* Whether the message that begins at `at` is, as far as it is held, one of the two. */
static bool may_be(const struct identification *identification, size_t at)
{
	const uint8_t *message = identification->held + at;
	size_t length = identification->length - at;

	if (identification->after_rom)
		return memcmp(message, text_start,
			      length < sizeof(text_start) - 1 ? length : sizeof(text_start) - 1) ==
		       0;
	return length <= sizeof(rom) && memcmp(message, rom, length) == 0;
}

static void finish(struct identification *identification, bool *ret_found,
		   struct gateway_caller *ret_caller)
{
	if (!identification->after_rom) {
		identification->after_rom = true;
		identification->collecting = false;
		return;
	}
	/* One that cannot be read is left out too: nobody types that. */
	*ret_found = gateway_line_parse_identification(
			 ret_caller, identification->held + IDENTIFICATION_ROM_LENGTH,
			 identification->length - IDENTIFICATION_ROM_LENGTH) == 0;
	*identification = (struct identification) { .length = 0 };
}

size_t identification_read(struct identification *identification,
			   const struct identification_piece *piece, uint8_t *ret_input,
			   bool *ret_found, struct gateway_caller *ret_caller)
{
	size_t released = 0;
	size_t at;
	bool complete;

	*ret_found = false;
	if (piece->first) {
		if (identification->after_rom && piece->binary)
			released = release(identification, ret_input);
		identification->collecting = piece->binary != identification->after_rom;
	}
	at = identification->after_rom ? IDENTIFICATION_ROM_LENGTH : 0;
	if (identification->collecting &&
	    piece->length <= sizeof(identification->held) - identification->length) {
		memcpy(identification->held + identification->length, piece->bytes, piece->length);
		identification->length += piece->length;
		complete =
		    identification->length - at >= (at > 0 ? sizeof(text_start) - 1 : sizeof(rom));
		if (may_be(identification, at) && (complete || !piece->last)) {
			if (piece->last)
				finish(identification, ret_found, ret_caller);
			return released;
		}
		return released + release(identification, ret_input + released);
	}
	released += release(identification, ret_input + released);
	memcpy(ret_input + released, piece->bytes, piece->length);
	return released + piece->length;
}
