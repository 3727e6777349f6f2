/*
 * Makes the files of what callers type. The folder is opened once, without following a link, and
 * each file in it is new: whatever somebody put there is neither written to nor read. A call is
 * never refused for want of its file.
 */
#include "vdtgw-supervisor/sessions/dumps.h"

#include "common/address.h"
#include "common/log.h"
#include "vdtgw-supervisor/sessions/dump_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADER_MAX = 128,
	SUFFIX_MAX = 100, /* files of one name */
};

struct dumps {
	char *path; /* of the folder that is open; NULL: none is */
	int folder;
	struct dump_files files;
	bool failing; /* and it was said */
};

int dumps_new(struct dumps **ret_dumps)
{
	struct dumps *dumps = calloc(1, sizeof(*dumps));

	if (dumps == NULL)
		return -ENOMEM;
	dumps->folder = -1;
	*ret_dumps = dumps;
	return 0;
}

static void close_folder(struct dumps *dumps)
{
	if (dumps->folder >= 0)
		(void)close(dumps->folder);
	dumps->folder = -1;
	free(dumps->path);
	dumps->path = NULL;
	dump_files_done(&dumps->files);
}

void dumps_free(struct dumps *dumps)
{
	if (dumps == NULL)
		return;
	close_folder(dumps);
	free(dumps);
}

/* Opened, and made where it is missing. Returns 0 or -errno. */
static int open_folder(struct dumps *dumps, const char *path)
{
	static const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int result;

	dumps->folder = open(path, flags);
	if (dumps->folder < 0 && errno == ENOENT && mkdir(path, 0700) == 0)
		dumps->folder = open(path, flags);
	if (dumps->folder < 0)
		return -errno;
	dumps->path = strdup(path);
	result = dumps->path != NULL ? dump_files_init(&dumps->files, dumps->folder) : -ENOMEM;
	if (result < 0)
		close_folder(dumps);
	return result;
}

/* The configured folder; one that was removed meanwhile is made anew. */
static int use_folder(struct dumps *dumps, const char *path)
{
	struct stat status;

	if (dumps->path != NULL && strcmp(dumps->path, path) == 0 &&
	    fstat(dumps->folder, &status) == 0 && status.st_nlink > 0)
		return 0;
	close_folder(dumps);
	return open_folder(dumps, path);
}

/* As a PyMoIP gateway writes it, but in one go. Returns its length. */
static size_t write_header(const struct dump_call *call, char ret_header[HEADER_MAX])
{
	time_t started = (time_t)(call->started / 1000000);
	struct tm local;
	char text[32] = "";

	if (localtime_r(&started, &local) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	return (size_t)snprintf(ret_header, HEADER_MAX, "%.*s\r\n%u\r\n%s\r\n%s\r\nInput\r\n",
				ADDRESS_TEXT_MAX - 1, call->address, call->port & UINT16_MAX,
				call->transport == TRANSPORT_WEBSOCKET ? "WS" : "Telnet", text);
}

/* A new file, under the first name that is free. Returns its descriptor or -errno. */
static int make_file(struct dumps *dumps, const struct dump_call *call)
{
	struct dump_file file = { .launch = call->launch, .number = call->number };
	char name[DUMP_NAME_MAX];
	int descriptor, result;

	do {
		dump_file_name(&file, name);
		descriptor =
		    openat(dumps->folder, name,
			   O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		/* "_1" would look like a first one. */
		file.suffix = file.suffix == 0 ? 2 : file.suffix + 1;
	} while (descriptor < 0 && errno == EEXIST && file.suffix <= SUFFIX_MAX);
	if (descriptor < 0)
		return -errno;
	file.suffix = file.suffix == 2 ? 0 : file.suffix - 1;
	result = dump_files_add(&dumps->files, &file);
	if (result == 0)
		return descriptor;
	(void)close(descriptor);
	(void)unlinkat(dumps->folder, name, 0);
	return result;
}

/* Returns the descriptor or -errno. */
static int start_file(struct dumps *dumps, const struct config *config,
		      const struct dump_call *call, uint64_t *ret_room)
{
	char header[HEADER_MAX];
	size_t length = write_header(call, header);
	int descriptor, result;
	ssize_t written;

	result = use_folder(dumps, config->dump.directory);
	if (result == 0)
		result = dump_files_make_room(&dumps->files, dumps->folder, config->dump.max_files);
	if (result < 0)
		return result;
	descriptor = make_file(dumps, call);
	if (descriptor < 0)
		return descriptor;
	written = write(descriptor, header, length);
	if (written != (ssize_t)length) {
		result = written < 0 ? -errno : -ENOSPC;
		(void)close(descriptor);
		return result;
	}
	*ret_room = config->dump.max_bytes - length;
	return descriptor;
}

int dumps_open(struct dumps *dumps, const struct config *config, const struct dump_call *call,
	       uint64_t *ret_room)
{
	int descriptor;

	if (!config->dump.enabled)
		return -1;
	descriptor = start_file(dumps, config, call, ret_room);
	if (descriptor < 0 && !dumps->failing)
		log_error("what callers type cannot be recorded in %s (dump.directory): %s",
			  config->dump.directory, strerror(-descriptor));
	else if (descriptor >= 0 && dumps->failing)
		log_notice("what callers type is recorded in %s again", config->dump.directory);
	dumps->failing = descriptor < 0;
	return descriptor >= 0 ? descriptor : -1;
}
