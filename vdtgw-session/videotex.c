/*
 * Follows what the terminal makes of the bytes it receives, as far as the boundaries of sequences
 * need it: STUM 1B, part 2, chapters 2 (screen) and 6 (protocol), and the downloading of
 * characters (DRCS) of later terminals. A control code inside a sequence ends it and is obeyed,
 * NUL is padding anywhere; both are STUM's rules of resynchronisation.
 */
#include "vdtgw-session/videotex.h"

#include <stdbool.h>

enum {
	NUL = 0x00,
	BS = 0x08,
	LF = 0x0a,
	FF = 0x0c,
	SEP = 0x13,
	SS2 = 0x19,
	ESC = 0x1b,
	SS3 = 0x1d,
	RS = 0x1e,
	US = 0x1f,
	FIRST_PRINTABLE = 0x20,

	/* After ESC. */
	TRANSPARENCY = 0x25,
	G0_SET = 0x28,
	G1_SET = 0x29,
	TRANSPARENCY_END = 0x2f,
	PRO1 = 0x39,
	PRO2 = 0x3a,
	PRO3 = 0x3b,
	CSI = 0x5b,

	PRO2_TRANSPARENCY = 0x66,
	US_DOWNLOAD = 0x23,

	/* US: rows and columns are counted from 40; there are 24 rows below row 0. */
	US_ORIGIN = 0x40,
	US_LAST_ROW = US_ORIGIN + 24,
	LAST_ROW = 24,
};

enum state {
	STATE_GROUND,
	STATE_ESCAPE,      /* 1B */
	STATE_DESIGNATION, /* 1B 2x …: ISO 2022, until 30–7F */
	STATE_CSI,         /* 1B 5B …: until 40–7F */
	STATE_PROTOCOL,    /* PRO1 to PRO3, `missing` arguments to come */
	STATE_COUNT,       /* 1B 3A 66: how many bytes the protocol does not look at */
	STATE_US_ROW,      /* 1F */
	STATE_US_COLUMN,   /* 1F row */
	STATE_SS2,         /* 19 */
	STATE_ACCENT,      /* 19 41–4F: the letter is to come */
	STATE_ARGUMENT,    /* REP, SEP, SS3, 1B 35–37: any character is to come */
};

enum mode {
	MODE_ORDINARY,
	MODE_DOWNLOAD,    /* all is patterns until the next US */
	MODE_TRANSPARENT, /* the screen ignores all until 1B 25 40 or 1B 2F 3F */
};

static void videotex_raise_limit(struct videotex *videotex, uint16_t limit)
{
	if (videotex->limit < limit)
		videotex->limit = limit;
}

static void videotex_enter_row0(struct videotex *videotex)
{
	videotex->row0 = 1;
	videotex_raise_limit(videotex, VIDEOTEX_ROW0_MAX);
}

static void videotex_enter_mode(struct videotex *videotex, enum mode mode)
{
	videotex->mode = (uint8_t)mode;
	videotex_raise_limit(videotex, VIDEOTEX_DOWNLOAD_MAX);
}

static bool is_digit(uint8_t byte)
{
	return byte >= 0x30 && byte <= 0x39;
}

/* A position outside the screen is ignored, except that one which names row 0 is taken for a
 * visit, which is the safe side. */
static void videotex_move(struct videotex *videotex, uint8_t row, uint8_t column)
{
	if (row >= US_ORIGIN && column >= US_ORIGIN) {
		if (row == US_ORIGIN)
			videotex_enter_row0(videotex);
		else if (row <= US_LAST_ROW && column > US_ORIGIN)
			videotex->row0 = 0;
	} else if (is_digit(row) && is_digit(column)) {
		unsigned number = (row - 0x30U) * 10 + (column - 0x30U);
		if (number == 0)
			videotex_enter_row0(videotex);
		else if (number <= LAST_ROW)
			videotex->row0 = 0;
	}
}

static enum state videotex_feed_escape(struct videotex *videotex, uint8_t byte)
{
	videotex->first = byte;
	if (byte == TRANSPARENCY) {
		videotex_enter_mode(videotex, MODE_TRANSPARENT);
		return STATE_DESIGNATION;
	}
	if (byte < 0x30)
		return STATE_DESIGNATION;
	if (byte >= 0x35 && byte <= 0x37)
		return STATE_ARGUMENT;
	if (byte >= PRO1 && byte <= PRO3) {
		videotex->missing = (uint8_t)(byte - PRO1 + 1);
		return STATE_PROTOCOL;
	}
	return byte == CSI ? STATE_CSI : STATE_GROUND;
}

static enum state videotex_feed_us_row(struct videotex *videotex, uint8_t byte)
{
	videotex->mode = MODE_ORDINARY;
	if (byte == US_DOWNLOAD) {
		/* Patterns are not written at the cursor, which only a US can use again. */
		videotex->row0 = 0;
		videotex_enter_mode(videotex, MODE_DOWNLOAD);
		return STATE_GROUND;
	}
	videotex->first = byte;
	return STATE_US_COLUMN;
}

static enum state videotex_feed_protocol(struct videotex *videotex, uint8_t byte)
{
	videotex->missing--;
	if (videotex->missing == 0)
		return STATE_GROUND;
	if (videotex->first == PRO2 && byte == PRO2_TRANSPARENCY)
		return STATE_COUNT;
	return STATE_PROTOCOL;
}

static enum state videotex_feed_printable(struct videotex *videotex, uint8_t byte)
{
	switch ((enum state)videotex->state) {
	case STATE_ESCAPE:
		return videotex_feed_escape(videotex, byte);
	case STATE_DESIGNATION:
		return byte < 0x30 ? STATE_DESIGNATION : STATE_GROUND;
	case STATE_CSI:
		return byte < 0x40 ? STATE_CSI : STATE_GROUND;
	case STATE_PROTOCOL:
		return videotex_feed_protocol(videotex, byte);
	case STATE_US_ROW:
		return videotex_feed_us_row(videotex, byte);
	case STATE_US_COLUMN:
		videotex_move(videotex, videotex->first, byte);
		return STATE_GROUND;
	case STATE_SS2:
		return byte >= 0x41 && byte <= 0x4f ? STATE_ACCENT : STATE_GROUND;
	case STATE_GROUND:
	case STATE_COUNT:
	case STATE_ACCENT:
	case STATE_ARGUMENT:
		return STATE_GROUND;
	}
	return STATE_GROUND;
}

/* A control code, whatever was under way. */
static enum state videotex_feed_control(struct videotex *videotex, uint8_t byte)
{
	if (byte == NUL)
		return (enum state)videotex->state;
	/* The count is a number from 1 to 127, not a character. */
	if (videotex->state == STATE_COUNT)
		return STATE_GROUND;
	videotex->mode = MODE_ORDINARY;
	switch (byte) {
	case ESC:
		return STATE_ESCAPE;
	case US:
		return STATE_US_ROW;
	case SS2:
		return STATE_SS2;
	case VIDEOTEX_REP:
	case SEP:
	case SS3:
		return STATE_ARGUMENT;
	case LF:
	case FF:
	case RS:
		videotex->row0 = 0;
		return STATE_GROUND;
	default:
		return STATE_GROUND;
	}
}

/* Only the two sequences that end the transparency are looked for; nothing resynchronises. */
static enum state videotex_feed_transparent(struct videotex *videotex, uint8_t byte)
{
	if (byte == NUL)
		return (enum state)videotex->state;
	if (byte == ESC)
		return STATE_ESCAPE;
	if (videotex->state == STATE_ESCAPE && (byte == TRANSPARENCY || byte == TRANSPARENCY_END)) {
		videotex->first = byte;
		return STATE_DESIGNATION;
	}
	if (videotex->state == STATE_DESIGNATION &&
	    byte == (videotex->first == TRANSPARENCY ? 0x40 : 0x3f))
		videotex->mode = MODE_ORDINARY;
	return STATE_GROUND;
}

static void videotex_interpret(struct videotex *videotex, uint8_t byte)
{
	enum state next;

	if (videotex->mode == MODE_TRANSPARENT)
		next = videotex_feed_transparent(videotex, byte);
	else if (videotex->mode == MODE_DOWNLOAD && videotex->state == STATE_GROUND && byte != US)
		next = STATE_GROUND;
	else if (byte < FIRST_PRINTABLE)
		next = videotex_feed_control(videotex, byte);
	else
		next = videotex_feed_printable(videotex, byte);
	videotex->state = (uint8_t)next;
}

enum videotex_position videotex_feed_special(struct videotex *videotex, uint8_t byte)
{
	if (videotex_position(videotex) == VIDEOTEX_BOUNDARY) {
		videotex->length = 0;
		videotex->limit = VIDEOTEX_SEQUENCE_MAX;
	}
	if (videotex->length < UINT16_MAX)
		videotex->length++;
	videotex_interpret(videotex, byte & 0x7f);
	return videotex_position(videotex);
}

enum videotex_position videotex_position(const struct videotex *videotex)
{
	if ((videotex->state | videotex->mode | videotex->row0) == 0)
		return VIDEOTEX_BOUNDARY;
	return videotex->length > videotex->limit ? VIDEOTEX_OVERLONG : VIDEOTEX_INSIDE;
}

/* The final byte that makes a designation do nothing: the sets that a terminal starts with, the
 * end of a transparency; anything else becomes a designation that STUM says is filtered. */
static uint8_t designation_final(uint8_t intermediate)
{
	switch (intermediate) {
	case G0_SET:
		return 0x40;
	case G1_SET:
		return 0x63;
	case TRANSPARENCY_END:
		return 0x3f;
	default:
		return 0x7e;
	}
}

/* The next byte towards the end of what is under way. Each sequence is completed as itself rather
 * than cut by a control code, because emulators are less sure to resynchronise than terminals. */
static uint8_t videotex_completing_byte(const struct videotex *videotex)
{
	switch ((enum state)videotex->state) {
	case STATE_GROUND:
		/* A download is ended by a visit to row 0, which is then left without a trace. */
		return videotex->mode == MODE_DOWNLOAD ? US : LF;
	case STATE_ESCAPE:
		return G0_SET;
	case STATE_DESIGNATION:
		return designation_final(videotex->first);
	case STATE_CSI:
		return 0x7e; /* no function of STUM; filtered */
	case STATE_PROTOCOL:
		/* Neither a command of PRO1, nor a module, speed or mode of PRO2 and PRO3. */
		return 0x40;
	case STATE_COUNT:
		return 0x01; /* the fewest bytes */
	case STATE_US_ROW:
		return US_ORIGIN; /* row 0: left by LF, which restores the cursor */
	case STATE_US_COLUMN:
		/* The row that the service named, its first column. */
		return is_digit(videotex->first) ? 0x30 : US_ORIGIN + 1;
	case STATE_SS2:
		return 0x41; /* an accent, which a space then makes invisible */
	case STATE_ACCENT:
		return 0x20;
	case STATE_ARGUMENT:
		return 0x40; /* repeat no times; no key; ignored */
	}
	return LF;
}

size_t videotex_complete(struct videotex *videotex, uint8_t ret_bytes[VIDEOTEX_COMPLETION_MAX])
{
	static const uint8_t end_of_transparency[] = { ESC, TRANSPARENCY, 0x40 };
	size_t length = 0;

	if (videotex->mode == MODE_TRANSPARENT) {
		for (size_t i = 0; i < sizeof(end_of_transparency); i++)
			ret_bytes[length++] = end_of_transparency[i];
		videotex->mode = MODE_ORDINARY;
		videotex->state = STATE_GROUND;
	}
	/* At most US, row, column, LF follow; the longest of the others is shorter. */
	while (videotex_position(videotex) != VIDEOTEX_BOUNDARY) {
		bool accent = videotex->state == STATE_ACCENT;
		uint8_t byte = videotex_completing_byte(videotex);
		ret_bytes[length++] = byte;
		videotex_interpret(videotex, byte);
		if (accent)
			ret_bytes[length++] = BS; /* back over that space */
	}
	*videotex = (struct videotex) { 0 };
	return length;
}
