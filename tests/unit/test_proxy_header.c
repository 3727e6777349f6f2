/* links: network */
/*
 * PROXY headers as a table; each row is tried byte by byte too, which must give nothing before the
 * last byte and the same with it, whatever follows.
 */
#include "network/proxy_header.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1
#define SIGNATURE      "\r\n\r\n\0\r\nQUIT\n"
#define IPV6_SOURCE    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define IPV6_TARGET    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
#define FILL_108                                                                                   \
	"123456789012345678901234567890123456789012345678901234123456789012345678901234567890"     \
	"123456789012345678901234"
#define LONGEST_IPV6 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

static const struct {
	const uint8_t *bytes;
	size_t length;
	const char *source; /* NULL: not relayed */
	uint16_t source_port;
	const char *destination;
	uint16_t destination_port;
} valid[] = {
	{ BYTES("PROXY TCP4 203.0.113.9 192.0.2.1 56324 23\r\n"), "203.0.113.9", 56324, "192.0.2.1",
	  23 },
	{ BYTES("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"), "255.255.255.255", 65535,
	  "0.0.0.0", 0 },
	{ BYTES("PROXY TCP6 2001:db8::9 2001:DB8::1 4711 9000\r\n"), "2001:db8::9", 4711,
	  "2001:db8::1", 9000 },
	{ BYTES("PROXY TCP6 " LONGEST_IPV6 " " LONGEST_IPV6 " 65535 65535\r\n"), LONGEST_IPV6,
	  65535, LONGEST_IPV6, 65535 },
	{ BYTES("PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n"), "203.0.113.9", 1, "::1", 2 },
	{ BYTES("PROXY UNKNOWN\r\n"), NULL, 0, NULL, 0 },
	{ BYTES("PROXY UNKNOWN " LONGEST_IPV6 " " LONGEST_IPV6 " 65535 65535\r\n"), NULL, 0, NULL,
	  0 },
	{ BYTES("PROXY UNKNOWN what\0ever\r\n"), NULL, 0, NULL, 0 },
	{ BYTES(SIGNATURE "\x21\x11\0\x0c\xcb\0\x71\x09\xc0\0\x02\x01\xdc\x04\0\x17"),
	  "203.0.113.9", 56324, "192.0.2.1", 23 },
	{ BYTES(SIGNATURE "\x21\x21\0\x24" IPV6_SOURCE IPV6_TARGET "\x12\x67\x23\x28"),
	  "2001:db8::1", 4711, "2001:db8::2", 9000 },
	/* A TLV behind the addresses. */
	{ BYTES(SIGNATURE "\x21\x11\0\x11\xcb\0\x71\x09\xc0\0\x02\x01\xdc\x04\0\x17\x04\0\x02xy"),
	  "203.0.113.9", 56324, "192.0.2.1", 23 },
	{ BYTES(SIGNATURE "\x20\0\0\0"), NULL, 0, NULL, 0 },
	/* LOCAL: what it says besides is skipped. */
	{ BYTES(SIGNATURE "\x20\x11\0\x0c\xcb\0\x71\x09\xc0\0\x02\x01\xdc\x04\0\x17"), NULL, 0,
	  NULL, 0 },
	{ BYTES(SIGNATURE "\x20\xff\0\x02xy"), NULL, 0, NULL, 0 },
	/* Unspecified, UDP and Unix: known, and no address of a caller. */
	{ BYTES(SIGNATURE "\x21\0\0\x03xyz"), NULL, 0, NULL, 0 },
	{ BYTES(SIGNATURE "\x21\x12\0\x0c\xcb\0\x71\x09\xc0\0\x02\x01\xdc\x04\0\x17"), NULL, 0,
	  NULL, 0 },
	{ BYTES(SIGNATURE "\x21\x31\0\xd8" FILL_108 FILL_108), NULL, 0, NULL, 0 },
};

static const struct {
	const uint8_t *bytes;
	size_t length;
	size_t refused_at; /* after this many bytes, and not before */
	const char *why;   /* words of it */
} invalid[] = {
	{ BYTES("G"), 1, "none" },
	{ BYTES("proxy TCP4"), 1, "none" },
	{ BYTES("PROXI"), 5, "none" },
	{ BYTES("PROXY\r\n"), 6, "none" },
	{ BYTES("PROXY \r\n"), 8, "protocol" },
	{ BYTES("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), 32, "protocol" },
	{ BYTES("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"), 32, "protocol" },
	{ BYTES("PROXY UNKNOWNS\r\n"), 16, "protocol" },
	{ BYTES("PROXY TCP4\r\n"), 12, "protocol" },
	{ BYTES("PROXY TCP4 \r\n"), 13, "two addresses" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n"), 30, "two addresses" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), 34, "two addresses" },
	{ BYTES("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), 33, "two addresses" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n"), 31, "port" },
	{ BYTES("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n"), 30, "address" },
	{ BYTES("PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n"), 33, "address" },
	{ BYTES("PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n"), 34, "address" },
	{ BYTES("PROXY TCP4 ::1 1.2.3.4 1 2\r\n"), 28, "address" },
	{ BYTES("PROXY TCP6 1.2.3.4 ::1 1 2\r\n"), 28, "address" },
	{ BYTES("PROXY TCP6 fe80::1%lo ::1 1 2\r\n"), 31, "address" },
	{ BYTES("PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"), 33, "address" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n"), 36, "port" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n"), 33, "port" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n"), 33, "port" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n"), 31, "alone" },
	{ BYTES("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx"), 32, "alone" },
	{ BYTES("PROXY UNKNOWN \n\r\n"), 15, "alone" },
	{ BYTES("PROXY UNKNOWN " LONGEST_IPV6 " " LONGEST_IPV6 " 65535 65535x\r\n"), 106,
	  "within 107" },
	{ BYTES(SIGNATURE "\x11\x11\0\x0c"), 13, "not 2" },
	{ BYTES(SIGNATURE "\x31\x11\0\x0c"), 13, "not 2" },
	{ BYTES(SIGNATURE "\x22\x11\0\x0c"), 13, "LOCAL" },
	{ BYTES(SIGNATURE "\x21\x41\0\x0c"), 16, "family" },
	{ BYTES(SIGNATURE "\x21\x13\0\x0c"), 16, "family" },
	{ BYTES(SIGNATURE "\x21\x11\0\x0b"), 16, "short" },
	{ BYTES(SIGNATURE "\x21\x21\0\x23"), 16, "short" },
	{ BYTES(SIGNATURE "\x21\x31\0\xd7"), 16, "short" },
	{ BYTES(SIGNATURE "\x21\x11\x02\x09"), 16, "536" },
	{ BYTES(SIGNATURE "\x20\0\xff\xff"), 16, "536" },
	{ BYTES("\r\n\r\n\0\r\nQUIT\r"), 12, "none" },
};

static void check_endpoint(const struct proxy_endpoint *endpoint, const char *address,
			   uint16_t port)
{
	struct address expected = { 0 };

	if (address != NULL)
		assert_int_equal(address_parse(&expected, address), 0);
	assert_true(address_equal(&endpoint->address, &expected));
	assert_int_equal(endpoint->port, port);
}

static void test_headers_are_read_however_they_arrive(void **state)
{
	static const uint8_t next[8] = { 'P', 'R', 'O', 'X', 'Y', ' ', 'T', 'C' };

	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		uint8_t bytes[PROXY_HEADER_MAX + sizeof(next)];
		size_t length = valid[i].length;
		struct proxy_header header;
		const char *why = NULL;

		print_message("valid %zu\n", i);
		memcpy(bytes, valid[i].bytes, length);
		memcpy(bytes + length, next, sizeof(next));
		for (size_t j = 0; j < length; j++)
			assert_int_equal(proxy_header_parse(&header, bytes, j, &why), 0);
		for (size_t behind = 0; behind <= sizeof(next); behind++) {
			assert_int_equal(proxy_header_parse(&header, bytes, length + behind, &why),
					 length);
			assert_int_equal(header.relayed, valid[i].source != NULL);
			check_endpoint(&header.source, valid[i].source, valid[i].source_port);
			check_endpoint(&header.destination, valid[i].destination,
				       valid[i].destination_port);
		}
		assert_null(why);
		assert_true(proxy_header_begins(bytes, length));
	}
}

static void test_what_is_none_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		struct proxy_header header = { .source.port = 7 };
		const char *why = NULL;

		print_message("invalid %zu\n", i);
		for (size_t j = 0; j < invalid[i].refused_at; j++)
			assert_int_equal(proxy_header_parse(&header, invalid[i].bytes, j, &why), 0);
		for (size_t j = invalid[i].refused_at; j <= invalid[i].length; j++)
			assert_int_equal(proxy_header_parse(&header, invalid[i].bytes, j, &why),
					 -EPROTO);
		assert_non_null(strstr(why, invalid[i].why));
		assert_int_equal(header.source.port, 7);
	}
}

static void test_only_an_unmistakable_beginning_is_one(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t length;
		bool begins;
	} rows[] = {
		{ BYTES(""), false },           { BYTES("PROXY"), false },
		{ BYTES("PROXY \r\n"), false }, { BYTES("PROXY SERVER"), false },
		{ BYTES("PROXY TCP4"), false }, { BYTES("PROXY TCP4 "), true },
		{ BYTES("PROXY TCP6 "), true }, { BYTES("PROXY UNKNOWN"), true },
		{ BYTES("\r\n\r\n"), false },   { BYTES("\r\n\r\n\0\r\nQUIT"), false },
		{ BYTES(SIGNATURE), true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(proxy_header_begins(rows[i].bytes, rows[i].length),
				 rows[i].begins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_are_read_however_they_arrive),
		cmocka_unit_test(test_what_is_none_is_refused_with_its_reason),
		cmocka_unit_test(test_only_an_unmistakable_beginning_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
