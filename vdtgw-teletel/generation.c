/*
 * Counted owners of the pages and the directory.
 */
#include "vdtgw-teletel/generation.h"

#include <errno.h>
#include <stdlib.h>

int generation_new(struct generation **ret_generation, const struct pages *pages,
		   struct directory *directory, const struct directory_entry *echo, size_t *count)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	if (generation == NULL)
		return -ENOMEM;
	generation->pages = *pages;
	generation->directory = directory;
	generation->echo = echo;
	generation->references = 1;
	generation->count = count;
	(*count)++;
	*ret_generation = generation;
	return 0;
}

struct generation *generation_keep(struct generation *generation)
{
	generation->references++;
	return generation;
}

void generation_release(struct generation *generation)
{
	if (generation == NULL || --generation->references > 0)
		return;
	(*generation->count)--;
	pages_done(&generation->pages);
	directory_free(generation->directory);
	free(generation);
}

void generation_put(struct generation **place, struct generation *generation)
{
	struct generation *before = *place;

	if (before == generation)
		return;
	*place = generation_keep(generation);
	generation_release(before);
}

bool generation_equal(const struct generation *one, const struct generation *other)
{
	return one->echo == other->echo && pages_equal(&one->pages, &other->pages) &&
	       directory_equal(one->directory, other->directory);
}
