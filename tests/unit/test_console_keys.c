/* links: vdtgw-session */
/* What people type at a console, and what comes from those who are none. */
#include "vdtgw-session/console/console_keys.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* "?": CONSOLE_KEY_UNKNOWN; NULL: nobody types it. */
static const struct {
	const uint8_t *bytes;
	size_t length;
	const char *keys;
} rows[] = {
	{ BYTES(""), "" },
	{ BYTES("s"), "s" },
	{ BYTES("S"), "s" },
	{ BYTES("ss"), "s" },
	{ BYTES("\r"), "" },
	{ BYTES("\r\n"), "" },
	{ BYTES("s\n"), "s" },
	{ BYTES("s\r\n"), "s" },
	{ BYTES("s\r\0b\r\0"), "sb" },
	{ BYTES("s\nb\nq\n"), "sbq" },
	{ BYTES("\x03"), "q" },
	{ BYTES("\x04"), "q" },
	{ BYTES("x"), "x" },
	{ BYTES("1"), "?" },
	{ BYTES(" "), "?" },
	{ BYTES("/"), "?" },
	{ BYTES("\x7f"), "?" },
	{ BYTES("help\r\n"), "?" },
	{ BYTES("kr"), "?" },
	{ BYTES("\xc3\xa9"), "?" },
	{ BYTES("\x1b[A"), "?" },
	{ BYTES("\x1bOP"), "?" },
	{ BYTES("\x1b[15~"), "?" },
	/* The doors' other visitors: a browser's requests, whatever the method is called, and what
	 * browsers send to a TURN server. */
	{ BYTES("GET / HTTP/1.1\r\nHost: localhost:8999\r\n\r\n"), NULL },
	{ BYTES("POST / HTTP/1.1\r\n\r\nk\ny\n"), NULL },
	{ BYTES("k / HTTP/1.1\r\n"), NULL },
	{ BYTES("POST "), NULL },
	{ BYTES("k\ny\nPOST / HTTP/1.1\r\n"), NULL },
	{ BYTES("k\ny\nHost: localhost\n"), NULL },
	{ BYTES("\x00\x03\x00\x08\x21\x12\xa4\x42kykykykykyky\x00\x19\x00\x04\x06\x00\x00\x00"),
	  NULL },
	{ BYTES("\x16\x03\x01\x02\x00\x01"), NULL },
	{ BYTES("SSH-2.0-Go\r\n"), NULL },
	{ BYTES("EHLO example.org\r\n"), NULL },
	{ BYTES("USER root\n"), NULL },
	{ BYTES("*1\r\n$4\r\nINFO\r\n"), NULL },
	{ BYTES("{\"k\":1}\n"), NULL },
	{ BYTES("abcdefghijklmnopq"), NULL },
	{ BYTES("sssssssssssssssss"), NULL },
	{ BYTES("k\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\nk\n"), NULL },
	{ BYTES("\x1b\x1b\x1b[A"), NULL },
	{ BYTES("\x01\x02"), NULL },
};

static void test_keys_are_told_from_other_protocols(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char keys[CONSOLE_KEYS_MAX];
		int count = console_keys_read(keys, rows[i].bytes, rows[i].length);

		if (rows[i].keys == NULL) {
			if (count != -EPROTO)
				fail_msg("row %zu: %d keys", i, count);
			continue;
		}
		if (count != (int)strlen(rows[i].keys))
			fail_msg("row %zu: %d instead of %zu keys", i, count, strlen(rows[i].keys));
		for (int key = 0; key < count; key++)
			assert_int_equal(keys[key] == CONSOLE_KEY_UNKNOWN ? '?' : keys[key],
					 rows[i].keys[key]);
	}
}

static void test_what_nobody_types_leaves_no_key(void **state)
{
	char keys[CONSOLE_KEYS_MAX] = "untouched";

	(void)state;
	assert_int_equal(console_keys_read(keys, BYTES("k\nGET / HTTP/1.1\r\n")), -EPROTO);
	assert_string_equal(keys, "untouched");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_are_told_from_other_protocols),
		cmocka_unit_test(test_what_nobody_types_leaves_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
