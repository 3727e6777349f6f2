/*
 * Whether two readings of the directory came to the same. Where an entry stands in its file is no
 * difference to callers.
 */
#include "vdtgw-teletel/directory.h"

#include <string.h>

static bool entries_equal(const struct directory_entry *one, const struct directory_entry *other)
{
	return strcmp(one->name, other->name) == 0 && strcmp(one->alias, other->alias) == 0 &&
	       strcmp(one->address, other->address) == 0 &&
	       strcmp(one->subprotocols, other->subprotocols) == 0 &&
	       strcmp(one->tariff, other->tariff) == 0 && strcmp(one->cost, other->cost) == 0 &&
	       one->ping == other->ping;
}

bool directory_equal(const struct directory *one, const struct directory *other)
{
	if (one == NULL || other == NULL)
		return one == other;
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++) {
		if (!entries_equal(&one->entries[i], &other->entries[i]))
			return false;
	}
	return true;
}
