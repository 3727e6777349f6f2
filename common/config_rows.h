/* Within common/config only: the one table of keys. */
#ifndef VDTGW_COMMON_CONFIG_ROWS_H
#define VDTGW_COMMON_CONFIG_ROWS_H

#include "common/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum config_kind {
	CONFIG_KIND_BOOLEAN,  /* bool */
	CONFIG_KIND_NUMBER,   /* unsigned */
	CONFIG_KIND_SIZE,     /* uint64_t */
	CONFIG_KIND_DECIMAL,  /* double */
	CONFIG_KIND_DURATION, /* uint64_t, written as a text */
	CONFIG_KIND_TEXT,     /* const char * */
	CONFIG_KIND_LIST,     /* struct config_list of texts; its default is empty */
};

enum {
	CONFIG_ALLOWED_MAX = 256, /* bytes of the text of what a row allows */
};

/* Checks a text, or the index-th one of a list. Returns NULL, or what is wrong, in a sentence
 * without its capital and full stop. */
typedef const char *config_check(const char *text, size_t index);

struct config_row {
	const char *path; /* "group.key" */
	size_t offset;    /* in struct config */
	/* Of a number or duration; of the bytes of a text; of the entries of a list. */
	uint64_t minimum;
	uint64_t maximum;
	const char *zero; /* what 0 means, where it is allowed besides */
	uint64_t default_number;
	double default_decimal;
	const char *default_text;
	config_check *check;
	const char *allowed; /* which texts are */
	enum config_kind kind;
	bool distinct; /* a list that names nothing twice */
};

extern const struct config_row config_rows[];
extern const size_t config_row_count;

/* NULL where there is no such key; key NULL: any row of the group. */
const struct config_row *config_row_find(const char *group, const char *key);
bool config_row_is_in_group(const struct config_row *row, const char *group);
const char *config_row_key(const struct config_row *row);

/* What the row allows, in words; returns ret_text. */
const char *config_row_describe(const struct config_row *row, char ret_text[CONFIG_ALLOWED_MAX]);

#endif
