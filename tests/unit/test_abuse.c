/* links: vdtgw-session */
/* First packets of scanners, and of those who are none. */
#include "vdtgw-session/abuse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static const struct {
	const uint8_t *bytes;
	size_t length;
	const char *reason; /* NULL: not recognised */
	const char *websocket;
} rows[] = {
	{ BYTES("GET / HTTP/1.0\r\n\r\n"), "abuse-http", NULL },
	{ BYTES("GET /cgi-bin/luci HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"), "abuse-http", NULL },
	{ BYTES("POST /boaform/admin/formLogin HTTP/1.1\r\n"), "abuse-http", NULL },
	{ BYTES("HEAD / HTTP/1.1\r\n"), "abuse-http", NULL },
	{ BYTES("OPTIONS * HTTP/1.0\r\n\r\n"), "abuse-http", NULL },
	{ BYTES("CONNECT example.org:443 HTTP/1.0\r\n\r\n"), "abuse-http", NULL },
	{ BYTES("PROPFIND / HTTP/1.1\r\n"), "abuse-http", NULL },
	{ BYTES("GET http://example.org/ HTTP/1.1\r\n"), "abuse-http", NULL },
	{ BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "abuse-http", NULL },
	{ BYTES("OPTIONS / RTSP/1.0\r\n\r\n"), "abuse-rtsp", "abuse-rtsp" },
	{ BYTES("OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n"), "abuse-sip", "abuse-sip" },
	{ BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), "abuse-tls", "abuse-tls" },
	{ BYTES("\x16\x03\x00\x00S\x01\x00\x00O\x03\x00"), "abuse-tls", "abuse-tls" },
	{ BYTES("\x16\x03\x04\x00\x05\x01"), "abuse-tls", "abuse-tls" },
	{ BYTES("SSH-2.0-Go\r\n"), "abuse-ssh", "abuse-ssh" },
	{ BYTES("SSH-1.5-Nmap\r\n"), "abuse-ssh", "abuse-ssh" },
	{ BYTES("\x00\x00\x00\xa4\xffSMBr\x00\x00\x00\x00"), "abuse-smb", "abuse-smb" },
	{ BYTES("\x00\x00\x00\xa4\xfeSMB\x40\x00"), "abuse-smb", "abuse-smb" },
	{ BYTES("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"),
	  "abuse-rdp", "abuse-rdp" },
	{ BYTES("\x00\x1e\x00\x06\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07version\x04"
		"bind\x00\x00\x10\x00\x03"),
	  "abuse-dns", "abuse-dns" },
	{ BYTES("\x00\x0c\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "abuse-dns",
	  "abuse-dns" },
	{ BYTES("\x80\x00\x00\x28\x72\xfe\x1d\x13\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01\x86\xa0"),
	  "abuse-rpc", "abuse-rpc" },
	{ BYTES("l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "abuse-x11", "abuse-x11" },
	{ BYTES("B\x00\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00"), "abuse-x11", "abuse-x11" },
	{ BYTES("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x02\x04\x00\x80\x00"), "abuse-ldap",
	  "abuse-ldap" },
	{ BYTES("\x30\x84\x00\x00\x00\x2d\x02\x01\x07\x63\x84\x00\x00\x00\x24"), "abuse-ldap",
	  "abuse-ldap" },
	{ BYTES("\x00\x00\x00\x05\x6a\x81\x6e\x30\x81"), "abuse-kerberos", "abuse-kerberos" },
	{ BYTES("\x80\x05\x01\x03\x01\x00\x57"), "abuse-tls", "abuse-tls" },
	{ BYTES("GIOP\x01\x00\x01\x00"), "abuse-giop", "abuse-giop" },
	{ BYTES("PROXY TCP4 203.0.113.9 192.0.2.1 1 2\r\n"), "proxy-header", "proxy-header" },
	{ BYTES("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c"), "proxy-header", "proxy-header" },
	/* What a person types, or an emulator sends in line mode. */
	{ BYTES(""), NULL, NULL },
	{ BYTES("G"), NULL, NULL },
	{ BYTES("GET "), NULL, NULL },
	{ BYTES("GET SMART\r\n"), NULL, NULL },
	{ BYTES("GET / HTTP"), NULL, NULL },
	{ BYTES("GET / HTTP/\r\n"), NULL, NULL },
	{ BYTES("GET  / HTTP/1.1\r\n"), NULL, NULL },
	{ BYTES("GET HTTP/1.1\r\n"), NULL, NULL },
	{ BYTES("get / http/1.1\r\n"), NULL, NULL },
	{ BYTES("QUE SIGNIFIE HTTP/1.1 ?\r\n"), NULL, NULL },
	{ BYTES("ANNUAIRE DU HTTP/1.1\r\n"), NULL, NULL },
	{ BYTES("LE HTTP/1.1\r\n"), NULL, NULL },
	{ BYTES("SSH-2.0"), NULL, NULL },
	{ BYTES("PROXY\r\n"), NULL, NULL },
	{ BYTES("3615 GET / HTTP/1.1\r\n"), NULL, NULL },
	/* A Minitel's answer, function keys, telnet's negotiation. */
	{ BYTES("\x01"
		"Cu<\x04"),
	  NULL, NULL },
	{ BYTES("\x13\x46"), NULL, NULL },
	{ BYTES("\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f"), NULL, NULL },
	{ BYTES("\x16\x03\x01"), NULL, NULL },
	{ BYTES("\x16\x03\x01\x02\x00\x02"), NULL, NULL },
	{ BYTES("\x16\x03\x01\x50\x00\x01"), NULL, NULL },
	{ BYTES("\x03\x00\x00\x13\x0e\xe0\x00\x00"), NULL, NULL },
	{ BYTES("\r\n\r\n"), NULL, NULL },
	/* Nearly, but not framed as it must be. */
	{ BYTES("\x00\x1f\x00\x06\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"), NULL, NULL },
	{ BYTES("\x81\x00\x00\x28\x72\xfe\x1d\x13\x00\x00\x00\x00\x00\x00\x00\x02"), NULL, NULL },
	{ BYTES("\x31\x0c\x02\x01\x01\x60\x07"), NULL, NULL },
	{ BYTES("\x00\x00\x00\x06\x6a\x81\x6e\x30\x81"), NULL, NULL },
	{ BYTES("\x80\x06\x01\x03\x01\x00\x57"), NULL, NULL },
	{ BYTES("GIOP"), NULL, NULL },
	{ BYTES("lb"), NULL, NULL },
};

static void check(const char *reason, const char *expected)
{
	if (expected == NULL)
		assert_null(reason);
	else
		assert_string_equal(reason, expected);
}

static void test_only_whole_beginnings_are_recognised(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		print_message("row %zu\n", i);
		check(abuse_recognise(TRANSPORT_RAW, rows[i].bytes, rows[i].length),
		      rows[i].reason);
		check(abuse_recognise(TRANSPORT_TELNET, rows[i].bytes, rows[i].length),
		      rows[i].reason);
		check(abuse_recognise(TRANSPORT_WEBSOCKET, rows[i].bytes, rows[i].length),
		      rows[i].websocket);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_whole_beginnings_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
