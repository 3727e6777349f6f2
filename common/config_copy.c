/*
 * Writes and reads the copy of the configuration in force. Whoever could write it would tell every
 * session what to do, and a session shares its user with all others: so its reader trusts a folder
 * that one user alone can write, and in it that user's files.
 */
#include "common/config_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READABLE = S_IRUSR | S_IRGRP | S_IROTH,
	WRITABLE_BY_OTHERS = S_IWGRP | S_IWOTH,
};

const char *config_copy_path(const char *copy, const char *config)
{
	if (copy != NULL)
		return copy;
	return config == NULL ? CONFIG_DEFAULT_COPY : NULL;
}

/* Without a file there is nothing in the copy that anybody may not read. */
static int give_rights(int descriptor, const struct config_file *file)
{
	mode_t mode = file->text != NULL ? file->mode & READABLE : READABLE;

	/* Allowed for a group that the supervisor is a member of, and for root. Where all may read,
	 * any group will do. */
	if ((mode & (S_IRGRP | S_IROTH)) == S_IRGRP &&
	    fchown(descriptor, (uid_t)-1, file->group) < 0)
		mode &= ~(mode_t)S_IRGRP;
	return fchmod(descriptor, mode | S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
}

static int write_all(int descriptor, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t count = write(descriptor, text, length);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		text += count;
		length -= (size_t)count;
	}
	return 0;
}

int config_copy_write(const char *path, const struct config_file *file)
{
	char fresh[PATH_MAX];
	int descriptor, r;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return -ENAMETOOLONG;
	/* What a death has left here. */
	if (unlink(fresh) < 0 && errno != ENOENT)
		return -errno;
	descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return -errno;
	r = write_all(descriptor, file->text, file->length);
	if (r == 0)
		r = give_rights(descriptor, file);
	if (close(descriptor) < 0 && r == 0)
		r = -errno;
	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(fresh);
	return r;
}

/* Returns the folder's descriptor, and the name in it. */
static int open_folder(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int descriptor;

	if (slash != NULL &&
	    (size_t)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + (slash == path)),
			     path) >= sizeof(folder))
		return -ENAMETOOLONG;
	descriptor = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (descriptor < 0)
		/* ENOTDIR is what a link is called here. */
		return errno == ENOTDIR || errno == ELOOP ? -EPERM : -errno;
	*ret_name = slash != NULL ? slash + 1 : path;
	return descriptor;
}

/* Reads what others cannot have written. */
static int read_trusted(struct config_file *ret_file, const char *path)
{
	struct config_file file = { .text = NULL };
	struct stat status;
	const char *name = path;
	int folder = open_folder(path, &name);
	int r = 0;

	if (folder < 0)
		return folder;
	if (fstat(folder, &status) < 0)
		r = -errno;
	else if ((status.st_mode & WRITABLE_BY_OTHERS) != 0)
		r = -EPERM;
	else
		r = config_file_read(&file, folder, name, O_NOFOLLOW);
	if (r == -ELOOP || r == -EINVAL || r == -EISDIR)
		r = -EPERM;
	if (r == 0 && (!S_ISREG(file.mode) || (file.mode & WRITABLE_BY_OTHERS) != 0 ||
		       (file.owner != 0 && file.owner != status.st_uid)))
		r = -EPERM;
	close(folder);
	if (r < 0)
		config_file_done(&file);
	else
		*ret_file = file;
	return r;
}

int config_copy_load(struct config **ret_config, const char *path, char *error, size_t error_size)
{
	struct config_file file = { .text = NULL };
	int r = read_trusted(&file, path);

	if (r == 0)
		r = config_parse_file(ret_config, path, &file, error, error_size);
	else
		snprintf(error, error_size, "%s: %s", path,
			 r == -EPERM ? "is not a file that its folder's owner alone can write"
				     : strerror(-r));
	/* A copy without a byte is of the defaults, of which a start without a file is as good. */
	if (r == 0)
		(*ret_config)->has_file = file.length > 0;
	config_file_done(&file);
	return r;
}
