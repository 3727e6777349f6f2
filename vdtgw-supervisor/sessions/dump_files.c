/*
 * Which dumps there are: read from the folder once, then kept in memory, so that a caller never
 * waits for a folder of thousands to be read.
 */
#include "vdtgw-supervisor/sessions/dump_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void dump_file_name(const struct dump_file *file, char ret_name[DUMP_NAME_MAX])
{
	char suffix[16] = "";

	if (file->suffix != 0)
		(void)snprintf(suffix, sizeof(suffix), "_%u", file->suffix);
	(void)snprintf(ret_name, DUMP_NAME_MAX, "DumpData_%" PRId64 "_%" PRId64 "%s.dmp",
		       file->launch, file->number, suffix);
}

/* Of all that sscanf() takes for such a name, only what we would write ourselves is one. */
static bool read_name(const char *name, struct dump_file *ret_file)
{
	struct dump_file file = { .suffix = 0 };
	char again[DUMP_NAME_MAX];

	if (strlen(name) >= DUMP_NAME_MAX || sscanf(name, "DumpData_%" SCNd64 "_%" SCNd64 "_%u",
						    &file.launch, &file.number, &file.suffix) < 2)
		return false;
	dump_file_name(&file, again);
	if (strcmp(name, again) != 0)
		return false;
	*ret_file = file;
	return true;
}

static int read_folder(struct dump_files *files, DIR *stream)
{
	const struct dirent *entry;
	struct dump_file file;
	struct stat status;
	int result = 0;

	errno = 0;
	while (result == 0 && (entry = readdir(stream)) != NULL) {
		if (!read_name(entry->d_name, &file) ||
		    fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(status.st_mode)) {
			errno = 0;
			continue;
		}
		file.changed = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
		result = dump_files_add(files, &file);
		errno = 0;
	}
	return result < 0 ? result : -errno;
}

static int compare(const void *one, const void *other)
{
	const struct dump_file *a = one, *b = other;

	return (a->changed > b->changed) - (a->changed < b->changed);
}

int dump_files_init(struct dump_files *ret_files, int folder)
{
	struct dump_files files = { .files = NULL };
	int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream;
	int result;

	if (again < 0)
		return -errno;
	stream = fdopendir(again);
	if (stream == NULL) {
		result = -errno;
		(void)close(again);
		return result;
	}
	result = read_folder(&files, stream);
	(void)closedir(stream);
	if (result < 0) {
		dump_files_done(&files);
		return result;
	}
	if (files.end > 0)
		qsort(files.files, files.end, sizeof(*files.files), compare);
	*ret_files = files;
	return 0;
}

void dump_files_done(struct dump_files *files)
{
	free(files->files);
	*files = (struct dump_files) { .files = NULL };
}

size_t dump_files_count(const struct dump_files *files)
{
	return files->end - files->first;
}

/* Room for one more, behind the last. */
static int grow(struct dump_files *files)
{
	size_t size = files->size > 0 ? files->size * 2 : 64;
	struct dump_file *grown;

	if (files->end < files->size)
		return 0;
	/* Where half of them are gone, their places are used again. */
	if (files->first > files->end / 2) {
		memmove(files->files, files->files + files->first,
			dump_files_count(files) * sizeof(*files->files));
		files->end -= files->first;
		files->first = 0;
		return 0;
	}
	grown = reallocarray(files->files, size, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	files->files = grown;
	files->size = size;
	return 0;
}

int dump_files_add(struct dump_files *files, const struct dump_file *file)
{
	int result = grow(files);

	if (result == 0)
		files->files[files->end++] = *file;
	return result;
}

int dump_files_make_room(struct dump_files *files, int folder, size_t most)
{
	char name[DUMP_NAME_MAX];

	for (int removed = 0; removed < DUMP_REMOVED_MAX && dump_files_count(files) >= most;
	     removed++) {
		dump_file_name(&files->files[files->first], name);
		if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
			return -errno;
		files->first++;
	}
	return 0;
}
