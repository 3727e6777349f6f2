/*
 * The table of reasons for which a call ends (vdtgw-session, Leave) and what they say of the
 * caller. What is not in it was the home service's doing, or ours, or a person's with a browser (a
 * plain HTTP request on the WebSocket port, which gets a page), and never counts.
 */
#include "vdtgw-supervisor/bans/ban_rules.h"

#include <stddef.h>
#include <string.h>

struct rule {
	const char *reason;
	bool prefix;     /* all reasons that begin so */
	bool only_short; /* counts when the call was too short, and as that */
	enum ban_reason strike;
};

static const struct rule rules[] = {
	{ "caller-closed", false, true, BAN_SHORT_SESSION },
	{ "caller-cut", false, true, BAN_SHORT_SESSION },
	{ "caller-protocol-error", false, true, BAN_SHORT_SESSION },
	{ "hung-up", false, true, BAN_SHORT_SESSION },
	{ "typing-speed", false, false, BAN_TYPING_SPEED },
	{ "abuse-", true, false, BAN_PROTOCOL_ABUSE },
	/* Who may send one is in proxy.trusted, and never banned. */
	{ "proxy-header", false, false, BAN_PROTOCOL_ABUSE },
	{ "caller-handshake-timed-out", false, false, BAN_NO_HANDSHAKE },
	{ "caller-no-handshake", false, false, BAN_NO_HANDSHAKE },
};

/* What a caller's bytes can do to a session: a crash soon after the start is taken for that. */
static const struct rule crash = { NULL, false, true, BAN_SHORT_SESSION };

static const struct rule *find_rule(const char *reason)
{
	if (reason == NULL)
		return &crash;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		size_t length = strlen(rules[i].reason) + (rules[i].prefix ? 0 : 1);

		if (strncmp(rules[i].reason, reason, length) == 0)
			return &rules[i];
	}
	return NULL;
}

bool ban_rules_judge(const char *reason, int64_t duration, int64_t short_limit,
		     enum ban_reason *ret_strike)
{
	const struct rule *rule = find_rule(reason);

	if (rule == NULL || (rule->only_short && duration >= short_limit))
		return false;
	*ret_strike = rule->strike;
	return true;
}
