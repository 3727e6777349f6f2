/* links: common */
#include "common/array.h"
#include "common/config.h"
#include "common/config_rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse(struct config **ret_config, const char *text, char error[CONFIG_ERROR_MAX])
{
	return config_parse(ret_config, "FILE", text, strlen(text), error, CONFIG_ERROR_MAX);
}

static struct config *accepted(const char *text)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	if (parse(&config, text, error) < 0)
		fail_msg("%s refused: %s", text, error);
	return config;
}

/* The error, of which the start and some words are given, names file, line, key and remedy. */
static void assert_refused(const char *text, const char *start, const char *words)
{
	static struct config untouched;
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = &untouched;
	int r = parse(&config, text, error);

	if (r != -EINVAL)
		fail_msg("%s returned %d", text, r);
	assert_ptr_equal(config, &untouched);
	if (strncmp(error, start, strlen(start)) != 0 || !strstr(error, words) ||
	    !strstr(error, "allowed"))
		fail_msg("%s refused with: %s", text, error);
}

static void test_unknown_key_is_refused_with_its_line_and_those_known(void **state)
{
	(void)state;
	assert_refused("\n\nhone: { };", "FILE:3: hone: ",
		       "allowed: home, speed, timeouts, redirection, supervisor, teletel, bans, "
		       "limits, proxy, console, history, dump");
	assert_refused("speed: {\n telnet = 1200;\n console = 1;\n};",
		       "FILE:3: speed.console: ", "allowed: telnet, websocket, raw");
	assert_refused("ping = 5;", "FILE:1: ping: ", "home");
	assert_refused("home: { home: { }; };", "FILE:1: home.home: ", "uri, ping");
	assert_refused("home.ping = 5;", "FILE:1: ", "home.ping");
	assert_refused("HOME: { };", "FILE:1: HOME: ", "home");
	assert_refused("home: 5;", "FILE:1: home: 5 is not a group", "uri, ping, subprotocols");
	assert_refused("home: \"x\";", "FILE:1: home: the text \"x\"", "uri");
}

static void test_wrong_type_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *start;
		const char *words;
	} cases[] = {
		{ "home: { ping = \"5\"; };", "FILE:1: home.ping: the text \"5\"",
		  "0 (no pings) or a whole number from 1 to 3600" },
		{ "home: { ping = 5.0; };", "FILE:1: home.ping: 5 ", "a whole number" },
		{ "home: {\nping = true; };", "FILE:2: home.ping: true", "a whole number" },
		{ "home: { ping = [ 5 ]; };", "FILE:1: home.ping: a list", "a whole number" },
		{ "home: { uri = 5; };", "FILE:1: home.uri: 5", "a service" },
		{ "home: { uri = { }; };", "FILE:1: home.uri: a group", "a service" },
		{ "home: { subprotocols = \"tty\"; };", "FILE:1: home.subprotocols: the text",
		  "a list" },
		{ "bans: { never = [\n\"192.0.2.1\"\n,\n5\n]; };", "FILE:", "in array" },
		{ "bans: { never = (\n\"192.0.2.1\"\n,\n5\n); };", "FILE:4: bans.never: 5",
		  "each an address" },
		{ "bans: { enabled = 1; };", "FILE:1: bans.enabled: 1", "true or false" },
		{ "bans: { enabled = \"true\"; };", "FILE:1: bans.enabled: ", "true or false" },
		{ "bans: { duration = 20; };", "FILE:1: bans.duration: 20", "100d 20s" },
		{ "bans: { typing_limit = \"10\"; };",
		  "FILE:1: bans.typing_limit: ", "0 (none) or a number from 1 to 1000" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_refused(cases[i].text, cases[i].start, cases[i].words);
}

static void test_value_out_of_range_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *start;
	} cases[] = {
		{ "home: { ping = 3601; };", "FILE:1: home.ping: 3601 is out of range" },
		{ "home: { ping = -1; };", "FILE:1: home.ping: -1 " },
		{ "home: { ping = 4294967297; };", "FILE:1: home.ping: 4294967297 " },
		{ "home: { ping = 0x100000001; };", "FILE:1: home.ping: 4294967297 " },
		{ "home: { ping = 99999999999999999999999; };", "FILE:1: home.ping: " },
		{ "home: { ping = -99999999999999999999999L; };", "FILE:1: home.ping: -" },
		{ "home: { ping = 0xffffffffffffffffffff; };", "FILE:1: home.ping: " },
		{ "speed: { telnet = 74; };", "FILE:1: speed.telnet: 74 " },
		{ "speed: { telnet = 1000001; };", "FILE:1: speed.telnet: " },
		{ "teletel: { retry = 0; };", "FILE:1: teletel.retry: 0 " },
		{ "limits: { sessions = 100001; };", "FILE:1: limits.sessions: " },
		{ "limits: { half_open = 100001; };", "FILE:1: limits.half_open: " },
		{ "bans: { typing_limit = 0.5; };", "FILE:1: bans.typing_limit: 0.5 " },
		{ "bans: { typing_limit = -1; };", "FILE:1: bans.typing_limit: -1 " },
		{ "bans: { typing_limit = 1.0e999; };", "FILE:1: bans.typing_limit: inf " },
		{ "bans: { duration = \"0s\"; };", "FILE:1: bans.duration: " },
		{ "bans: { duration = \"3650d 1s\"; };", "FILE:1: bans.duration: " },
		{ "dump: { max_bytes = 0; };", "FILE:1: dump.max_bytes: 0 " },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_refused(cases[i].text, cases[i].start, " is out of range; allowed: ");
}

static void test_text_that_its_key_does_not_take_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *start;
	} cases[] = {
		{ "home: { uri = \"\"; };", "FILE:1: home.uri: " },
		{ "home: { uri = \"http://example.org/\"; };", "FILE:1: home.uri: " },
		{ "home: { uri = \"localhost:8765\"; };", "FILE:1: home.uri: " },
		{ "teletel: { uri = \"telnet://example.org\"; };", "FILE:1: teletel.uri: " },
		{ "teletel: { unit = \"kiosk\"; };", "FILE:1: teletel.unit: " },
		{ "teletel: { unit = \".service\"; };", "FILE:1: teletel.unit: " },
		{ "teletel: { unit = \"a b.service\"; };", "FILE:1: teletel.unit: " },
		{ "teletel: { unit = \"-a.service\"; };", "FILE:1: teletel.unit: " },
		{ "teletel: { command = [ \"kiosk\" ]; };", "FILE:1: teletel.command: " },
		{ "teletel: { command = [ \"/k\", \"\" ]; };", "FILE:1: teletel.command: " },
		{ "teletel: { directory = \"a.json\"; };", "FILE:1: teletel.directory: " },
		{ "supervisor: { state = \"\"; };", "FILE:1: supervisor.state: " },
		{ "home: { subprotocols = [ \"a b\" ]; };", "FILE:1: home.subprotocols: " },
		{ "home: { subprotocols = [ \"\" ]; };", "FILE:1: home.subprotocols: " },
		{ "home: { subprotocols = [ \"a\", \"a\" ]; };", "FILE:1: home.subprotocols: " },
		{ "redirection: { deny = [ \"a b\" ]; };", "FILE:1: redirection.deny: " },
		{ "redirection: { deny = [ \"\" ]; };", "FILE:1: redirection.deny: " },
		{ "redirection: {\n allow = [ \"*\",\n \"10.0.0.0/33\" ]; };",
		  "FILE:3: redirection.allow: the text \"10.0.0.0/33\": what has a / is no IPv4 " },
		{ "redirection: { deny = [ \"http://*\" ]; };",
		  "FILE:1: redirection.deny: the text \"http://*\": the scheme is unknown; " },
		{ "bans: { never = [ \"example.org\" ]; };", "FILE:1: bans.never: " },
		{ "bans: { nft_set = \"banned\"; };", "FILE:1: bans.nft_set: " },
		{ "bans: { nft_set = \"ip vdtgw banned\"; };", "FILE:1: bans.nft_set: " },
		{ "bans: { nft_set = \"inet vdtgw\"; };", "FILE:1: bans.nft_set: " },
		{ "bans: { nft_set = \"inet vdtgw banned 6\"; };", "FILE:1: bans.nft_set: " },
		{ "bans: { nft_set = \"inet vdtgw b;flush\"; };", "FILE:1: bans.nft_set: " },
		{ "bans: { nft_set = \"inet 1 banned\"; };", "FILE:1: bans.nft_set: " },
		{ "proxy: { trusted = [ \"192.0.2.0/33\" ]; };", "FILE:1: proxy.trusted: " },
		{ "bans: { duration = \"\"; };", "FILE:1: bans.duration: " },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_refused(cases[i].text, cases[i].start, "; allowed: ");
}

static void test_lengths_are_bounded(void **state)
{
	static const struct {
		const char *start;
		const char *end;
		size_t allowed;
	} cases[] = {
		{ "supervisor: { session_socket = \"/", "\"; };", 106 },
		{ "supervisor: { state = \"/", "\"; };", 1023 },
		{ "home: { subprotocols = [ \"", "\" ]; };", 64 },
		{ "home: { uri = \"ws://a/", "\"; };", URI_MAX - 1 - 7 },
		{ "teletel: { command = [ \"/", "\" ]; };", 4095 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char filler[5000];
		char text[5100];

		memset(filler, 'x', sizeof(filler));
		snprintf(text, sizeof(text), "%s%.*s%s", cases[i].start, (int)cases[i].allowed,
			 filler, cases[i].end);
		config_free(accepted(text));
		snprintf(text, sizeof(text), "%s%.*s%s", cases[i].start, (int)cases[i].allowed + 1,
			 filler, cases[i].end);
		assert_refused(text, "FILE:1: ", "is too long");
	}
}

static void test_lists_are_bounded(void **state)
{
	char *text = calloc(1, 32 * (CONFIG_LIST_MAX + 2));
	char *end = stpcpy(text, "bans: { never = [ \"::1\"");
	struct config *config;

	(void)state;
	for (int i = 1; i < CONFIG_LIST_MAX; i++)
		end = stpcpy(end, ",\"192.0.2.1\"");
	stpcpy(end, "]; };");
	config = accepted(text);
	assert_int_equal(config->bans.never.count, CONFIG_LIST_MAX);
	assert_string_equal(config->bans.never.items[CONFIG_LIST_MAX - 1], "192.0.2.1");
	config_free(config);
	stpcpy(end, ",\"::1\"]; };");
	assert_refused(text, "FILE:1: bans.never: a list", "at most 1024 entries");
	free(text);
}

static void test_what_libconfig_would_pass_over_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *start;
		const char *words;
	} cases[] = {
		{ "home: { };\n@include \"/dev/null\"\n", "FILE:2: @include", "one file" },
		{ "@include \"x", "FILE:1: @include", "one file" },
		{ "/* */ @", "FILE:1: @include", "one file" },
		{ "\n/* home:\n{ };\n", "FILE:2: ", "*/" },
		{ "/*/", "FILE:1: ", "*/" },
		{ "home: {\n uri = \"ws://a/\n};\n", "FILE:2: ", "\"" },
		{ "home: { uri = \"ws://a/\\", "FILE:1: ", "\"" },
		{ "dump: {\n directory = \"/a\\x00b\"; };", "FILE:2: ", "\\x00" },
	};
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_refused(cases[i].text, cases[i].start, cases[i].words);
	assert_int_equal(config_parse(&config, "FILE", "\n\0\n", 3, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "FILE:2: this is a zero byte"));
}

static void test_syntax_errors_name_the_line_and_quote_it(void **state)
{
	static const struct {
		const char *text;
		const char *start;
		const char *words;
	} cases[] = {
		{ "home: {\n ping = 1;\n ping = 2;\n};", "FILE:3: duplicate setting name",
		  "\"ping = 2;\"" },
		{ "home: { };\nhome: { };", "FILE:2: duplicate setting name", "home" },
		{ "home: {\n ping 1;\n};", "FILE:2: syntax error", "\"ping 1;\"" },
		{ "home: {", "FILE:1: syntax error", "home: {" },
		{ "home: {\n", "FILE:2: syntax error", "before \"\"" },
		{ "}", "FILE:1: syntax error", "}" },
		{ "home: { ping = 1x; };", "FILE:1: syntax error", "" },
		{ "\xef\xbb\xbfhome: { };", "FILE:1: syntax error", "home" },
		{ "home: { \033[2J", "FILE:1: syntax error", "\\x1B[2J" },
		{ "home: { ping = 1 2; };", "FILE:1: syntax error", "" },
		{ "home: { ping = -0x5; };", "FILE:1: syntax error", "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_refused(cases[i].text, cases[i].start, cases[i].words);
}

static void test_deep_nesting_is_an_error_only(void **state)
{
	enum {
		DEPTH = 100000,
	};
	char *text = malloc(3 * DEPTH + 1);

	(void)state;
	for (int i = 0; i < DEPTH; i++)
		memcpy(text + 3 * i, "a={", 3);
	text[3 * DEPTH] = '\0';
	assert_refused(text, "FILE:1: ", "");
	free(text);
}

static void test_hostile_value_is_quoted_safely_and_cut(void **state)
{
	char text[4000] = "home: { uri = \"\\x1b[2J";
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	(void)state;
	memset(text + strlen(text), 'x', 1000);
	stpcpy(text + strlen(text), "\"; };");
	assert_int_equal(parse(&config, text, error), -EINVAL);
	assert_null(strchr(error, '\033'));
	assert_non_null(strstr(error, "\"\\x1B[2Jxxx"));
	assert_non_null(strstr(error, "…"));
	assert_non_null(strstr(error, "allowed"));
}

static void test_error_is_cut_to_its_room(void **state)
{
	static const char text[] = "home: { ping = 99999; };";
	struct config *config = NULL;

	(void)state;
	for (size_t size = 1; size < 64; size++) {
		char error[64];

		memset(error, 'u', sizeof(error));
		assert_int_equal(config_parse(&config, "FILE", text, strlen(text), error, size),
				 -EINVAL);
		assert_int_equal(strlen(error), size - 1);
	}
}

static void test_what_is_allowed_fits_for_every_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_row_count; i++) {
		char allowed[CONFIG_ALLOWED_MAX];

		config_row_describe(&config_rows[i], allowed);
		assert_in_range(strlen(allowed), 1, CONFIG_ALLOWED_MAX - 2);
	}
}

static void test_values_that_cannot_be_together_are_refused(void **state)
{
	static const struct {
		const char *text;
		const char *start;
		const char *words;
	} cases[] = {
		{ "teletel: {\nunit = \"a.service\";\ncommand = [ \"/bin/a\" ];\n};",
		  "FILE:3: teletel.command: teletel.unit names a Teletel server, too",
		  "one of them" },
		{ "supervisor: {\nadmin_socket = \"/run/vdtgw/session\";\n};",
		  "FILE:2: supervisor.admin_socket: supervisor.session_socket is the same path",
		  "one for each" },
		{ "supervisor: {\nsession_socket = \"/run/vdtgw/admin\";\n};",
		  "FILE:2: supervisor.admin_socket: supervisor.session_socket is", "one for each" },
		{ "supervisor: { session_socket = \"/a\";\nconsole_socket = \"/a\"; };",
		  "FILE:2: supervisor.console_socket: supervisor.session_socket is",
		  "one for each" },
		{ "supervisor: { console_socket = \"/run/vdtgw/admin\"; };",
		  "FILE:1: supervisor.console_socket: supervisor.admin_socket is", "one for each" },
	};
	struct config *config;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_refused(cases[i].text, cases[i].start, cases[i].words);
	config = accepted("teletel: { unit = \"\"; command = [ \"/bin/a\" ]; };");
	config_free(config);
	config = accepted("teletel: { unit = \"a.service\"; command = [ ]; };");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_key_is_refused_with_its_line_and_those_known),
		cmocka_unit_test(test_wrong_type_is_refused),
		cmocka_unit_test(test_value_out_of_range_is_refused),
		cmocka_unit_test(test_text_that_its_key_does_not_take_is_refused),
		cmocka_unit_test(test_lengths_are_bounded),
		cmocka_unit_test(test_lists_are_bounded),
		cmocka_unit_test(test_what_libconfig_would_pass_over_is_refused),
		cmocka_unit_test(test_syntax_errors_name_the_line_and_quote_it),
		cmocka_unit_test(test_deep_nesting_is_an_error_only),
		cmocka_unit_test(test_hostile_value_is_quoted_safely_and_cut),
		cmocka_unit_test(test_error_is_cut_to_its_room),
		cmocka_unit_test(test_what_is_allowed_fits_for_every_key),
		cmocka_unit_test(test_values_that_cannot_be_together_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
