/* links: common */
#include "common/address.h"

#include "common/array.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(&address, text), 0);
	return address;
}

static void test_address_is_written_in_its_shortest_form(void **state)
{
	static const struct {
		const char *text;
		const char *written;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::FFFF:C000:0201", "192.0.2.1" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "2001:db8::1:0:0:1", "2001:db8::1:0:0:1" },
		{ "::", "::" },
		{ "::1", "::1" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address = address_of(cases[i].text);
		char text[ADDRESS_TEXT_MAX];

		address_format(&address, text);
		assert_string_equal(text, cases[i].written);
	}
}

static void test_what_is_no_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"",           "localhost",    "192.0.2", "192.0.2.256",  "192.0.2.1 ",
		" 192.0.2.1", "192.0.2.01",   "[::1]",   "fe80::1%eth0", "1:2:3:4:5:6:7:8:9",
		":::",        "192.0.2.1/24", "0x7f.1",  "2130706433",
	};
	static const struct address untouched = { .bytes = { 1, 2, 3 } };
	struct address address = untouched;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(address_parse(&address, cases[i]), -EINVAL);
	assert_memory_equal(&address, &untouched, sizeof(address));
}

static void test_peer_of_either_family_is_the_same_caller(void **state)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(4242) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(4243) };
	struct address one;
	struct address other;
	uint16_t port = 0;

	(void)state;
	inet_pton(AF_INET, "192.0.2.1", &ipv4.sin_addr);
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &ipv6.sin6_addr);
	assert_int_equal(
	    address_from_socket(&one, &port, (const struct sockaddr *)&ipv4, sizeof(ipv4)), 0);
	assert_int_equal(port, 4242);
	assert_int_equal(
	    address_from_socket(&other, &port, (const struct sockaddr *)&ipv6, sizeof(ipv6)), 0);
	assert_int_equal(port, 4243);
	assert_true(address_equal(&one, &other));
	assert_int_equal(
	    address_from_socket(&one, NULL, (const struct sockaddr *)&ipv6, sizeof(ipv6)), 0);
}

static void test_peer_without_an_internet_address_is_refused(void **state)
{
	struct sockaddr_un unix_socket = { .sun_family = AF_UNIX };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
	struct address address;

	(void)state;
	assert_int_equal(address_from_socket(&address, NULL, (const struct sockaddr *)&unix_socket,
					     sizeof(sa_family_t)),
			 -EAFNOSUPPORT);
	assert_int_equal(address_from_socket(&address, NULL, (const struct sockaddr *)&ipv6,
					     sizeof(struct sockaddr_in)),
			 -EINVAL);
	assert_int_equal(address_from_socket(&address, NULL, (const struct sockaddr *)&ipv6, 0),
			 -EINVAL);
}

static void test_loopback_is_told_from_the_rest(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {
		{ "127.0.0.1", true },  { "127.255.0.1", true }, { "::1", true },
		{ "128.0.0.1", false }, { "::", false },         { "::127.0.0.1", false },
		{ "::2", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address = address_of(cases[i].text);

		assert_int_equal(address_is_loopback(&address), cases[i].loopback);
	}
}

static void test_network_is_written_without_the_bits_beyond_its_prefix(void **state)
{
	static const struct {
		const char *text;
		const char *written;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.7/24", "192.0.2.0/24" },
		{ "192.0.2.255/31", "192.0.2.254/31" },
		{ "192.0.2.7", "192.0.2.7" },
		{ "192.0.2.7/32", "192.0.2.7" },
		{ "192.0.2.7/0", "0.0.0.0/0" },
		{ "::ffff:192.0.2.7/120", "192.0.2.0/24" },
		{ "2001:db8:ffff::1/32", "2001:db8::/32" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:db8::ffff/113", "2001:db8::8000/113" },
		{ "::/0", "::/0" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct network network;
		char text[NETWORK_TEXT_MAX];

		assert_int_equal(network_parse(&network, cases[i].text), 0);
		network_format(&network, text);
		assert_string_equal(text, cases[i].written);
	}
}

static void test_what_is_no_network_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"/24",
		"192.0.2.0/",
		"192.0.2.0/33",
		"192.0.2.0/-1",
		"192.0.2.0/+24",
		"192.0.2.0/ 24",
		"192.0.2.0/24 ",
		"192.0.2.0/024",
		"192.0.2.0/2x",
		"192.0.2.0/24/",
		"2001:db8::/129",
		"example.org/24",
		"192.0.2.0/4294967320",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000/32",
	};
	struct network network;

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(network_parse(&network, cases[i]), -EINVAL);
}

static void test_network_holds_its_own_addresses_only(void **state)
{
	static const struct {
		const char *network;
		const char *address;
		bool contained;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
		{ "192.0.2.9/24", "192.0.2.1", true },
		{ "192.0.2.8/29", "192.0.2.15", true },
		{ "192.0.2.8/29", "192.0.2.16", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "2001:db8::/32", "2001:db8:ffff::", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "2001:db8::/127", "2001:db8::1", true },
		{ "2001:db8::/127", "2001:db8::2", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address = address_of(cases[i].address);
		struct network network;

		assert_int_equal(network_parse(&network, cases[i].network), 0);
		assert_int_equal(network_contains(&network, &address), cases[i].contained);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address_is_written_in_its_shortest_form),
		cmocka_unit_test(test_what_is_no_address_is_refused),
		cmocka_unit_test(test_peer_of_either_family_is_the_same_caller),
		cmocka_unit_test(test_peer_without_an_internet_address_is_refused),
		cmocka_unit_test(test_loopback_is_told_from_the_rest),
		cmocka_unit_test(test_network_is_written_without_the_bits_beyond_its_prefix),
		cmocka_unit_test(test_what_is_no_network_is_refused),
		cmocka_unit_test(test_network_holds_its_own_addresses_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
