/* A configuration's file as bytes, with whose it is and who may read it. */
#ifndef VDTGW_COMMON_CONFIG_FILE_H
#define VDTGW_COMMON_CONFIG_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* Zeroes: there is no file. */
struct config_file {
	char *text; /* not ended by a zero byte */
	size_t length;
	mode_t mode; /* kind and permissions */
	uid_t owner;
	gid_t group;
};

/* Reads path, below folder as in openat(2), at most one byte more than CONFIG_FILE_MAX. flags:
 * O_NOFOLLOW or 0. Returns 0; -EINVAL for what is neither a file nor a character device, -EISDIR,
 * or another -errno. */
int config_file_read(struct config_file *ret_file, int folder, const char *path, int flags);
/* Accepts zeroes. */
void config_file_done(struct config_file *file);

#endif
