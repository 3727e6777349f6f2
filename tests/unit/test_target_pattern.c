/* links: common */
#include "common/target_pattern.h"

#include "common/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
#define NAME_189 LABEL_63 "." LABEL_63 "." LABEL_63 "."
#define LABEL_61 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxy"

/* What is read of each, written out again in full. */
static const struct {
	const char *text;
	const char *parts; /* scheme, kind of host, host, ports */
} valid[] = {
	{ "*", "* any * 1-65535" },
	{ "*://*:*", "* any * 1-65535" },
	{ "ws://*", "ws any * 1-65535" },
	{ "wss://*:443", "wss any * 443-443" },
	{ "Telnet://*:1024-65535", "telnet any * 1024-65535" },
	{ "example.org", "* name example.org 1-65535" },
	{ "WSS://Example.ORG:1-1", "wss name Example.ORG 1-1" },
	{ "localhost:08765", "* name localhost 8765-8765" },
	{ "ws:80", "* name ws 80-80" },
	{ "mini_tel.example:*", "* name mini_tel.example 1-65535" },
	{ "1.2.3.4a", "* name 1.2.3.4a 1-65535" },
	{ "*.example.org", "* below .example.org 1-65535" },
	{ "telnet://*.fr:23", "telnet below .fr 23-23" },
	{ NAME_189 LABEL_61, "* name " NAME_189 LABEL_61 " 1-65535" },
	{ "192.0.2.1", "* network 192.0.2.1 1-65535" },
	{ "ws://192.0.2.1:80", "ws network 192.0.2.1 80-80" },
	{ "192.0.2.7/24:23", "* network 192.0.2.0/24 23-23" },
	{ "0.0.0.0/0", "* network 0.0.0.0/0 1-65535" },
	{ "[2001:DB8::1]", "* network 2001:db8::1 1-65535" },
	{ "[2001:db8::/32]", "* network 2001:db8::/32 1-65535" },
	{ "wss://[fd00::/8]:443-444", "wss network fd00::/8 443-444" },
	{ "[::/0]", "* network ::/0 1-65535" },
	{ "[::ffff:10.0.0.0/104]:*", "* network 10.0.0.0/8 1-65535" },
};

static const struct {
	const char *text;
	const char *why; /* words of it */
} invalid[] = {
	{ "", "empty" },
	{ "http://example.org", "scheme is unknown" },
	{ "://example.org", "scheme is unknown" },
	{ "w*://example.org", "scheme is unknown" },
	{ "wss ://example.org", "scheme is unknown" },
	{ "ws://", "no host" },
	{ ":80", "no host" },
	{ "ws://:80", "no host" },
	{ "exa mple.org", "character that no name has" },
	{ "ex\xc3\xa9mple.org", "character that no name has" },
	{ "example.org\n", "character that no name has" },
	{ "user@example.org", "character that no name has" },
	{ "example..org", "empty label" },
	{ "example.org.", "empty label" },
	{ ".example.org", "empty label" },
	{ "*.", "empty label" },
	{ "-a.example", "begins or ends with '-'" },
	{ "**", "stands for" },
	{ "*example.org", "stands for" },
	{ "www.*.org", "stands for" },
	{ "*.*", "stands for" },
	{ "example.*", "stands for" },
	{ "*.1.2.3.4", "looks like an IPv4" },
	{ "10.*", "stands for" },
	{ "127.1", "looks like an IPv4" },
	{ "0x7f000001", "looks like an IPv4" },
	{ "192.0.2.256", "looks like an IPv4" },
	{ "192.0.2.0/33", "no path" },
	{ "192.0.2.0/", "no path" },
	{ "192.0.2.0/08", "no path" },
	{ "192.0.2.0/255.255.255.0", "no path" },
	{ "wss://example.org/", "no path" },
	{ "wss://example.org/path:80", "no path" },
	{ "wss://example.org/24", "no path" },
	{ "::1", "several colons" },
	{ "2001:db8::/32", "several colons" },
	{ "telnet:example.org:23", "several colons" },
	{ "[::1", "closing bracket" },
	{ "[", "closing bracket" },
	{ "[]", "neither an IPv6 address" },
	{ "[192.0.2.1]", "neither an IPv6 address" },
	{ "[192.0.2.0/24]", "neither an IPv6 address" },
	{ "[example.org]", "neither an IPv6 address" },
	{ "[fe80::1%eth0]", "neither an IPv6 address" },
	{ "[2001:db8::/129]", "neither an IPv6 address" },
	{ "[2001:db8::/]", "neither an IPv6 address" },
	{ "[2001:db8::]/32", "inside the brackets" },
	{ "[::1]80", "only :port" },
	{ "[::1]]", "only :port" },
	{ "example.org:", "1 to 65535" },
	{ "example.org:0", "1 to 65535" },
	{ "example.org:65536", "1 to 65535" },
	{ "example.org:000080", "1 to 65535" },
	{ "example.org:+80", "1 to 65535" },
	{ "example.org:8*", "1 to 65535" },
	{ "example.org:http", "1 to 65535" },
	{ "example.org:80/path", "1 to 65535" },
	{ "telnet:example.org", "1 to 65535" },
	{ "*:-", "1 to 65535" },
	{ "*:1-", "1 to 65535" },
	{ "*:-1", "1 to 65535" },
	{ "*:1-*", "1 to 65535" },
	{ "*:1-2-3", "1 to 65535" },
	{ "*:1-65536", "1 to 65535" },
	{ "[::1]:0", "1 to 65535" },
	{ "*:24-23", "ends below" },
	{ LABEL_63 "x", "at most 63" },
	{ NAME_189 LABEL_61 "xxx", "at most 253" },
};

static struct target_pattern accepted(const char *text)
{
	struct target_pattern pattern = { .host = TARGET_ANY_HOST };
	const char *why = NULL;

	if (target_pattern_parse(&pattern, text, &why) != 0)
		fail_msg("%s: %s", text, why);
	assert_null(why);
	return pattern;
}

static struct uri uri_of(const char *text)
{
	struct uri uri;
	const char *why = NULL;

	if (uri_parse(&uri, text, &why) != 0)
		fail_msg("%s: %s", text, why);
	return uri;
}

static void test_patterns_are_read_into_their_parts(void **state)
{
	static const char *const kinds[] = {
		[TARGET_ANY_HOST] = "any",
		[TARGET_NAME] = "name",
		[TARGET_NAMES_BELOW] = "below",
		[TARGET_NETWORK] = "network",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(valid); i++) {
		struct target_pattern pattern = accepted(valid[i].text);
		char host[URI_HOST_MAX] = "*";
		char parts[512];

		if (pattern.host == TARGET_NETWORK)
			network_format(&pattern.network, host);
		else if (pattern.host != TARGET_ANY_HOST)
			snprintf(host, sizeof(host), "%.*s", (int)pattern.name_length,
				 pattern.name);
		snprintf(parts, sizeof(parts), "%s %s %s %u-%u",
			 pattern.any_scheme ? "*" : uri_scheme_name(pattern.scheme),
			 kinds[pattern.host], host, pattern.port_low, pattern.port_high);
		assert_string_equal(parts, valid[i].parts);
	}
}

static void test_a_bad_pattern_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(invalid); i++) {
		struct target_pattern pattern;
		struct target_pattern before;
		const char *why = NULL;

		memset(&pattern, 0x55, sizeof(pattern));
		memcpy(&before, &pattern, sizeof(pattern));
		if (target_pattern_parse(&pattern, invalid[i].text, &why) != -EINVAL)
			fail_msg("%s: accepted", invalid[i].text);
		if (why == NULL || strstr(why, invalid[i].why) == NULL)
			fail_msg("%s: '%s' lacks '%s'", invalid[i].text, why, invalid[i].why);
		assert_memory_equal(&pattern, &before, sizeof(pattern));
	}
}

static void test_names_schemes_and_ports_match_the_uri(void **state)
{
	static const struct {
		const char *pattern;
		const char *uri;
		bool matches;
	} cases[] = {
		{ "*", "ws://example.org", true },
		{ "*", "telnet://192.0.2.1", true },
		{ "*", "wss://[2001:db8::1]:1", true },
		{ "ws://*", "ws://example.org", true },
		{ "ws://*", "wss://example.org", false },
		{ "*://*", "wss://example.org", true },
		{ "example.org", "ws://EXAMPLE.org", true },
		{ "EXAMPLE.org", "ws://example.org", true },
		{ "example.org", "ws://www.example.org", false },
		{ "example.org", "ws://example.org.evil", false },
		{ "example.org", "ws://xexample.org", false },
		{ "example.org", "ws://example.or", false },
		{ "example.org", "ws://example.org:9/path", true },
		{ "example.org:80", "ws://example.org", true },
		{ "example.org:80", "wss://example.org", false },
		{ "example.org:23", "telnet:example.org", true },
		{ "*:10-20", "ws://example.org:9", false },
		{ "*:10-20", "ws://example.org:10", true },
		{ "*:10-20", "ws://example.org:20", true },
		{ "*:10-20", "ws://example.org:21", false },
		{ "*.example.org", "ws://www.EXAMPLE.org", true },
		{ "*.example.org", "ws://a.b.example.org", true },
		{ "*.example.org", "ws://example.org", false },
		{ "*.example.org", "ws://wwwexample.org", false },
		{ "*.example.org", "ws://www.example.org.evil", false },
		{ "ws://*.example.org", "wss://www.example.org", false },
		{ "*.example.org:81", "ws://www.example.org", false },
		{ "192.0.2.1", "ws://192.0.2.1", false },
		{ "0.0.0.0/0", "ws://example.org", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct target_pattern pattern = accepted(cases[i].pattern);
		struct uri uri = uri_of(cases[i].uri);

		if (target_pattern_matches_uri(&pattern, &uri) != cases[i].matches)
			fail_msg("%s and %s", cases[i].pattern, cases[i].uri);
	}
}

static void test_networks_schemes_and_ports_match_the_address(void **state)
{
	static const struct {
		const char *pattern;
		const char *uri;
		const char *address;
		bool matches;
	} cases[] = {
		{ "10.0.0.0/8", "ws://example.org", "10.255.0.1", true },
		{ "10.0.0.0/8", "ws://example.org", "11.0.0.1", false },
		{ "10.0.0.0/8", "ws://example.org", "::ffff:10.0.0.1", true },
		{ "10.0.0.1", "ws://example.org", "10.0.0.1", true },
		{ "10.0.0.1", "ws://example.org", "10.0.0.2", false },
		{ "telnet://10.0.0.0/8", "ws://example.org", "10.0.0.1", false },
		{ "10.0.0.0/8:23", "ws://example.org", "10.0.0.1", false },
		{ "10.0.0.0/8:80", "ws://example.org", "10.0.0.1", true },
		{ "[2001:db8::/32]", "ws://example.org", "2001:db8:1::1", true },
		{ "[2001:db8::/32]", "ws://example.org", "2001:db9::1", false },
		{ "[::ffff:10.0.0.0/104]", "ws://example.org", "10.0.0.1", true },
		{ "[::/0]", "ws://example.org", "2001:db8::1", true },
		{ "[::/0]", "ws://example.org", "10.0.0.1", false },
		{ "0.0.0.0/0", "ws://example.org", "10.0.0.1", true },
		{ "0.0.0.0/0", "ws://example.org", "2001:db8::1", false },
		{ "*", "ws://example.org", "10.0.0.1", false },
		{ "example.org", "ws://example.org", "10.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct target_pattern pattern = accepted(cases[i].pattern);
		struct uri uri = uri_of(cases[i].uri);
		struct address address;

		assert_int_equal(address_parse(&address, cases[i].address), 0);
		if (target_pattern_matches_address(&pattern, &uri, &address) != cases[i].matches)
			fail_msg("%s, %s and %s", cases[i].pattern, cases[i].uri, cases[i].address);
	}
}

static void test_localhost_is_recognised(void **state)
{
	static const struct {
		const char *pattern;
		bool is_localhost;
	} cases[] = {
		{ "localhost", true },
		{ "ws://LocalHost:80", true },
		{ "*.localhost", true },
		{ "kiosk.localhost", true },
		{ "*.kiosk.LOCALHOST:80", true },
		{ "notlocalhost", false },
		{ "*.notlocalhost", false },
		{ "localhost.example", false },
		{ "host", false },
		{ "*", false },
		{ "127.0.0.1", false },
		{ "[::1]", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct target_pattern pattern = accepted(cases[i].pattern);

		if (target_pattern_is_localhost(&pattern) != cases[i].is_localhost)
			fail_msg("%s", cases[i].pattern);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns_are_read_into_their_parts),
		cmocka_unit_test(test_a_bad_pattern_is_refused_with_its_reason),
		cmocka_unit_test(test_names_schemes_and_ports_match_the_uri),
		cmocka_unit_test(test_networks_schemes_and_ports_match_the_address),
		cmocka_unit_test(test_localhost_is_recognised),
	};

	return cmocka_run_group_tests_name("target pattern", tests, NULL, NULL);
}
