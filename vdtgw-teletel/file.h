/* Whole small files. */
#ifndef VDTGW_TELETEL_FILE_H
#define VDTGW_TELETEL_FILE_H

#include <stddef.h>

/* Reads a regular file of at most max bytes. A zero follows what *ret_text holds; the caller owns
 * it. Returns 0 or -errno: -EFBIG for a larger file, -EINVAL for what is not a regular file. */
int file_read(const char *path, size_t max, char **ret_text, size_t *ret_length);

#endif
