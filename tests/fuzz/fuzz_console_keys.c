/* links: vdtgw-session */
/*
 * Anything that comes to a console: few keys at most, and none of what has in it what no key is
 * made of. A request line in front of it, whose bytes are anything but the end of the line, leaves
 * none at all.
 */
#include "vdtgw-session/console/console_keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_key(char key)
{
	return key == CONSOLE_KEY_UNKNOWN || key == '?' || (key >= 'a' && key <= 'z');
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const char request[] = "k /";
	char keys[CONSOLE_KEYS_MAX];
	int count = console_keys_read(keys, input, size);
	uint8_t *requested = malloc(size + sizeof(request));

	require(requested != NULL);
	require(count == -EPROTO || (count >= 0 && count <= CONSOLE_KEYS_MAX));
	for (int i = 0; i < count; i++)
		require(is_key(keys[i]));
	memcpy(requested, request, sizeof(request) - 1);
	memcpy(requested + sizeof(request) - 1, input, size);
	require(console_keys_read(keys, requested, size + sizeof(request) - 1) == -EPROTO);
	free(requested);
	return 0;
}
