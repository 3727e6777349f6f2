/*
 * The terminal's language, inwards. Only what a kiosk acts upon gets out of here: typed
 * characters, function keys, and who the terminal says it is.
 */
#include "vdtgw-teletel/terminal_input.h"

#include <stddef.h>

enum input_state {
	INPUT_PLAIN,
	INPUT_AFTER_SEP,
	INPUT_AFTER_ESC,
	INPUT_IN_CSI,
	INPUT_AFTER_SS2,
	INPUT_PASSING_OVER,
	INPUT_IN_ANSWER,
};

enum {
	SOH = 0x01,
	EOT = 0x04,
	SEP = 0x13,
	SS2 = 0x19,
	ESC = 0x1b,
	BACKSPACE = 0x08,
	RETURN = 0x0d,
	DELETE = 0x7f,
	ANSWER_MAX = 51, /* bytes of the longest answer that terminals give (ENQRAM) */
};

static const char *const makers[] = {
	"Matra", "RTIC",   "Telic-Alcatel", "Thomson", "CCS",         "Fiet",
	"Fime",  "Unitel", "Option",        "Bull",    "Télématique", "Desmet",
};

/* From 62, 'b'. */
static const char *const types[] = {
	['b' - 'b'] = "Minitel 1 (clavier ABCD)",
	['c' - 'b'] = "Minitel 1",
	['d' - 'b'] = "Minitel 10",
	['e' - 'b'] = "Minitel 1 couleur",
	['f' - 'b'] = "Minitel 10",
	['g' - 'b'] = "Émulateur",
	['j' - 'b'] = "Imprimante",
	['p' - 'b'] = "Minitel Magis Club",
	['r' - 'b'] = "Minitel 1",
	['s' - 'b'] = "Minitel 1 couleur",
	['t' - 'b'] = "Terminatel 252",
	['u' - 'b'] = "Minitel 1B",
	['v' - 'b'] = "Minitel 2",
	['w' - 'b'] = "Minitel 10B",
	['y' - 'b'] = "Minitel 5",
	['z' - 'b'] = "Minitel 12",
};

const char *terminal_maker_name(uint8_t maker)
{
	size_t index = (size_t)maker - 'A';

	return index < sizeof(makers) / sizeof(makers[0]) ? makers[index] : NULL;
}

const char *terminal_type_name(uint8_t type)
{
	size_t index = (size_t)type - 'b';

	return index < sizeof(types) / sizeof(types[0]) ? types[index] : NULL;
}

static struct terminal_event plain(struct terminal_input *input, uint8_t byte)
{
	input->state = INPUT_PLAIN;
	switch (byte) {
	case SEP:
		input->state = INPUT_AFTER_SEP;
		break;
	case ESC:
		input->state = INPUT_AFTER_ESC;
		break;
	case SS2:
		input->state = INPUT_AFTER_SS2;
		break;
	case SOH:
		input->state = INPUT_IN_ANSWER;
		input->collected = 0;
		break;
	case RETURN:
		return (struct terminal_event) { .kind = TERMINAL_KEY, .byte = KEY_ENVOI };
	case BACKSPACE:
	case DELETE:
		return (struct terminal_event) { .kind = TERMINAL_KEY, .byte = KEY_CORRECTION };
	default:
		if (byte >= 0x20 && byte < 0x7f)
			return (struct terminal_event) { .kind = TERMINAL_CHARACTER, .byte = byte };
		break;
	}
	return (struct terminal_event) { .kind = TERMINAL_NOTHING };
}

/* Protocol answers: PRO1, PRO2 and PRO3 say by their second byte how many follow. */
static void after_escape(struct terminal_input *input, uint8_t byte)
{
	input->state = INPUT_PLAIN;
	if (byte == 0x5b)
		input->state = INPUT_IN_CSI;
	if (byte >= 0x39 && byte <= 0x3b) {
		input->state = INPUT_PASSING_OVER;
		input->passed_over = (uint8_t)(byte - 0x38);
	}
}

/* 01 … 04. Three bytes are an identification; other lengths are ENQRAM's. */
static struct terminal_event in_answer(struct terminal_input *input, uint8_t byte)
{
	struct terminal_event event = { .kind = TERMINAL_NOTHING };

	if (byte == EOT) {
		input->state = INPUT_PLAIN;
		if (input->collected == sizeof(input->answer)) {
			event.kind = TERMINAL_IDENTITY;
			event.identity = (struct terminal_identity) { .maker = input->answer[0],
								      .type = input->answer[1],
								      .version = input->answer[2] };
		}
		return event;
	}
	/* A key pressed inside a broken answer must not be lost. */
	if (byte == SEP || byte == ESC || byte == SOH || input->collected == ANSWER_MAX)
		return plain(input, byte);
	if (input->collected < sizeof(input->answer))
		input->answer[input->collected] = byte;
	input->collected++;
	return event;
}

struct terminal_event terminal_input_feed(struct terminal_input *input, uint8_t byte)
{
	struct terminal_event nothing = { .kind = TERMINAL_NOTHING };

	byte &= 0x7f;
	switch ((enum input_state)input->state) {
	case INPUT_PLAIN:
		return plain(input, byte);
	case INPUT_AFTER_SEP:
		input->state = INPUT_PLAIN;
		return (struct terminal_event) { .kind = TERMINAL_KEY, .byte = byte };
	case INPUT_AFTER_ESC:
		after_escape(input, byte);
		return nothing;
	case INPUT_IN_CSI:
		if (byte >= 0x40 || byte < 0x20)
			input->state = INPUT_PLAIN;
		return nothing;
	case INPUT_AFTER_SS2:
		/* An accent (41–4F) is dropped and its letter taken; other symbols are not for
		 * names. */
		input->state = INPUT_PLAIN;
		return byte == SEP || byte == ESC ? plain(input, byte) : nothing;
	case INPUT_PASSING_OVER:
		if (--input->passed_over == 0)
			input->state = INPUT_PLAIN;
		return nothing;
	case INPUT_IN_ANSWER:
		return in_answer(input, byte);
	}
	return nothing;
}
