/*
 * Decides where redirections may lead, by two lists of patterns that are read once.
 */
#include "vdtgw-session/redirection_policy.h"

#include "common/printable.h"
#include "common/target_pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	QUOTE_MAX = 96, /* bytes of what an error quotes of a pattern */
};

struct pattern_list {
	struct target_pattern *patterns; /* NULL where count is 0 */
	size_t count;
};

struct redirection_policy {
	struct pattern_list allow;
	struct pattern_list deny;
};

static int list_read(struct pattern_list *list, const char *key, const struct config_list *texts,
		     char *error, size_t error_size)
{
	if (texts == NULL || texts->count == 0)
		return 0;
	list->patterns = calloc(texts->count, sizeof(*list->patterns));
	if (list->patterns == NULL) {
		(void)snprintf(error, error_size, "%s: no memory for its patterns", key);
		return -ENOMEM;
	}
	for (; list->count < texts->count; list->count++) {
		const char *text = texts->items[list->count];
		const char *why = NULL;
		char quoted[QUOTE_MAX];

		if (target_pattern_parse(&list->patterns[list->count], text, &why) == 0)
			continue;
		printable(quoted, sizeof(quoted), text, strlen(text));
		(void)snprintf(error, error_size, "%s: \"%s\": %s; allowed: %s", key, quoted, why,
			       TARGET_PATTERN_ALLOWED);
		return -EINVAL;
	}
	return 0;
}

int redirection_policy_new(struct redirection_policy **ret_policy, const struct config_list *allow,
			   const struct config_list *deny, char *error, size_t error_size)
{
	struct redirection_policy *policy = calloc(1, sizeof(*policy));
	int r;

	if (policy == NULL) {
		(void)snprintf(error, error_size, "redirection: no memory for its patterns");
		return -ENOMEM;
	}
	r = list_read(&policy->allow, "redirection.allow", allow, error, error_size);
	if (r < 0)
		goto out;
	r = list_read(&policy->deny, "redirection.deny", deny, error, error_size);
	if (r < 0)
		goto out;
	*ret_policy = policy;
	policy = NULL;
out:
	redirection_policy_free(policy);
	return r;
}

void redirection_policy_free(struct redirection_policy *policy)
{
	if (policy == NULL)
		return;
	free(policy->allow.patterns);
	free(policy->deny.patterns);
	free(policy);
}

static bool matches_uri(const struct pattern_list *list, const struct uri *uri)
{
	for (size_t i = 0; i < list->count; i++) {
		if (target_pattern_matches_uri(&list->patterns[i], uri))
			return true;
	}
	return false;
}

static bool matches_address(const struct pattern_list *list, const struct uri *uri,
			    const struct address *address)
{
	for (size_t i = 0; i < list->count; i++) {
		if (target_pattern_matches_address(&list->patterns[i], uri, address))
			return true;
	}
	return false;
}

static bool denies_loopback(const struct redirection_policy *policy, const struct uri *uri)
{
	for (size_t i = 0; i < policy->deny.count; i++) {
		const struct target_pattern *pattern = &policy->deny.patterns[i];

		if (target_pattern_is_localhost(pattern) && target_pattern_covers(pattern, uri))
			return true;
	}
	return false;
}

/* Whether some address, but not every one, matches. */
static bool has_network_for(const struct pattern_list *list, const struct uri *uri)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct target_pattern *pattern = &list->patterns[i];

		if (pattern->host == TARGET_NETWORK && target_pattern_covers(pattern, uri))
			return true;
	}
	return false;
}

static bool allows_uri(const struct redirection_policy *policy, const struct uri *uri)
{
	return policy->allow.count == 0 || matches_uri(&policy->allow, uri);
}

/* Where a connection to address ends: the kernel takes an unspecified one for the loopback. */
static struct address reached_by(const struct address *address)
{
	static const struct address unspecified_ipv6;
	static const struct address loopback_ipv6 = { .bytes = { [15] = 1 } };
	static const struct address unspecified_ipv4 = { .bytes = { [10] = 0xff, [11] = 0xff } };
	static const struct address loopback_ipv4 = {
		.bytes = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 },
	};

	if (address_equal(address, &unspecified_ipv4))
		return loopback_ipv4;
	if (address_equal(address, &unspecified_ipv6))
		return loopback_ipv6;
	return *address;
}

bool redirection_policy_check_address(const struct redirection_policy *policy,
				      const struct uri *uri, const struct address *address)
{
	struct address reached = reached_by(address);

	if (matches_uri(&policy->deny, uri) || matches_address(&policy->deny, uri, address) ||
	    matches_address(&policy->deny, uri, &reached))
		return false;
	if (address_is_loopback(&reached) && denies_loopback(policy, uri))
		return false;
	return allows_uri(policy, uri) || matches_address(&policy->allow, uri, &reached);
}

enum redirection_verdict redirection_policy_check_uri(const struct redirection_policy *policy,
						      const struct uri *uri)
{
	struct address address;
	bool allowed = allows_uri(policy, uri);

	if (address_parse(&address, uri->host) == 0)
		return redirection_policy_check_address(policy, uri, &address) ? REDIRECTION_ALLOWED
									       : REDIRECTION_DENIED;
	if (matches_uri(&policy->deny, uri))
		return REDIRECTION_DENIED;
	if (!allowed && !has_network_for(&policy->allow, uri))
		return REDIRECTION_DENIED;
	if (allowed && !has_network_for(&policy->deny, uri) && !denies_loopback(policy, uri))
		return REDIRECTION_ALLOWED;
	return REDIRECTION_DEPENDS_ON_ADDRESS;
}
