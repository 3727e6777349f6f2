/*
 * Where redirections may lead: redirection.allow and redirection.deny of the configuration, whose
 * patterns common/target_pattern.h describes. Pure.
 *
 * deny is stronger than allow, and an empty allow list allows everything that is not denied. A name
 * is compared with the URI; an address or a network with what is connected to, so that no name
 * leads to a denied network. A denied name denies that name only: the service can still be reached
 * by another one, or by its address, unless these are denied too. The one exception is localhost
 * and the names below it: denied, they deny the loopback addresses as well, 127.0.0.0/8 and ::1,
 * on the same schemes and ports, whatever leads there and even where allow names these addresses.
 * Allowed, localhost is a name like any other.
 *
 * 0.0.0.0 and :: are the loopback address of their family too, since the kernel connects there.
 */
#ifndef VDTGW_SESSION_REDIRECTION_POLICY_H
#define VDTGW_SESSION_REDIRECTION_POLICY_H

#include "common/address.h"
#include "common/config.h"
#include "common/uri.h"

#include <stdbool.h>
#include <stddef.h>

enum redirection_verdict {
	REDIRECTION_ALLOWED, /* whatever the address */
	REDIRECTION_DENIED,  /* whatever the address */
	REDIRECTION_DEPENDS_ON_ADDRESS,
};

struct redirection_policy;

/* The lists, of which a NULL one is empty, are to live as long as the policy. Returns 0, -ENOMEM,
 * or -EINVAL with a sentence in error: which list and pattern, what is wrong, what is allowed. */
int redirection_policy_new(struct redirection_policy **ret_policy, const struct config_list *allow,
			   const struct config_list *deny, char *error, size_t error_size);
/* What can be said before the name is resolved; final for a URI whose host is an address. */
enum redirection_verdict redirection_policy_check_uri(const struct redirection_policy *policy,
						      const struct uri *uri);
/* The final word: may a redirection to uri connect to address? Never contradicts what
 * redirection_policy_check_uri() said, unless it depended on the address. */
bool redirection_policy_check_address(const struct redirection_policy *policy,
				      const struct uri *uri, const struct address *address);
/* Accepts NULL. */
void redirection_policy_free(struct redirection_policy *policy);

#endif
