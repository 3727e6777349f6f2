/*
 * What the kiosk offers by one reading of its files. When they are read again a new generation
 * takes the place of the one before; a caller keeps the one that he has until he begins anew, so
 * that what he sees and what is pointed to stays. A generation is freed with the last reference to
 * it.
 */
#ifndef VDTGW_TELETEL_GENERATION_H
#define VDTGW_TELETEL_GENERATION_H

#include "vdtgw-teletel/directory.h"
#include "vdtgw-teletel/pages.h"

#include <stdbool.h>
#include <stddef.h>

struct generation {
	struct pages pages;
	struct directory *directory; /* NULL: the kiosk's own services only */
	/* The directory's entry of the kiosk's own remote service; NULL where there is none. */
	const struct directory_entry *echo;
	size_t references; /* of generation.c, like the next */
	size_t *count;
};

/* With one reference, the caller's. Takes over pages and directory on success; echo outlives it,
 * and so does count: how many generations there are. Returns 0 or -ENOMEM. */
int generation_new(struct generation **ret_generation, const struct pages *pages,
		   struct directory *directory, const struct directory_entry *echo, size_t *count);
/* Another reference. Returns the generation. */
struct generation *generation_keep(struct generation *generation);
/* One reference less. Accepts NULL. */
void generation_release(struct generation *generation);
/* Releases what is in the place, and keeps this one there. */
void generation_put(struct generation **place, struct generation *generation);

/* Whether callers would see no difference. */
bool generation_equal(const struct generation *one, const struct generation *other);

#endif
