/* links: common */
/*
 * Any bytes as each of a PyMoIP gateway's files: what is said is safe to show and of its size; a
 * setting is a configuration by itself; an address is one, and its time is not before the epoch.
 */
#include "common/pymoip_files.h"

#include "common/config.h"
#include "common/printable.h"

#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static void on_banned(void *context, const struct address *address, int64_t visited)
{
	char text[ADDRESS_TEXT_MAX];

	(void)context;
	address_format(address, text);
	require(visited >= 0);
}

static void on_never_banned(void *context, const struct address *address, const char *comment)
{
	char text[ADDRESS_TEXT_MAX];

	(void)context;
	address_format(address, text);
	require(comment != NULL);
}

static void on_setting(void *context, const char *group, const char *keys)
{
	char error[CONFIG_ERROR_MAX], line[PYMOIP_KEYS_MAX + 32];
	struct config *config = NULL;

	(void)context;
	require(strlen(keys) < PYMOIP_KEYS_MAX && strchr(keys, '\n') == NULL);
	(void)snprintf(line, sizeof(line), "%s: { %s };", group, keys);
	require(config_parse(&config, "FILE", line, strlen(line), error, sizeof(error)) == 0);
	config_free(config);
}

static void on_left_out(void *context, const char *what)
{
	char shown[4 * PYMOIP_WHAT_MAX];
	size_t length = strlen(what);

	(void)context;
	require(length > 0 && length < PYMOIP_WHAT_MAX);
	require(printable(shown, sizeof(shown), what, length) == length &&
		memcmp(shown, what, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const struct pymoip_handlers handlers = {
		.banned = on_banned,
		.never_banned = on_never_banned,
		.setting = on_setting,
		.left_out = on_left_out,
	};
	char *bytes = malloc(size + 1);

	require(bytes != NULL);
	memcpy(bytes, input, size);
	(void)pymoip_read_banned(bytes, size, &handlers, NULL);
	(void)pymoip_read_never_banned(bytes, size, &handlers, NULL);
	(void)pymoip_read_config(bytes, size, &handlers, NULL);
	free(bytes);
	return 0;
}
