/* links: vdtgw-teletel */
/* Directory files: whatever they hold, entries that come through are complete and safe to show. */
#include "common/uri.h"
#include "vdtgw-teletel/directory.h"

#include "tests/fuzz/fuzz.h"

static void check_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct directory *directory = NULL;
	char error[512] = "";

	if (directory_parse(&directory, "fuzz", (const char *)data, size, error, sizeof(error)) <
	    0) {
		if (directory != NULL || strncmp(error, "fuzz", 4) != 0)
			abort();
		return 0;
	}
	for (size_t i = 0; i < directory->count; i++) {
		const struct directory_entry *entry = &directory->entries[i];
		struct uri uri;
		const char *why;

		if (*entry->target->alias != '\0' || entry->line == 0 ||
		    uri_parse(&uri, entry->target->address, &why) < 0 ||
		    directory_find(directory, entry->name) != entry->target)
			abort();
		check_text(entry->name);
		check_text(entry->tariff);
		check_text(entry->cost);
	}
	directory_free(directory);
	return 0;
}
