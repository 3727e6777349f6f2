/* links: common */
/* The files of a PyMoIP gateway: what is taken of them, and what is said to be left out. */
#include "common/pymoip_files.h"

#include "common/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum {
	TOLD_MAX = 2048
};

/* All that a reader said, a line each. */
static char told[TOLD_MAX];

static void tell(const char *kind, const char *text)
{
	size_t length = strlen(told);

	snprintf(told + length, sizeof(told) - length, "%s %s\n", kind, text);
}

static void on_banned(void *context, const struct address *address, int64_t visited)
{
	char text[ADDRESS_TEXT_MAX], line[128];

	(void)context;
	address_format(address, text);
	snprintf(line, sizeof(line), "%s %lld", text, (long long)visited);
	tell("banned", line);
}

static void on_never_banned(void *context, const struct address *address, const char *comment)
{
	char text[ADDRESS_TEXT_MAX], line[128];

	(void)context;
	address_format(address, text);
	snprintf(line, sizeof(line), "%s (%s)", text, comment);
	tell("never", line);
}

static void on_setting(void *context, const char *group, const char *keys)
{
	char line[PYMOIP_KEYS_MAX + 32];

	(void)context;
	snprintf(line, sizeof(line), "%s: { %s };", group, keys);
	tell("set", line);
}

static void on_left_out(void *context, const char *what)
{
	(void)context;
	tell("left out", what);
}

static const struct pymoip_handlers handlers = {
	.banned = on_banned,
	.never_banned = on_never_banned,
	.setting = on_setting,
	.left_out = on_left_out,
};

struct file_case {
	const char *text;
	const char *told; /* in the order of the members */
};

static void check(const struct file_case *cases, size_t count,
		  int (*read)(const char *text, size_t length,
			      const struct pymoip_handlers *handlers, void *context))
{
	for (size_t i = 0; i < count; i++) {
		told[0] = '\0';
		assert_int_equal(read(cases[i].text, strlen(cases[i].text), &handlers, NULL),
				 strstr(cases[i].told, "all of it") != NULL ? -EBADMSG : 0);
		assert_string_equal(told, cases[i].told);
	}
}

static void test_bans_are_taken_with_their_times(void **state)
{
	static const struct file_case cases[] = {
		{ "{}", "" },
		{ "{\"203.0.113.9\":\"2021-08-11T18:40:53.797380\"}",
		  "banned 203.0.113.9 1628707253797380\n" },
		{ "{\"203.0.113.9\":\"2021-08-11T18:40:53\"}",
		  "banned 203.0.113.9 1628707253000000\n" },
		{ "{\"::ffff:203.0.113.9\":\"2021-08-11 18:40:53.5\"}",
		  "banned 203.0.113.9 1628707253500000\n" },
		{ "{\"2001:db8::1\":\"2024-02-29T23:59:59\", "
		  "\"192.0.2.1\":\"1970-01-02T00:00:00\"}",
		  "banned 2001:db8::1 1709251199000000\nbanned 192.0.2.1 86400000000\n" },
		{ "{\"nowhere\":\"2021-08-11T18:40:53\"}",
		  "left out \"nowhere\", which is no address\n" },
		{ "{\"192.0.2.1\":\"yesterday\"}",
		  "left out 192.0.2.1, because \"yesterday\" is no time\n" },
		{ "{\"192.0.2.1\":\"2021-13-11T18:40:53\"}",
		  "left out 192.0.2.1, because \"2021-13-11T18:40:53\" is no time\n" },
		{ "{\"192.0.2.1\":\"2021-08-11T18:40:53.\"}",
		  "left out 192.0.2.1, because \"2021-08-11T18:40:53.\" is no time\n" },
		{ "{\"192.0.2.1\":\"2021-08-11T18:40:53+02:00\"}",
		  "left out 192.0.2.1, because \"2021-08-11T18:40:53+02:00\" is no time\n" },
		{ "{\"192.0.2.1\":1628707253}",
		  "left out 192.0.2.1, because 1628707253 is no time\n" },
		{ "{\"a\\u001b[2Jb\":1}", "left out \"a\\x1B[2Jb\", which is no address\n" },
		{ "[]", "left out all of it, which is no JSON object\n" },
	};

	(void)state;
	check(cases, LENGTH(cases), pymoip_read_banned);
}

static void test_what_is_no_json_is_left_out_as_a_whole(void **state)
{
	static const char *const texts[] = { "", "{", "{\"a\":1,\"a\":2}", "\xff", "{}x" };

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		told[0] = '\0';
		assert_int_equal(pymoip_read_banned(texts[i], strlen(texts[i]), &handlers, NULL),
				 -EBADMSG);
		assert_non_null(strstr(told, "left out all of it, which is no JSON: line 1: "));
	}
}

static void test_never_banned_are_taken_with_their_comments(void **state)
{
	static const struct file_case cases[] = {
		{ "{\"192.168.1.1\":\"my router\"}", "never 192.168.1.1 (my router)\n" },
		{ "{\"192.168.1.1\":null, \"::1\":\"\"}", "never 192.168.1.1 ()\nnever ::1 ()\n" },
		{ "{\"router\":\"192.168.1.1\"}", "left out \"router\", which is no address\n" },
	};

	(void)state;
	check(cases, LENGTH(cases), pymoip_read_never_banned);
}

static void test_settings_become_lines_of_configuration(void **state)
{
	static const struct file_case cases[] = {
		{ "{\"LimitTcpSpeed\":1.2}", "set speed: { telnet = 1200; raw = 1200; };\n" },
		{ "{\"LimitTcpSpeed\":0}", "set speed: { telnet = 0; raw = 0; };\n" },
		{ "{\"LimitWsSpeed\":\"9.6\"}", "set speed: { websocket = 9600; };\n" },
		{ "{\"LimitWsSpeed\":\"None\"}", "set speed: { websocket = 0; };\n" },
		{ "{\"LimitWsSpeed\":1200}",
		  "left out LimitWsSpeed, whose value 1200 is not one that it can have here\n" },
		{ "{\"LimitWsSpeed\":-1}",
		  "left out LimitWsSpeed, whose value -1 is not one that it can have here\n" },
		{ "{\"LimitWsSpeed\":\"nan\"}",
		  "left out LimitWsSpeed, whose value \"nan\" is not one that it can have here\n" },
		{ "{\"DumpData\":true, \"DumpDataPath\":\"/var/dumps\"}",
		  "set dump: { enabled = true; };\nset dump: { directory = \"/var/dumps\"; };\n" },
		{ "{\"DumpData\":\"False\"}", "set dump: { enabled = false; };\n" },
		{ "{\"DumpData\":7}",
		  "left out DumpData, whose value 7 is not one that it can have here\n" },
		{ "{\"DumpDataPath\":\"dumps\"}", "left out DumpDataPath, whose value \"dumps\" is "
						  "not one that it can have here\n" },
		{ "{\"DumpDataPath\":\"/a\\\"; };\"}",
		  "left out DumpDataPath, whose value \"/a\\\"; };\" is not one that it can have "
		  "here\n" },
		{ "{\"GatewayExecCount\":57}",
		  "left out GatewayExecCount: launches are counted anew\n" },
		{ "{\"Colour\":[1]}", "left out \"Colour\": [1], which has no place here\n" },
	};

	(void)state;
	check(cases, LENGTH(cases), pymoip_read_config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bans_are_taken_with_their_times),
		cmocka_unit_test(test_what_is_no_json_is_left_out_as_a_whole),
		cmocka_unit_test(test_never_banned_are_taken_with_their_comments),
		cmocka_unit_test(test_settings_become_lines_of_configuration),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
