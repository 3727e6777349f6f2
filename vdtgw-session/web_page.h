/* share/websocket.html, which a plain HTTP request gets: part of the program, so that a session
 * needs no file once it has started. */
#ifndef VDTGW_SESSION_WEB_PAGE_H
#define VDTGW_SESSION_WEB_PAGE_H

#include <stddef.h>

extern const char web_page[];
extern const size_t web_page_length;

#endif
