/* The page of the kiosk's port, embedded. */
#include "vdtgw-teletel/web_page.h"

#include "common/embed.h"

EMBED(web_page, "share/kiosk.html");
