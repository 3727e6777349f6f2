/* links: common */
/*
 * Any bytes as a configuration file: each is either a configuration whose every value is in its
 * range, or an error of one printable line that leaves nothing behind.
 */
#include "common/config.h"
#include "common/config_rows.h"
#include "common/printable.h"

#include "tests/fuzz/fuzz.h"

static void require_number(const struct config_row *row, double number)
{
	bool is_zero = !(number > 0) && !(number < 0);

	require((is_zero && row->zero) ||
		(number >= (double)row->minimum && number <= (double)row->maximum));
}

static void require_value(const struct config_row *row, const void *value)
{
	const struct config_list *list = value;
	const char *text;

	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		break;
	case CONFIG_KIND_NUMBER:
		require_number(row, *(const unsigned *)value);
		break;
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_DURATION:
		require_number(row, (double)*(const uint64_t *)value);
		break;
	case CONFIG_KIND_DECIMAL:
		require_number(row, *(const double *)value);
		break;
	case CONFIG_KIND_TEXT:
		text = *(const char *const *)value;
		require(strlen(text) >= row->minimum && strlen(text) <= row->maximum);
		require(!row->check(text, 0));
		break;
	case CONFIG_KIND_LIST:
		require(list->count <= row->maximum);
		for (size_t i = 0; i < list->count; i++)
			require(!row->check(list->items[i], i));
		require(list->count == 0 || !list->items[list->count]);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONFIG_ERROR_MAX] = "";
	char shown[CONFIG_ERROR_MAX];
	struct config *config = NULL;

	if (config_parse(&config, "FILE", (const char *)data, size, error, sizeof(error)) < 0) {
		size_t length = printable(shown, sizeof(shown), error, strlen(error));

		require(!config);
		require(length == strlen(error) && memcmp(shown, error, length) == 0);
		require(strncmp(error, "FILE:", 5) == 0);
		return 0;
	}
	for (size_t i = 0; i < config_row_count; i++)
		require_value(&config_rows[i], (const char *)config + config_rows[i].offset);
	config_free(config);
	return 0;
}
