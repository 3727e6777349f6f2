/*
 * The copy of the configuration in force: the supervisor keeps it, and a session goes by it where
 * the file itself cannot be used. It says what the supervisor has read, to the byte, and who may
 * read the file may read the copy.
 */
#ifndef VDTGW_COMMON_CONFIG_COPY_H
#define VDTGW_COMMON_CONFIG_COPY_H

#include "common/config.h"

#include <stddef.h>

/* That of CONFIG_DEFAULT_PATH, in a folder of the supervisor's. */
#define CONFIG_DEFAULT_COPY "/run/vdtgw/configuration/vdtgw.conf"

/* The path of the copy by a program's options, --copy and --config, each NULL where it was not
 * given; NULL: there is none. A file that was named has a copy only where that is named, too:
 * nobody is to go by the copy of another file. */
const char *config_copy_path(const char *copy, const char *config);

/* Puts another copy in the place of the one at path, at once. A reader finds either. Returns 0, or
 * -errno with the old one left as it was. */
int config_copy_write(const char *path, const struct config_file *file);

/* As config_load(). The copy, and the folder that it is in, must be nobody's to write but root's
 * and the folder's owner, and neither a link: -EPERM otherwise. -ENOENT: there is none. */
int config_copy_load(struct config **ret_config, const char *path, char *error, size_t error_size);

#endif
