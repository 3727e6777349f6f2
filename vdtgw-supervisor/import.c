/*
 * vdtgw-supervisor --import: files in, database and report out. It does what the running supervisor
 * would do with each ban, by the same gatekeeper, and is the only one to have the database open.
 */
#include "vdtgw-supervisor/import.h"

#include "common/event_loop.h"
#include "common/pymoip_files.h"
#include "vdtgw-supervisor/ban_store.h"
#include "vdtgw-supervisor/gatekeeper.h"
#include "vdtgw-supervisor/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	FILE_MAX = 67108864, /* bytes: more than a million bans */
};

struct import {
	struct gatekeeper *gatekeeper;
	size_t counts[GATEKEEPER_IMPORT_COUNT];
	size_t nevers_added;
	size_t nevers_known;
	size_t settings;
	size_t left_out;
	bool failed;
};

static void on_banned(void *context, const struct address *address, int64_t visited)
{
	struct import *import = context;
	int outcome = gatekeeper_import_ban(import->gatekeeper, address, visited);

	if (outcome < 0)
		import->failed = true;
	else
		import->counts[outcome]++;
}

static void on_never_banned(void *context, const struct address *address, const char *comment)
{
	struct import *import = context;
	struct network network = network_of_address(address, 128);
	char text[NETWORK_TEXT_MAX];
	int r;

	if (never_list_has(gatekeeper_nevers(import->gatekeeper), &network)) {
		import->nevers_known++;
		return;
	}
	r = gatekeeper_add_never(import->gatekeeper, &network, comment);
	if (r >= 0) {
		import->nevers_added++;
		return;
	}
	network_format(&network, text);
	printf("  left out: %s: %s\n", text, r == -ENOSPC ? "there are too many" : strerror(-r));
	import->left_out++;
}

static void on_setting(void *context, const char *line)
{
	struct import *import = context;

	if (import->settings++ == 0)
		puts("  for you to write into the configuration:");
	printf("    %s\n", line);
}

static void on_left_out(void *context, const char *what)
{
	struct import *import = context;

	printf("  left out: %s\n", what);
	import->left_out++;
}

static const struct pymoip_handlers handlers = {
	.banned = on_banned,
	.never_banned = on_never_banned,
	.setting = on_setting,
	.left_out = on_left_out,
};

/* Returns 0 with the text of the file, to be freed; or -errno. */
static int read_file(const char *path, char **ret_text, size_t *ret_length)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	char *text = NULL;
	size_t length = 0;
	ssize_t got = 1;
	int error = 0;

	if (descriptor < 0)
		return -errno;
	if (fstat(descriptor, &status) < 0)
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = -EINVAL;
	else if (status.st_size > FILE_MAX)
		error = -EFBIG;
	if (error == 0) {
		text = malloc((size_t)status.st_size + 1);
		error = text == NULL ? -ENOMEM : 0;
	}
	while (error == 0 && got > 0 && length < (size_t)status.st_size) {
		got = read(descriptor, text + length, (size_t)status.st_size - length);
		if (got < 0)
			error = -errno;
		else
			length += (size_t)got;
	}
	close(descriptor);
	if (error < 0) {
		free(text);
		return error;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}

typedef void read_text(const char *text, size_t length, const struct pymoip_handlers *handlers,
		       void *context);

/* The files in the order in which they are taken: who is never banned decides about the bans. */
enum {
	FILE_NEVER,
	FILE_BANNED,
	FILE_CONFIG,
	FILE_COUNT,
};

struct file {
	const char *name;
	read_text *read;
	char *text;
	size_t length;
	int error;
};

static void import_file(struct import *import, const char *folder, const struct file *file)
{
	if (file->error == 0)
		printf("%s/%s:\n", folder, file->name);
	else
		printf("%s/%s: %s\n", folder, file->name,
		       file->error == -ENOENT ? "not there" : strerror(-file->error));
	if (file->error == 0)
		file->read(file->text, file->length, &handlers, import);
	else if (file->error != -ENOENT)
		import->failed = true;
}

static void import_files(struct import *import, const char *folder, const struct file *files)
{
	import_file(import, folder, &files[FILE_NEVER]);
	printf("  never banned: %zu taken, %zu known already\n", import->nevers_added,
	       import->nevers_known);
	import_file(import, folder, &files[FILE_BANNED]);
	printf("  banned: %zu taken, %zu known already, %zu over by now, %zu never to be banned\n",
	       import->counts[GATEKEEPER_IMPORT_TAKEN], import->counts[GATEKEEPER_IMPORT_KNOWN],
	       import->counts[GATEKEEPER_IMPORT_OVER], import->counts[GATEKEEPER_IMPORT_NEVER]);
	import_file(import, folder, &files[FILE_CONFIG]);
	printf("  settings: %zu printed\n%zu left out in all\n", import->settings,
	       import->left_out);
}

static void read_files(const char *folder, struct file *files)
{
	for (int i = 0; i < FILE_COUNT; i++) {
		char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, files[i].name) < 0) {
			files[i].error = -ENOMEM;
			continue;
		}
		files[i].error = read_file(path, &files[i].text, &files[i].length);
		free(path);
	}
}

/* Who is root writes as the owner of the folder, who is to read it. */
static int become_owner(const char *state)
{
	struct stat status;

	if (stat(state, &status) < 0)
		return -errno;
	if (geteuid() != 0 || status.st_uid == 0)
		return 0;
	if (setegid(status.st_gid) < 0 || seteuid(status.st_uid) < 0)
		return -errno;
	return 0;
}

static void on_database(void *context, struct database *database, bool is_new)
{
	(void)context;
	(void)database;
	(void)is_new;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int import_run(const struct config *config, const char *folder)
{
	const struct gatekeeper_options options = { .config = config,
						    .database_opened = on_database };
	struct file files[FILE_COUNT] = {
		[FILE_NEVER] = { .name = "neverbanned.json", .read = pymoip_read_never_banned },
		[FILE_BANNED] = { .name = "banned.json", .read = pymoip_read_banned },
		[FILE_CONFIG] = { .name = "GatewayConfig.json", .read = pymoip_read_config },
	};
	struct import import = { .failed = false };
	struct event_loop *loop = NULL;
	int status = EX_OK;
	int error;

	if (!is_folder(folder)) {
		fprintf(stderr, "%s: not a folder; --import takes the one of PyMoIP's JSON files\n",
			folder);
		return EX_NOINPUT;
	}
	if (server_answers(config->supervisor.admin_socket)) {
		fprintf(stderr,
			"The supervisor is running: stop it first (systemctl stop "
			"vdtgw-supervisor.socket vdtgw-admin.socket vdtgw-supervisor.service), and "
			"start it again afterwards. Calls go on meanwhile.\n");
		return EX_TEMPFAIL;
	}
	/* Before we become somebody who may not. */
	read_files(folder, files);
	error = become_owner(config->supervisor.state);
	if (error == 0)
		error = event_loop_new(&loop, 1);
	if (error == 0)
		error = gatekeeper_new(&import.gatekeeper, loop, &options);
	if (error < 0) {
		fprintf(stderr, "%s: %s%s\n", config->supervisor.state, strerror(-error),
			error == -ENOENT ? "; start the supervisor once, so that it is made" : "");
		status = EX_OSERR;
		goto out;
	}
	import_files(&import, folder, files);
	ban_store_flush(gatekeeper_store(import.gatekeeper));
	if (import.failed || ban_store_is_failing(gatekeeper_store(import.gatekeeper))) {
		fputs("Not everything could be read or written; see above.\n", stderr);
		status = EX_IOERR;
	}
out:
	for (int i = 0; i < FILE_COUNT; i++)
		free(files[i].text);
	gatekeeper_free(import.gatekeeper);
	event_loop_free(loop);
	return status;
}
