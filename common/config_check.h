/* Within common/config only: what a text of the configuration may be. Pure. */
#ifndef VDTGW_COMMON_CONFIG_CHECK_H
#define VDTGW_COMMON_CONFIG_CHECK_H

#include <stddef.h>

/* Each is a config_check (common/config_rows.h). */
const char *config_check_service(const char *text, size_t index);
const char *config_check_teletel(const char *text, size_t index);
const char *config_check_subprotocol(const char *text, size_t index);
const char *config_check_path(const char *text, size_t index);
const char *config_check_unit(const char *text, size_t index);
const char *config_check_command(const char *text, size_t index);
const char *config_check_network(const char *text, size_t index);
const char *config_check_nft_set(const char *text, size_t index);
const char *config_check_pattern(const char *text, size_t index);

#endif
