/*
 * What a configuration holds, key by key: to compare one with another, and to show it.
 */
#ifndef VDTGW_COMMON_CONFIG_REPORT_H
#define VDTGW_COMMON_CONFIG_REPORT_H

#include "common/config.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Keys, "home.uri", in the order of the table; the strings are static. */
struct config_keys {
	const char *names[CONFIG_KEYS_MAX];
	size_t count;
};

bool config_keys_hold(const struct config_keys *keys, const char *key);

/* The keys whose values are not the same in both. */
void config_compare(const struct config *one, const struct config *other,
		    struct config_keys *ret_keys);
/* The keys whose value is the default, whether the file says so or not. */
void config_find_defaults(const struct config *config, struct config_keys *ret_keys);
/* Gives each of them the other's value of this key. */
void config_exchange(struct config *one, struct config *other, const char *key);

/* An object with all values by their keys, each as the file has it; NULL without memory. */
json_t *config_pack(const struct config *config);

#endif
