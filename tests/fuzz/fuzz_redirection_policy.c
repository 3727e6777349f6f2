/* links: vdtgw-session */
/*
 * A first line with a URI, a second one with an address, then patterns, those to deny after a "-":
 * what is said before the name is resolved is not contradicted by what is said of the address, and
 * one more pattern to deny never allows anything. A list with a pattern that is none is refused.
 */
#include "vdtgw-session/redirection_policy.h"

#include "common/target_pattern.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>

enum {
	PATTERNS_MAX = 16,
	ERROR_MAX = 512,
};

static void sort_patterns(char *text, struct config_list *allow, struct config_list *deny)
{
	while (*text != '\0') {
		char *line = fuzz_line(&text);
		struct config_list *list = line[0] == '-' ? deny : allow;

		if (list->count < PATTERNS_MAX)
			list->items[list->count++] = line + (list == deny);
	}
}

static bool are_valid(const struct config_list *list)
{
	struct target_pattern pattern;
	const char *why;

	for (size_t i = 0; i < list->count; i++)
		if (target_pattern_parse(&pattern, list->items[i], &why) < 0)
			return false;
	return true;
}

static bool decide(const struct redirection_policy *policy, const struct uri *uri,
		   const struct address *address)
{
	enum redirection_verdict verdict = redirection_policy_check_uri(policy, uri);
	bool allowed = redirection_policy_check_address(policy, uri, address);

	require(verdict != REDIRECTION_ALLOWED || allowed);
	require(verdict != REDIRECTION_DENIED || !allowed);
	return allowed;
}

/* With all patterns, and with the last one to deny left out. */
static void check(const struct config_list *allow, struct config_list *deny, const struct uri *uri,
		  const struct address *address)
{
	struct redirection_policy *policy = NULL;
	char error[ERROR_MAX] = "";
	bool allowed;
	int result = redirection_policy_new(&policy, allow, deny, error, sizeof(error));

	require((result == 0) == (are_valid(allow) && are_valid(deny)));
	require(result == 0 || (result == -EINVAL && error[0] != '\0' && policy == NULL));
	if (result < 0)
		return;
	allowed = decide(policy, uri, address);
	redirection_policy_free(policy);
	if (deny->count == 0) {
		require(allowed || allow->count > 0);
		return;
	}
	deny->count--;
	require(redirection_policy_new(&policy, allow, deny, error, sizeof(error)) == 0);
	require(decide(policy, uri, address) || !allowed);
	redirection_policy_free(policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *patterns[2][PATTERNS_MAX];
	struct config_list allow = { .items = patterns[0] };
	struct config_list deny = { .items = patterns[1] };
	char *text = fuzz_text(input, size);
	char *rest = text;
	struct address address;
	struct uri uri;
	const char *why;

	if (uri_parse(&uri, fuzz_line(&rest), &why) == 0) {
		/* What a URI with an address leads to is that address. */
		bool is_address = address_parse(&address, uri.host) == 0;
		const char *resolved = fuzz_line(&rest);

		if (is_address || address_parse(&address, resolved) == 0) {
			sort_patterns(rest, &allow, &deny);
			check(&allow, &deny, &uri, &address);
		}
	}
	free(text);
	return 0;
}
