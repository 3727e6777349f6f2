/*
 * The page that a plain HTTP request gets on a port which is for WebSocket: one answer, then the
 * end.
 */
#ifndef VDTGW_NETWORK_HTTP_PAGE_H
#define VDTGW_NETWORK_HTTP_PAGE_H

#include <stddef.h>

struct lws;

/* At the request: writes the headers of a page in HTML of this length, and asks for a turn to send
 * it. Returns what libwebsockets' callback returns: 0; -1 to close. */
int http_page_begin(struct lws *wsi, size_t length);
/* At that turn: sends the page. Returns -1: the connection is to be closed. */
int http_page_finish(struct lws *wsi, const char *page, size_t length);

#endif
