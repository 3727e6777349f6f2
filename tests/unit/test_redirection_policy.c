/* links: vdtgw-session */
#include "vdtgw-session/redirection_policy.h"

#include "common/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	PATTERNS_MAX = 12,
};

#define PRIVATE                                                                                    \
	"localhost", "0.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "[fc00::/7]",   \
	    "[fe80::/10]", "[64:ff9b::/96]"

struct decision {
	const char *allow[PATTERNS_MAX];
	const char *deny[PATTERNS_MAX];
	const char *uri;
	enum redirection_verdict verdict;
	const char *address;
	bool allowed; /* to connect to that address */
};

static const struct decision decisions[] = {
	/* Nothing listed: everything is allowed. */
	{ { 0 }, { 0 }, "ws://a.example", REDIRECTION_ALLOWED, "10.0.0.1", true },
	{ { 0 }, { 0 }, "telnet://127.0.0.1", REDIRECTION_ALLOWED, "127.0.0.1", true },

	/* Names. */
	{ { 0 }, { "a.example" }, "ws://A.Example", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { 0 }, { "a.example" }, "ws://b.example", REDIRECTION_ALLOWED, "192.0.2.1", true },
	{ { 0 }, { "*" }, "ws://b.example", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { "b.example" }, { 0 }, "ws://b.example", REDIRECTION_ALLOWED, "10.0.0.1", true },
	{ { "b.example" }, { 0 }, "ws://a.example", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { "a.example", "*.example" }, { 0 }, "ws://c.example", REDIRECTION_ALLOWED, "::1", true },
	{ { "*.example" }, { "a.example" }, "ws://a.example", REDIRECTION_DENIED, "::1", false },
	{ { "a.example" }, { "*.example" }, "ws://a.example", REDIRECTION_DENIED, "::1", false },
	{ { "a.example" }, { "a.example" }, "ws://a.example", REDIRECTION_DENIED, "::1", false },
	{ { "*" }, { "*:23" }, "telnet://a.example", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { "*" }, { "*:23" }, "telnet://a.example:24", REDIRECTION_ALLOWED, "192.0.2.1", true },
	{ { "wss://*" }, { 0 }, "ws://a.example", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { "wss://*" }, { 0 }, "wss://192.0.2.1", REDIRECTION_ALLOWED, "192.0.2.1", true },

	/* A name never leads to a denied network. */
	{ { 0 }, { PRIVATE }, "ws://a.example", REDIRECTION_DEPENDS_ON_ADDRESS, "10.1.2.3", false },
	{ { 0 },
	  { PRIVATE },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "172.31.0.1",
	  false },
	{ { 0 }, { PRIVATE }, "ws://a.example", REDIRECTION_DEPENDS_ON_ADDRESS, "fd12::1", false },
	{ { 0 }, { PRIVATE }, "ws://a.example", REDIRECTION_DEPENDS_ON_ADDRESS, "fe80::1", false },
	{ { 0 }, { PRIVATE }, "ws://a.example", REDIRECTION_DEPENDS_ON_ADDRESS, "192.0.2.1", true },
	{ { 0 },
	  { PRIVATE },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "2001:db8::1",
	  true },
	{ { 0 },
	  { PRIVATE },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "::ffff:10.1.2.3",
	  false },
	{ { 0 },
	  { PRIVATE },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "64:ff9b::10.1.2.3",
	  false },
	{ { "a.example" },
	  { "10.0.0.0/8" },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "10.0.0.1",
	  false },
	{ { "10.0.0.1" },
	  { "10.0.0.0/8" },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "10.0.0.1",
	  false },
	{ { 0 }, { "10.0.0.0/8:23" }, "ws://a.example", REDIRECTION_ALLOWED, "10.0.0.1", true },
	{ { 0 },
	  { "telnet://10.0.0.0/8" },
	  "ws://a.example",
	  REDIRECTION_ALLOWED,
	  "10.0.0.1",
	  true },
	{ { 0 },
	  { "0.0.0.0/0", "[::/0]" },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "192.0.2.1",
	  false },

	/* A network allows what is connected to, whatever its name. */
	{ { "192.0.2.0/24" },
	  { 0 },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "192.0.2.1",
	  true },
	{ { "192.0.2.0/24" },
	  { 0 },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "192.0.3.1",
	  false },
	{ { "192.0.2.0/24:23" }, { 0 }, "ws://a.example", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { "192.0.2.0/24", "a.example" },
	  { 0 },
	  "ws://a.example",
	  REDIRECTION_ALLOWED,
	  "192.0.3.1",
	  true },
	{ { "192.0.2.0/24" },
	  { "a.example" },
	  "ws://a.example",
	  REDIRECTION_DENIED,
	  "192.0.2.1",
	  false },

	/* Addresses in the URI are judged at once. */
	{ { 0 }, { PRIVATE }, "ws://10.1.2.3", REDIRECTION_DENIED, "10.1.2.3", false },
	{ { 0 }, { PRIVATE }, "ws://[::ffff:10.1.2.3]", REDIRECTION_DENIED, "10.1.2.3", false },
	{ { 0 }, { PRIVATE }, "ws://[fd12::1]", REDIRECTION_DENIED, "fd12::1", false },
	{ { 0 }, { PRIVATE }, "ws://192.0.2.1", REDIRECTION_ALLOWED, "192.0.2.1", true },
	{ { "192.0.2.0/24" }, { 0 }, "ws://192.0.2.1", REDIRECTION_ALLOWED, "192.0.2.1", true },
	{ { "192.0.2.0/24" }, { 0 }, "ws://192.0.3.1", REDIRECTION_DENIED, "192.0.3.1", false },
	{ { "*.example" }, { 0 }, "ws://192.0.2.1", REDIRECTION_DENIED, "192.0.2.1", false },
	{ { 0 }, { "a.example" }, "ws://192.0.2.1", REDIRECTION_ALLOWED, "192.0.2.1", true },

	/* Denying localhost denies this machine's loopback, however it is written. */
	{ { 0 }, { "localhost" }, "ws://localhost", REDIRECTION_DENIED, "::1", false },
	{ { 0 }, { "localhost" }, "ws://127.0.0.1", REDIRECTION_DENIED, "127.0.0.1", false },
	{ { 0 }, { "localhost" }, "ws://127.1.2.3", REDIRECTION_DENIED, "127.1.2.3", false },
	{ { 0 }, { "localhost" }, "ws://0.0.0.0", REDIRECTION_DENIED, "0.0.0.0", false },
	{ { 0 }, { "localhost" }, "ws://[::1]", REDIRECTION_DENIED, "::1", false },
	{ { 0 }, { "localhost" }, "ws://[::]", REDIRECTION_DENIED, "::", false },
	{ { 0 },
	  { "localhost" },
	  "ws://[::ffff:127.0.0.1]",
	  REDIRECTION_DENIED,
	  "127.0.0.1",
	  false },
	{ { 0 }, { "localhost" }, "ws://[::ffff:0.0.0.0]", REDIRECTION_DENIED, "0.0.0.0", false },
	{ { 0 },
	  { "localhost" },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "127.0.0.1",
	  false },
	{ { 0 },
	  { "localhost" },
	  "ws://a.localhost",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "::1",
	  false },
	{ { 0 },
	  { "localhost" },
	  "ws://a.example",
	  REDIRECTION_DEPENDS_ON_ADDRESS,
	  "192.0.2.1",
	  true },
	{ { 0 }, { "*.localhost" }, "ws://127.0.0.1", REDIRECTION_DENIED, "127.0.0.1", false },
	{ { "127.0.0.1" },
	  { "localhost" },
	  "ws://127.0.0.1",
	  REDIRECTION_DENIED,
	  "127.0.0.1",
	  false },
	{ { 0 },
	  { "localhost:22" },
	  "telnet://127.0.0.1:22",
	  REDIRECTION_DENIED,
	  "127.0.0.1",
	  false },
	{ { 0 },
	  { "localhost:22" },
	  "telnet://127.0.0.1:23",
	  REDIRECTION_ALLOWED,
	  "127.0.0.1",
	  true },
	{ { 0 },
	  { "ws://localhost" },
	  "telnet://127.0.0.1",
	  REDIRECTION_ALLOWED,
	  "127.0.0.1",
	  true },
	/* … which allowing it does not allow. */
	{ { "localhost" }, { 0 }, "ws://localhost", REDIRECTION_ALLOWED, "127.0.0.1", true },
	{ { "localhost" }, { 0 }, "ws://127.0.0.1", REDIRECTION_DENIED, "127.0.0.1", false },
	{ { "localhost" }, { 0 }, "ws://a.example", REDIRECTION_DENIED, "127.0.0.1", false },

	/* What is unspecified is the loopback, and itself too where it is denied. */
	{ { 0 }, { "127.0.0.0/8" }, "ws://0.0.0.0", REDIRECTION_DENIED, "0.0.0.0", false },
	{ { 0 }, { "0.0.0.0" }, "ws://0.0.0.0", REDIRECTION_DENIED, "0.0.0.0", false },
	{ { 0 }, { "[::1]" }, "ws://[::]", REDIRECTION_DENIED, "::", false },
	{ { 0 }, { "[::1]" }, "ws://a.example", REDIRECTION_DEPENDS_ON_ADDRESS, "::", false },
	{ { "0.0.0.0" }, { 0 }, "ws://0.0.0.0", REDIRECTION_DENIED, "0.0.0.0", false },
	{ { "127.0.0.1" }, { 0 }, "ws://0.0.0.0", REDIRECTION_ALLOWED, "0.0.0.0", true },
};

static struct config_list list_of(const char *const texts[PATTERNS_MAX], char *items[PATTERNS_MAX])
{
	struct config_list list = { .items = items };

	for (; list.count < PATTERNS_MAX && texts[list.count] != NULL; list.count++)
		items[list.count] = (char *)(uintptr_t)texts[list.count];
	return list;
}

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(&address, text), 0);
	return address;
}

/* What was said of the URI alone holds for every address. */
static void assert_verdict_is_kept(const struct redirection_policy *policy, const struct uri *uri,
				   const char *text)
{
	static const char *const addresses[] = {
		"0.0.0.0", "127.0.0.1", "10.0.0.1",    "192.0.2.1", "255.255.255.255",
		"::",      "::1",       "2001:db8::1", "fd12::1",   "64:ff9b::10.0.0.1",
	};
	enum redirection_verdict verdict = redirection_policy_check_uri(policy, uri);
	struct address own;

	if (verdict == REDIRECTION_DEPENDS_ON_ADDRESS || address_parse(&own, uri->host) == 0)
		return;
	for (size_t i = 0; i < LENGTH(addresses); i++) {
		struct address address = address_of(addresses[i]);

		if (redirection_policy_check_address(policy, uri, &address) !=
		    (verdict == REDIRECTION_ALLOWED))
			fail_msg("%s at %s is not as it was said", text, addresses[i]);
	}
}

static void test_decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(decisions); i++) {
		const struct decision *decision = &decisions[i];
		struct address address = address_of(decision->address);
		char *items[2][PATTERNS_MAX];
		struct config_list allow = list_of(decision->allow, items[0]);
		struct config_list deny = list_of(decision->deny, items[1]);
		struct redirection_policy *policy = NULL;
		const char *why = NULL;
		char error[512] = "";
		struct uri uri;

		assert_int_equal(uri_parse(&uri, decision->uri, &why), 0);
		if (redirection_policy_new(&policy, &allow, &deny, error, sizeof(error)) != 0)
			fail_msg("row %zu: %s", i, error);
		if (redirection_policy_check_uri(policy, &uri) != decision->verdict)
			fail_msg("row %zu: %s: verdict %d", i, decision->uri,
				 (int)redirection_policy_check_uri(policy, &uri));
		if (redirection_policy_check_address(policy, &uri, &address) != decision->allowed)
			fail_msg("row %zu: %s at %s", i, decision->uri, decision->address);
		assert_verdict_is_kept(policy, &uri, decision->uri);
		redirection_policy_free(policy);
	}
}

static void test_a_bad_pattern_is_named_with_its_list_and_what_is_allowed(void **state)
{
	char *good[] = { (char[]) { "*" } };
	char *bad[] = { (char[]) { "*" }, (char[]) { "exa\nmple" } };
	const struct config_list good_list = { good, 1 };
	const struct config_list bad_list = { bad, 2 };
	struct redirection_policy *policy = NULL;
	char error[512] = "";
	char small[20];

	(void)state;
	assert_int_equal(
	    redirection_policy_new(&policy, &good_list, &bad_list, error, sizeof(error)), -EINVAL);
	assert_null(policy);
	assert_ptr_equal(strstr(error, "redirection.deny: \"exa\\x0Ample\": the host has "), error);
	assert_non_null(strstr(error, "; allowed: a pattern [scheme://]host[:port] such as "));
	assert_int_equal(
	    redirection_policy_new(&policy, &bad_list, &good_list, small, sizeof(small)), -EINVAL);
	assert_string_equal(small, "redirection.allow: ");
	assert_null(policy);
}

static void test_no_lists_allow_everything(void **state)
{
	struct redirection_policy *policy = NULL;
	const char *why = NULL;
	struct uri uri;

	(void)state;
	assert_int_equal(redirection_policy_new(&policy, NULL, NULL, NULL, 0), 0);
	assert_int_equal(uri_parse(&uri, "ws://localhost", &why), 0);
	assert_int_equal(redirection_policy_check_uri(policy, &uri), REDIRECTION_ALLOWED);
	redirection_policy_free(policy);
	redirection_policy_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_a_bad_pattern_is_named_with_its_list_and_what_is_allowed),
		cmocka_unit_test(test_no_lists_allow_everything),
	};

	return cmocka_run_group_tests_name("redirection policy", tests, NULL, NULL);
}
