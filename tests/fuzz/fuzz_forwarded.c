/* links: network */
/*
 * Any bytes as the head of a request behind a proxy: what is found is no trusted proxy, a refusal
 * has a reason and leaves the output alone, and what a stranger writes ahead of what a trusted
 * proxy appends to X-Forwarded-For changes nothing.
 */
#include "network/forwarded.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>

static struct network networks[2];
static const struct forwarded_trust trust = { networks, 2 };

static void check(int result, const struct forwarded_caller *caller, const char *why)
{
	require(result == -EPROTO || result == FORWARDED_FOUND || result == FORWARDED_HIDDEN ||
		result == FORWARDED_ALL_TRUSTED);
	require((result < 0) == (why != NULL));
	if (result == FORWARDED_FOUND)
		require(!network_contains(&networks[0], &caller->address) &&
			!network_contains(&networks[1], &caller->address));
	else
		require(caller->port == 0x5555);
}

static void check_appended(const char *text, size_t length)
{
	static const char appended[] = ", 203.0.113.9, 192.0.2.1";
	struct forwarded_caller caller = { .port = 0x5555 };
	struct address expected;
	const char *why = NULL;
	char *whole = malloc(length + sizeof(appended));
	struct http_text value = { whole, length + sizeof(appended) - 1 };

	require(whole != NULL && address_parse(&expected, "203.0.113.9") == 0);
	memcpy(whole, text, length);
	memcpy(whole + length, appended, sizeof(appended));
	if (value.length <= FORWARDED_VALUE_MAX) {
		require(forwarded_read(&caller, FORWARDED_FOR, &value, &trust, &why) ==
			FORWARDED_FOUND);
		require(address_equal(&caller.address, &expected));
	}
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = malloc(size + 1);
	size_t head;

	require(text != NULL && network_parse(&networks[0], "192.0.2.0/24") == 0 &&
		network_parse(&networks[1], "2001:db8::/64") == 0);
	memcpy(text, input, size);
	for (unsigned kind = FORWARDED_FOR; kind <= FORWARDED_RFC7239; kind++) {
		const struct http_text value = { text, size };
		struct forwarded_caller caller = { .port = 0x5555 };
		const char *why = NULL;
		int result =
		    forwarded_read(&caller, (enum forwarded_kind)kind, &value, &trust, &why);

		check(result, &caller, why);
	}
	check_appended(text, size);
	head = http_head_length(text, size);
	require(head <= size);
	if (head > 0) {
		struct forwarded_caller caller = { .port = 0x5555 };
		const char *why = NULL;
		int result = forwarded_read_head(&caller, text, head, &trust, &why);

		check(result, &caller, why);
	}
	free(text);
	return 0;
}
