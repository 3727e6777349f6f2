/*
 * The start of a call: who calls, whether the supervisor lets the caller in, and whether what has
 * come by then is a terminal's at all.
 */
#include "vdtgw-session/call_parts.h"

#include "common/log.h"
#include "vdtgw-session/abuse.h"
#include "vdtgw-session/texts.h"

#include <string.h>
#include <sys/socket.h>

/* "::" is nobody's: the supervisor is told that there is no address, lest it be banned. */
static void set_address(struct call *call, const struct address *address, uint16_t port)
{
	static const struct address none;

	call->address[0] = '\0';
	if (!address_equal(address, &none))
		address_format(address, call->address);
	call->entry.address = call->address;
	call->entry.port = call->address[0] != '\0' ? port : 0;
	call_log_identify(call);
}

static void on_known(void *context, const struct address *address, uint16_t port)
{
	struct call *call = context;

	arrival_free(call->arrival);
	call->arrival = NULL;
	set_address(call, address, port);
	call_event(call, SESSION_ARRIVED, "arrived");
}

static void on_failed(void *context, const char *reason, const char *detail)
{
	struct call *call = context;

	arrival_free(call->arrival);
	call->arrival = NULL;
	call_note(call, detail);
	call_event(call, SESSION_CALLER_ENDED, reason);
}

static const struct arrival_handlers arrival_handlers = {
	.known = on_known,
	.failed = on_failed,
};

int call_arrival_begin(struct call *call)
{
	struct address peer;
	uint16_t port;

	arrival_peer(call->descriptor, &peer, &port);
	set_address(call, &peer, port);
	call->entry.transport = call->transport;
	call->entry.home = call->config->home.uri;
	return arrival_new(&call->arrival, call->loop, &call->config->proxy.trusted,
			   call->transport, call->descriptor, &arrival_handlers, call);
}

/* The supervisor */

static void on_admitted(void *context, uint64_t number)
{
	struct call *call = context;

	call->number = number;
	call_log_identify(call);
	/* Another supervisor knows nothing of it yet. */
	call_traffic_report(call);
	call_event(call, SESSION_ADMITTED, "admitted");
}

static void on_dump(void *context, int descriptor, uint64_t max)
{
	struct call *call = context;
	int result = recording_begin(&call->recording, descriptor, max);

	if (result < 0)
		log_warning("the supervisor's file for what the caller types is not used: %s",
			    strerror(-result));
}

static void on_banned(void *context)
{
	call_event(context, SESSION_BANNED, "banned");
}

static void on_full(void *context)
{
	call_event(context, SESSION_FULL, "full");
}

static void on_absent(void *context, const char *detail)
{
	struct call *call = context;

	if (call->config->supervisor.required) {
		call_note(call, detail);
		call_event(call, SESSION_SUPERVISOR_REQUIRED, "supervisor-required");
		return;
	}
	call_log_unsupervised(call, detail);
	call_event(call, SESSION_UNSUPERVISED, "no supervisor");
}

static void on_away(void *context, const char *detail)
{
	call_log_unsupervised(context, detail);
}

static void on_kicked(void *context, const char *text)
{
	struct call *call = context;

	/* Its place is needed at once: last words at the speed of the line, and the time that a
	 * silent peer takes to close, would keep it for seconds. */
	if (strcmp(text, "half-open") == 0) {
		call_event(call, SESSION_BANNED, "half-open");
		return;
	}
	call_note(call, text[0] != '\0' ? text : NULL);
	call_event(call, SESSION_ORDERED_OUT, "kicked");
}

static void on_redirected(void *context, const struct supervisor_redirection *redirection)
{
	call_redirection_ordered(context, redirection);
}

static void on_sent_home(void *context, const char *text)
{
	call_event(context, SESSION_ORDERED_HOME, text[0] != '\0' ? text : "sent home");
}

static void on_channel(void *context, bool up)
{
	struct call *call = context;

	call->channel_up = up;
}

static bool on_message(void *context, const char *message)
{
	struct call *call = context;
	char text[TEXTS_MAX];

	if (texts_message(message, text) < 0)
		return false;
	if (call->caller_ready && call->session.state != SESSION_LEAVING)
		call_output_text(call, text);
	else
		log_notice("an administrator's message came when the caller could not see it");
	return true;
}

static void on_reloaded(void *context, const struct supervisor_limits *limits)
{
	call_change_limits(context, limits);
}

static const struct supervisor_handlers supervisor_handlers = {
	.admitted = on_admitted,
	.dump = on_dump,
	.banned = on_banned,
	.full = on_full,
	.absent = on_absent,
	.away = on_away,
	.kicked = on_kicked,
	.redirected = on_redirected,
	.sent_home = on_sent_home,
	.channel = on_channel,
	.message = on_message,
	.reloaded = on_reloaded,
};

void call_arrival_enter(struct call *call)
{
	int result = supervisor_client_new(&call->supervisor, call->loop,
					   call->config->supervisor.session_socket, &call->entry,
					   &supervisor_handlers, call);

	if (result < 0) {
		log_error("the supervisor cannot be asked: %s", strerror(-result));
		call_event(call, SESSION_CALLER_ENDED, "caller-no-resources");
	}
}

const char *call_arrival_abuse(struct call *call)
{
	uint8_t bytes[ABUSE_PACKET_MAX];
	const char *abuse;
	ssize_t count;

	count = recv(call->descriptor, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	if (count <= 0)
		return NULL;
	abuse = abuse_recognise(call->transport, bytes, (size_t)count);
	/* Nobody reads it any more. */
	if (abuse != NULL)
		recording_write(&call->recording, bytes, (size_t)count);
	return abuse;
}
