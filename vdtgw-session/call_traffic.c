/*
 * How much has passed, as the supervisor hears it: when something changed, and at most once in
 * CALL_TRAFFIC_INTERVAL; but the caller's first byte at once, because until then the call was half
 * open.
 */
#include "vdtgw-session/call_parts.h"

void call_traffic_changed(struct call *call)
{
	if (!deadlines_is_set(&call->deadlines, DEADLINE_TRAFFIC))
		call_set_deadline(call, DEADLINE_TRAFFIC, CALL_TRAFFIC_INTERVAL);
}

void call_traffic_report(struct call *call)
{
	const struct call_redirection *redirection = &call->redirection;
	const struct supervisor_traffic traffic = {
		.bytes_in = call->bytes_in,
		.bytes_out = call->bytes_out,
		.typed_at = call->typed_at,
		.queue = screen_queued(call->screen, SCREEN_HOME) +
			 screen_queued(call->screen, SCREEN_REMOTE) +
			 screen_queued(call->screen, SCREEN_GATEWAY),
		.redirected = call->session.state == SESSION_REDIRECTING ||
			      call->session.state == SESSION_AWAY,
		.remote_in = call->bytes_in - redirection->bytes_in_before,
		.remote_out = call->bytes_out - redirection->bytes_out_before,
	};

	supervisor_client_traffic(call->supervisor, &traffic);
}

void call_traffic_typed(struct call *call, size_t length)
{
	call->bytes_in += length;
	call->typed_at = event_loop_now();
	if (call->bytes_in == length)
		call_traffic_report(call);
	else
		call_traffic_changed(call);
}
