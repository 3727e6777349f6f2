/* share/kiosk.html, which a plain HTTP request gets: part of the program. */
#ifndef VDTGW_TELETEL_WEB_PAGE_H
#define VDTGW_TELETEL_WEB_PAGE_H

#include <stddef.h>

extern const char web_page[];
extern const size_t web_page_length;

#endif
