/*
 * The head of an HTTP request (RFC 7230, section 3): where it ends, and its fields one by one.
 * Strict, and for looking only: who answers the request reads it anew. Pure.
 */
#ifndef VDTGW_NETWORK_HTTP_HEAD_H
#define VDTGW_NETWORK_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

struct http_text {
	const char *text; /* within the head; not ended by a zero */
	size_t length;
};

struct http_field {
	struct http_text name;
	struct http_text value; /* without the white space around it */
};

/* Bytes up to and with the empty line; 0: it has not come. */
size_t http_head_length(const char *bytes, size_t length);
/* The next field of a whole head. *position: 0 at first, then left alone. Returns 1; 0 behind the
 * last; or -EPROTO for a line that is no field, one that continues another included. */
int http_head_next(struct http_field *ret_field, const char *head, size_t length, size_t *position);
/* Names are compared without case. */
bool http_field_is(const struct http_field *field, const char *name);

#endif
