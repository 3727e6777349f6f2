/* links: vdtgw-teletel */
/* The words of the command channel, and identifications found among a caller's input. */
#include "vdtgw-teletel/gateway_line.h"
#include "vdtgw-teletel/identification.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_lines_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *read; /* verb, PID, address, port, SESSION; "": refused */
	} cases[] = {
		{ "NewTelnetUser,192.0.2.7,40000,12", "0 12 192.0.2.7 40000 0" },
		{ "NewWsUser,2001:db8::1,1,0\r\n", "0 0 2001:db8::1 1 0" },
		{ "newtelnetuser,fe80::1%eth0,65535,3\n", "0 3 fe80::1%eth0 65535 0" },
		{ "NewTelnetUser,,0,7", "0 7  0 0" },
		{ "UserGotCommand,,,5,12,CONNECT,ws://h,None,[]", "1 5  0 0" },
		{ "UserRedirecting,,,5,12", "2 5  0 12" },
		{ "USERREDIRECTED,,,5,12", "3 5  0 12" },
		{ "UserRequestedClose,,,5,12 ", "4 5  0 12" },
		{ "UserRedirectEnded,,,5,12,anything", "5 5  0 12" },
		{ "UserGone,,,999999999999999999", "6 999999999999999999  0 0" },
		{ "UserGone,,,1000000000000000000", "" },
		{ "UserGone,,,", "" },
		{ "UserGone,5", "" },
		{ "UserGone,,,-1", "" },
		{ "UserGone,,,5x", "" },
		{ "UserRedirected,,,5", "" },
		{ "UserRedirected,,,5,", "" },
		{ "UserRedirected,,,5,-1", "" },
		{ "UserRedirectedX,,,5,1", "" },
		{ "NewTelnetUser,192.0.2.7,65536,12", "" },
		{ "NewTelnetUser,192.0.2.7,,12", "" },
		{ "NewTelnetUser,a b,1,12", "" },
		{ "NewTelnetUser,\x1b[2J,1,12", "" },
		{ "NewTelnetUser,0123456789012345678901234567890123456789012345678901234567890123,"
		  "1,"
		  "1",
		  "" },
		{ "", "" },
		{ "\n", "" },
		{ ",,,,,,", "" },
		{ "PING", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gateway_line line;
		char read[160] = "";

		if (gateway_line_parse(&line, (const uint8_t *)cases[i].text,
				       strlen(cases[i].text)) == 0)
			snprintf(read, sizeof(read), "%d %" PRIu64 " %s %u %" PRIu64, line.verb,
				 line.caller.pid, line.caller.address, line.caller.port,
				 line.session);
		if (strcmp(read, cases[i].read) != 0)
			fail_msg("%s: \"%s\"", cases[i].text, read);
	}
}

static void test_callers_are_compared_by_what_they_mean(void **state)
{
	static const struct {
		const char *one;
		const char *other;
		bool equal;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "::ffff:192.0.2.7", true },
		{ "2001:DB8::1", "2001:db8:0::1", true },
		{ "192.0.2.7", "192.0.2.70", false },
		{ "fe80::1%eth0", "fe80::1%eth0", true },
		{ "", "", true },
		{ "", "192.0.2.7", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gateway_caller one = { .pid = 1, .port = 2 };
		struct gateway_caller other = { .pid = 1, .port = 2 };

		strcpy(one.address, cases[i].one);
		strcpy(other.address, cases[i].other);
		assert_int_equal(gateway_caller_equal(&one, &other), cases[i].equal);
		other.port = 3;
		assert_false(gateway_caller_equal(&one, &other));
	}
}

static void test_orders_are_written(void **state)
{
	static const struct {
		struct directory_entry entry;
		const char *text;
	} cases[] = {
		{ { .address = "ws://h:1/", .subprotocols = "" },
		  "PID=7,3,CONNECT,ws://h:1/,None,[]" },
		{ { .address = "wss://h/?a,b", .subprotocols = "binary,tty", .ping = 10 },
		  "PID=7,3,CONNECT,wss://h/?a%2Cb,10,[\"binary\",\"tty\"]" },
		{ { .address = "telnet://h:23", .subprotocols = "tty" },
		  "PID=7,3,CONNECT,telnet://h:23,None,[\"tty\"]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[GATEWAY_ORDER_MAX];
		size_t length = gateway_line_format_connect(text, 7, 3, &cases[i].entry);

		assert_string_equal(text, cases[i].text);
		assert_int_equal(length, strlen(text));
	}
}

#define ROM  "\x01\x7f\x7f\x7f\x04"
#define TEXT "PID=12,IP=192.0.2.7,PORT=40000,Access=Telnet\n"

/* B and T: a binary and a text frame; the piece of one that goes on is in lower case. */
struct frame {
	char kind;
	const char *bytes;
};

static const struct {
	const char *name;
	struct frame frames[5];
	const char *input;
	bool found;
} conversations[] = {
	{ "the two frames", { { 'B', ROM }, { 'T', TEXT } }, "", true },
	{ "with typing before and after",
	  { { 'T', "a" }, { 'B', ROM }, { 'T', TEXT }, { 'T', "b" } },
	  "ab",
	  true },
	{ "in pieces",
	  { { 'b', "\x01\x7f" },
	    { 'B', "\x7f\x7f\x04" },
	    { 't', "PID=12,IP=192.0.2.7," },
	    { 'T', "PORT=40000,Access=WS\n" } },
	  "",
	  true },
	{ "without its end",
	  { { 'B', ROM }, { 'T', "PID=12,IP=192.0.2.7,PORT=40000" } },
	  "",
	  true },
	{ "all in text frames", { { 'T', ROM }, { 'T', TEXT } }, ROM TEXT, false },
	{ "all in binary frames", { { 'B', ROM }, { 'B', TEXT } }, ROM TEXT, false },
	{ "all in one frame", { { 'B', ROM TEXT } }, ROM TEXT, false },
	{ "the text alone", { { 'T', TEXT } }, TEXT, false },
	{ "a frame between", { { 'B', ROM }, { 'T', "a" }, { 'T', TEXT } }, ROM "a" TEXT, false },
	{ "an empty frame between", { { 'B', ROM }, { 'T', "" }, { 'T', TEXT } }, ROM TEXT, false },
	{ "the terminal's own answer, first",
	  { { 'B', "\x01"
		   "Cu5\x04" },
	    { 'B', ROM },
	    { 'T', TEXT } },
	  "\x01"
	  "Cu5\x04",
	  true },
	{ "a terminal that answers twice",
	  { { 'B', ROM }, { 'B', ROM }, { 'T', TEXT } },
	  ROM,
	  true },
	{ "typing that begins like it",
	  { { 'B', "\x01" }, { 'B', "\x7f\x7f\x7f\x04" } },
	  ROM,
	  false },
	{ "an answer cut short",
	  { { 'b', "\x01\x7f" }, { 'B', "a" } },
	  "\x01\x7f"
	  "a",
	  false },
	{ "one that cannot be read is nobody's typing",
	  { { 'B', ROM }, { 'T', "PID=12,IP=192.0.2.7,PORT=x\n" }, { 'T', "a" } },
	  "a",
	  false },
	{ "nor is one in another order",
	  { { 'B', ROM }, { 'T', "PID=12,PORT=1,IP=192.0.2.7\n" } },
	  "",
	  false },
};

static void test_identifications_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		struct identification identification = { 0 };
		uint8_t input[4096] = { 0 };
		size_t length = 0;
		bool found = false;
		bool goes_on = false;

		for (size_t k = 0; k < 5 && conversations[i].frames[k].kind != '\0'; k++) {
			const struct frame *frame = &conversations[i].frames[k];
			struct identification_piece piece = {
				.binary = frame->kind == 'B' || frame->kind == 'b',
				.first = !goes_on,
				.last = frame->kind == 'B' || frame->kind == 'T',
				.bytes = (const uint8_t *)frame->bytes,
				.length = strlen(frame->bytes),
			};
			struct gateway_caller caller;
			bool here;

			length += identification_read(&identification, &piece, input + length,
						      &here, &caller);
			goes_on = !piece.last;
			if (!here)
				continue;
			found = true;
			assert_int_equal(caller.pid, 12);
			assert_int_equal(caller.port, 40000);
			assert_string_equal(caller.address, "192.0.2.7");
		}
		if (found != conversations[i].found || length != strlen(conversations[i].input) ||
		    memcmp(input, conversations[i].input, length) != 0)
			fail_msg("%s: found %d, input \"%.*s\"", conversations[i].name, found,
				 (int)length, (const char *)input);
	}
}

static void test_a_text_that_is_too_long_is_input(void **state)
{
	struct identification identification = { 0 };
	struct identification_piece rom = { true, true, true, (const uint8_t *)ROM, 5 };
	uint8_t text[600];
	struct identification_piece piece = { false, true, false, text, 150 };
	uint8_t input[1024];
	struct gateway_caller caller;
	bool found;
	size_t length;

	(void)state;
	memset(text, '1', sizeof(text));
	text[0] = 'P';
	text[1] = 'I';
	text[2] = 'D';
	text[3] = '=';
	assert_int_equal(identification_read(&identification, &rom, input, &found, &caller), 0);
	assert_int_equal(identification_read(&identification, &piece, input, &found, &caller), 0);
	piece = (struct identification_piece) { false, false, true, text + 150, 450 };
	length = identification_read(&identification, &piece, input, &found, &caller);
	assert_int_equal(length, 5 + 600);
	assert_memory_equal(input, ROM, 5);
	assert_memory_equal(input + 5, text, 600);
	assert_false(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_read),
		cmocka_unit_test(test_callers_are_compared_by_what_they_mean),
		cmocka_unit_test(test_orders_are_written),
		cmocka_unit_test(test_identifications_are_found),
		cmocka_unit_test(test_a_text_that_is_too_long_is_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
