/*
 * Goes through the table of keys, so that none can be forgotten.
 */
#include "common/config_report.h"

#include "common/config_rows.h"
#include "common/config_value.h"
#include "common/duration.h"
#include "common/printable.h"

#include <stdbool.h>
#include <string.h>

enum {
	SHOWN_MAX = 16384, /* bytes of a text, escaped; what is longer is cut */
};

static bool is_same_list(const struct config_list *one, const struct config_list *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->items[i], other->items[i]) != 0)
			return false;
	return true;
}

static const void *value_in(const struct config *config, const struct config_row *row)
{
	return (const char *)config + row->offset;
}

static bool is_same(const struct config *one, const struct config *other,
		    const struct config_row *row)
{
	const void *value = value_in(one, row);
	const void *other_value = value_in(other, row);

	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		return *(const bool *)value == *(const bool *)other_value;
	case CONFIG_KIND_NUMBER:
		return *(const unsigned *)value == *(const unsigned *)other_value;
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_DURATION:
		return *(const uint64_t *)value == *(const uint64_t *)other_value;
	case CONFIG_KIND_DECIMAL:
		return *(const double *)value == *(const double *)other_value;
	case CONFIG_KIND_TEXT:
		return strcmp(*(const char *const *)value, *(const char *const *)other_value) == 0;
	case CONFIG_KIND_LIST:
		return is_same_list(value, other_value);
	}
	return true;
}

/* The keys whose values are the same in both, or are not. */
static void find_keys(const struct config *one, const struct config *other, bool same,
		      struct config_keys *ret_keys)
{
	ret_keys->count = 0;
	for (size_t i = 0; i < config_row_count && ret_keys->count < CONFIG_KEYS_MAX; i++)
		if (is_same(one, other, &config_rows[i]) == same)
			ret_keys->names[ret_keys->count++] = config_rows[i].path;
}

bool config_keys_hold(const struct config_keys *keys, const char *key)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->names[i], key) == 0)
			return true;
	return false;
}

void config_compare(const struct config *one, const struct config *other,
		    struct config_keys *ret_keys)
{
	find_keys(one, other, false, ret_keys);
}

void config_find_defaults(const struct config *config, struct config_keys *ret_keys)
{
	struct config defaults = { .has_file = false };

	for (size_t i = 0; i < config_row_count; i++)
		config_value_set_default(&defaults, &config_rows[i]);
	find_keys(config, &defaults, true, ret_keys);
}

static void exchange(void *one, void *other, size_t size)
{
	unsigned char kept[sizeof(struct config_list)];

	memcpy(kept, one, size);
	memcpy(one, other, size);
	memcpy(other, kept, size);
}

static size_t size_of(enum config_kind kind)
{
	switch (kind) {
	case CONFIG_KIND_BOOLEAN:
		return sizeof(bool);
	case CONFIG_KIND_NUMBER:
		return sizeof(unsigned);
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_DURATION:
		return sizeof(uint64_t);
	case CONFIG_KIND_DECIMAL:
		return sizeof(double);
	case CONFIG_KIND_TEXT:
		return sizeof(char *);
	case CONFIG_KIND_LIST:
		return sizeof(struct config_list);
	}
	return 0;
}

void config_exchange(struct config *one, struct config *other, const char *key)
{
	for (size_t i = 0; i < config_row_count; i++)
		if (strcmp(config_rows[i].path, key) == 0)
			exchange(config_value_of(one, &config_rows[i]),
				 config_value_of(other, &config_rows[i]),
				 size_of(config_rows[i].kind));
}

/* A path may be any bytes: one that is not UTF-8 has them as \xNN. */
static json_t *pack_text(const char *text)
{
	json_t *packed = json_string(text);
	char shown[SHOWN_MAX];

	if (packed != NULL)
		return packed;
	printable(shown, sizeof(shown), text, strlen(text));
	return json_string(shown);
}

static json_t *pack_list(const struct config_list *list)
{
	json_t *packed = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(packed, pack_text(list->items[i])) < 0) {
			json_decref(packed);
			return NULL;
		}
	return packed;
}

static json_t *pack_value(const struct config *config, const struct config_row *row)
{
	const void *value = value_in(config, row);
	char text[DURATION_TEXT_MAX];

	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		return json_boolean(*(const bool *)value);
	case CONFIG_KIND_NUMBER:
		return json_integer(*(const unsigned *)value);
	case CONFIG_KIND_SIZE:
		return json_integer((json_int_t) * (const uint64_t *)value);
	case CONFIG_KIND_DECIMAL:
		return json_real(*(const double *)value);
	case CONFIG_KIND_DURATION:
		return json_string(duration_format(*(const uint64_t *)value, text));
	case CONFIG_KIND_TEXT:
		return pack_text(*(const char *const *)value);
	case CONFIG_KIND_LIST:
		return pack_list(value);
	}
	return NULL;
}

json_t *config_pack(const struct config *config)
{
	json_t *packed = json_object();

	for (size_t i = 0; i < config_row_count; i++)
		if (json_object_set_new(packed, config_rows[i].path,
					pack_value(config, &config_rows[i])) < 0) {
			json_decref(packed);
			return NULL;
		}
	return packed;
}
