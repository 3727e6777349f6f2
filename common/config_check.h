/* Within common/config only: what a text of the configuration may be. Pure. */
#ifndef VDTGW_COMMON_CONFIG_CHECK_H
#define VDTGW_COMMON_CONFIG_CHECK_H

#include <stddef.h>
#include <stdint.h>

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

/* "100d 20s": whole numbers of d, h, m and s, each unit at most once, in any order, with or
 * without spaces. Returns 0 or -EINVAL. */
int config_duration_parse(uint64_t *ret_seconds, const char *text);

#endif
