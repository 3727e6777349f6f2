/* links: vdtgw-teletel */
/* Page sources: refused with a line, or compiled to a bounded page whose areas are on the screen.
 */
#include "vdtgw-teletel/page.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct page *page = NULL;
	char error[512] = "";

	if (page_parse(&page, "fuzz", (const char *)data, size, NULL, NULL, error, sizeof(error)) <
	    0) {
		if (page != NULL || strncmp(error, "fuzz:", 5) != 0)
			abort();
		return 0;
	}
	if (page->length > PAGE_MAX || page->area_count > PAGE_AREAS_MAX)
		abort();
	for (size_t i = 0; i < page->area_count; i++) {
		uint8_t bytes[1024];
		struct composer composer;

		composer_init(&composer, bytes, sizeof(bytes));
		page_area_fill(&page->areas[i], &composer, "texte \xc3\xa0 remplir \xff partout");
		if (composer.overflowed || page->areas[i].row > SCREEN_ROWS)
			abort();
	}
	page_free(page);
	return 0;
}
