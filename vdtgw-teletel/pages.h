/* The pages that the kiosk shows, read from its folder (share/pages). */
#ifndef VDTGW_TELETEL_PAGES_H
#define VDTGW_TELETEL_PAGES_H

#include "vdtgw-teletel/page.h"

#include <stdbool.h>
#include <stddef.h>

enum page_role {
	PAGE_WELCOME,
	PAGE_GUIDE,
	PAGE_SHEET, /* of one service */
	PAGE_TERMINAL,
	PAGE_TEST_1,
	PAGE_TEST_2,
	PAGE_ECHO, /* of the kiosk's own remote service */
	PAGE_GOODBYE,
	PAGE_FULL, /* for who comes when no place is left */
	PAGE_ROLE_COUNT,
};

struct pages {
	struct page *items[PAGE_ROLE_COUNT];
};

/* Reads FOLDER/welcome.page and so on. Returns 0 or a negative errno with a sentence in error,
 * "FILE:LINE: what is wrong, what is allowed". *ret_pages is the caller's, for pages_done(). */
int pages_load(struct pages *ret_pages, const char *folder, char *error, size_t error_size);
void pages_done(struct pages *pages);
bool pages_equal(const struct pages *one, const struct pages *other);
/* 0, or -EINVAL with a sentence in error where the page lacks an area that its role needs. */
int page_role_check(enum page_role role, const struct page *page, const char *file, char *error,
		    size_t error_size);

#endif
