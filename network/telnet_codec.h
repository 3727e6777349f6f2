/*
 * Telnet as bytes ↔ events: RFC 854, 855, options by RFC 1143's Q method, subnegotiation capped.
 * It owns no descriptor and no clock; what it wants to send is an event too. Used on both sides:
 * towards the caller (server) and towards a telnet service (client). Pure.
 *
 * Carriage returns while BINARY is off (RFC 854: after a CR comes LF or NUL; RFC 856 ends that).
 *
 * From terminal to server, Enter comes as CR, CR NUL or CR LF: each is received as one CR. As a
 * client we send CR NUL, and CR NUL LF for CR LF, so that nothing is lost there.
 *
 * From server to terminal, CR NUL is received as CR, and CR LF as CR LF, since the LF moves the
 * cursor. As a server we send CR LF as it is, which is exact for terminals that know no telnet too,
 * and CR NUL for any other CR. The NUL waits for the byte after the CR (or goes ahead of the next
 * command), so that the wire does not depend on how output is cut into calls; the CR itself goes at
 * once. A byte FF, which is no NVT character anyway, follows its CR without a NUL: so a call never
 * writes more than twice its bytes.
 *
 * Either way a CR followed by anything else is received as CR and that.
 */
#ifndef VDTGW_NETWORK_TELNET_CODEC_H
#define VDTGW_NETWORK_TELNET_CODEC_H

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
	TELNET_SUBNEGOTIATION_MAX = 1024, /* bytes; a longer one is dropped whole */
	TELNET_ANSWERS_MAX = 256,         /* answers to a peer's own proposals; then silence */
};

enum telnet_event_kind {
	TELNET_DATA,           /* user data, 8-bit */
	TELNET_SEND,           /* bytes to put on the wire, as they are */
	TELNET_ENABLED,        /* an option that may be on now is: option, ours (else the peer's) */
	TELNET_REFUSED,        /* the peer said no to what we asked, or switched it off */
	TELNET_SUBNEGOTIATION, /* option, on at either side, with its bytes unescaped */
};

/* bytes are valid during the call only; data are runs of the received bytes themselves. */
struct telnet_event {
	enum telnet_event_kind kind;
	const uint8_t *bytes;
	size_t length;
	uint8_t option;
	bool ours; /* our side (WILL) rather than the peer's (DO) */
};

/* May ask, subnegotiate, encode and free; a codec freed here raises no further event. It must not
 * receive: bytes are taken one run after the other. */
typedef void telnet_event_handler(void *context, const struct telnet_event *event);

struct telnet_codec;

/* An option's policy: what we agree to when the peer proposes it. */
struct telnet_policy {
	uint8_t option;
	bool we_may;   /* answer DO with WILL */
	bool peer_may; /* answer WILL with DO */
};

/* Starts as a server, the side that the caller's terminal talks to. policies: static, count of
 * them; all other options are refused. Returns 0 or -ENOMEM; the caller owns *ret_codec. */
int telnet_codec_new(struct telnet_codec **ret_codec, const struct telnet_policy *policies,
		     size_t count, telnet_event_handler *handler, void *context);
/* Accepts NULL. */
void telnet_codec_free(struct telnet_codec *codec);
/* The peer is a telnet service: carriage returns are a client's. Call it before the first byte. */
void telnet_codec_act_as_client(struct telnet_codec *codec);
/* Bytes from the wire. Inside a subnegotiation a command other than IAC SE ends it unheard and is
 * obeyed; IAC with a byte that is no command spoils it, and all up to its end is dropped. AYT, GA,
 * DM and the other commands without an option are counted and ignored. */
void telnet_codec_receive(struct telnet_codec *codec, const uint8_t *bytes, size_t length);
/* Commands received so far (IAC with a command byte, F0 to FE; a subnegotiation is one): 0 means
 * that the peer has not shown that it speaks telnet. */
uint64_t telnet_codec_commands(const struct telnet_codec *codec);
/* User data to the wire: IAC doubled, carriage returns as above, but as they are for a peer that
 * has not shown that it speaks telnet. Writes at most
 * 2 × length bytes; returns how many. */
size_t telnet_codec_encode(struct telnet_codec *codec, const uint8_t *bytes, size_t length,
			   uint8_t *out);
/* Ask for an option on our side (WILL) or the peer's (DO), or give it up. Asking for what is so,
 * or is being asked already, sends nothing. */
void telnet_codec_ask(struct telnet_codec *codec, uint8_t option, bool ours, bool on);
/* On is agreed by both, RFC 1143's YES: an option being given up is off. */
bool telnet_codec_is_on(const struct telnet_codec *codec, uint8_t option, bool ours);
/* True while an answer to our own asking is awaited. */
bool telnet_codec_pending(const struct telnet_codec *codec);
/* Sends IAC SB option bytes IAC SE, escaped, as one event. Returns 0, or -EMSGSIZE, with nothing
 * sent, for more than TELNET_SUBNEGOTIATION_MAX bytes. */
int telnet_codec_subnegotiate(struct telnet_codec *codec, uint8_t option, const uint8_t *bytes,
			      size_t length);

#endif
