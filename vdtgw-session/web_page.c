/* The page of the WebSocket port, embedded. */
#include "vdtgw-session/web_page.h"

#include "common/embed.h"

EMBED(web_page, "share/websocket.html");
