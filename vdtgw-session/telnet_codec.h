/*
 * Telnet as bytes ↔ events: RFC 854, 855, options by RFC 1143's Q method, subnegotiation capped.
 * It owns no descriptor and no clock; what it wants to send is an event too. Used on both sides:
 * towards the caller (server) and towards a telnet service (client). Pure.
 */
#ifndef VDTGW_SESSION_TELNET_CODEC_H
#define VDTGW_SESSION_TELNET_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum telnet_option {
	TELNET_BINARY = 0,       /* RFC 856 */
	TELNET_ECHO = 1,         /* RFC 857 */
	TELNET_SGA = 3,          /* RFC 858 */
	TELNET_TTYPE = 24,       /* RFC 1091 */
	TELNET_NAWS = 31,        /* RFC 1073 */
	TELNET_NEW_ENVIRON = 39, /* RFC 1572 */
};

enum {
	TELNET_SUBNEGOTIATION_MAX = 1024
}; /* bytes; a longer one is dropped whole */

enum telnet_event_kind {
	TELNET_DATA,           /* user data, 8-bit */
	TELNET_SEND,           /* bytes to put on the wire, as they are */
	TELNET_ENABLED,        /* an option that may be on now is: option, ours (else the peer's) */
	TELNET_REFUSED,        /* the peer said no to what we asked, or switched it off */
	TELNET_SUBNEGOTIATION, /* option, with its bytes unescaped */
};

struct telnet_event {
	enum telnet_event_kind kind;
	const uint8_t *bytes;
	size_t length;
	uint8_t option;
	bool ours; /* our side (WILL) rather than the peer's (DO) */
};

typedef void telnet_event_handler(void *context, const struct telnet_event *event);

struct telnet_codec;

/* An option's policy: what we agree to when the peer proposes it. */
struct telnet_policy {
	uint8_t option;
	bool we_may;   /* answer DO with WILL */
	bool peer_may; /* answer WILL with DO */
};

/* policies: static, count of them; all other options are refused. */
int telnet_codec_new(struct telnet_codec **ret_codec, const struct telnet_policy *policies,
		     size_t count, telnet_event_handler *handler, void *context);
void telnet_codec_free(struct telnet_codec *codec);
/* Bytes from the wire. */
void telnet_codec_receive(struct telnet_codec *codec, const uint8_t *bytes, size_t length);
/* Commands received so far (IAC sequences other than IAC IAC): 0 means that the peer has not shown
 * that it speaks telnet. */
uint64_t telnet_codec_commands(const struct telnet_codec *codec);
/* User data to the wire: IAC doubled; outside BINARY a CR gets its NUL (RFC 854). Writes at most
 * 2 × length bytes; returns how many. */
size_t telnet_codec_encode(struct telnet_codec *codec, const uint8_t *bytes, size_t length,
			   uint8_t *out);
/* Ask for an option on our side (WILL) or the peer's (DO), or give it up. */
void telnet_codec_ask(struct telnet_codec *codec, uint8_t option, bool ours, bool on);
bool telnet_codec_is_on(const struct telnet_codec *codec, uint8_t option, bool ours);
/* True while an answer to our own asking is awaited. */
bool telnet_codec_pending(const struct telnet_codec *codec);
/* Sends IAC SB option bytes IAC SE, escaped. */
void telnet_codec_subnegotiate(struct telnet_codec *codec, uint8_t option, const uint8_t *bytes,
			       size_t length);

#endif
