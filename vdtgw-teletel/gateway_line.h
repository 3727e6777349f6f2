/*
 * The words of the command channel (PROTOCOLS.md section 4): what a gateway says of its callers,
 * how a caller is identified, and the order to redirect one. Pure.
 */
#ifndef VDTGW_TELETEL_GATEWAY_LINE_H
#define VDTGW_TELETEL_GATEWAY_LINE_H

#include "vdtgw-teletel/directory.h"

#include "common/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	GATEWAY_ADDRESS_MAX = 64, /* bytes, the final zero included */
	/* Bytes of a line that are looked at: only the commands that a gateway repeats are longer,
	 * and those are not needed. */
	GATEWAY_LINE_MAX = 512,
	/* Of an order, the final zero included: each character of a URI may become three. */
	GATEWAY_ORDER_MAX =
	    3 * URI_MAX + DIRECTORY_SUBPROTOCOLS_MAX * (DIRECTORY_SUBPROTOCOL_MAX + 3) + 128,
};

enum gateway_verb {
	GATEWAY_NEW_USER,
	GATEWAY_GOT_COMMAND,
	GATEWAY_REDIRECTING,
	GATEWAY_REDIRECTED,
	GATEWAY_REQUESTED_CLOSE,
	GATEWAY_REDIRECT_ENDED,
	GATEWAY_USER_GONE,
	GATEWAY_VERB_COUNT,
};

/* Whom a gateway means. */
struct gateway_caller {
	uint64_t pid; /* the gateway's number for the caller */
	uint16_t port;
	char address[GATEWAY_ADDRESS_MAX]; /* as the gateway writes it; printable, may be empty */
};

struct gateway_line {
	enum gateway_verb verb;
	struct gateway_caller caller; /* but for NEW_USER the pid alone */
	uint64_t session;             /* the kiosk's own number; of the verbs on redirections */
};

/* Verbs whatever their case; fields behind those that are needed are passed over. Returns 0; or
 * -EPROTO for what is no such line. */
int gateway_line_parse(struct gateway_line *ret_line, const uint8_t *bytes, size_t length);
/* "PID=PID,IP=ADDRESS,PORT=PORT,…". Returns 0 or -EPROTO. */
int gateway_line_parse_identification(struct gateway_caller *ret_caller, const uint8_t *bytes,
				      size_t length);
/* The same PID, port and address, however the address is written. */
bool gateway_caller_equal(const struct gateway_caller *one, const struct gateway_caller *other);
/* Two addresses as text: the same one, however written. */
bool gateway_address_equal(const char *one, const char *other);
/* The order to redirect a caller to an entry that is not an alias. Returns its length. */
size_t gateway_line_format_connect(char ret_text[GATEWAY_ORDER_MAX], uint64_t pid, uint64_t session,
				   const struct directory_entry *entry);

#endif
