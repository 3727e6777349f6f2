/*
 * Reads PROXY headers. Every call starts over with all the bytes that have come, of which there are
 * few: nothing is remembered in between, and nothing behind the header is looked at.
 */
#include "network/proxy_header.h"

#include <errno.h>
#include <string.h>

enum {
	FIXED_LENGTH = 16, /* of version 2: signature, version and command, family, length */
	SIGNATURE_LENGTH = 12,
	VERSION_2 = 2,
	COMMAND_LOCAL = 0,
	COMMAND_PROXY = 1,
	FAMILY_MAX = 3,
	PROTOCOL_MAX = 2,
	TCP_IPV4 = 0x11,
	TCP_IPV6 = 0x21,
	LINE_FIELDS = 4, /* of version 1, behind the protocol's name */
	PORT_DIGITS_MAX = 5,
};

static const uint8_t signature[SIGNATURE_LENGTH] = { '\r', '\n', '\r', '\n', 0,   '\r',
						     '\n', 'Q',  'U',  'I',  'T', '\n' };
static const char line_start[] = "PROXY ";
static const char unknown[] = "PROXY UNKNOWN";

static int refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EPROTO;
}

static bool starts_with(const uint8_t *bytes, size_t length, const void *start, size_t start_length)
{
	return length >= start_length && memcmp(bytes, start, start_length) == 0;
}

/* Whether the bytes are the whole of expected, or what of it there can be so far. */
static bool may_become(const uint8_t *bytes, size_t length, const void *expected,
		       size_t expected_length)
{
	return memcmp(bytes, expected, length < expected_length ? length : expected_length) == 0;
}

/* Version 1 */

struct field {
	const char *text;
	size_t length;
};

static int read_address(struct address *ret_address, const struct field *field, bool ipv4)
{
	char text[ADDRESS_TEXT_MAX];

	if (field->length >= sizeof(text) || memchr(field->text, '\0', field->length) != NULL)
		return -EINVAL;
	memcpy(text, field->text, field->length);
	text[field->length] = '\0';
	if ((strchr(text, ':') == NULL) != ipv4)
		return -EINVAL;
	return address_parse(ret_address, text);
}

static int read_port(uint16_t *ret_port, const struct field *field)
{
	unsigned port = 0;

	if (field->length == 0 || field->length > PORT_DIGITS_MAX ||
	    (field->text[0] == '0' && field->length > 1))
		return -EINVAL;
	for (size_t i = 0; i < field->length; i++) {
		if (field->text[i] < '0' || field->text[i] > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(field->text[i] - '0');
	}
	if (port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Cuts the text at each space into exactly LINE_FIELDS fields. */
static bool split(const char *text, size_t length, struct field ret_fields[LINE_FIELDS])
{
	const char *end = text + length;

	for (size_t i = 0; i < LINE_FIELDS; i++) {
		const char *space = memchr(text, ' ', (size_t)(end - text));

		if ((space == NULL) != (i == LINE_FIELDS - 1))
			return false;
		if (space == NULL)
			space = end;
		ret_fields[i] = (struct field) { text, (size_t)(space - text) };
		text = space + 1;
	}
	return true;
}

/* "TCP4 source destination port port", length bytes. */
static int read_line(struct proxy_header *ret_header, const char *text, size_t length,
		     const char **ret_why)
{
	static const char protocol[] = "TCP4 ";
	struct proxy_header header = { .relayed = true };
	struct field fields[LINE_FIELDS];
	bool ipv4;

	if (length < sizeof(protocol) - 1 || memcmp(text, "TCP", 3) != 0 ||
	    (text[3] != '4' && text[3] != '6') || text[4] != ' ')
		return refuse("version 1: its protocol is neither TCP4, TCP6 nor UNKNOWN", ret_why);
	ipv4 = text[3] == '4';
	if (!split(text + sizeof(protocol) - 1, length - (sizeof(protocol) - 1), fields))
		return refuse("version 1: it has not two addresses and two ports", ret_why);
	if (read_address(&header.source.address, &fields[0], ipv4) < 0 ||
	    read_address(&header.destination.address, &fields[1], ipv4) < 0)
		return refuse("version 1: an address is none", ret_why);
	if (read_port(&header.source.port, &fields[2]) < 0 ||
	    read_port(&header.destination.port, &fields[3]) < 0)
		return refuse("version 1: a port is none", ret_why);
	*ret_header = header;
	return 0;
}

static int parse_line(struct proxy_header *ret_header, const uint8_t *bytes, size_t length,
		      const char **ret_why)
{
	const char *text = (const char *)bytes;
	size_t end = 0;
	int result;

	while (end < length && end < PROXY_HEADER_V1_MAX && bytes[end] != '\r' &&
	       bytes[end] != '\n')
		end++;
	if (end >= PROXY_HEADER_V1_MAX - 1)
		return refuse("version 1: it has no end within 107 bytes", ret_why);
	if (end == length)
		return 0;
	if (bytes[end] == '\n' || (end + 1 < length && bytes[end + 1] != '\n'))
		return refuse("version 1: a CR or LF alone", ret_why);
	if (end + 1 == length)
		return 0;
	if (starts_with(bytes, end, unknown, sizeof(unknown) - 1) &&
	    (end == sizeof(unknown) - 1 || text[sizeof(unknown) - 1] == ' ')) {
		*ret_header = (struct proxy_header) { .relayed = false };
		return (int)end + 2;
	}
	result = read_line(ret_header, text + sizeof(line_start) - 1,
			   end - (sizeof(line_start) - 1), ret_why);
	return result < 0 ? result : (int)end + 2;
}

/* Version 2 */

/* Puts an IPv4 address of four bytes into its IPv6 form. */
static struct address mapped(const uint8_t *bytes)
{
	struct address address = { .bytes = { [10] = 0xff, [11] = 0xff } };

	memcpy(address.bytes + 12, bytes, 4);
	return address;
}

static uint16_t big_endian(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static struct proxy_header read_ipv4(const uint8_t *block)
{
	return (struct proxy_header) {
		.relayed = true,
		.source = { mapped(block), big_endian(block + 8) },
		.destination = { mapped(block + 4), big_endian(block + 10) },
	};
}

static struct proxy_header read_ipv6(const uint8_t *block)
{
	struct proxy_header header = {
		.relayed = true,
		.source.port = big_endian(block + 32),
		.destination.port = big_endian(block + 34),
	};

	memcpy(header.source.address.bytes, block, 16);
	memcpy(header.destination.address.bytes, block + 16, 16);
	return header;
}

/* Bytes of addresses that a family and protocol must at least bring. */
static size_t block_least(uint8_t family)
{
	static const size_t least[] = { 0, 12, 36, 216 };

	return (family & 0x0f) == 0 ? 0 : least[family >> 4];
}

static int parse_binary(struct proxy_header *ret_header, const uint8_t *bytes, size_t length,
			const char **ret_why)
{
	uint8_t command, family;
	size_t block;

	if (length > SIGNATURE_LENGTH && bytes[SIGNATURE_LENGTH] >> 4 != VERSION_2)
		return refuse("its version is not 2", ret_why);
	if (length > SIGNATURE_LENGTH && (bytes[SIGNATURE_LENGTH] & 0x0f) > COMMAND_PROXY)
		return refuse("version 2: its command is neither LOCAL nor PROXY", ret_why);
	if (length < FIXED_LENGTH)
		return 0;
	command = bytes[SIGNATURE_LENGTH] & 0x0f;
	family = bytes[SIGNATURE_LENGTH + 1];
	block = big_endian(bytes + SIGNATURE_LENGTH + 2);
	if (FIXED_LENGTH + block > PROXY_HEADER_MAX)
		return refuse("version 2: it is longer than 536 bytes", ret_why);
	if (command == COMMAND_PROXY &&
	    (family >> 4 > FAMILY_MAX || (family & 0x0f) > PROTOCOL_MAX))
		return refuse("version 2: its address family or protocol is not known", ret_why);
	if (command == COMMAND_PROXY && block < block_least(family))
		return refuse("version 2: it is too short for its addresses", ret_why);
	if (length < FIXED_LENGTH + block)
		return 0;
	if (command == COMMAND_PROXY && family == TCP_IPV4)
		*ret_header = read_ipv4(bytes + FIXED_LENGTH);
	else if (command == COMMAND_PROXY && family == TCP_IPV6)
		*ret_header = read_ipv6(bytes + FIXED_LENGTH);
	else
		*ret_header = (struct proxy_header) { .relayed = false };
	return (int)(FIXED_LENGTH + block);
}

int proxy_header_parse(struct proxy_header *ret_header, const uint8_t *bytes, size_t length,
		       const char **ret_why)
{
	if (length == 0)
		return 0;
	if (may_become(bytes, length, signature, sizeof(signature)))
		return parse_binary(ret_header, bytes, length, ret_why);
	if (may_become(bytes, length, line_start, sizeof(line_start) - 1))
		return parse_line(ret_header, bytes, length, ret_why);
	return refuse("there is none", ret_why);
}

bool proxy_header_begins(const uint8_t *bytes, size_t length)
{
	static const char *const lines[] = { "PROXY TCP4 ", "PROXY TCP6 ", unknown };

	if (starts_with(bytes, length, signature, sizeof(signature)))
		return true;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (starts_with(bytes, length, lines[i], strlen(lines[i])))
			return true;
	return false;
}
