/* links: vdtgw-session */
#include "vdtgw-session/identification.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_enqrom_is_seen_however_it_is_split(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		unsigned asked; /* how often */
	} rows[] = {
		{ "\x1b\x39\x7b", 3, 1 },
		{ "page\x1b\x39\x7bmore", 11, 1 },
		{ "\x1b\x1b\x39\x7b", 4, 1 },
		{ "\x1b\x39\x1b\x39\x7b", 5, 1 },
		{ "\x1b\x39\x7b\x1b\x39\x7b", 6, 2 },
		{ "\x1b\x39\x7a", 3, 0 },
		{ "\x39\x7b", 2, 0 },
		{ "\x1b\x39x\x7b", 4, 0 },
		/* Its lower bits only. */
		{ "\x9b\xb9\xfb", 3, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct identification whole = { 0 }, split = { 0 };
		const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
		unsigned asked = 0;

		assert_int_equal(identification_asked(&whole, bytes, rows[i].length),
				 rows[i].asked > 0);
		for (size_t j = 0; j < rows[i].length; j++)
			asked += identification_asked(&split, bytes + j, 1);
		assert_int_equal(asked, rows[i].asked);
	}
}

static void test_text_is_what_a_teletel_server_reads(void **state)
{
	char text[IDENTIFICATION_TEXT_MAX];
	size_t length;

	(void)state;
	length = identification_text(12, TRANSPORT_TELNET, "192.0.2.7", 4711, text);
	assert_string_equal(text, "PID=12,IP=192.0.2.7,PORT=4711,Access=Telnet\n");
	assert_int_equal(length, strlen(text));
	(void)identification_text(UINT64_MAX, TRANSPORT_WEBSOCKET,
				  "2001:db8:1111:2222:3333:4444:5555:6666", 65535, text);
	assert_string_equal(text, "PID=18446744073709551615,"
				  "IP=2001:db8:1111:2222:3333:4444:5555:6666,PORT=65535,"
				  "Access=WS\n");
	(void)identification_text(1, TRANSPORT_RAW, "::1", 1, text);
	assert_string_equal(text, "PID=1,IP=::1,PORT=1,Access=Telnet\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_enqrom_is_seen_however_it_is_split),
		cmocka_unit_test(test_text_is_what_a_teletel_server_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
