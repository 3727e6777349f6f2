/*
 * A redirection (PROTOCOLS.md section 4): the Teletel server orders it, the remote service joins
 * the caller beside the home service, and every stage is told to the supervisor. It ends in one
 * place, whatever ends it: what the remote service still had to say is dropped, the terminal left
 * sane, and the caller is home.
 */
#include "vdtgw-session/call_parts.h"

#include "vdtgw-session/redirection_policy.h"
#include "vdtgw-session/texts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Lets go of a connection that is closing, or of one that is cut short. */
static void release(struct call_remote *remote)
{
	service_link_free(remote->service.link);
	remote->service = (struct call_service) { .link = NULL };
	remote->parting = false;
}

static void touch_idle(struct call *call)
{
	if (call->redirection.uri.scheme == URI_TELNET)
		call_set_deadline(call, DEADLINE_REMOTE_IDLE,
				  (uint64_t)call->limits.remote_telnet_idle * US_PER_S);
}

static void on_connected(void *context)
{
	struct call_remote *remote = context;

	if (remote->parting)
		return;
	remote->service.connected = true;
	call_event(remote->call, SESSION_REMOTE_CONNECTED, "connected");
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct call_remote *remote = context;

	touch_idle(remote->call);
	call_output_received(remote->call, SCREEN_REMOTE, bytes, length);
}

static void on_drained(void *context)
{
	struct call_remote *remote = context;

	call_input_forward(remote->call);
}

static void fail(struct call *call, enum service_failure why, const char *detail)
{
	char reason[SESSION_REASON_MAX];

	call->redirection.failure = why;
	(void)snprintf(reason, sizeof(reason), "remote-%s", service_failure_name(why));
	(void)snprintf(call->redirection.detail, sizeof(call->redirection.detail), "%s", detail);
	call_event(call, SESSION_REMOTE_ENDED, reason);
}

static void on_ended(void *context, enum service_failure why, const char *detail)
{
	struct call_remote *remote = context;
	bool parting = remote->parting;

	release(remote);
	if (!parting)
		fail(remote->call, why, detail);
}

static const struct service_link_handlers handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

/* The other of the two connections, free for a new one. */
static struct call_remote *next_remote(struct call *call)
{
	struct call_redirection *redirection = &call->redirection;
	struct call_remote *remote = &redirection->remotes[0];

	if (redirection->remote == remote)
		remote = &redirection->remotes[1];
	release(remote);
	remote->call = call;
	return remote;
}

/* Tells the supervisor that a redirection which never began is over. */
static void decline(struct call *call, const struct supervisor_redirection *order,
		    const char *reason)
{
	call_log_redirection_declined(call, order->uri, reason);
	supervisor_client_redirect_ended(call->supervisor, order->tag, reason, 0, 0);
}

static bool acceptable(void *context, const struct address *address)
{
	struct call *call = context;

	return redirection_policy_check_address(call->policy, &call->redirection.uri, address);
}

/* Returns 0 or -errno. */
static int connect_remote(struct call *call, const struct supervisor_redirection *order)
{
	struct call_redirection *redirection = &call->redirection;
	const struct service_target target = {
		.uri = &redirection->uri,
		.subprotocols = &order->subprotocols,
		.ping = order->ping,
		.acceptable = acceptable,
		.acceptable_context = call,
	};

	return service_link_new(&redirection->remote->service.link, call->loop, &target, &handlers,
				redirection->remote);
}

/* The caller pressed Connexion/Fin before the order came: all its stages pass at once. */
static void cancel(struct call *call, const struct supervisor_redirection *order)
{
	call_log_redirection_declined(call, order->uri, "cancelled");
	supervisor_client_redirecting(call->supervisor, order->tag, order->uri);
	supervisor_client_requested_close(call->supervisor, order->tag);
	supervisor_client_redirect_ended(call->supervisor, order->tag, "cancelled", 0, 0);
	call_input_forget_held(call);
}

void call_redirection_ordered(struct call *call, const struct supervisor_redirection *order)
{
	struct call_redirection *redirection = &call->redirection;
	const char *why = NULL;
	struct uri uri;
	int result;

	if (call->session.state != SESSION_HOME || call->hung_up) {
		decline(call, order, "not at home");
		return;
	}
	if (uri_parse(&uri, order->uri, &why) < 0) {
		decline(call, order, why);
		return;
	}
	if (call->held) {
		cancel(call, order);
		return;
	}
	redirection->uri = uri;
	redirection->arrived = false;
	redirection->inactive = false;
	redirection->requested = false;
	redirection->started = event_loop_now();
	redirection->bytes_in_before = call->bytes_in;
	redirection->bytes_out_before = call->bytes_out;
	redirection->detail[0] = '\0';
	(void)snprintf(redirection->tag, sizeof(redirection->tag), "%s", order->tag);
	(void)snprintf(redirection->uri_text, sizeof(redirection->uri_text), "%s", order->uri);
	call_event(call, SESSION_REDIRECT_ORDERED, "redirect");
	if (call->session.state != SESSION_REDIRECTING)
		return;
	if (redirection_policy_check_uri(call->policy, &uri) == REDIRECTION_DENIED) {
		fail(call, SERVICE_DENIED, "redirection.allow and redirection.deny");
		return;
	}
	result = connect_remote(call, order);
	if (result < 0)
		fail(call, result == -EINVAL ? SERVICE_BAD_ANSWER : SERVICE_NO_RESOURCES,
		     strerror(-result));
}

void call_redirection_start(struct call *call)
{
	struct call_redirection *redirection = &call->redirection;

	/* What was typed before is the home service's, and what comes now is not. */
	call_input_drop(call);
	/* The home service's time does not run while the caller is away. */
	call_clear_deadline(call, DEADLINE_HOME);
	redirection->remote = next_remote(call);
	supervisor_client_redirecting(call->supervisor, redirection->tag, redirection->uri_text);
}

void call_redirection_arrive(struct call *call)
{
	char text[TEXTS_MAX];

	call->redirection.arrived = true;
	texts_row0("CONNECT", text);
	call_output_text(call, text);
	call_set_deadline(call, DEADLINE_REMOTE, (uint64_t)call->limits.remote * US_PER_S);
	touch_idle(call);
	call_log_redirection_connected(call);
	supervisor_client_redirected(call->supervisor, call->redirection.tag);
	call_input_forward(call);
}

void call_redirection_request_close(struct call *call)
{
	call->sent_at = 0;
	call->redirection.requested = true;
	supervisor_client_requested_close(call->supervisor, call->redirection.tag);
}

/* Closes what is connected, in order, and forgets what is not. */
static void part(struct call_remote *remote)
{
	if (remote->service.link == NULL || !remote->service.connected) {
		release(remote);
		return;
	}
	remote->parting = true;
	service_link_close(remote->service.link);
}

void call_redirection_end(struct call *call, const char *reason)
{
	struct call_redirection *redirection = &call->redirection;
	bool failed = redirection->remote->service.link == NULL && !redirection->arrived;
	char text[TEXTS_MAX];

	redirection->bytes_in = call->bytes_in - redirection->bytes_in_before;
	redirection->bytes_out = call->bytes_out - redirection->bytes_out_before;
	call_log_redirection_ended(call, reason);
	part(redirection->remote);
	call_clear_deadline(call, DEADLINE_REMOTE);
	call_clear_deadline(call, DEADLINE_REMOTE_IDLE);
	if (call->home.link != NULL)
		call_set_deadline(call, DEADLINE_HOME, (uint64_t)call->limits.home * US_PER_S);
	call_input_drop(call);
	call->answered = true;
	/* Connexion/Fin pressed just as the remote service went was meant for it. */
	if (!redirection->requested)
		call->sent_at = event_loop_now();
	screen_drop(call->screen, SCREEN_REMOTE);
	call_output_text(call, texts_sane_state);
	if (redirection->inactive) {
		texts_row0("END INACTIVE REDIR", text);
		call_output_text(call, text);
	} else if (failed) {
		texts_service_failed(redirection->failure, text);
		call_output_text(call, text);
	}
	(void)snprintf(redirection->untold, sizeof(redirection->untold), "%s", reason);
	/* A Teletel server that is told of a caller whose connection closes under it, as it shows
	 * the page again, may be lost in it: such a caller's connection is closed first. */
	if (call->session.state != SESSION_LEAVING || call->home.link == NULL)
		call_redirection_tell_end(call);
}

void call_redirection_tell_end(struct call *call)
{
	struct call_redirection *redirection = &call->redirection;

	if (redirection->untold[0] == '\0')
		return;
	supervisor_client_redirect_ended(call->supervisor, redirection->tag, redirection->untold,
					 redirection->bytes_in, redirection->bytes_out);
	redirection->untold[0] = '\0';
}
