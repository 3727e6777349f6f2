/* links: network */
/*
 * Any bytes as a PROXY header: the answer is final (whatever follows changes neither a header nor a
 * refusal), bounded, and read the same again; what takes bytes begins like a header, and a refusal
 * has a reason and leaves the output alone.
 */
#include "network/proxy_header.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

static bool is_same(const struct proxy_endpoint *one, const struct proxy_endpoint *other)
{
	return one->port == other->port && address_equal(&one->address, &other->address);
}

static void check_header(const struct proxy_header *header, const uint8_t *input, size_t length)
{
	static const struct proxy_endpoint none = { .port = 0 };

	require(length <= PROXY_HEADER_MAX);
	require(proxy_header_begins(input, length));
	if (!header->relayed) {
		require(is_same(&header->source, &none));
		require(is_same(&header->destination, &none));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const struct proxy_header untouched = { true, { .port = 7 }, { .port = 8 } };
	struct proxy_header header;
	int decided = 0;

	for (size_t length = 0; length <= size && length <= 2 * PROXY_HEADER_MAX; length++) {
		const char *why = NULL;
		uint8_t *copy = malloc(length + 1);
		int result;

		require(copy != NULL);
		memcpy(copy, input, length);
		header = untouched;
		result = proxy_header_parse(&header, copy, length, &why);
		require(decided == 0 || result == decided);
		require((result < 0) == (why != NULL));
		require(result > 0 || (is_same(&header.source, &untouched.source) &&
				       is_same(&header.destination, &untouched.destination)));
		require(result >= 0 || result == -EPROTO);
		require(result <= (int)length);
		if (result > 0)
			check_header(&header, copy, (size_t)result);
		require(result != 0 || length < PROXY_HEADER_MAX);
		decided = result;
		free(copy);
	}
	return 0;
}
