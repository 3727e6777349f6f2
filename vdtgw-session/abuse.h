/*
 * Protocols that are not spoken here, by the first bytes that a caller sends: what port scanners
 * try on every open port. Only a whole, unmistakable beginning in the very first packet counts: a
 * person may well type "GET ", and no Minitel sends any of these. Pure.
 */
#ifndef VDTGW_SESSION_ABUSE_H
#define VDTGW_SESSION_ABUSE_H

#include "common/transport.h"

#include <stddef.h>
#include <stdint.h>

enum {
	ABUSE_PACKET_MAX = 1024, /* bytes of the first packet that are looked at */
};

/* NULL, or the reason that the call ends with, a word: "abuse-http", "abuse-tls", "abuse-ssh",
 * "abuse-smb", "abuse-rdp", "abuse-rtsp", "abuse-sip", "abuse-dns", "abuse-rpc", "abuse-x11",
 * "abuse-ldap", "abuse-kerberos", "abuse-giop"; "proxy-header" for a PROXY header,
 * which the proxies that are trusted alone may send. Where HTTP is what the transport begins with,
 * HTTP is no abuse. */
const char *abuse_recognise(enum transport transport, const uint8_t *packet, size_t length);

#endif
