/*
 * A connection to a service, whatever its kind: connects the socket, hands it to the kind, and
 * keeps the promises of service_link.h about order and time.
 */
#include "network/service_link.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "network/connector.h"
#include "network/service_kind.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DETAIL_MAX = 160,
};

static const struct service_kind *const kinds[] = {
	[URI_WS] = &service_websocket,
	[URI_WSS] = &service_websocket,
	[URI_TELNET] = &service_telnet,
};

static const char *const failure_names[] = {
	[SERVICE_CLOSED] = "closed",
	[SERVICE_CUT] = "cut",
	[SERVICE_REFUSED] = "refused",
	[SERVICE_UNREACHABLE] = "unreachable",
	[SERVICE_NAME_UNKNOWN] = "name-unknown",
	[SERVICE_RESOLVER_FAILED] = "resolver-failed",
	[SERVICE_TIMED_OUT] = "timed-out",
	[SERVICE_BAD_ANSWER] = "bad-answer",
	[SERVICE_CERTIFICATE] = "certificate",
	[SERVICE_TLS] = "tls",
	[SERVICE_PROTOCOL_ERROR] = "protocol-error",
	[SERVICE_SILENT] = "silent",
	[SERVICE_NO_RESOURCES] = "no-resources",
	[SERVICE_DENIED] = "denied",
};
static_assert(sizeof(failure_names) / sizeof(failure_names[0]) == SERVICE_FAILURE_COUNT,
	      "every failure has its name");

static const char *const state_names[] = {
	[SERVICE_LINK_CONNECTING] = "connecting",
	[SERVICE_LINK_OPEN] = "open",
	[SERVICE_LINK_CLOSING] = "closing",
	[SERVICE_LINK_ENDED] = "ended",
};
static_assert(sizeof(state_names) / sizeof(state_names[0]) == SERVICE_LINK_STATE_COUNT,
	      "every state has its name");

static void set_state(struct service_link *link, enum service_link_state state, const char *why)
{
	log_debug("service %s: %s -> %s: %s", link->uri.host, state_names[link->state],
		  state_names[state], why);
	link->state = state;
}

/* Lets go of the connection in whatever stage it is. */
static void drop(struct service_link *link)
{
	void *peer = link->peer;

	link->peer = NULL;
	connector_free(link->connector);
	link->connector = NULL;
	if (link->guard != NULL)
		timer_disarm(link->guard);
	if (peer != NULL)
		link->kind->free(peer);
}

void service_link_up(struct service_link *link)
{
	if (link->state != SERVICE_LINK_CONNECTING)
		return;
	timer_disarm(link->guard);
	set_state(link, SERVICE_LINK_OPEN, "the service answers");
	link->handlers->connected(link->context);
}

void service_link_take(struct service_link *link, const uint8_t *bytes, size_t length)
{
	if (link->state == SERVICE_LINK_OPEN && length > 0)
		link->handlers->received(link->context, bytes, length);
}

void service_link_message_ended(struct service_link *link)
{
	if (link->state == SERVICE_LINK_OPEN && link->handlers->message_ended != NULL)
		link->handlers->message_ended(link->context);
}

void service_link_drained(struct service_link *link)
{
	if (link->state == SERVICE_LINK_OPEN)
		link->handlers->drained(link->context);
}

void service_link_message_sent(struct service_link *link, size_t length)
{
	if (link->state == SERVICE_LINK_OPEN && link->handlers->message_sent != NULL)
		link->handlers->message_sent(link->context, length);
}

void service_link_end(struct service_link *link, enum service_failure why, const char *detail)
{
	char kept[DETAIL_MAX]; /* detail may be the kind's, which is freed first */

	if (link->state == SERVICE_LINK_ENDED)
		return;
	(void)snprintf(kept, sizeof(kept), "%s", detail);
	/* The end that we asked for is in order, however the service took it. */
	if (link->state == SERVICE_LINK_CLOSING)
		why = SERVICE_CLOSED;
	set_state(link, SERVICE_LINK_ENDED, failure_names[why]);
	drop(link);
	link->handlers->ended(link->context, why, kept);
}

static void on_guard_expired(void *context)
{
	struct service_link *link = context;

	if (link->state == SERVICE_LINK_CLOSING)
		service_link_end(link, SERVICE_CLOSED,
				 link->peer == NULL ? "given up while connecting"
						    : "no answer to our close");
	else if (link->peer != NULL && link->kind->answered != NULL &&
		 link->kind->answered(link->peer))
		service_link_end(link, SERVICE_BAD_ANSWER, "what it says is no handshake");
	else
		service_link_end(link, SERVICE_TIMED_OUT, "no end to the handshake");
}

static void on_connected(void *context, int descriptor)
{
	struct service_link *link = context;
	int r;

	connector_free(link->connector);
	link->connector = NULL;
	timer_arm(link->guard, link->deadline);
	r = link->kind->open(&link->peer, link, descriptor);
	if (r < 0)
		service_link_end(link, SERVICE_NO_RESOURCES, strerror(-r));
	else if (!link->kind->shakes_hands)
		service_link_up(link);
}

static void on_failed(void *context, enum service_failure why, const char *detail)
{
	service_link_end(context, why, detail);
}

static const struct connector_handlers connector_handlers = {
	.connected = on_connected,
	.failed = on_failed,
};

/* RFC 6455, section 4.1: a subprotocol is a token of RFC 7230; anything else could write headers
 * of its own. */
static bool is_token(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr("!#$%&'*+-.^_`|~", *text) == NULL)
			return false;
	return true;
}

static int join_subprotocols(struct service_link *link, const struct config_list *list)
{
	size_t length = 0;

	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const char *name = list->items[i];

		if (!is_token(name))
			return -EINVAL;
		if (length + 1 + strlen(name) >= sizeof(link->subprotocols))
			return -E2BIG;
		length += (size_t)snprintf(link->subprotocols + length,
					   sizeof(link->subprotocols) - length, "%s%s",
					   i > 0 ? "," : "", name);
		if (strcmp(name, "binary") == 0)
			link->binary = true;
	}
	return 0;
}

static void keep_caller(struct service_link *link, const struct service_caller *caller)
{
	if (caller == NULL)
		return;
	link->tells_caller = true;
	(void)snprintf(link->caller_address, sizeof(link->caller_address), "%s", caller->address);
	(void)snprintf(link->caller_transport, sizeof(link->caller_transport), "%s",
		       caller->transport);
	link->caller = (struct service_caller) {
		.address = link->caller_address,
		.transport = link->caller_transport,
		.speed = caller->speed,
	};
}

int service_link_new(struct service_link **ret_link, struct event_loop *loop,
		     const struct service_target *target,
		     const struct service_link_handlers *handlers, void *context)
{
	const struct uri *uri = target->uri;
	struct service_link *link = calloc(1, sizeof(*link));
	int r;

	if (link == NULL)
		return -ENOMEM;
	link->loop = loop;
	link->kind = kinds[uri->scheme];
	link->uri = *uri;
	link->ping = target->ping;
	keep_caller(link, target->caller);
	link->handlers = handlers;
	link->context = context;
	link->deadline = event_loop_now() + (uint64_t)SERVICE_CONNECT_TIMEOUT * US_PER_S;
	r = join_subprotocols(link, target->subprotocols);
	if (r < 0)
		goto out;
	r = link->kind->check(link);
	if (r < 0)
		goto out;
	r = timer_new(&link->guard, loop, on_guard_expired, link);
	if (r < 0)
		goto out;
	r = connector_new(&link->connector, loop, target, link->deadline, &connector_handlers,
			  link);
	if (r < 0)
		goto out;
	*ret_link = link;
	link = NULL;
out:
	service_link_free(link);
	return r;
}

size_t service_link_send(struct service_link *link, const uint8_t *bytes, size_t length)
{
	if (link->state != SERVICE_LINK_OPEN || length == 0)
		return 0;
	return link->kind->send(link->peer, bytes, length);
}

int service_link_send_message(struct service_link *link, bool binary, const uint8_t *bytes,
			      size_t length)
{
	if (link->kind->send_message == NULL)
		return -EOPNOTSUPP;
	if (link->state != SERVICE_LINK_OPEN)
		return -ENOTCONN;
	return link->kind->send_message(link->peer, binary, bytes, length);
}

void service_link_pause(struct service_link *link, bool paused)
{
	if (link->paused == paused)
		return;
	link->paused = paused;
	if (link->state == SERVICE_LINK_OPEN)
		link->kind->pause(link->peer, paused);
}

void service_link_close(struct service_link *link)
{
	uint64_t when = event_loop_now();

	if (link->state == SERVICE_LINK_CONNECTING) {
		/* Nothing is owed to a service that never answered; ended() comes from the loop. */
		drop(link);
	} else if (link->state == SERVICE_LINK_OPEN) {
		when += (uint64_t)SERVICE_CLOSE_TIMEOUT * US_PER_S;
		link->kind->close(link->peer);
	} else {
		return;
	}
	set_state(link, SERVICE_LINK_CLOSING, "asked to");
	timer_arm(link->guard, when);
}

void service_link_free(struct service_link *link)
{
	if (link == NULL)
		return;
	link->state = SERVICE_LINK_ENDED;
	drop(link);
	timer_free(link->guard);
	free(link);
}

const char *service_failure_name(enum service_failure why)
{
	return failure_names[why];
}
