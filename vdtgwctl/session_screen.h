/* sessions --watch: the table of sessions, refreshed on the whole terminal. */
#ifndef VDTGWCTL_SESSION_SCREEN_H
#define VDTGWCTL_SESSION_SCREEN_H

#include "vdtgwctl/control.h"
#include "vdtgwctl/session_table.h"

/* Until q, Ctrl-C or a signal that ends it; leaves the terminal as it was. Returns the exit status.
 */
int session_screen_run(struct control *control, enum session_order order);

#endif
