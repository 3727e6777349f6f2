/* Takes over what a PyMoIP gateway has (PROTOCOLS.md section 6). */
#ifndef VDTGW_SUPERVISOR_IMPORT_H
#define VDTGW_SUPERVISOR_IMPORT_H

#include "common/config.h"

/* Reads banned.json, neverbanned.json and GatewayConfig.json of a folder, each of which may be
 * missing. Bans and never-banned addresses go into the database, unless they are there; settings
 * are printed, for the administrator to put into the configuration. The supervisor must not run.
 * Prints a report. Returns the exit status. */
int import_run(const struct config *config, const char *folder);

#endif
