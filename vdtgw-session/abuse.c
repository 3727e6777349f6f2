/*
 * Recognises what is no terminal by the first packet: a table of fixed beginnings, and the request
 * line that HTTP, RTSP and SIP share.
 */
#include "vdtgw-session/abuse.h"

#include "network/proxy_header.h"

#include <stdbool.h>
#include <string.h>

enum {
	METHOD_MAX = 32,
	TLS_HANDSHAKE = 0x16,
	TLS_MAJOR = 3,
	TLS_MINOR_MAX = 4,
	TLS_CLIENT_HELLO = 1,
	TLS_RECORD_MAX = 16384,
	TLS_START = 6, /* bytes: record type, version, length, message type */
};

/* What must be true of the bytes around a beginning; length is that of the packet. */
typedef bool is_framed(const uint8_t *packet, size_t length);

struct beginning {
	const char *reason;
	const void *bytes;
	size_t length;
	size_t offset;     /* of the bytes in the packet: what is ahead of them are lengths */
	is_framed *framed; /* NULL: the bytes say it all */
};

static size_t number_at(const uint8_t *bytes)
{
	return (size_t)(bytes[0] << 8 | bytes[1]);
}

/* Behind the four bytes of a NetBIOS session message: its type 0. */
static bool is_netbios(const uint8_t *packet, size_t length)
{
	(void)length;
	return packet[0] == 0 && packet[1] <= 1;
}

/* Behind TPKT's version 3 and the length of the very packet (RFC 2126). */
static bool is_tpkt(const uint8_t *packet, size_t length)
{
	return packet[0] == 3 && packet[1] == 0 && number_at(packet + 2) <= length &&
	       packet[4] >= 6;
}

/* RFC 1035, section 4.2.2: two bytes of length, then the message and nothing else. */
static bool is_dns(const uint8_t *packet, size_t length)
{
	return number_at(packet) + 2 == length;
}

/* RFC 5531, section 11: the last fragment of a record of less than 64 KiB. */
static bool is_rpc(const uint8_t *packet, size_t length)
{
	(void)length;
	return packet[0] == 0x80 && packet[1] == 0;
}

/* RFC 4511, section 5.1: a SEQUENCE. */
static bool is_ldap(const uint8_t *packet, size_t length)
{
	(void)length;
	return packet[0] == 0x30;
}

/* RFC 4120, section 7.2.2: four bytes of length, then the message and nothing else. */
static bool is_kerberos(const uint8_t *packet, size_t length)
{
	return packet[0] == 0 && packet[1] == 0 && number_at(packet + 2) + 4 == length;
}

/* RFC 5246, appendix E.2: a ClientHello in the form of SSL 2, and nothing else. */
static bool is_ssl2(const uint8_t *packet, size_t length)
{
	return packet[0] >= 0x80 && (number_at(packet) & 0x7fff) + 2 == length;
}

#define BEGINNING(why, around, at, literal)                                                        \
	{                                                                                          \
		.reason = (why), .offset = (at), .bytes = (literal),                               \
		.length = sizeof(literal) - 1, .framed = (around)                                  \
	}

static const struct beginning beginnings[] = {
	BEGINNING("abuse-ssh", NULL, 0, "SSH-2.0-"),
	BEGINNING("abuse-ssh", NULL, 0, "SSH-1.99-"),
	BEGINNING("abuse-ssh", NULL, 0, "SSH-1.5-"),
	BEGINNING("abuse-smb", is_netbios, 4,
		  "\xff"
		  "SMB"),
	BEGINNING("abuse-smb", is_netbios, 4,
		  "\xfe"
		  "SMB"),
	/* A connection request of X.224. */
	BEGINNING("abuse-rdp", is_tpkt, 5, "\xe0\x00\x00"),
	/* A query with one question, a status request: flags and counts. */
	BEGINNING("abuse-dns", is_dns, 4, "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"),
	BEGINNING("abuse-dns", is_dns, 4, "\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
	/* A call, version 2, behind the fragment's header and the transaction's number. */
	BEGINNING("abuse-rpc", is_rpc, 8, "\x00\x00\x00\x00\x00\x00\x00\x02"),
	/* The byte order, and version 11. */
	BEGINNING("abuse-x11", NULL, 0, "l\x00\x0b\x00\x00\x00"),
	BEGINNING("abuse-x11", NULL, 0, "B\x00\x00\x0b\x00\x00"),
	/* A bind request by a short length, a search request by a long one. */
	BEGINNING("abuse-ldap", is_ldap, 2, "\x02\x01\x01\x60"),
	BEGINNING("abuse-ldap", is_ldap, 6, "\x02\x01\x07\x63"),
	/* AS-REQ: application 10, of more than 127 bytes. */
	BEGINNING("abuse-kerberos", is_kerberos, 4, "\x6a\x81"),
	BEGINNING("abuse-tls", is_ssl2, 2, "\x01\x03"),
	BEGINNING("abuse-giop", NULL, 0, "GIOP\x01"),
};

static bool starts_with(const uint8_t *packet, size_t length, size_t offset, const void *bytes,
			size_t count)
{
	return length >= offset + count && memcmp(packet + offset, bytes, count) == 0;
}

/* RFC 8446, sections 4 and 5.1: a handshake record of a possible length that holds a ClientHello.
 */
static bool is_tls(const uint8_t *packet, size_t length)
{
	size_t record;

	if (length < TLS_START || packet[0] != TLS_HANDSHAKE || packet[1] != TLS_MAJOR ||
	    packet[2] > TLS_MINOR_MAX || packet[5] != TLS_CLIENT_HELLO)
		return false;
	record = (size_t)(packet[3] << 8 | packet[4]);
	return record > 4 && record <= TLS_RECORD_MAX;
}

/* A path, "*", or what has a scheme or a port. */
static bool is_target(const uint8_t *target, size_t length)
{
	return target[0] == '/' || (length == 1 && target[0] == '*') ||
	       memchr(target, ':', length) != NULL;
}

/* "GET /path HTTP/1.1" and its like, the preface of HTTP/2 among them: a method in capitals, one
 * space, a target, one space, the protocol's name and the start of its version. */
static const char *request_line(const uint8_t *packet, size_t length)
{
	static const struct {
		const char *protocol;
		const char *reason;
	} protocols[] = {
		{ "HTTP/", "abuse-http" },
		{ "RTSP/", "abuse-rtsp" },
		{ "SIP/", "abuse-sip" },
	};
	size_t target = 0, version;

	while (target < length && target < METHOD_MAX && packet[target] >= 'A' &&
	       packet[target] <= 'Z')
		target++;
	if (target < 3 || target >= length || packet[target] != ' ')
		return NULL;
	target++;
	for (version = target; version < length && packet[version] > ' '; version++)
		;
	if (version == target || version >= length || packet[version] != ' ' ||
	    !is_target(packet + target, version - target))
		return NULL;
	version++;
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		size_t name = strlen(protocols[i].protocol);

		if (starts_with(packet, length, version, protocols[i].protocol, name) &&
		    version + name < length && packet[version + name] >= '0' &&
		    packet[version + name] <= '9')
			return protocols[i].reason;
	}
	return NULL;
}

const char *abuse_recognise(enum transport transport, const uint8_t *packet, size_t length)
{
	const char *request;

	if (length > ABUSE_PACKET_MAX)
		length = ABUSE_PACKET_MAX;
	if (proxy_header_begins(packet, length))
		return "proxy-header";
	if (is_tls(packet, length))
		return "abuse-tls";
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (starts_with(packet, length, beginnings[i].offset, beginnings[i].bytes,
				beginnings[i].length) &&
		    (beginnings[i].framed == NULL || beginnings[i].framed(packet, length)))
			return beginnings[i].reason;
	request = request_line(packet, length);
	if (transport == TRANSPORT_WEBSOCKET && request != NULL &&
	    strcmp(request, "abuse-http") == 0)
		return NULL;
	return request;
}
