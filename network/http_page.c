/*
 * Answers a request with a page, by libwebsockets.
 */
#include "network/http_page.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADERS_MAX = 512, /* bytes; of its own making */
};

int http_page_begin(struct lws *wsi, size_t length)
{
	unsigned char headers[LWS_PRE + HEADERS_MAX];
	unsigned char *start = headers + LWS_PRE, *position = start;
	unsigned char *end = headers + sizeof(headers);

	if (lws_add_http_common_headers(wsi, HTTP_STATUS_OK, "text/html; charset=utf-8", length,
					&position, end) != 0 ||
	    lws_finalize_write_http_header(wsi, start, &position, end) != 0)
		return -1;
	(void)lws_callback_on_writable(wsi);
	return 0;
}

int http_page_finish(struct lws *wsi, const char *page, size_t length)
{
	/* The library writes ahead of what it sends. */
	unsigned char *bytes = malloc(LWS_PRE + length);

	if (bytes == NULL)
		return -1;
	memcpy(bytes + LWS_PRE, page, length);
	(void)lws_write(wsi, bytes + LWS_PRE, length, LWS_WRITE_HTTP_FINAL);
	free(bytes);
	return -1;
}
