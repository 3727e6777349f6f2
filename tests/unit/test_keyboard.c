/* links: vdtgw-session */
/*
 * Tokens of the caller's input, as a table; each row is tried whole and byte by byte, which must
 * give the same keys.
 */
#include "vdtgw-session/keyboard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

struct input_case {
	const char *name;
	const uint8_t *bytes;
	size_t length;
	const char *tokens; /* plain bytes in hexadecimal, keys as <41> */
	bool waiting;
};

static const struct input_case input_cases[] = {
	{ "nothing", BYTES(""), "", false },
	{ "text", BYTES("abc"), "616263", false },
	{ "all is data but SEP", BYTES("\x00\x93\xff\x1b"), "0093ff1b", false },
	{ "Envoi", BYTES("\x13\x41"), "<41>", false },
	{ "text and keys",
	  BYTES("ab\x13\x41\x13\x49"
		"c"),
	  "6162<41><49>63", false },
	{ "unknown key",
	  BYTES("\x13\x00\x13\xff"
		"A"),
	  "<00><ff>41", false },
	{ "SEP at the end waits", BYTES("a\x13"), "61", true },
	{ "two SEP", BYTES("\x13\x13\x49"), "13<49>", false },
	{ "many SEP", BYTES("\x13\x13\x13\x13"), "131313", true },
	{ "SEP SEP, then text",
	  BYTES("\x13\x13"
		"ab"),
	  "13<61>62", false },
};

/* Appends the tokens of one packet to what is already in text. */
static void describe(struct keyboard *keyboard, const uint8_t *bytes, size_t length, char *text,
		     size_t size)
{
	struct keyboard_token token;

	while (keyboard_next(keyboard, &bytes, &length, &token)) {
		size_t used = strlen(text);
		assert_true(used + 2 * token.length + 5 < size);
		if (token.length == 0)
			snprintf(text + used, size - used, "<%02x>", token.key);
		for (size_t i = 0; i < token.length; i++)
			snprintf(text + used + 2 * i, size - used - 2 * i, "%02x", token.bytes[i]);
	}
	assert_int_equal(length, 0);
}

static void test_keys_are_recognised_however_packets_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(input_cases) / sizeof(input_cases[0]); i++) {
		const struct input_case *row = &input_cases[i];

		for (size_t packet = 1; packet <= row->length + 1; packet++) {
			struct keyboard keyboard = { 0 };
			char got[128] = "";

			for (size_t start = 0; start < row->length; start += packet) {
				size_t rest = row->length - start;
				describe(&keyboard, row->bytes + start,
					 rest < packet ? rest : packet, got, sizeof(got));
			}
			if (strcmp(got, row->tokens) != 0)
				fail_msg("%s by %zu: %s", row->name, packet, got);
			assert_int_equal(keyboard_waiting(&keyboard), row->waiting);
		}
	}
}

static void test_flush_gives_up_a_waiting_separator_once(void **state)
{
	struct keyboard keyboard = { 0 };
	char got[32] = "";

	(void)state;
	assert_false(keyboard_flush(&keyboard));
	describe(&keyboard, BYTES("\x13"), got, sizeof(got));
	assert_true(keyboard_waiting(&keyboard));
	assert_true(keyboard_flush(&keyboard));
	assert_false(keyboard_waiting(&keyboard));
	assert_false(keyboard_flush(&keyboard));
	describe(&keyboard, BYTES("I"), got, sizeof(got));
	assert_string_equal(got, "49");
}

static void test_both_hang_up_codes_are_known(void **state)
{
	(void)state;
	for (unsigned key = 0; key <= UINT8_MAX; key++)
		assert_int_equal(keyboard_is_hang_up((uint8_t)key), key == 0x49 || key == 0x59);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_recognised_however_packets_are_split),
		cmocka_unit_test(test_flush_gives_up_a_waiting_separator_once),
		cmocka_unit_test(test_both_hang_up_codes_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
