/*
 * The configuration that a session goes by: the file, and while that has a mistake the supervisor's
 * copy of the one in force.
 */
#ifndef VDTGW_SESSION_SESSION_CONFIG_H
#define VDTGW_SESSION_SESSION_CONFIG_H

#include "common/config.h"

/* path: as config_load(). copy: NULL where there is none. What is wrong is logged. 0, or -errno
 * where neither can be used. The caller owns *ret_config. */
int session_config_load(struct config **ret_config, const char *path, const char *copy);

#endif
