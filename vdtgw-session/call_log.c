/*
 * What a call leaves in the journal: one line an event, with the fields that machines look for.
 * What is known of the caller goes with every line of this process, whoever writes it, so that
 * `journalctl VDTGW_ADDRESS=…` tells an address's whole story.
 *
 * A call without an event of its own is two lines at most, its start and its end; one that is never
 * answered (a banned address, a scanner that shows itself at once) is its end alone.
 */
#include "vdtgw-session/call_parts.h"

#include "common/log.h"
#include "common/messages.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	NUMBER_MAX = 24,
	FIELDS_MAX = 5,
	CALLER_MAX = 128,
	TEXT_MAX = LOG_LINE_MAX + 8, /* the log sees, and says, that it is longer than a line */
};

/* What an event says beside the caller. */
struct facts {
	const char *service;
	const char *reason;
	bool measured; /* the rest is known */
	uint64_t duration;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

void call_log_identify(struct call *call)
{
	struct call_log *log = &call->log;

	(void)snprintf(log->session, sizeof(log->session), "%" PRIu64, call->number);
	(void)snprintf(log->port, sizeof(log->port), "%u", (unsigned)call->entry.port);
	const struct log_field fields[] = {
		{ "VDTGW_SESSION", call->number != 0 ? log->session : NULL },
		{ "VDTGW_TRANSPORT", transport_name(call->transport) },
		{ "VDTGW_ADDRESS", call->address[0] != '\0' ? call->address : NULL },
		{ "VDTGW_PORT", call->address[0] != '\0' ? log->port : NULL },
	};

	log_set_fields(fields, sizeof(fields) / sizeof(fields[0]));
}

/* "session 12 (telnet, 192.0.2.1 port 4711)", for the logs that have no fields. */
static const char *caller_text(const struct call *call, char ret_text[CALLER_MAX])
{
	(void)snprintf(ret_text, CALLER_MAX, "session %s (%s, %s port %s)",
		       call->number != 0 ? call->log.session : "-", transport_name(call->transport),
		       call->address[0] != '\0' ? call->address : "local", call->log.port);
	return ret_text;
}

__attribute__((format(printf, 4, 5))) static void write_event(enum log_priority priority,
							      const char *message_id,
							      const struct facts *facts,
							      const char *format, ...)
{
	char duration[NUMBER_MAX], in[NUMBER_MAX], out[NUMBER_MAX], text[TEXT_MAX];
	const struct log_field fields[FIELDS_MAX] = {
		{ "VDTGW_SERVICE", facts->service },
		{ "VDTGW_REASON", facts->reason },
		{ "VDTGW_DURATION_US", facts->measured ? duration : NULL },
		{ "VDTGW_BYTES_IN", facts->measured ? in : NULL },
		{ "VDTGW_BYTES_OUT", facts->measured ? out : NULL },
	};
	va_list arguments;

	(void)snprintf(duration, sizeof(duration), "%" PRIu64, facts->duration);
	(void)snprintf(in, sizeof(in), "%" PRIu64, facts->bytes_in);
	(void)snprintf(out, sizeof(out), "%" PRIu64, facts->bytes_out);
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_event(priority, message_id, fields, FIELDS_MAX, "%s", text);
}

void call_log_started(const struct call *call)
{
	const struct facts facts = { .service = call->config->home.uri };

	write_event(LOG_PRIORITY_INFO, MESSAGE_CALL_STARTED, &facts,
		    "call started: transport=%s address=%s port=%s session=%s",
		    transport_name(call->transport), call->address[0] != '\0' ? call->address : "-",
		    call->log.port, call->log.session);
}

void call_log_unsupervised(const struct call *call, const char *detail)
{
	const struct facts facts = { .reason = detail };
	char caller[CALLER_MAX];

	write_event(LOG_PRIORITY_WARNING, MESSAGE_SUPERVISOR_AWAY, &facts,
		    "%s: no supervisor at %s (%s): the call goes on without bans and "
		    "redirections until there is one",
		    caller_text(call, caller), call->config->supervisor.session_socket, detail);
}

void call_log_home_unreachable(const struct call *call, bool was_connected, const char *reason,
			       const char *detail)
{
	const struct facts facts = { .service = call->config->home.uri, .reason = reason };
	char caller[CALLER_MAX];

	write_event(LOG_PRIORITY_WARNING, MESSAGE_HOME_UNREACHABLE, &facts,
		    "%s: the home service %s %s: %s (%s)", caller_text(call, caller),
		    call->config->home.uri, was_connected ? "was lost" : "cannot be reached",
		    reason, detail);
}

void call_log_redirection_connected(const struct call *call)
{
	const struct facts facts = { .service = call->redirection.uri_text };
	char caller[CALLER_MAX];

	write_event(LOG_PRIORITY_INFO, MESSAGE_REDIRECTION_CONNECTED, &facts,
		    "%s: redirected to %s", caller_text(call, caller), call->redirection.uri_text);
}

void call_log_redirection_ended(const struct call *call, const char *reason)
{
	const struct call_redirection *redirection = &call->redirection;
	const struct facts facts = {
		.service = redirection->uri_text,
		.reason = reason,
		.measured = true,
		.duration = event_loop_now() - redirection->started,
		.bytes_in = redirection->bytes_in,
		.bytes_out = redirection->bytes_out,
	};
	char caller[CALLER_MAX];

	write_event(LOG_PRIORITY_INFO, MESSAGE_REDIRECTION_ENDED, &facts,
		    "%s: redirection ended: duration=%" PRIu64 ".%03" PRIu64 "s in=%" PRIu64
		    " out=%" PRIu64 " reason=%s%s%s%s service=%s",
		    caller_text(call, caller), facts.duration / US_PER_S,
		    facts.duration % US_PER_S / 1000, facts.bytes_in, facts.bytes_out, reason,
		    redirection->detail[0] != '\0' ? " (" : "", redirection->detail,
		    redirection->detail[0] != '\0' ? ")" : "", redirection->uri_text);
}

void call_log_redirection_declined(const struct call *call, const char *service, const char *why)
{
	const struct facts facts = { .service = service, .reason = why };
	char caller[CALLER_MAX];

	write_event(LOG_PRIORITY_NOTICE, MESSAGE_REDIRECTION_ENDED, &facts,
		    "%s: not redirected to %s: %s", caller_text(call, caller), service, why);
}

void call_log_ended(const struct call *call)
{
	size_t queued = screen_queued(call->screen, SCREEN_HOME);
	const struct facts facts = {
		.service = call->config->home.uri,
		.reason = call->session.reason,
		.measured = true,
		.duration = event_loop_now() - call->started,
		.bytes_in = call->bytes_in,
		.bytes_out = call->bytes_out,
	};
	char unshown[32] = "", unrecorded[64] = "";

	/* Of the home service's last words, there was no time for these. */
	if (queued > 0)
		(void)snprintf(unshown, sizeof(unshown), " unshown=%zu", queued);
	if (call->recording.error < 0)
		(void)snprintf(unrecorded, sizeof(unrecorded), " unrecorded=%" PRIu64 ",%s",
			       call->recording.lost, strerrorname_np(-call->recording.error));
	write_event(LOG_PRIORITY_INFO, MESSAGE_CALL_ENDED, &facts,
		    "call ended: transport=%s address=%s port=%s session=%s service=%s "
		    "duration=%" PRIu64 ".%03" PRIu64 "s in=%" PRIu64 " out=%" PRIu64
		    "%s%s reason=%s%s%s%s",
		    transport_name(call->transport), call->address[0] != '\0' ? call->address : "-",
		    call->log.port, call->log.session, facts.service, facts.duration / US_PER_S,
		    facts.duration % US_PER_S / 1000, facts.bytes_in, facts.bytes_out, unshown,
		    unrecorded, call->session.reason, call->detail[0] != '\0' ? " detail=\"" : "",
		    call->detail, call->detail[0] != '\0' ? "\"" : "");
}
