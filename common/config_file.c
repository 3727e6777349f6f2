/* Reads a configuration's file, which may be anything that somebody has put there. */
#include "common/config_file.h"

#include "common/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Fills text, of CONFIG_FILE_MAX + 1 bytes, so that one byte too many is seen. */
static int read_all(int descriptor, char *text, size_t *ret_length)
{
	size_t length = 0;

	while (length <= CONFIG_FILE_MAX) {
		ssize_t got = read(descriptor, text + length, CONFIG_FILE_MAX + 1 - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	*ret_length = length;
	return 0;
}

static int check_kind(int descriptor, struct config_file *file)
{
	struct stat status;

	if (fstat(descriptor, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
		return -EINVAL;
	file->mode = status.st_mode;
	file->owner = status.st_uid;
	file->group = status.st_gid;
	return 0;
}

int config_file_read(struct config_file *ret_file, int folder, const char *path, int flags)
{
	/* O_NONBLOCK: a pipe that nobody writes to must not hold up the start. */
	int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
	struct config_file file = { .text = NULL };
	int r;

	if (descriptor < 0)
		return -errno;
	r = check_kind(descriptor, &file);
	if (r < 0)
		goto out;
	file.text = malloc(CONFIG_FILE_MAX + 1);
	r = file.text != NULL ? read_all(descriptor, file.text, &file.length) : -ENOMEM;
out:
	close(descriptor);
	if (r < 0)
		config_file_done(&file);
	else
		*ret_file = file;
	return r;
}

void config_file_done(struct config_file *file)
{
	free(file->text);
	*file = (struct config_file) { .text = NULL };
}
