/* links: common */
/*
 * Any text as a pattern of services, after a line with a URI to compare it with: a refusal has a
 * reason and leaves the output alone; what is accepted holds what its header promises, and matches
 * what it says and not what it does not.
 */
#include "common/target_pattern.h"

#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static void read_uri(struct uri *ret_uri, const char *text)
{
	const char *why = NULL;

	require(uri_parse(ret_uri, text, &why) == 0);
}

/* The pattern's name is within its text and, with a label ahead where one is wanted, a host. */
static void name_check(const struct target_pattern *pattern, const char *text)
{
	bool below = pattern->host == TARGET_NAMES_BELOW;
	char address[URI_HOST_MAX + 64];
	struct uri uri;

	require(pattern->name >= text && pattern->name_length > 0 &&
		pattern->name + pattern->name_length <= text + strlen(text));
	require(!below || pattern->name[0] == '.');
	(void)snprintf(address, sizeof(address), "%s://%s%.*s:%u", uri_scheme_name(pattern->scheme),
		       below ? "a" : "", (int)pattern->name_length, pattern->name,
		       pattern->port_low);
	read_uri(&uri, address);
	require(target_pattern_covers(pattern, &uri));
	require(target_pattern_matches_uri(pattern, &uri));
	for (char *letter = uri.host; *letter != '\0'; letter++) {
		if (*letter >= 'a' && *letter <= 'z')
			*letter = (char)(*letter - 'a' + 'A');
	}
	require(target_pattern_matches_uri(pattern, &uri));
	uri.host[strlen(uri.host) - 1] = '\0';
	require(!target_pattern_matches_uri(pattern, &uri));
}

static void network_check(const struct target_pattern *pattern)
{
	struct uri uri = { .scheme = pattern->scheme, .port = pattern->port_high };

	require(!target_pattern_matches_uri(pattern, &uri));
	require(target_pattern_matches_address(pattern, &uri, &pattern->network.address));
}

static void accepted_check(const struct target_pattern *pattern, const char *text)
{
	static const struct address address = { .bytes = { 0x20, 1 } };
	struct uri uri = { .scheme = pattern->scheme, .port = pattern->port_low };

	require(pattern->port_low > 0 && pattern->port_low <= pattern->port_high);
	if (pattern->host == TARGET_NETWORK) {
		network_check(pattern);
		return;
	}
	require(!target_pattern_matches_address(pattern, &uri, &address));
	if (pattern->host == TARGET_ANY_HOST)
		require(target_pattern_matches_uri(pattern, &uri));
	else
		name_check(pattern, text);
}

static void compare(const struct target_pattern *pattern, const struct uri *uri)
{
	struct address address;
	bool has_address = address_parse(&address, uri->host) == 0;
	bool by_name = target_pattern_matches_uri(pattern, uri);
	bool by_address = has_address && target_pattern_matches_address(pattern, uri, &address);

	require(!by_name || !by_address);
	require((!by_name && !by_address) || target_pattern_covers(pattern, uri));
	/* A URI with an address has no name. */
	require(!has_address || !by_name || pattern->host == TARGET_ANY_HOST);
	(void)target_pattern_is_localhost(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct target_pattern pattern;
	const void *output = &pattern;
	uint8_t before[sizeof(pattern)];
	struct uri uri;
	const char *why = NULL;
	const char *text;
	char *line = malloc(size + 1);
	char *end;

	require(line != NULL);
	memcpy(line, input, size);
	line[size] = '\0';
	end = strchr(line, '\n');
	if (end != NULL)
		*end = '\0';
	text = end != NULL ? end + 1 : line;
	memset(&pattern, 0x55, sizeof(pattern));
	memcpy(before, output, sizeof(before));
	if (target_pattern_parse(&pattern, text, &why) == 0) {
		require(why == NULL);
		accepted_check(&pattern, text);
		if (end != NULL && uri_parse(&uri, line, &why) == 0)
			compare(&pattern, &uri);
	} else {
		require(why != NULL && why[0] != '\0');
		require(memcmp(output, before, sizeof(before)) == 0);
	}
	free(line);
	return 0;
}
