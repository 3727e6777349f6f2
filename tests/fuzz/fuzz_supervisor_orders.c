/* links: vdtgw-session */
/*
 * Any JSON as an order of the supervisor: one handler is called at most, with what is within its
 * bounds.
 */
#include "vdtgw-session/supervisor_orders.h"

#include "tests/fuzz/fuzz.h"

enum {
	TIMEOUT_MAX = 365 * 86400
};

/* The context is the number of handlers called. */
static void count(void *context)
{
	require(++*(int *)context == 1);
}

static void on_text(void *context, const char *text)
{
	require(text != NULL);
	count(context);
}

static bool on_message(void *context, const char *text)
{
	on_text(context, text);
	return text[0] != '\0';
}

static void on_channel(void *context, bool up)
{
	(void)up;
	count(context);
}

static void on_redirected(void *context, const struct supervisor_redirection *redirection)
{
	count(context);
	require(strlen(redirection->tag) < SUPERVISOR_TAG_MAX && redirection->uri != NULL);
	require(redirection->ping <= UINT16_MAX);
	require(redirection->subprotocols.count <= SUPERVISOR_SUBPROTOCOLS_MAX);
	for (size_t i = 0; i < redirection->subprotocols.count; i++)
		require(redirection->subprotocols.items[i] != NULL);
}

static void on_reloaded(void *context, const struct supervisor_limits *limits)
{
	count(context);
	require(limits->caller_idle <= TIMEOUT_MAX && limits->session <= TIMEOUT_MAX &&
		limits->remote <= TIMEOUT_MAX && limits->remote_telnet_idle <= TIMEOUT_MAX &&
		limits->home <= TIMEOUT_MAX);
	require(limits->typing_limit >= 0 && limits->typing_limit <= 1000);
}

static const struct supervisor_handlers handlers = {
	.kicked = on_text,
	.sent_home = on_text,
	.message = on_message,
	.channel = on_channel,
	.redirected = on_redirected,
	.reloaded = on_reloaded,
};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	json_t *order =
	    json_loadb((const char *)input, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	int called = 0;

	supervisor_order(order, &handlers, &called);
	json_decref(order);
	return 0;
}
