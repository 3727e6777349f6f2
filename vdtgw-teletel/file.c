/*
 * Files that are read whole when the kiosk starts: pages, the directory. Their size is bounded
 * before memory is.
 */
#include "vdtgw-teletel/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_whole(int descriptor, char *text, size_t size, size_t *ret_length)
{
	size_t length = 0;

	while (length < size) {
		ssize_t count = read(descriptor, text + length, size - length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (count == 0)
			break;
		length += (size_t)count;
	}
	*ret_length = length;
	return 0;
}

int file_read(const char *path, size_t max, char **ret_text, size_t *ret_length)
{
	struct stat status;
	char *text = NULL;
	size_t length = 0;
	int r = 0;
	/* Without O_NONBLOCK a pipe of that name would stop the program here. */
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (descriptor < 0)
		return -errno;
	if (fstat(descriptor, &status) < 0)
		r = -errno;
	else if (!S_ISREG(status.st_mode))
		r = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	else if (status.st_size < 0 || (size_t)status.st_size > max)
		r = -EFBIG;
	if (r < 0)
		goto out;
	text = malloc((size_t)status.st_size + 1);
	if (text == NULL) {
		r = -ENOMEM;
		goto out;
	}
	r = read_whole(descriptor, text, (size_t)status.st_size, &length);
	if (r < 0)
		goto out;
	text[length] = '\0';
	*ret_text = text;
	*ret_length = length;
	text = NULL;
out:
	free(text);
	close(descriptor);
	return r;
}
