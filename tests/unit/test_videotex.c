/* links: vdtgw-session */
/*
 * Where sequences end, as a table of bytes with the position expected after each; what completes a
 * cut one, as a table too.
 */
#include "vdtgw-session/videotex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Bytes of a literal, zeros within included. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

struct boundary_case {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	const char *positions; /* a letter a byte: i inside, B boundary */
};

static const struct boundary_case boundary_cases[] = {
	{ "text", BYTES("Bon"), "BBB" },
	{ "eight bits", BYTES("\xe9\xa0\xff"), "BBB" },
	{ "lone controls", BYTES("\x00\x05\x07\x0c\x0e\x0f\x11\x14\x18"), "BBBBBBBBB" },
	{ "attribute", BYTES("\x1b\x41x"), "iBB" },
	{ "cursor request", BYTES("\x1b\x61"), "iB" },
	{ "PRO1", BYTES("\x1b\x39\x7bx"), "iiBB" },
	{ "PRO2", BYTES("\x1b\x3a\x6b\x64x"), "iiiBB" },
	{ "PRO3", BYTES("\x1b\x3b\x61\x58\x51x"), "iiiiBB" },
	{ "PRO2 transparency counts in binary", BYTES("\x1b\x3a\x66\x09x"), "iiiBB" },
	{ "PRO3 has no count", BYTES("\x1b\x3b\x66\x66\x66x"), "iiiiBB" },
	{ "filtered ESC 35 X", BYTES("\x1b\x35xy"), "iiBB" },
	{ "G0 set", BYTES("\x1b\x28\x40x"), "iiBB" },
	{ "DRCS set", BYTES("\x1b\x28\x20\x42x"), "iiiBB" },
	{ "full screen concealed", BYTES("\x1b\x23\x20\x58x"), "iiiBB" },
	{ "CSI",
	  BYTES("\x1b[2J"
		"x"),
	  "iiiBB" },
	{ "CSI with parameters", BYTES("\x1b[12;34Hx"), "iiiiiiiBB" },
	{ "CSI with an intermediate", BYTES("\x1b[1 @x"), "iiiiBB" },
	{ "position",
	  BYTES("\x1f\x45\x59"
		"A"),
	  "iiBB" },
	{ "position in digits", BYTES("\x1f\x31\x32x"), "iiBB" },
	{ "other header", BYTES("\x1f\x2f\x40x"), "iiBB" },
	{ "accent",
	  BYTES("\x19\x42"
		"ex"),
	  "iiBB" },
	{ "symbol",
	  BYTES("\x19\x2c"
		"x"),
	  "iBB" },
	{ "repetition", BYTES("\x12\x4ax"), "iBB" },
	{ "SEP", BYTES("\x13\x41x"), "iBB" },
	{ "SS3", BYTES("\x1d\x41x"), "iBB" },
	{ "parity does not hide a sequence",
	  BYTES("\x9f\xc5\x59\x99\x42"
		"e"),
	  "iiBiiB" },
	{ "NUL pads a sequence",
	  BYTES("\x1b\x00\x39\x00\x7b"
		"\x1f\x00\x45\x00\x59"),
	  "iiiiBiiiiB" },
	{ "a control ends a sequence",
	  BYTES("\x1b\x0e"
		"\x1f\x45\x0d"
		"\x19\x42\x07"),
	  "iBiiBiiB" },
	{ "a sequence ends another",
	  BYTES("\x1b\x1b\x41"
		"\x12\x1f\x45\x45"
		"\x1b[1\x19\x2c"),
	  "iiBiiiBiiiiB" },
	{ "row 0 until LF",
	  BYTES("\x1f\x40\x41"
		"ab\x18\x0ax"),
	  "iiiiiiBB" },
	{ "row 0 in digits",
	  BYTES("\x1f\x30\x30"
		"a\x0a"),
	  "iiiiB" },
	{ "row 0 with parity",
	  BYTES("\x9f\xc0\x41"
		"a\x8a"),
	  "iiiiB" },
	{ "row 0 until FF",
	  BYTES("\x1f\x40\x41"
		"a\x0c"),
	  "iiiiB" },
	{ "row 0 until RS",
	  BYTES("\x1f\x40\x41"
		"a\x1e"),
	  "iiiiB" },
	{ "row 0 until a position",
	  BYTES("\x1f\x40\x41"
		"a\x1f\x41\x41"),
	  "iiiiiiB" },
	{ "row 0 until a position in digits",
	  BYTES("\x1f\x40\x41"
		"a\x1f\x30\x31"),
	  "iiiiiiB" },
	{ "row 0 again",
	  BYTES("\x1f\x40\x41"
		"a\x1f\x40\x50"
		"b\x0a"),
	  "iiiiiiiiB" },
	{ "no position leaves row 0",
	  BYTES("\x1f\x40\x41"
		"\x1f\x7f\x41"
		"\x1f\x39\x39\x0a"),
	  "iiiiiiiiiB" },
	{ "no column leaves row 0", BYTES("\x1f\x40\x41\x1f\x45\x40\x0a"), "iiiiiiB" },
	{ "sequences on row 0",
	  BYTES("\x1f\x40\x41"
		"\x1b\x41\x19\x42"
		"e\x12\x41\x0a"),
	  "iiiiiiiiiiB" },
	{ "LF within a sequence leaves row 0", BYTES("\x1f\x40\x41\x1b\x0a"), "iiiiB" },
	{ "other rows are no visit",
	  BYTES("\x1f\x41\x40"
		"a\x1f\x58\x41"),
	  "iiBBiiB" },
	{ "download until a position",
	  BYTES("\x1f\x23\x20\x20\x20\x42\x49"
		"\x1f\x23\x21\x30"
		"@A\x30"
		"\x1f\x41\x41x"),
	  "iiiiiiiiiiiiiiiiBB" },
	{ "download from row 0", BYTES("\x1f\x40\x41\x1f\x23\x41\x1f\x41\x41"), "iiiiiiiiB" },
	{ "controls within a download", BYTES("\x1f\x23\x0a\x1b\x41\x1f\x0c"), "iiiiiiB" },
	{ "transparency",
	  BYTES("\x1b\x25\x41"
		"ab\x1f\x41\x41\x1b\x25\x40x"),
	  "iiiiiiiiiiBB" },
	{ "transparency, other end",
	  BYTES("\x1b\x25"
		"a\x1b\x2f\x40\x1b\x2f\x3fx"),
	  "iiiiiiiiBB" },
	{ "end of transparency alone",
	  BYTES("\x1b\x25\x40x"
		"\x1b\x2f\x3f"),
	  "iiBBiiB" },
	{ "transparency on row 0",
	  BYTES("\x1f\x40\x41\x1b\x25"
		"a\x0a\x1b\x25\x40\x0a"),
	  "iiiiiiiiiiB" },
};

static const char position_letters[] = {
	[VIDEOTEX_INSIDE] = 'i',
	[VIDEOTEX_BOUNDARY] = 'B',
	[VIDEOTEX_OVERLONG] = 'O',
};

static void test_boundaries_are_where_sequences_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(boundary_cases) / sizeof(boundary_cases[0]); i++) {
		const struct boundary_case *row = &boundary_cases[i];
		struct videotex videotex = { 0 };
		char got[64] = "";

		assert_true(row->length < sizeof(got));
		for (size_t byte = 0; byte < row->length; byte++) {
			enum videotex_position position =
			    videotex_feed(&videotex, row->bytes[byte]);
			assert_int_equal(position, videotex_position(&videotex));
			got[byte] = position_letters[position];
		}
		if (strcmp(got, row->positions) != 0)
			fail_msg("%s: %s, not %s", row->name, got, row->positions);
	}
}

struct completion_case {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	const uint8_t *completion;
	size_t completion_length;
};

static const struct completion_case completion_cases[] = {
	{ "nothing under way", BYTES("abc"), BYTES("") },
	{ "ESC", BYTES("\x1b"), BYTES("\x28\x40") },
	{ "G0", BYTES("\x1b\x28"), BYTES("\x40") },
	{ "G1", BYTES("\x1b\x29"), BYTES("\x63") },
	{ "end of transparency", BYTES("\x1b\x2f"), BYTES("\x3f") },
	{ "concealing", BYTES("\x1b\x23\x20"), BYTES("\x7e") },
	{ "transparency", BYTES("\x1b\x25"), BYTES("\x1b\x25\x40") },
	{ "in transparency",
	  BYTES("\x1b\x25"
		"ab\x1b"),
	  BYTES("\x1b\x25\x40") },
	{ "in transparency on row 0",
	  BYTES("\x1f\x40\x41\x1b\x25"
		"a"),
	  BYTES("\x1b\x25\x40\x0a") },
	{ "CSI", BYTES("\x1b["), BYTES("\x7e") },
	{ "CSI parameters", BYTES("\x1b[1;"), BYTES("\x7e") },
	{ "PRO1 is no command", BYTES("\x1b\x39"), BYTES("\x40") },
	{ "PRO2", BYTES("\x1b\x3a"), BYTES("\x40\x40") },
	{ "PRO2 speed is none", BYTES("\x1b\x3a\x6b"), BYTES("\x40") },
	{ "PRO2 transparency", BYTES("\x1b\x3a\x66"), BYTES("\x01") },
	{ "PRO3", BYTES("\x1b\x3b"), BYTES("\x40\x40\x40") },
	{ "PRO3 modules are none", BYTES("\x1b\x3b\x61\x58"), BYTES("\x40") },
	{ "US", BYTES("\x1f"), BYTES("\x40\x41\x0a") },
	{ "row", BYTES("\x1f\x45"), BYTES("\x41") },
	{ "row 0", BYTES("\x1f\x40"), BYTES("\x41\x0a") },
	{ "digit", BYTES("\x1f\x31"), BYTES("\x30") },
	{ "digit 0", BYTES("\x1f\x30"), BYTES("\x30\x0a") },
	{ "row 0 visit", BYTES("\x1f\x40\x41 text"), BYTES("\x0a") },
	{ "US on row 0", BYTES("\x1f\x40\x41 text\x1f"), BYTES("\x40\x41\x0a") },
	{ "row on row 0", BYTES("\x1f\x40\x41 text\x1f\x45"), BYTES("\x41") },
	{ "PRO3 on row 0", BYTES("\x1f\x40\x41\x1b\x3b"), BYTES("\x40\x40\x40\x0a") },
	{ "SS2", BYTES("\x19"), BYTES("\x41\x20\x08") },
	{ "accent", BYTES("\x19\x42"), BYTES("\x20\x08") },
	{ "SS2 on row 0", BYTES("\x1f\x40\x41\x19"), BYTES("\x41\x20\x08\x0a") },
	{ "REP repeats nothing", BYTES("a\x12"), BYTES("\x40") },
	{ "SEP", BYTES("\x13"), BYTES("\x40") },
	{ "download", BYTES("\x1f\x23\x20"), BYTES("\x1f\x40\x41\x0a") },
	{ "download, US", BYTES("\x1f\x23\x20\x1f"), BYTES("\x40\x41\x0a") },
};

static void test_completion_has_no_command_and_reaches_a_boundary(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(completion_cases) / sizeof(completion_cases[0]); i++) {
		const struct completion_case *row = &completion_cases[i];
		struct videotex videotex = { 0 };
		struct videotex terminal;
		uint8_t completion[VIDEOTEX_COMPLETION_MAX];
		size_t length;

		for (size_t byte = 0; byte < row->length; byte++)
			videotex_feed(&videotex, row->bytes[byte]);
		terminal = videotex;
		length = videotex_complete(&videotex, completion);
		if (length != row->completion_length ||
		    memcmp(completion, row->completion, length) != 0)
			fail_msg("%s: %zu bytes, first %02x", row->name, length,
				 length > 0 ? completion[0] : 0U);
		assert_int_equal(videotex_position(&videotex), VIDEOTEX_BOUNDARY);
		for (size_t byte = 0; byte < length; byte++)
			videotex_feed(&terminal, completion[byte]);
		if (videotex_position(&terminal) != VIDEOTEX_BOUNDARY)
			fail_msg("%s: the terminal is not at a boundary", row->name);
	}
}

struct overlong_case {
	const char *name;
	const uint8_t *start;
	size_t start_length;
	uint8_t filler;
	unsigned limit;
	const uint8_t *end;
	size_t end_length;
};

static const struct overlong_case overlong_cases[] = {
	{ "CSI", BYTES("\x1b["), '1', VIDEOTEX_SEQUENCE_MAX, BYTES("H") },
	{ "designation", BYTES("\x1b\x28"), ' ', VIDEOTEX_SEQUENCE_MAX, BYTES("@") },
	{ "escapes in a row", BYTES(""), 0x1b, VIDEOTEX_SEQUENCE_MAX, BYTES("A") },
	{ "padding", BYTES("\x1f"), 0x00, VIDEOTEX_SEQUENCE_MAX, BYTES("AA") },
	{ "row 0", BYTES("\x1f\x40\x41"), 'a', VIDEOTEX_ROW0_MAX, BYTES("\x0a") },
	{ "download", BYTES("\x1f\x23"), 'a', VIDEOTEX_DOWNLOAD_MAX, BYTES("\x1f\x41\x41") },
	{ "transparency", BYTES("\x1b\x25"), 'a', VIDEOTEX_DOWNLOAD_MAX, BYTES("\x1b\x25\x40") },
};

static void test_endless_sequence_becomes_overlong_until_its_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(overlong_cases) / sizeof(overlong_cases[0]); i++) {
		const struct overlong_case *row = &overlong_cases[i];
		struct videotex videotex = { 0 };
		enum videotex_position position = VIDEOTEX_BOUNDARY;

		for (size_t byte = 0; byte < row->start_length; byte++)
			videotex_feed(&videotex, row->start[byte]);
		for (size_t fed = row->start_length + 1; fed <= 200000; fed++) {
			position = videotex_feed(&videotex, row->filler);
			if (position != (fed > row->limit ? VIDEOTEX_OVERLONG : VIDEOTEX_INSIDE))
				fail_msg("%s: wrong after %zu bytes", row->name, fed);
		}
		for (size_t byte = 0; byte < row->end_length; byte++)
			position = videotex_feed(&videotex, row->end[byte]);
		assert_int_equal(position, VIDEOTEX_BOUNDARY);
		assert_int_equal(videotex_feed(&videotex, 0x1b), VIDEOTEX_INSIDE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boundaries_are_where_sequences_end),
		cmocka_unit_test(test_completion_has_no_command_and_reaches_a_boundary),
		cmocka_unit_test(test_endless_sequence_becomes_overlong_until_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
