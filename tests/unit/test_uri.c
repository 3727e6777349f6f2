/* links: common */
#include "common/uri.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define NAME_253                                                                                   \
	LABEL_63 "." LABEL_63 "." LABEL_63 "."                                                     \
		 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

static const struct {
	const char *text;
	enum uri_scheme scheme;
	const char *host;
	uint16_t port;
	const char *path;
	const char *authority;
} valid[] = {
	{ "ws://localhost:8765", URI_WS, "localhost", 8765, "/", "localhost:8765" },
	{ "ws://host", URI_WS, "host", 80, "/", "host:80" },
	{ "ws://host/", URI_WS, "host", 80, "/", "host:80" },
	{ "wss://3615.example.fr", URI_WSS, "3615.example.fr", 443, "/", "3615.example.fr:443" },
	{ "wss://mini_tel.example:7516/ws/a%20b?echo&x=%00/?", URI_WSS, "mini_tel.example", 7516,
	  "/ws/a%20b?echo&x=%00/?", "mini_tel.example:7516" },
	{ "ws://host:1?echo", URI_WS, "host", 1, "/?echo", "host:1" },
	{ "ws://host?", URI_WS, "host", 80, "/?", "host:80" },
	{ "ws://host//a@b:c[]", URI_WS, "host", 80, "//a@b:c[]", "host:80" },
	{ "WsS://Host:65535", URI_WSS, "Host", 65535, "/", "Host:65535" },
	{ "ws://127.0.0.1:08765", URI_WS, "127.0.0.1", 8765, "/", "127.0.0.1:8765" },
	{ "ws://[::1]:8765/a", URI_WS, "::1", 8765, "/a", "[::1]:8765" },
	{ "wss://[2001:DB8::1]", URI_WSS, "2001:DB8::1", 443, "/", "[2001:DB8::1]:443" },
	{ "ws://[::ffff:192.0.2.1]?x", URI_WS, "::ffff:192.0.2.1", 80, "/?x",
	  "[::ffff:192.0.2.1]:80" },
	{ "telnet://host", URI_TELNET, "host", 23, "", "host:23" },
	{ "telnet://host:6502/", URI_TELNET, "host", 6502, "", "host:6502" },
	{ "TELNET:host:516", URI_TELNET, "host", 516, "", "host:516" },
	{ "telnet:host", URI_TELNET, "host", 23, "", "host:23" },
	{ "telnet:[::1]:516", URI_TELNET, "::1", 516, "", "[::1]:516" },
	{ "ws://" LABEL_63, URI_WS, LABEL_63, 80, "/", LABEL_63 ":80" },
	{ "ws://" NAME_253 ":1", URI_WS, NAME_253, 1, "/", NAME_253 ":1" },
	{ "ws://0x.example", URI_WS, "0x.example", 80, "/", "0x.example:80" },
	{ "ws://1.2.3.4a", URI_WS, "1.2.3.4a", 80, "/", "1.2.3.4a:80" },
};

static const struct {
	const char *text;
	const char *why; /* words of it */
} invalid[] = {
	{ "", "is empty" },
	{ "ws://ho st", "printable ASCII" },
	{ "ws://host/\n", "printable ASCII" },
	{ "ws://host/\x7f", "printable ASCII" },
	{ "ws://h\xc3\xb4te", "printable ASCII" },
	{ " ws://host", "printable ASCII" },
	{ "ws://host/#", "fragment" },
	{ "http://host", "scheme is unknown" },
	{ "wsss://host", "scheme is unknown" },
	{ "ws", "scheme is unknown" },
	{ "host:80", "scheme is unknown" },
	{ "://host", "scheme is unknown" },
	{ "ws:host", "lacks //" },
	{ "wss:/host", "lacks //" },
	{ "ws://", "no host" },
	{ "ws:///path", "no host" },
	{ "ws://:80", "no host" },
	{ "ws://?echo", "no host" },
	{ "ws://[]:80", "no host" },
	{ "telnet:", "no host" },
	{ "telnet://:23", "no host" },
	{ "ws://user@host", "user name" },
	{ "telnet://user:secret@host:23", "user name" },
	{ "ws://host:", "1 to 65535" },
	{ "ws://host:0", "1 to 65535" },
	{ "ws://host:65536", "1 to 65535" },
	{ "ws://host:000080", "1 to 65535" },
	{ "ws://host:99999999999999999999", "1 to 65535" },
	{ "ws://host:+80", "1 to 65535" },
	{ "ws://host:-1", "1 to 65535" },
	{ "ws://host:8a", "1 to 65535" },
	{ "ws://[::1]:", "1 to 65535" },
	{ "ws://::1", "several colons" },
	{ "ws://2001:db8::1:80", "several colons" },
	{ "telnet:host:23:24", "several colons" },
	{ "ws://[::1", "closing bracket" },
	{ "ws://[::1/]", "closing bracket" },
	{ "ws://[::1]80", "only :port" },
	{ "ws://[::1]x:80", "only :port" },
	{ "ws://[host]", "no IPv6 address" },
	{ "ws://[192.0.2.1]", "no IPv6 address" },
	{ "ws://[fe80::1%25eth0]", "no IPv6 address" },
	{ "ws://[:::1]", "no IPv6 address" },
	{ "ws://ho%73t", "character that no name has" },
	{ "ws://ho,st", "character that no name has" },
	{ "ws://host\\path", "character that no name has" },
	{ "ws://host]", "character that no name has" },
	{ "ws://$(id)", "character that no name has" },
	{ "ws://a..b", "empty label" },
	{ "ws://.a", "empty label" },
	{ "ws://a.", "empty label" },
	{ "ws://-a", "begins or ends with '-'" },
	{ "ws://a.b-", "begins or ends with '-'" },
	{ "ws://" LABEL_63 "x", "at most 63" },
	{ "ws://" NAME_253 "x", "at most 253" },
	{ "ws://256.0.0.1", "looks like an IPv4" },
	{ "ws://127.1", "looks like an IPv4" },
	{ "ws://2130706433", "looks like an IPv4" },
	{ "ws://0177.0.0.1", "looks like an IPv4" },
	{ "ws://0x7F000001", "looks like an IPv4" },
	{ "ws://1.2.3.4.5", "looks like an IPv4" },
	{ "telnet://host/path", "no path" },
	{ "telnet://host?echo", "no path" },
	{ "telnet:host//", "no path" },
};

static void test_addresses_are_read_into_their_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		struct uri uri;
		const char *why = NULL;
		char authority[URI_HOST_MAX + 16];
		int result = uri_parse(&uri, valid[i].text, &why);

		if (result != 0)
			fail_msg("%s: %s", valid[i].text, why);
		assert_int_equal(uri.scheme, valid[i].scheme);
		assert_string_equal(uri.host, valid[i].host);
		assert_int_equal(uri.port, valid[i].port);
		assert_string_equal(uri.path, valid[i].path);
		assert_int_equal(uri_authority(&uri, authority, sizeof(authority)),
				 strlen(valid[i].authority));
		assert_string_equal(authority, valid[i].authority);
	}
}

static void test_a_bad_address_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct uri uri;
		struct uri before;
		const char *why = NULL;

		memset(&uri, 0x55, sizeof(uri));
		before = uri;
		if (uri_parse(&uri, invalid[i].text, &why) != -EINVAL)
			fail_msg("%s: accepted", invalid[i].text);
		if (why == NULL || strstr(why, invalid[i].why) == NULL)
			fail_msg("%s: '%s' lacks '%s'", invalid[i].text, why, invalid[i].why);
		assert_memory_equal(&uri, &before, sizeof(uri));
	}
}

static void test_the_longest_address_is_one_byte_short_of_the_limit(void **state)
{
	struct uri uri;
	const char *why = NULL;
	char text[URI_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "ws://h?", 7);
	text[URI_MAX - 1] = '\0';
	assert_int_equal(uri_parse(&uri, text, &why), 0);
	assert_int_equal(strlen(uri.path), URI_MAX - 1 - strlen("ws://h") + 1);
	text[URI_MAX - 1] = 'x';
	text[URI_MAX] = '\0';
	assert_int_equal(uri_parse(&uri, text, &why), -EINVAL);
	assert_non_null(strstr(why, "too long"));
}

static void test_an_authority_is_cut_to_the_room_given(void **state)
{
	struct uri uri;
	const char *why = NULL;
	char text[8] = "unused";

	(void)state;
	assert_int_equal(uri_parse(&uri, "ws://[::1]:8765", &why), 0);
	assert_int_equal(uri_authority(&uri, text, 0), 0);
	assert_string_equal(text, "unused");
	assert_int_equal(uri_authority(&uri, text, 1), 0);
	assert_string_equal(text, "");
	assert_int_equal(uri_authority(&uri, text, sizeof(text)), sizeof(text) - 1);
	assert_string_equal(text, "[::1]:8");
}

static void test_schemes_have_their_names(void **state)
{
	(void)state;
	assert_string_equal(uri_scheme_name(URI_WS), "ws");
	assert_string_equal(uri_scheme_name(URI_WSS), "wss");
	assert_string_equal(uri_scheme_name(URI_TELNET), "telnet");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_read_into_their_parts),
		cmocka_unit_test(test_a_bad_address_is_refused_with_its_reason),
		cmocka_unit_test(test_the_longest_address_is_one_byte_short_of_the_limit),
		cmocka_unit_test(test_an_authority_is_cut_to_the_room_given),
		cmocka_unit_test(test_schemes_have_their_names),
	};

	return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
