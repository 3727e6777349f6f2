/*
 * The kiosk's files read to a generation, and the newest generation put in the place of the one
 * before. Only so many are kept: a storm of changes while callers stay must not fill the memory.
 */
#include "vdtgw-teletel/kiosk_files.h"

#include "common/uri.h"
#include "vdtgw-teletel/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The configuration's default: nobody asked for that file. */
#define DEFAULT_DIRECTORY "/etc/vdtgw/directory.json"

struct kiosk_files {
	struct kiosk_files_options options;
	struct config *config; /* by which the newest generation was read; NULL: none was */
	struct kiosk_house house;
	size_t generations;
	char echo_address[URI_MAX];
	struct directory_entry echo; /* the kiosk's own remote service, as one of a directory */
};

static void local_time(struct tm *ret_time)
{
	time_t now = time(NULL);

	(void)localtime_r(&now, ret_time);
}

static void describe_echo(struct kiosk_files *files)
{
	static char name[] = KIOSK_ECHO_NAME;
	static char tariff[] = "T2";
	static char cost[] = "0.37"; /* francs a minute: what a 3614 cost */
	static char nothing[] = "";
	char where[URI_HOST_MAX + 16];

	/* What is no such address is refused when it is to be listened on. */
	if (files->options.listen == NULL ||
	    listener_own_address(files->options.listen, where, sizeof(where)) < 0)
		return;
	snprintf(files->echo_address, sizeof(files->echo_address), "ws://%s" KIOSK_ECHO_PATH,
		 where);
	files->echo = (struct directory_entry) {
		.name = name,
		.key = name,
		.alias = nothing,
		.address = files->echo_address,
		.subprotocols = nothing,
		.tariff = tariff,
		.cost = cost,
		.target = &files->echo,
	};
}

int kiosk_files_new(struct kiosk_files **ret_files, const struct kiosk_files_options *options)
{
	struct kiosk_files *files = calloc(1, sizeof(*files));

	if (files == NULL)
		return -ENOMEM;
	files->options = *options;
	files->house.has_channel = options->listen != NULL;
	files->house.local_time = local_time;
	describe_echo(files);
	*ret_files = files;
	return 0;
}

void kiosk_files_free(struct kiosk_files *files)
{
	if (files == NULL)
		return;
	generation_release(files->house.newest);
	config_free(files->config);
	free(files);
}

struct kiosk_house *kiosk_files_house(struct kiosk_files *files)
{
	return &files->house;
}

/* A directory that nobody asked for may be missing; but not one that was there. */
static bool may_be_missing(const struct kiosk_files *files, const char *path)
{
	const struct generation *before = files->house.newest;

	return files->options.directory == NULL && strcmp(path, DEFAULT_DIRECTORY) == 0 &&
	       (before == NULL || before->directory == NULL);
}

static int load_directory(const struct kiosk_files *files, const struct config *config,
			  struct directory **ret_directory, struct kiosk_files_outcome *outcome)
{
	const char *path = files->options.directory;
	struct directory *directory = NULL;
	int r;

	if (path == NULL)
		path = config->teletel.directory;
	snprintf(outcome->directory, sizeof(outcome->directory), "%s", path);
	r = directory_load(&directory, path, outcome->error, sizeof(outcome->error));
	if (r == -ENOENT && may_be_missing(files, path)) {
		outcome->missing = true;
		return 0;
	}
	if (r == 0)
		r = kiosk_check_directory(directory, path, outcome->error, sizeof(outcome->error));
	if (r < 0) {
		directory_free(directory);
		return r;
	}
	outcome->services = directory->count;
	*ret_directory = directory;
	return 0;
}

static int load_pages(const struct kiosk_files *files, struct pages *ret_pages,
		      struct kiosk_files_outcome *outcome)
{
	char folder[PATH_MAX];
	int length = snprintf(folder, sizeof(folder), "%s/pages", files->options.share);

	if (length < 0 || (size_t)length >= sizeof(folder)) {
		snprintf(outcome->error, sizeof(outcome->error), "--share: the path is too long");
		return -ENAMETOOLONG;
	}
	return pages_load(ret_pages, folder, outcome->error, sizeof(outcome->error));
}

/* The kiosk's own remote service, where the directory has none of its name. */
static const struct directory_entry *find_echo(const struct kiosk_files *files,
					       const struct directory *directory,
					       struct kiosk_files_outcome *outcome)
{
	const struct directory_entry *entry = directory_look_up(directory, KIOSK_ECHO_NAME);

	if (files->echo.name == NULL || entry == NULL)
		return files->echo.name != NULL ? &files->echo : NULL;
	snprintf(outcome->replaced, sizeof(outcome->replaced),
		 "%s:%u: \"%s\" takes the place of the kiosk's own service " KIOSK_ECHO_NAME,
		 outcome->directory, entry->line, entry->name);
	return NULL;
}

static int load_generation(struct kiosk_files *files, const struct config *config,
			   struct generation **ret_generation, struct kiosk_files_outcome *outcome)
{
	struct directory *directory = NULL;
	struct pages pages = { 0 };
	int r = load_directory(files, config, &directory, outcome);

	if (r == 0)
		r = load_pages(files, &pages, outcome);
	if (r < 0)
		goto fail;
	r = generation_new(ret_generation, &pages, directory, find_echo(files, directory, outcome),
			   &files->generations);
	if (r == 0)
		return 0;
	snprintf(outcome->error, sizeof(outcome->error), "no memory");
fail:
	pages_done(&pages);
	directory_free(directory);
	return r;
}

/* Takes the reference over. */
static int offer(struct kiosk_files *files, struct generation *generation,
		 struct kiosk_files_outcome *outcome)
{
	struct generation *before = files->house.newest;
	int r = 0;

	if (before != NULL && generation_equal(before, generation))
		goto out;
	if (files->generations > KIOSK_GENERATIONS_MAX) {
		snprintf(outcome->error, sizeof(outcome->error),
			 "callers still have what was read before, %d times; allowed: again when "
			 "some of them have left",
			 KIOSK_GENERATIONS_MAX);
		r = -EBUSY;
		goto out;
	}
	outcome->changed = true;
	generation_put(&files->house.newest, generation);
out:
	generation_release(generation);
	return r;
}

int kiosk_files_load(struct kiosk_files *files, struct kiosk_files_outcome *ret_outcome)
{
	struct generation *generation = NULL;
	struct config *config = NULL;
	int r;

	*ret_outcome = (struct kiosk_files_outcome) { .changed = false };
	r = config_load_file(&config, NULL, files->options.config, files->config,
			     ret_outcome->error, sizeof(ret_outcome->error));
	if (r == 0)
		r = load_generation(files, config, &generation, ret_outcome);
	if (r == 0)
		r = offer(files, generation, ret_outcome);
	if (r < 0) {
		config_free(config);
		return r;
	}
	config_free(files->config);
	files->config = config;
	return 0;
}
