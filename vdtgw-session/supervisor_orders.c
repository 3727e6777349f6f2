/*
 * Reads orders. The supervisor is trusted to give them, not to be free of faults: what is out of
 * range is refused whole, so that nothing of it is carried out.
 */
#include "vdtgw-session/supervisor_orders.h"

#include "common/log.h"

#include <string.h>

enum {
	TIMEOUT_MAX = 365 * 86400, /* s, as in the configuration */
	TYPING_LIMIT_MAX = 1000,   /* characters/s, likewise */
};

static const char *reason_of(json_t *order)
{
	const char *reason = json_string_value(json_object_get(order, "reason"));

	return reason != NULL ? reason : "";
}

static bool on_kick(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	handlers->kicked(context, reason_of(order));
	return true;
}

static bool on_home(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	handlers->sent_home(context, reason_of(order));
	return true;
}

static bool on_channel(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	handlers->channel(context, json_is_true(json_object_get(order, "up")));
	return true;
}

static bool on_redirect(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	char *subprotocols[SUPERVISOR_SUBPROTOCOLS_MAX];
	struct supervisor_redirection redirection = { .subprotocols.items = subprotocols };
	json_t *values = json_object_get(order, "redirection");
	json_t *list = json_object_get(values, "subprotocols"), *name;
	json_int_t ping = json_integer_value(json_object_get(values, "ping"));
	size_t index;

	redirection.tag = json_string_value(json_object_get(values, "tag"));
	redirection.uri = json_string_value(json_object_get(values, "uri"));
	if (redirection.tag == NULL || redirection.uri == NULL ||
	    strlen(redirection.tag) >= SUPERVISOR_TAG_MAX ||
	    json_array_size(list) > SUPERVISOR_SUBPROTOCOLS_MAX)
		return false;
	json_array_foreach(list, index, name)
	{
		/* Read only: service links copy them. */
		subprotocols[index] = (char *)(uintptr_t)json_string_value(name);
		if (subprotocols[index] == NULL)
			return false;
		redirection.subprotocols.count++;
	}
	redirection.ping = ping > 0 && ping <= UINT16_MAX ? (unsigned)ping : 0;
	handlers->redirected(context, &redirection);
	return true;
}

static bool on_message(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	const char *text = json_string_value(json_object_get(order, "text"));

	return text != NULL && handlers->message(context, text);
}

static bool read_timeout(json_t *limits, const char *name, unsigned *ret_seconds)
{
	const json_t *value = json_object_get(limits, name);
	json_int_t seconds = json_integer_value(value);

	if (!json_is_integer(value) || seconds < 0 || seconds > TIMEOUT_MAX)
		return false;
	*ret_seconds = (unsigned)seconds;
	return true;
}

static bool read_typing_limit(json_t *limits, double *ret_limit)
{
	const json_t *value = json_object_get(limits, "typing_limit");
	double limit = json_number_value(value);

	if (!json_is_number(value) || limit > TYPING_LIMIT_MAX || (limit < 1 && limit != 0))
		return false;
	*ret_limit = limit;
	return true;
}

static bool on_reload(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	json_t *values = json_object_get(order, "limits");
	struct supervisor_limits limits;

	if (!read_timeout(values, "caller_idle", &limits.caller_idle) ||
	    !read_timeout(values, "session", &limits.session) ||
	    !read_timeout(values, "remote", &limits.remote) ||
	    !read_timeout(values, "remote_telnet_idle", &limits.remote_telnet_idle) ||
	    !read_timeout(values, "home", &limits.home) ||
	    !read_typing_limit(values, &limits.typing_limit))
		return false;
	handlers->reloaded(context, &limits);
	return true;
}

void supervisor_order(json_t *order, const struct supervisor_handlers *handlers, void *context)
{
	static const struct {
		const char *name;
		bool (*carry_out)(json_t *order, const struct supervisor_handlers *handlers,
				  void *context);
	} kinds[] = {
		{ "kick", on_kick },       { "redirect", on_redirect }, { "home", on_home },
		{ "channel", on_channel }, { "message", on_message },   { "reload", on_reload },
	};
	const char *kind = json_string_value(json_object_get(order, "kind"));

	if (kind == NULL)
		kind = "";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kind, kinds[i].name) != 0)
			continue;
		if (!kinds[i].carry_out(order, handlers, context))
			log_warning("the supervisor's order makes no sense: %s", kind);
		return;
	}
	/* Orders of a later version are not ours to refuse. */
	log_warning("the supervisor's order is not known here: %s", kind);
}
