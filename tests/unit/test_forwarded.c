/* links: network */
/* Chains of proxies as a table: 192.0.2.0/24 and 2001:db8::/64 are the proxies that are trusted. */
#include "network/forwarded.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct network networks[2];
static const struct forwarded_trust trust = { networks, 2 };

static int set_up(void **state)
{
	(void)state;
	return network_parse(&networks[0], "192.0.2.0/24") |
	       network_parse(&networks[1], "2001:db8::/64");
}

struct value_case {
	const char *value;
	int result;
	const char *address; /* of FORWARDED_FOUND */
	uint16_t port;
};

static const struct value_case for_cases[] = {
	{ "", FORWARDED_ALL_TRUSTED, NULL, 0 },
	{ "203.0.113.9", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ " 203.0.113.9\t", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "203.0.113.9, 192.0.2.1", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "203.0.113.9,192.0.2.1,192.0.2.254", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "192.0.2.1, 192.0.2.2", FORWARDED_ALL_TRUSTED, NULL, 0 },
	/* What stands left of the first stranger may be that one's invention. */
	{ "10.9.8.7, 203.0.113.9, 192.0.2.1", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "192.0.2.7, 203.0.113.9", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "garbage\x01\xff, 203.0.113.9", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ ",, 203.0.113.9 , ,", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "203.0.113.9:4711", FORWARDED_FOUND, "203.0.113.9", 4711 },
	{ "2001:db8:1::9", FORWARDED_FOUND, "2001:db8:1::9", 0 },
	{ "[2001:db8:1::9]", FORWARDED_FOUND, "2001:db8:1::9", 0 },
	{ "[2001:db8:1::9]:65535", FORWARDED_FOUND, "2001:db8:1::9", 65535 },
	{ "203.0.113.9, 2001:db8::1", FORWARDED_FOUND, "203.0.113.9", 0 },
	/* A trusted proxy in its IPv6 form is the same one. */
	{ "203.0.113.9, ::ffff:192.0.2.1", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "unknown", FORWARDED_HIDDEN, NULL, 0 },
	{ "203.0.113.9, UNKNOWN, 192.0.2.1", FORWARDED_HIDDEN, NULL, 0 },
	{ "203.0.113.9, garbage", -EPROTO, NULL, 0 },
	{ "203.0.113.9, 192.0.2.1 192.0.2.2", -EPROTO, NULL, 0 },
	{ "203.0.113.09", -EPROTO, NULL, 0 },
	{ "203.0.113", -EPROTO, NULL, 0 },
	{ "203.0.113.9:", -EPROTO, NULL, 0 },
	{ "203.0.113.9:65536", -EPROTO, NULL, 0 },
	{ "203.0.113.9:x", -EPROTO, NULL, 0 },
	{ "[203.0.113.9]", -EPROTO, NULL, 0 },
	{ "[2001:db8:1::9", -EPROTO, NULL, 0 },
	{ "[2001:db8:1::9]4711", -EPROTO, NULL, 0 },
	{ "[2001:db8:1::9]:", -EPROTO, NULL, 0 },
	{ "[]", -EPROTO, NULL, 0 },
	{ "fe80::1%eth0", -EPROTO, NULL, 0 },
	{ "_", -EPROTO, NULL, 0 },
};

static const struct value_case rfc_cases[] = {
	{ "", FORWARDED_ALL_TRUSTED, NULL, 0 },
	{ "for=203.0.113.9", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "For=203.0.113.9;proto=https;by=192.0.2.1", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "proto=https; host=\"a,b;c\" ;for=203.0.113.9", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "for=\"203.0.113.9:4711\"", FORWARDED_FOUND, "203.0.113.9", 4711 },
	{ "for=203.0.113.9:4711", FORWARDED_FOUND, "203.0.113.9", 4711 },
	{ "for=\"[2001:db8:1::9]:4711\"", FORWARDED_FOUND, "2001:db8:1::9", 4711 },
	{ "for=\"203.0.113.9:_web\"", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "for=10.9.8.7, for=203.0.113.9, for=192.0.2.1", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "for=192.0.2.1, for=192.0.2.2", FORWARDED_ALL_TRUSTED, NULL, 0 },
	{ "for=nonsense, for=203.0.113.9", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ ",for=203.0.113.9;, ,", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ "for=203.0.113.9, for=unknown", FORWARDED_HIDDEN, NULL, 0 },
	{ "for=203.0.113.9, for=\"_gazonk\"", FORWARDED_HIDDEN, NULL, 0 },
	{ "for=203.0.113.9, proto=http;by=192.0.2.1", FORWARDED_HIDDEN, NULL, 0 },
	{ "for=203.0.113.9, for=nonsense", -EPROTO, NULL, 0 },
	{ "203.0.113.9", -EPROTO, NULL, 0 },
	{ "for", -EPROTO, NULL, 0 },
	{ "for=", -EPROTO, NULL, 0 },
	{ "=203.0.113.9", -EPROTO, NULL, 0 },
	{ "for=\"\"", -EPROTO, NULL, 0 },
	{ "for=\"203.0.113.9", -EPROTO, NULL, 0 },
	{ "for=\"203.0.113.9\\", -EPROTO, NULL, 0 },
	{ "for=\"203.0.113.\\9\"", -EPROTO, NULL, 0 },
	{ "for = 203.0.113.9", -EPROTO, NULL, 0 },
	{ "for=203.0.113.9 for=203.0.113.8", -EPROTO, NULL, 0 },
	{ "for=203.0.113.9;for=203.0.113.8", -EPROTO, NULL, 0 },
	/* An open quote may not swallow what a proxy appends. */
	{ "for=\"x, for=203.0.113.9", -EPROTO, NULL, 0 },
};

static void check_caller(int result, const struct forwarded_caller *caller,
			 const struct value_case *row)
{
	char address[ADDRESS_TEXT_MAX];

	assert_int_equal(result, row->result);
	if (result == FORWARDED_FOUND) {
		address_format(&caller->address, address);
		assert_string_equal(address, row->address);
		assert_int_equal(caller->port, row->port);
	} else {
		assert_int_equal(caller->port, 7);
	}
}

static void check_values(enum forwarded_kind kind, const struct value_case *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct http_text value = { rows[i].value, strlen(rows[i].value) };
		struct forwarded_caller caller = { .port = 7 };
		const char *why = NULL;
		int result;

		print_message("\"%s\"\n", rows[i].value);
		result = forwarded_read(&caller, kind, &value, &trust, &why);
		check_caller(result, &caller, &rows[i]);
		assert_int_equal(result < 0, why != NULL);
	}
}

static void test_x_forwarded_for_is_read_from_the_right(void **state)
{
	(void)state;
	check_values(FORWARDED_FOR, for_cases, sizeof(for_cases) / sizeof(for_cases[0]));
}

static void test_forwarded_is_read_from_the_right(void **state)
{
	(void)state;
	check_values(FORWARDED_RFC7239, rfc_cases, sizeof(rfc_cases) / sizeof(rfc_cases[0]));
}

#define HEAD "GET / HTTP/1.1\r\nHost: x\r\n"

static const struct value_case head_cases[] = {
	{ HEAD "\r\n", FORWARDED_ALL_TRUSTED, NULL, 0 },
	{ "GET / HTTP/1.1\r\n\r\n", FORWARDED_ALL_TRUSTED, NULL, 0 },
	{ HEAD "x-forwarded-FOR:203.0.113.9\r\n\r\n", FORWARDED_FOUND, "203.0.113.9", 0 },
	{ HEAD "X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-For: 203.0.113.9, 192.0.2.1\r\n\r\n",
	  FORWARDED_FOUND, "203.0.113.9", 0 },
	{ HEAD "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
	  FORWARDED_FOUND, "203.0.113.9", 0 },
	{ HEAD "Forwarded: for=\"open\r\nForwarded: for=203.0.113.9\r\n\r\n", FORWARDED_FOUND,
	  "203.0.113.9", 0 },
	{ HEAD "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=\"203.0.113.9:4711\"\r\n\r\n",
	  FORWARDED_FOUND, "203.0.113.9", 4711 },
	{ HEAD "X-Forwarded-For: 203.0.113.9:4711\r\nForwarded: for=203.0.113.9\r\n\r\n",
	  FORWARDED_FOUND, "203.0.113.9", 4711 },
	{ HEAD "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.8\r\n\r\n", -EPROTO, NULL,
	  0 },
	{ HEAD "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=unknown\r\n\r\n", -EPROTO, NULL, 0 },
	{ HEAD "X-Forwarded-For: unknown\r\n\r\n", FORWARDED_HIDDEN, NULL, 0 },
	{ HEAD "X-Forwarded-For: 203.0.113.9\r\n , 192.0.2.1\r\n\r\n", -EPROTO, NULL, 0 },
	{ HEAD "X-Forwarded-For : 203.0.113.9\r\n\r\n", -EPROTO, NULL, 0 },
	{ HEAD "no field\r\n\r\n", -EPROTO, NULL, 0 },
};

static void test_the_fields_of_a_head_are_taken_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(head_cases) / sizeof(head_cases[0]); i++) {
		const char *head = head_cases[i].value;
		struct forwarded_caller caller = { .port = 7 };
		const char *why = NULL;
		int result;

		print_message("head %zu\n", i);
		for (size_t j = 0; j < strlen(head); j++)
			assert_int_equal(http_head_length(head, j), 0);
		assert_int_equal(http_head_length(head, strlen(head)), strlen(head));
		result = forwarded_read_head(&caller, head, strlen(head), &trust, &why);
		check_caller(result, &caller, &head_cases[i]);
	}
}

static void repeat(char *text, const char *part, size_t count)
{
	for (size_t i = 0; i < count; i++)
		strcat(text, part);
}

static void test_what_is_too_long_is_not_understood(void **state)
{
	static char text[2 * FORWARDED_VALUE_MAX];
	struct forwarded_caller caller;
	struct http_text value = { text, 0 };
	const char *why = NULL;

	(void)state;
	for (size_t hops = FORWARDED_HOPS_MAX; hops <= FORWARDED_HOPS_MAX + 1; hops++) {
		int expected = hops > FORWARDED_HOPS_MAX ? -EPROTO : FORWARDED_ALL_TRUSTED;

		text[0] = '\0';
		repeat(text, "192.0.2.1,", hops);
		value.length = strlen(text);
		assert_int_equal(forwarded_read(&caller, FORWARDED_FOR, &value, &trust, &why),
				 expected);
		text[0] = '\0';
		repeat(text, "for=192.0.2.1,", hops);
		value.length = strlen(text);
		assert_int_equal(forwarded_read(&caller, FORWARDED_RFC7239, &value, &trust, &why),
				 expected);
	}
	memset(text, ',', sizeof(text));
	value.length = FORWARDED_VALUE_MAX;
	assert_int_equal(forwarded_read(&caller, FORWARDED_FOR, &value, &trust, &why),
			 FORWARDED_ALL_TRUSTED);
	value.length++;
	assert_int_equal(forwarded_read(&caller, FORWARDED_FOR, &value, &trust, &why), -EPROTO);
	snprintf(text, sizeof(text), HEAD);
	repeat(text, "Forwarded: for=192.0.2.1\r\n", FORWARDED_FIELDS_MAX);
	strcat(text, "\r\n");
	assert_int_equal(forwarded_read_head(&caller, text, strlen(text), &trust, &why),
			 FORWARDED_ALL_TRUSTED);
	snprintf(text, sizeof(text), HEAD);
	repeat(text, "Forwarded: for=192.0.2.1\r\n", FORWARDED_FIELDS_MAX + 1);
	strcat(text, "\r\n");
	assert_int_equal(forwarded_read_head(&caller, text, strlen(text), &trust, &why), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x_forwarded_for_is_read_from_the_right),
		cmocka_unit_test(test_forwarded_is_read_from_the_right),
		cmocka_unit_test(test_the_fields_of_a_head_are_taken_together),
		cmocka_unit_test(test_what_is_too_long_is_not_understood),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
