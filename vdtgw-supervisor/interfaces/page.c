/*
 * Fills pages of entries, within what one Varlink message may be.
 */
#include "vdtgw-supervisor/interfaces/page.h"

#include "common/varlink.h"

enum {
	PAGE_MAX = VARLINK_MESSAGE_MAX - 1024, /* bytes of entries in one reply */
};

bool page_append(json_t **page, size_t *size, json_t *entry)
{
	*size += entry != NULL ? varlink_size(entry) + 1 : 0;
	if (entry != NULL && *size > PAGE_MAX && json_array_size(*page) > 0) {
		json_decref(entry);
		return false;
	}
	if (json_array_append_new(*page, entry) == 0)
		return true;
	json_decref(*page);
	*page = NULL;
	return false;
}
