/*
 * The set of pages: which files there are, and what each must offer the program. All are loaded
 * together and ahead of use, so that a mistake in one is seen by who edits it, not by callers.
 */
#include "vdtgw-teletel/pages.h"

#include "vdtgw-teletel/file.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct role {
	const char *name;
	const char *needs[2]; /* areas without which the page is of no use */
};

static const struct role roles[] = {
	[PAGE_WELCOME] = { "welcome", { "field" } },
	[PAGE_GUIDE] = { "guide", { "field", "list" } },
	[PAGE_SHEET] = { "sheet", { "name" } },
	[PAGE_TERMINAL] = { "terminal", { "type" } },
	[PAGE_TEST_1] = { "test-1", { NULL } },
	[PAGE_TEST_2] = { "test-2", { NULL } },
	[PAGE_ECHO] = { "echo", { "field", "echo" } },
	[PAGE_GOODBYE] = { "goodbye", { NULL } },
	[PAGE_FULL] = { "full", { NULL } },
};
static_assert(sizeof(roles) / sizeof(roles[0]) == PAGE_ROLE_COUNT, "a row for each page");

int page_role_check(enum page_role role, const struct page *page, const char *file, char *error,
		    size_t error_size)
{
	for (size_t i = 0; i < 2 && roles[role].needs[i] != NULL; i++) {
		if (page_area(page, roles[role].needs[i]) != NULL)
			continue;
		snprintf(error, error_size,
			 "%s: the page needs an area \"%s\": area %s ROW COLUMN "
			 "WIDTH",
			 file, roles[role].needs[i], roles[role].needs[i]);
		return -EINVAL;
	}
	return 0;
}

static int path_of(const char *folder, const char *name, const char *suffix, char path[PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, suffix);

	return length > 0 && length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static long read_included(const void *context, const char *name, uint8_t *ret_bytes, size_t size)
{
	char path[PATH_MAX];
	char *bytes = NULL;
	size_t length = 0;
	int r = path_of(context, name, "", path);

	if (r == 0)
		r = file_read(path, PAGE_SOURCE_MAX, &bytes, &length);
	if (r < 0)
		return r;
	if (length > size)
		length = size;
	memcpy(ret_bytes, bytes, length);
	free(bytes);
	return (long)length;
}

static int load(struct page **ret_page, const char *folder, enum page_role role, char *error,
		size_t error_size)
{
	char path[PATH_MAX];
	char *source = NULL;
	size_t length = 0;
	struct page *page = NULL;
	int r = path_of(folder, roles[role].name, ".page", path);

	if (r == 0)
		r = file_read(path, PAGE_SOURCE_MAX, &source, &length);
	if (r < 0) {
		snprintf(error, error_size, "%s/%s.page: %s", folder, roles[role].name,
			 strerror(-r));
		return r;
	}
	r = page_parse(&page, path, source, length, read_included, folder, error, error_size);
	if (r == 0)
		r = page_role_check(role, page, path, error, error_size);
	if (r == 0) {
		*ret_page = page;
		page = NULL;
	}
	page_free(page);
	free(source);
	return r;
}

int pages_load(struct pages *ret_pages, const char *folder, char *error, size_t error_size)
{
	struct pages pages = { 0 };
	int r = 0;

	for (size_t role = 0; r == 0 && role < PAGE_ROLE_COUNT; role++)
		r = load(&pages.items[role], folder, (enum page_role)role, error, error_size);
	if (r < 0)
		pages_done(&pages);
	else
		*ret_pages = pages;
	return r;
}

void pages_done(struct pages *pages)
{
	for (size_t role = 0; role < PAGE_ROLE_COUNT; role++) {
		page_free(pages->items[role]);
		pages->items[role] = NULL;
	}
}

bool pages_equal(const struct pages *one, const struct pages *other)
{
	for (size_t role = 0; role < PAGE_ROLE_COUNT; role++) {
		if (!page_equal(one->items[role], other->items[role]))
			return false;
	}
	return true;
}
