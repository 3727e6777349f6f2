/* links: vdtgw-supervisor */
#include "vdtgw-supervisor/teletel/command_line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TAG_16 "0123456789abcdef"
#define TAG_64 TAG_16 TAG_16 TAG_16 TAG_16

static const struct {
	const char *text;
	const char *tag;
	const char *uri;
	unsigned ping;
	const char *subprotocols; /* joined by spaces */
} valid[] = {
	{ "PID=12,7,CONNECT,ws://host:1,None,[]", "7", "ws://host:1", 0, "" },
	{ "PID=12,7,CONNECT,wss://host/a?b,10,[\"binary\",\"tty\"]", "7", "wss://host/a?b", 10,
	  "binary tty" },
	{ "PID=12,7,CONNECT,telnet:host:516,none,['binary']", "7", "telnet:host:516", 0, "binary" },
	{ "PID=12,7,CONNECT,telnet://host:516,NONE,['binary', 'tty']", "7", "telnet://host:516", 0,
	  "binary tty" },
	{ "PID=12,7,CONNECT,WS://host,0,[binary,tty]", "7", "WS://host", 0, "binary tty" },
	{ "PID=12,7,CONNECT,ws://host,,", "7", "ws://host", 0, "" },
	{ "PID=12,7,CONNECT,ws://host,None", "7", "ws://host", 0, "" },
	{ "PID=12,7,CONNECT,ws://host,None,None", "7", "ws://host", 0, "" },
	{ "PID=12,7,CONNECT,ws://host,None,[ ]", "7", "ws://host", 0, "" },
	{ "PID=12,7,CONNECT,ws://host,None,binary", "7", "ws://host", 0, "binary" },
	{ "PID=12,7,CONNECT,ws://host,3600,[]", "7", "ws://host", 3600, "" },
	{ "PID=12,7,CONNECT,ws://host,3601,[]", "7", "ws://host", 3600, "" },
	{ "PID=12,7,CONNECT,ws://host,999999999,[]", "7", "ws://host", 3600, "" },
	{ "PID=12, 7 , CONNECT , ws://host , 10 , [] ", "7", "ws://host", 10, "" },
	{ "PID=12,a b-%s,CONNECT,ws://host,None,[]\r\n", "a b-%s", "ws://host", 0, "" },
	{ "PID=0012," TAG_64 ",CONNECT,ws://host,None,[]\n", TAG_64, "ws://host", 0, "" },
	{ "PID=12,7,CONNECT,ws://host,None,[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15," TAG_64 "]", "7",
	  "ws://host", 0, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 " TAG_64 },
};

static const struct {
	const char *text;
	int64_t pid;
	const char *tag;
	const char *command;
	const char *why; /* words of it */
} invalid[] = {
	{ "", 0, "", NULL, "PID=" },
	{ "\n", 0, "", NULL, "PID=" },
	{ ",,,,,", 0, "", NULL, "PID=" },
	{ "hello", 0, "", NULL, "PID=" },
	{ "pid=12,7,CONNECT,ws://host,None,[]", 0, "", NULL, "PID=" },
	{ " PID=12,7,CONNECT,ws://host,None,[]", 0, "", NULL, "PID=" },
	{ "PID=", 0, "", NULL, "no number" },
	{ "PID=,7,CONNECT,ws://host,None,[]", 0, "", NULL, "no number" },
	{ "PID=x,7,CONNECT,ws://host,None,[]", 0, "", NULL, "no number" },
	{ "PID=-12,7,CONNECT,ws://host,None,[]", 0, "", NULL, "no number" },
	{ "PID=12x,7,CONNECT,ws://host,None,[]", 0, "", NULL, "no number" },
	{ "PID=9999999999999999999,7,CONNECT,ws://host,None,[]", 0, "", NULL, "no number" },
	{ "PID=12", 12, "", NULL, "no SESSION" },
	{ "PID=12,", 12, "", "", "no SESSION" },
	{ "PID=12,,CONNECT,ws://host,None,[]", 12, "", ",CONNECT,ws://host,None,[]", "no SESSION" },
	{ "PID=12," TAG_64 "x,CONNECT,ws://host,None,[]", 12, "",
	  TAG_64 "x,CONNECT,ws://host,None,[]", "printable" },
	{ "PID=12,\x1b[m,CONNECT,ws://host,None,[]", 12, "", "\x1b[m,CONNECT,ws://host,None,[]",
	  "printable" },
	{ "PID=12,\xe9,CONNECT,ws://host,None,[]", 12, "", "\xe9,CONNECT,ws://host,None,[]",
	  "printable" },
	{ "PID=999999999999999999,7", 999999999999999999, "7", "7", "no verb" },
	{ "PID=12,7", 12, "7", "7", "no verb" },
	{ "PID=12,7,", 12, "7", "7,", "no verb" },
	{ "PID=12,7,DISCONNECT", 12, "7", "7,DISCONNECT", "verb is unknown" },
	{ "PID=12,7,connect,ws://host,None,[]", 12, "7", "7,connect,ws://host,None,[]",
	  "verb is unknown" },
	{ "PID=12,7,CONNECT", 12, "7", "7,CONNECT", "no URI" },
	{ "PID=12,7,CONNECT,,None,[]", 12, "7", "7,CONNECT,,None,[]", "no URI" },
	{ "PID=12,7,CONNECT,http://host,None,[]", 12, "7", "7,CONNECT,http://host,None,[]",
	  "scheme is unknown" },
	{ "PID=12,7,CONNECT,ws://,None,[]", 12, "7", "7,CONNECT,ws://,None,[]", "no host" },
	{ "PID=12,7,CONNECT,ws://host", 12, "7", "7,CONNECT,ws://host", "no PING" },
	{ "PID=12,7,CONNECT,ws://host,often,[]", 12, "7", "7,CONNECT,ws://host,often,[]", "PING" },
	{ "PID=12,7,CONNECT,ws://host,-1,[]", 12, "7", "7,CONNECT,ws://host,-1,[]", "PING" },
	{ "PID=12,7,CONNECT,ws://host,1.5,[]", 12, "7", "7,CONNECT,ws://host,1.5,[]", "PING" },
	{ "PID=12,7,CONNECT,ws://host,9999999999,[]", 12, "7", "7,CONNECT,ws://host,9999999999,[]",
	  "PING" },
	{ "PID=12,7,CONNECT,ws://host,None,[\"a\",]", 12, "7", "7,CONNECT,ws://host,None,[\"a\",]",
	  "SUBPROTOCOLS" },
	{ "PID=12,7,CONNECT,ws://host,None,[\"a b\"]", 12, "7",
	  "7,CONNECT,ws://host,None,[\"a b\"]", "SUBPROTOCOLS" },
	{ "PID=12,7,CONNECT,ws://host,None,[\"a']", 12, "7", "7,CONNECT,ws://host,None,[\"a']",
	  "SUBPROTOCOLS" },
	{ "PID=12,7,CONNECT,ws://host,None,[" TAG_64 "x]", 12, "7",
	  "7,CONNECT,ws://host,None,[" TAG_64 "x]", "SUBPROTOCOLS" },
	{ "PID=12,7,CONNECT,ws://host,None,[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", 12, "7",
	  "7,CONNECT,ws://host,None,[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]", "more than 16" },
};

static void test_a_line_is_read_as_servers_write_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		char joined[COMMAND_SUBPROTOCOLS_MAX * (COMMAND_SUBPROTOCOL_MAX + 2)] = "";
		struct command_line line;
		const char *why = NULL;
		int result = command_line_parse(&line, valid[i].text, strlen(valid[i].text), &why);

		if (result != 0)
			fail_msg("%s: %s", valid[i].text, why);
		for (size_t j = 0; j < line.subprotocol_count; j++) {
			if (j > 0)
				strcat(joined, " ");
			strcat(joined, line.subprotocols[j]);
		}
		assert_int_equal(line.pid, 12);
		assert_string_equal(line.tag, valid[i].tag);
		assert_string_equal(line.uri, valid[i].uri);
		assert_int_equal(line.ping, valid[i].ping);
		assert_string_equal(joined, valid[i].subprotocols);
		assert_true(command_tag_is_valid(line.tag));
	}
}

static void test_what_is_wrong_is_said_and_the_rest_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct command_line line;
		const char *why = NULL;

		if (command_line_parse(&line, invalid[i].text, strlen(invalid[i].text), &why) !=
		    -EPROTO)
			fail_msg("accepted: %s", invalid[i].text);
		if (strstr(why, invalid[i].why) == NULL)
			fail_msg("%s: %s", invalid[i].text, why);
		assert_int_equal(line.pid, invalid[i].pid);
		assert_string_equal(line.tag, invalid[i].tag);
		if (invalid[i].command == NULL) {
			assert_null(line.command);
			continue;
		}
		assert_int_equal(line.command_length, strlen(invalid[i].command));
		assert_memory_equal(line.command, invalid[i].command, line.command_length);
	}
}

static void test_the_command_is_the_line_without_its_pid_and_end(void **state)
{
	static const char text[] = "PID=12,7,CONNECT,ws://host,None,[]\r\n";
	struct command_line line;
	const char *why = NULL;

	(void)state;
	assert_int_equal(command_line_parse(&line, text, strlen(text), &why), 0);
	assert_int_equal(line.command_length, strlen("7,CONNECT,ws://host,None,[]"));
	assert_memory_equal(line.command, "7,CONNECT,ws://host,None,[]", line.command_length);
}

static void test_no_field_holds_a_zero(void **state)
{
	static const char *const fields[] = { "PID", "7", "CONNECT", "ws://host", "None", "bin" };

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		char text[] = "PID=12,7,CONNECT,ws://host,None,bin";
		struct command_line line;
		const char *why = NULL;

		*(strstr(text, fields[i])) = '\0';
		assert_int_equal(command_line_parse(&line, text, sizeof(text) - 1, &why), -EPROTO);
	}
}

static void test_a_line_is_bounded(void **state)
{
	static const char begin[] = "PID=12,7,CONNECT,ws://host/";
	char *text = malloc(COMMAND_LINE_MAX + 1);
	struct command_line line;
	const char *why = NULL;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', COMMAND_LINE_MAX + 1);
	memcpy(text, begin, sizeof(begin) - 1);
	assert_int_equal(command_line_parse(&line, text, COMMAND_LINE_MAX + 1, &why), -EPROTO);
	assert_int_equal(line.pid, 0);
	assert_int_equal(command_line_parse(&line, text, COMMAND_LINE_MAX, &why), -EPROTO);
	assert_int_equal(line.pid, 12);
	assert_string_equal(line.tag, "7");
	free(text);
}

static const struct {
	const char *tag;
	bool valid;
} tags[] = {
	{ "7", true },         { TAG_64, true },  { " ~!\"%", true },
	{ "", false },         { "a,b", false },  { "a\n", false },
	{ TAG_64 "x", false }, { "\x7f", false }, { "\xc3\xa9", false },
};

static void test_tags(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		assert_true(command_tag_is_valid(tags[i].tag) == tags[i].valid);
}

static void test_messages_are_written_to_the_byte(void **state)
{
	static const struct {
		enum command_event event;
		const char *text;
	} events[] = {
		{ COMMAND_REDIRECTING, "UserRedirecting,,,12,7" },
		{ COMMAND_REDIRECTED, "UserRedirected,,,12,7" },
		{ COMMAND_REQUESTED_CLOSE, "UserRequestedClose,,,12,7" },
		{ COMMAND_REDIRECT_ENDED, "UserRedirectEnded,,,12,7" },
	};
	char text[COMMAND_MESSAGE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		assert_int_equal(command_format_event(text, events[i].event, 12, "7"),
				 strlen(events[i].text));
		assert_string_equal(text, events[i].text);
	}
	(void)command_format_new_user(text, false, "192.0.2.1", 4711, 12);
	assert_string_equal(text, "NewTelnetUser,192.0.2.1,4711,12");
	(void)command_format_new_user(text, true, "2001:db8::1", 65535, 12);
	assert_string_equal(text, "NewWsUser,2001:db8::1,65535,12");
	(void)command_format_new_user(text, false, "", 0, 12);
	assert_string_equal(text, "NewTelnetUser,,0,12");
	(void)command_format_echo(text, 12);
	assert_string_equal(text, "UserGotCommand,,,12,");
	(void)command_format_gone(text, 12);
	assert_string_equal(text, "UserGone,,,12");
}

static void test_the_longest_message_fits(void **state)
{
	char text[COMMAND_MESSAGE_MAX];

	(void)state;
	for (int event = 0; event < COMMAND_EVENT_COUNT; event++)
		assert_in_range(
		    command_format_event(text, (enum command_event)event, INT64_MIN, TAG_64), 1,
		    sizeof(text) - 1);
	assert_in_range(command_format_new_user(text, false,
						"0000:0000:0000:0000:0000:ffff:255.255.255.255",
						65535, INT64_MIN),
			1, sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_is_read_as_servers_write_it),
		cmocka_unit_test(test_what_is_wrong_is_said_and_the_rest_is_read),
		cmocka_unit_test(test_the_command_is_the_line_without_its_pid_and_end),
		cmocka_unit_test(test_no_field_holds_a_zero),
		cmocka_unit_test(test_a_line_is_bounded),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_messages_are_written_to_the_byte),
		cmocka_unit_test(test_the_longest_message_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
