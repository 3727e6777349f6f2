/*
 * The home service: where every caller is joined first, and again after a redirection. At the
 * first ENQROM that it asks while the command channel is up, the caller is identified to it.
 */
#include "vdtgw-session/call_parts.h"

#include "common/log.h"
#include "vdtgw-session/texts.h"

#include <stdio.h>
#include <string.h>

enum {
	CONNECTING_PATIENCE = 1500000, /* µs until the caller is told that it takes a while */
};

static void on_connected(void *context)
{
	struct call *call = context;

	call->home.connected = true;
	call_event(call, SESSION_HOME_CONNECTED, "connected");
	call_input_forward(call);
}

static void identify(struct call *call, const uint8_t *bytes, size_t length)
{
	char text[IDENTIFICATION_TEXT_MAX];
	size_t text_length;

	if (call->identified || !call->channel_up ||
	    !identification_asked(&call->identification, bytes, length))
		return;
	call->identified = true;
	text_length = identification_text(call->number, call->transport, call->address,
					  call->entry.port, text);
	if (service_link_send_message(call->home.link, true, identification_rom,
				      sizeof(identification_rom)) < 0 ||
	    service_link_send_message(call->home.link, false, (const uint8_t *)text, text_length) <
		0)
		log_warning("the caller could not be identified to the home service");
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct call *call = context;

	identify(call, bytes, length);
	call_output_received(call, SCREEN_HOME, bytes, length);
}

static void on_drained(void *context)
{
	call_input_forward(context);
}

static void on_ended(void *context, enum service_failure why, const char *detail)
{
	struct call *call = context;
	char reason[SESSION_REASON_MAX];
	bool connected = call->home.connected;

	if (call->session.state == SESSION_HOME || call->session.state == SESSION_CALLING_HOME)
		call_note(call, detail);
	service_link_free(call->home.link);
	call->home = (struct call_service) { .link = NULL };
	call->home_failure = why;
	call_clear_deadline(call, DEADLINE_HOME);
	call_redirection_tell_end(call);
	if (call->session.state == SESSION_REDIRECTING || call->session.state == SESSION_AWAY)
		supervisor_client_home_lost(call->supervisor, call->redirection.tag);
	(void)snprintf(reason, sizeof(reason), "home-%s", service_failure_name(why));
	/* One that closes once the caller is there has ended the call, as it may. */
	if (call->session.state != SESSION_LEAVING && !call->hung_up &&
	    (!connected || why != SERVICE_CLOSED))
		call_log_home_unreachable(call, connected, reason, detail);
	call_event(call, SESSION_HOME_ENDED, call->hung_up ? "hung-up" : reason);
}

static const struct service_link_handlers handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

void call_home_connect(struct call *call)
{
	const struct service_caller caller = {
		.address = call->address,
		.transport = transport_name(call->transport),
		.speed = call->config->speed[call->transport],
	};
	const struct service_target target = {
		.uri = &call->home_uri,
		.subprotocols = &call->config->home.subprotocols,
		.ping = call->config->home.ping,
		.caller = &caller,
	};
	int result;

	call->identified = false;
	call->identification = (struct identification) { .matched = 0 };
	call_set_deadline(call, DEADLINE_CONNECTING, CONNECTING_PATIENCE);
	result = service_link_new(&call->home.link, call->loop, &target, &handlers, call);
	if (result < 0)
		on_ended(call, SERVICE_NO_RESOURCES, strerror(-result));
}

void call_home_greet(struct call *call)
{
	call_clear_deadline(call, DEADLINE_CONNECTING);
	call_set_deadline(call, DEADLINE_HOME, (uint64_t)call->limits.home * US_PER_S);
	call_input_forward(call);
}
