/*
 * Tells typed characters from what terminals send by themselves, groups them into bursts, and keeps
 * the level. The header has the rule.
 */
#include "vdtgw-session/typing_meter.h"

#include "common/microseconds.h"

enum {
	BURST_GAP = 100000,      /* µs between two characters of a burst at most */
	SEQUENCE_GAP = US_PER_S, /* µs between two bytes of a sequence at most: 75 bit/s and more */
	PREAMBLE_WAIT = 2000000,  /* µs from the answer to its first byte */
	PREAMBLE_SPAN = US_PER_S, /* µs from its first byte to its last */
	CSI_MAX = 24,             /* bytes */
	SUBNEGOTIATION_MAX = 64,  /* bytes: without its end, all of them count at once */
};

enum {
	SOH = 0x01,
	EOT = 0x04,
	SEP = 0x13,
	SS2 = 0x19,
	ESC = 0x1b,
	US = 0x1f,
	IAC = 0xff,
	TELNET_SE = 0xf0,
	TELNET_SB = 0xfa,
	TELNET_WILL = 0xfb,
};

enum state {
	GROUND,
	AFTER_SEP,
	AFTER_ESC,
	AFTER_SS2,
	AFTER_IAC,
	IN_ANSWER,
	IN_CSI,
	IN_SUBNEGOTIATION,
	SUBNEGOTIATION_IAC,
	COUNTED_OUT, /* as many bytes as are missing, whatever they are */
	IN_POSITION, /* US and two bytes */
	IN_ACCENT,
};

static double bound_of(const struct typing_meter *meter)
{
	double bound = meter->limit * TYPING_SPAN;

	return bound > TYPING_TOLERANCE ? bound : TYPING_TOLERANCE;
}

void typing_meter_init(struct typing_meter *meter, double limit, uint64_t now)
{
	*meter = (struct typing_meter) { .limit = limit, .level_at = now, .answered_at = now };
}

static void lower_level(struct typing_meter *meter, uint64_t now)
{
	meter->level -= meter->limit * (double)(now - meter->level_at) / US_PER_S;
	meter->level_at = now;
	if (meter->level < -bound_of(meter))
		meter->level = -bound_of(meter);
}

void typing_meter_set_limit(struct typing_meter *meter, uint64_t now, double limit)
{
	/* Without a limit nothing was counted, and nothing earned. */
	if (meter->limit <= 0)
		typing_meter_init(meter, limit, now);
	lower_level(meter, now);
	meter->limit = limit;
	if (meter->level > bound_of(meter))
		meter->level = bound_of(meter);
	if (meter->level < -bound_of(meter))
		meter->level = -bound_of(meter);
}

static void charge(struct typing_meter *meter, unsigned characters)
{
	meter->charged += characters;
	meter->level += characters;
	if (meter->level > bound_of(meter)) {
		meter->level = bound_of(meter);
		meter->exceeded = true;
	}
}

static void type_character(struct typing_meter *meter, uint64_t now, bool ends_line)
{
	if (meter->typed_at == 0 || now - meter->typed_at > BURST_GAP) {
		meter->burst = 0;
		meter->charged = 0;
		meter->line_ended = false;
	}
	meter->typed_at = now;
	/* The end of a line is no character of it. */
	if (ends_line && meter->burst > 0 && !meter->line_ended) {
		meter->line_ended = true;
		return;
	}
	meter->burst++;
	/* A single line so far, or all that was let off is due. */
	if (meter->burst > TYPING_PASTE_MAX || meter->line_ended)
		charge(meter, meter->burst - meter->charged);
	else if (meter->charged + 1 <= meter->limit || meter->charged == 0)
		charge(meter, 1);
}

static bool in_preamble(struct typing_meter *meter, uint64_t now)
{
	if (meter->first_at == 0)
		meter->first_at = now;
	if (meter->preamble >= TYPING_PREAMBLE_MAX ||
	    meter->first_at - meter->answered_at > PREAMBLE_WAIT ||
	    now - meter->first_at >= PREAMBLE_SPAN)
		return false;
	meter->preamble++;
	return true;
}

/* What follows ends the sequence under way; returns how many characters it typed. */
static unsigned end_sequence(struct typing_meter *meter, unsigned characters)
{
	meter->state = GROUND;
	return characters;
}

static unsigned begin(struct typing_meter *meter, enum state state)
{
	meter->state = (uint8_t)state;
	meter->length = 1;
	return 0;
}

/* A number of bytes that belong to it follow. */
static unsigned expect(struct typing_meter *meter, enum state state, uint8_t missing)
{
	meter->state = (uint8_t)state;
	meter->missing = missing;
	return 0;
}

static unsigned on_ground(struct typing_meter *meter, uint8_t byte)
{
	bool after_return = meter->after_return;

	meter->after_return = byte == '\r';
	switch (byte) {
	case SOH:
		return begin(meter, IN_ANSWER);
	case SEP:
		return begin(meter, AFTER_SEP);
	case SS2:
		return begin(meter, AFTER_SS2);
	case ESC:
		return begin(meter, AFTER_ESC);
	case US:
		(void)begin(meter, IN_POSITION);
		return expect(meter, IN_POSITION, 2);
	case IAC:
		return begin(meter, AFTER_IAC);
	case '\n':
	case '\0':
		return after_return ? 0 : 1;
	default:
		return 1;
	}
}

static unsigned after_separator(struct typing_meter *meter, uint8_t byte)
{
	/* Of two SEP the first is plain input, as the keyboard has it. */
	if (byte == SEP) {
		meter->length = 1;
		return 1;
	}
	meter->line_ended = true;
	return end_sequence(meter, 0);
}

static unsigned after_escape(struct typing_meter *meter, uint8_t byte)
{
	switch (byte) {
	case '[':
		meter->state = IN_CSI;
		return 0;
	case 'O': /* SS3 */
		return expect(meter, COUNTED_OUT, 1);
	case '9': /* PRO1 to PRO3 */
	case ':':
	case ';':
		return expect(meter, COUNTED_OUT, (uint8_t)(byte - '9' + 1));
	case ESC:
		return begin(meter, AFTER_ESC) + 1;
	default:
		return end_sequence(meter, 1);
	}
}

static unsigned in_csi(struct typing_meter *meter, uint8_t byte)
{
	/* The Linux console's first function keys: CSI, "[", one more. */
	if (byte == '[' && meter->length == 3)
		return expect(meter, COUNTED_OUT, 1);
	if (byte >= 0x40 && byte <= 0x7e)
		return end_sequence(meter, 0);
	if (byte < 0x20 || byte > 0x3f || meter->length >= CSI_MAX)
		return end_sequence(meter, meter->length);
	return 0;
}

static unsigned after_iac(struct typing_meter *meter, uint8_t byte)
{
	if (byte == IAC)
		return end_sequence(meter, 1);
	if (byte == TELNET_SB) {
		meter->state = IN_SUBNEGOTIATION;
		return 0;
	}
	if (byte >= TELNET_WILL)
		return expect(meter, COUNTED_OUT, 1);
	return end_sequence(meter, byte >= TELNET_SE ? 0 : 2);
}

static unsigned in_subnegotiation(struct typing_meter *meter, uint8_t byte)
{
	if (meter->state == SUBNEGOTIATION_IAC && byte == TELNET_SE)
		return end_sequence(meter, 0);
	if (meter->length >= SUBNEGOTIATION_MAX)
		return end_sequence(meter, meter->length);
	meter->state = meter->state == IN_SUBNEGOTIATION && byte == IAC ? SUBNEGOTIATION_IAC
									: IN_SUBNEGOTIATION;
	return 0;
}

static unsigned in_answer(struct typing_meter *meter, uint8_t byte)
{
	if (byte == EOT)
		return end_sequence(meter, 0);
	return meter->length >= TYPING_ANSWER_MAX ? end_sequence(meter, meter->length) : 0;
}

static unsigned in_position(struct typing_meter *meter, uint8_t byte)
{
	if (byte < '0' || byte > 0x7f)
		return end_sequence(meter, meter->length);
	return --meter->missing > 0 ? 0 : end_sequence(meter, 0);
}

/* One byte; returns how many characters are now known to have been typed. */
static unsigned recognise(struct typing_meter *meter, uint8_t byte)
{
	if (meter->state != GROUND)
		meter->length++;
	switch ((enum state)meter->state) {
	case GROUND:
		return on_ground(meter, byte);
	case AFTER_SEP:
		return after_separator(meter, byte);
	case AFTER_ESC:
		return after_escape(meter, byte);
	case AFTER_SS2:
		/* Accents and the cedilla wait for their letter. */
		if (byte >= 0x41 && byte <= 0x4b)
			return expect(meter, IN_ACCENT, 1);
		return end_sequence(meter, 1);
	case AFTER_IAC:
		return after_iac(meter, byte);
	case IN_ANSWER:
		return in_answer(meter, byte);
	case IN_CSI:
		return in_csi(meter, byte);
	case IN_SUBNEGOTIATION:
	case SUBNEGOTIATION_IAC:
		return in_subnegotiation(meter, byte);
	case COUNTED_OUT:
		return --meter->missing > 0 ? 0 : end_sequence(meter, 0);
	case IN_POSITION:
		return in_position(meter, byte);
	case IN_ACCENT:
		return end_sequence(meter, 1);
	}
	return 1;
}

bool typing_meter_feed(struct typing_meter *meter, uint64_t now, const uint8_t *bytes,
		       size_t length)
{
	if (meter->limit <= 0 || length == 0)
		return false;
	lower_level(meter, now);
	if (meter->state != GROUND && now - meter->byte_at > SEQUENCE_GAP)
		meter->state = GROUND;
	meter->byte_at = now;
	for (size_t i = 0; i < length; i++) {
		unsigned characters = recognise(meter, bytes[i]);
		bool ends_line = characters == 1 && (bytes[i] == '\r' || bytes[i] == '\n');

		if (in_preamble(meter, now))
			continue;
		for (; characters > 0; characters--)
			type_character(meter, now, ends_line);
	}
	return meter->exceeded;
}
