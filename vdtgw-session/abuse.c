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

struct beginning {
	const char *reason;
	const void *bytes;
	size_t length;
	size_t offset; /* of the bytes in the packet: what is ahead of them are lengths */
};

#define BEGINNING(why, at, literal)                                                                \
	{                                                                                          \
		.reason = (why), .offset = (at), .bytes = (literal), .length = sizeof(literal) - 1 \
	}

static const struct beginning beginnings[] = {
	BEGINNING("abuse-ssh", 0, "SSH-2.0-"),
	BEGINNING("abuse-ssh", 0, "SSH-1.99-"),
	BEGINNING("abuse-ssh", 0, "SSH-1.5-"),
	/* Of SMB 1, 2 and 3, behind the four bytes of a NetBIOS session message. */
	BEGINNING("abuse-smb", 4,
		  "\xff"
		  "SMB"),
	BEGINNING("abuse-smb", 4,
		  "\xfe"
		  "SMB"),
	/* A connection request of X.224, behind TPKT's version and length. */
	BEGINNING("abuse-rdp", 5, "\xe0\x00\x00"),
};

static bool starts_with(const uint8_t *packet, size_t length, size_t offset, const void *bytes,
			size_t count)
{
	return length >= offset + count && memcmp(packet + offset, bytes, count) == 0;
}

/* What must be true of the bytes ahead of a beginning: SMB's message type 0, and TPKT's version 3
 * with the length of the very packet. */
static bool is_framed(const struct beginning *beginning, const uint8_t *packet, size_t length)
{
	if (strcmp(beginning->reason, "abuse-smb") == 0)
		return packet[0] == 0 && packet[1] <= 1;
	if (strcmp(beginning->reason, "abuse-rdp") == 0)
		return packet[0] == 3 && packet[1] == 0 &&
		       (size_t)(packet[2] << 8 | packet[3]) <= length && packet[4] >= 6;
	return true;
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
		    is_framed(&beginnings[i], packet, length))
			return beginnings[i].reason;
	request = request_line(packet, length);
	if (transport == TRANSPORT_WEBSOCKET && request != NULL &&
	    strcmp(request, "abuse-http") == 0)
		return NULL;
	return request;
}
