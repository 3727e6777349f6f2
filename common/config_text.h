/* Within common/config only: the text of a configuration file, before libconfig reads it. */
#ifndef VDTGW_COMMON_CONFIG_TEXT_H
#define VDTGW_COMMON_CONFIG_TEXT_H

#include <stddef.h>

/*
 * Writes into *ret_text what config_read_string() is to read instead of length bytes of text: the
 * same lines, but with every whole number marked as one of 64 bits. Returns 0; -ENOMEM; or -EINVAL
 * with the line and a static text of what is wrong there and what is allowed. To be freed.
 */
int config_text_prepare(char **ret_text, const char *text, size_t length, unsigned *ret_line,
			const char **ret_why);

#endif
