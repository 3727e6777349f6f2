/*
 * The few things that the interfaces share: how sessions and peers are named in the log, how
 * parameters are checked, how a session is sent away and how it is forgotten.
 */
#include "vdtgw-supervisor/supervisor.h"

#include "common/microseconds.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/storage/history.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void supervisor_format_address(const struct session_entry *entry, char ret_text[ADDRESS_TEXT_MAX])
{
	ret_text[0] = 0;
	if (entry->has_address)
		address_format(&entry->address, ret_text);
}

enum {
	NUMBER_MAX = 24,
};

/* Returns NULL where it is not known, as in an event. */
static const char *format_number(char ret_text[NUMBER_MAX], int64_t number)
{
	snprintf(ret_text, NUMBER_MAX, "%" PRId64, number);
	return number >= 0 ? ret_text : NULL;
}

/* Of the event: the reason, the duration and the bytes. */
__attribute__((format(printf, 5, 0))) static void
write_line(const char *message_id, enum log_priority priority, const struct session_entry *entry,
	   const struct event *event, const char *format, va_list arguments)
{
	char number[NUMBER_MAX], duration[NUMBER_MAX], in[NUMBER_MAX], out[NUMBER_MAX];
	char address[ADDRESS_TEXT_MAX], text[LOG_LINE_MAX];
	const char *service =
	    entry->redirection.service != NULL ? entry->redirection.service : entry->service;
	const struct log_field fields[] = {
		{ "VDTGW_SESSION", format_number(number, entry->number) },
		{ "VDTGW_ADDRESS", entry->has_address ? address : NULL },
		{ "VDTGW_TRANSPORT", transport_name(entry->transport) },
		{ "VDTGW_SERVICE", service },
		{ "VDTGW_REASON", event->reason },
		{ "VDTGW_DURATION_US", format_number(duration, event->duration) },
		{ "VDTGW_BYTES_IN", format_number(in, event->bytes_in) },
		{ "VDTGW_BYTES_OUT", format_number(out, event->bytes_out) },
	};

	supervisor_format_address(entry, address);
	vsnprintf(text, sizeof(text), format, arguments);
	log_event(priority, message_id, fields, sizeof(fields) / sizeof(fields[0]),
		  "session %s (%s, %s port %u, pid %ld) %s", number,
		  transport_name(entry->transport), entry->has_address ? address : "local",
		  entry->port, (long)entry->pid, text);
}

void supervisor_log_session(const char *message_id, enum log_priority priority,
			    const struct session_entry *entry, const char *format, ...)
{
	const struct event nothing = { .duration = -1, .bytes_in = -1, .bytes_out = -1 };
	va_list arguments;

	va_start(arguments, format);
	write_line(message_id, priority, entry, &nothing, format, arguments);
	va_end(arguments);
}

void supervisor_log_reason(const char *message_id, enum log_priority priority,
			   const struct session_entry *entry, const char *reason,
			   const char *format, ...)
{
	const struct event event = {
		.reason = reason,
		.duration = -1,
		.bytes_in = -1,
		.bytes_out = -1,
	};
	va_list arguments;

	va_start(arguments, format);
	write_line(message_id, priority, entry, &event, format, arguments);
	va_end(arguments);
}

void supervisor_log_end(const char *message_id, enum log_priority priority,
			const struct session_entry *entry, const struct event *event,
			const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(message_id, priority, entry, event, format, arguments);
	va_end(arguments);
}

bool supervisor_may_log_let_go(struct log_budget *budget, const char *door)
{
	unsigned left_out;
	bool may_log = log_budget_take(budget, event_loop_now(), &left_out);

	if (left_out > 0)
		log_warning("%s socket: %u more were let go", door, left_out);
	return may_log;
}

void supervisor_answer_invalid(struct peer *peer, const char *parameter)
{
	peer_error(peer, "org.varlink.service.InvalidParameter",
		   json_pack("{s:s}", "parameter", parameter));
}

bool supervisor_read_parameters(struct peer *peer, const struct varlink_call *call,
				const struct varlink_field *fields, size_t count, void *ret_values)
{
	const char *name;

	if (varlink_parameters_read(call->parameters, fields, count, ret_values, &name) == 0)
		return true;
	supervisor_answer_invalid(peer, name);
	return false;
}

void supervisor_send_away(struct supervisor *supervisor, struct session_entry *entry,
			  const char *reason)
{
	entry->sent_away = true;
	session_table_set_half_open(supervisor->sessions, entry, false);
	peer_order(entry->peer,
		   json_pack("{s:I, s:{s:s, s:s*}}", "session", (json_int_t)entry->number, "order",
			     "kind", "kick", "reason", reason));
}

void supervisor_bound_history(struct supervisor *supervisor)
{
	history_set_bounds(supervisor->history,
			   (int64_t)(supervisor->config->history.duration * US_PER_S),
			   supervisor->config->history.max_events);
}

void supervisor_forget(struct supervisor *supervisor, struct session_entry *entry)
{
	peer_set_session(entry->peer, NULL);
	peer_settle(entry->peer, false);
	session_table_remove(supervisor->sessions, entry);
	notifier_changed(supervisor->notifier);
}
