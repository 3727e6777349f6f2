/* Which ends of a call count against the caller's address. Pure. */
#ifndef VDTGW_SUPERVISOR_BANS_BAN_RULES_H
#define VDTGW_SUPERVISOR_BANS_BAN_RULES_H

#include "vdtgw-supervisor/bans/ban_list.h"

#include <stdbool.h>
#include <stdint.h>

/* reason: the word of Leave; NULL: the session crashed. duration: of the call, in µs; short_limit:
 * what is shorter counts, in µs (0: nothing is too short). False: it does not count. */
bool ban_rules_judge(const char *reason, int64_t duration, int64_t short_limit,
		     enum ban_reason *ret_strike);

#endif
