/* Within common/config only: one value of the file, checked and stored. */
#ifndef VDTGW_COMMON_CONFIG_VALUE_H
#define VDTGW_COMMON_CONFIG_VALUE_H

#include "common/config.h"
#include "common/config_rows.h"

#include <libconfig.h>
#include <stddef.h>

enum {
	CONFIG_QUOTE_MAX = 96, /* bytes of what an error quotes from the file */
};

struct config_reader {
	struct config *config;
	const char *name; /* of the file */
	const char *text; /* of the file, not ended by a zero byte */
	size_t length;
	char *error;
	size_t error_size;
};

/* Where the row's value is in config. */
void *config_value_of(struct config *config, const struct config_row *row);

/* Forgets the value that was there, without freeing it. */
void config_value_set_default(struct config *config, const struct config_row *row);

/* Returns 0, -ENOMEM, or -EINVAL with the error written. A value is stored on success only. */
int config_value_read(const struct config_reader *reader, const struct config_row *row,
		      const config_setting_t *setting);

/* Writes "FILE:LINE: …"; returns -EINVAL. */
int config_refuse(const struct config_reader *reader, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What a setting is, in words: "the text "abc"", "a list". Returns ret_text. */
const char *config_setting_describe(const config_setting_t *setting,
				    char ret_text[CONFIG_QUOTE_MAX]);

#endif
