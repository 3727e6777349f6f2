/* The caller's bytes on their way to the service: function keys looked at, nothing changed. */
#include "vdtgw-session/call_parts.h"

#include <string.h>

enum {
	SEPARATOR_WAIT = 300000, /* µs that the second byte of a function key may take */
	KEY_SEPARATOR = 0x13,
};

static void append(struct call *call, const uint8_t *bytes, size_t length)
{
	/* The caller is paused while more than CALLER_INPUT_MAX wait, and hands over at most that
	 * many at once: it fits. A terminal that goes on all the same loses the excess. */
	if (length > CALL_INPUT_MAX - call->input_length)
		length = CALL_INPUT_MAX - call->input_length;
	memcpy(call->input + call->input_length, bytes, length);
	call->input_length += length;
}

static void append_key(struct call *call, uint8_t key)
{
	const uint8_t bytes[] = { KEY_SEPARATOR, key };

	append(call, bytes, sizeof(bytes));
}

void call_input_forward(struct call *call)
{
	size_t sent;

	if (call->home != NULL && call->home_connected && call->input_length > 0) {
		sent = service_link_send(call->home, call->input, call->input_length);
		call->input_length -= sent;
		memmove(call->input, call->input + sent, call->input_length);
	}
	if (call->caller != NULL)
		caller_pause(call->caller, call->input_length >= CALLER_INPUT_MAX);
}

void call_input_separator_over(struct call *call)
{
	static const uint8_t separator[] = { KEY_SEPARATOR };

	if (keyboard_flush(&call->keyboard)) {
		append(call, separator, sizeof(separator));
		call_input_forward(call);
	}
}

void call_input_received(struct call *call, const uint8_t *bytes, size_t length)
{
	struct keyboard_token token;
	bool hung_up = false;

	call->bytes_in += length;
	if (call->session.state == SESSION_LEAVING)
		return;
	call_set_deadline(call, DEADLINE_CALLER_IDLE,
			  (uint64_t)call->config->timeouts.caller_idle * US_PER_S);
	if (!deadlines_is_set(&call->deadlines, DEADLINE_TRAFFIC))
		call_set_deadline(call, DEADLINE_TRAFFIC, CALL_TRAFFIC_INTERVAL);
	while (keyboard_next(&call->keyboard, &bytes, &length, &token)) {
		if (token.length > 0) {
			append(call, token.bytes, token.length);
			continue;
		}
		append_key(call, token.key);
		hung_up = hung_up || keyboard_is_hang_up(token.key);
	}
	if (keyboard_waiting(&call->keyboard))
		call_set_deadline(call, DEADLINE_SEPARATOR, SEPARATOR_WAIT);
	else
		call_clear_deadline(call, DEADLINE_SEPARATOR);
	call_input_forward(call);
	if (hung_up)
		call_event(call, SESSION_HUNG_UP, "hung-up");
}
