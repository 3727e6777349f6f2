/* links: vdtgw-session */
/* What a console shows, line by line. */
#include "vdtgw-session/console/console_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* 2026-11-20 08:54:01 UTC. */
#define NOW "1795164841000000"

static json_t *parse(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

static void check(const struct console_text *text, const char *expected)
{
	char bytes[CONSOLE_TEXT_MAX + 1];

	memcpy(bytes, text->bytes, text->length);
	bytes[text->length] = '\0';
	assert_string_equal(bytes, expected);
}

static void test_events(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"time\":" NOW ",\"kind\":\"started\",\"session\":12,\"transport\":\"telnet\","
		  "\"address\":\"192.0.2.1\",\"port\":4711}",
		  "08:54:01 started: 12 telnet 192.0.2.1:4711\r\n" },
		{ "{\"time\":" NOW ",\"kind\":\"redirection_ended\",\"session\":12,\"transport\":"
		  "\"websocket\",\"address\":\"2001:db8::1\",\"port\":1,\"service\":\"ws://x\","
		  "\"reason\":\"remote-closed\",\"duration\":65000000}",
		  "08:54:01 redirection ended: 12 websocket [2001:db8::1]:1: remote-closed, "
		  "ws://x, "
		  "after 1m 05s\r\n" },
		{ "{\"time\":" NOW ",\"kind\":\"banned\",\"address\":\"203.0.113.0/24\",\"reason\":"
		  "\"abuse-http\"}",
		  "08:54:01 banned: 203.0.113.0/24: abuse-http\r\n" },
		{ "{\"time\":" NOW ",\"kind\":\"channel_up\",\"service\":\"ws://localhost:8764\"}",
		  "08:54:01 channel up: ws://localhost:8764\r\n" },
		/* Not in the trace. */
		{ "{\"time\":" NOW ",\"kind\":\"state\",\"session\":12,\"state\":\"home\"}", "" },
		/* A newer supervisor's, and one without sense. */
		{ "{\"time\":" NOW ",\"kind\":\"\\u001b[2Jnew_kind\"}",
		  "08:54:01 \\x1B[2Jnew kind\r\n" },
		{ "{\"time\":\"soon\",\"kind\":7,\"session\":\"x\"}", "- -\r\n" },
		/* What the network sent acts on no terminal. */
		{ "{\"time\":" NOW ",\"kind\":\"message\",\"reason\":\"a\\u001b]0;b\\u0007c\\r\\nd"
		  "\\u009b2J\\u202e\"}",
		  "08:54:01 message: a\\x1B]0;b\\x07c\\x0D\\x0Ad\\xC2\\x9B2J\\xE2\\x80\\xAE\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct console_text text = { .length = 0 };
		json_t *event = parse(rows[i][0]);

		console_text_event(&text, event);
		check(&text, rows[i][1]);
		json_decref(event);
	}
}

static void test_a_session_has_two_lines_of_eighty_columns(void **state)
{
	struct console_text text = { .length = 0 };
	json_t *session = parse(
	    "{\"session\":12,\"transport\":\"websocket\",\"address\":\"192.0.2.1\",\"port\":4711,"
	    "\"started\":" NOW
	    ",\"bytes_in\":123,\"bytes_out\":45678,\"redirections\":2,\"service\":"
	    "\"ws://home\",\"redirection\":{\"service\":\"ws://remote.example.org:1234/with/a/long/"
	    "path\",\"bytes_in\":3,\"bytes_out\":4567,\"ping\":30,\"subprotocols\":[\"binary\","
	    "\"tty\"]}}");

	(void)state;
	console_text_sessions_head(&text);
	console_text_session(&text, 80, 1, session);
	check(&text,
	      "  No      Id Address                 Port Access Start        Received      Sent\r\n"
	      "Redirections  Received      Sent Ping Protocols   Target\r\n"
	      "   1      12 192.0.2.1               4711 WS     11-20 08:54       123     45678\r\n"
	      "           2         3      4567   30 binary,tty  "
	      "ws://remote.example.org:123…\r\n");
	json_decref(session);
}

static void test_a_session_at_home_is_shown_with_the_home_service(void **state)
{
	struct console_text text = { .length = 0 };
	json_t *session = parse("{\"session\":7,\"transport\":\"raw\",\"address\":\"\",\"port\":0,"
				"\"started\":" NOW ",\"bytes_in\":0,\"bytes_out\":1,"
				"\"redirections\":0,\"service\":\"ws://ho\\u001bme\"}");

	(void)state;
	console_text_session(&text, 80, 1000, session);
	check(&text,
	      "1000       7 local                      0 Raw    11-20 08:54         0         1\r\n"
	      "           0         -         -    - -           ws://ho\\x1Bme\r\n");
	json_decref(session);
}

static void test_a_ban(void **state)
{
	struct console_text text = { .length = 0 };
	json_t *ban = parse("{\"network\":\"203.0.113.9\",\"since\":" NOW ",\"visited\":" NOW
			    ",\"until\":" NOW ",\"reason\":\"short_session\",\"comment\":\"a\\tb\","
			    "\"refusals\":3}");

	(void)state;
	console_text_ban(&text, 0, ban);
	check(&text, "203.0.113.9         11-20 08:54 11-20 08:54 11-20 08:54     3 short "
		     "session: a\\x09b\r\n");
	json_decref(ban);
}

static void test_answers_of_another_supervisor_leave_dashes(void **state)
{
	struct console_text text = { .length = 0 };
	json_t *nothing = json_object();
	json_t *nonsense = parse("{\"version\":7,\"pid\":\"x\",\"bans\":[],\"command_channel\":3,"
				 "\"timeouts\":null,\"addresses\":{},\"server\":[1]}");
	json_t *answers[] = { nothing, nonsense };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		text.length = 0;
		console_text_supervisor(&text, answers[i]);
		console_text_totals(&text, answers[i]);
		console_text_addresses(&text, answers[i]);
		console_text_timeouts(&text, answers[i]);
		console_text_session(&text, 80, 1, answers[i]);
		console_text_ban(&text, 80, answers[i]);
		console_text_teletel(&text, answers[i]);
		console_text_event(&text, answers[i]);
		assert_in_range(text.length, 500, CONSOLE_TEXT_MAX);
		assert_memory_equal(text.bytes + text.length - 2, "\r\n", 2);
	}
	json_decref(nothing);
	json_decref(nonsense);
}

static void test_a_text_holds_whole_lines_only(void **state)
{
	struct console_text text = { .length = 0 };
	char longest[3 * CONSOLE_LINE_MAX];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		console_text_line(&text, 0, "%s", longest);
	assert_in_range(text.length, CONSOLE_TEXT_MAX - CONSOLE_LINE_MAX - 2, CONSOLE_TEXT_MAX);
	assert_int_equal(text.length % (CONSOLE_LINE_MAX + 2), 0);
}

static int set_zone(void **state)
{
	(void)state;
	if (setenv("TZ", "UTC", 1) < 0)
		return -1;
	tzset();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_a_session_has_two_lines_of_eighty_columns),
		cmocka_unit_test(test_a_session_at_home_is_shown_with_the_home_service),
		cmocka_unit_test(test_a_ban),
		cmocka_unit_test(test_answers_of_another_supervisor_leave_dashes),
		cmocka_unit_test(test_a_text_holds_whole_lines_only),
	};

	return cmocka_run_group_tests(tests, set_zone, NULL);
}
