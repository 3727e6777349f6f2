/*
 * The caller's bytes on their way to the service that the caller is with: function keys looked at,
 * and nothing changed, but for the Connexion/Fin that ends a redirection. Right after Envoi it may
 * be meant for a redirection that is not ordered yet: it is then held back, and what follows with
 * it, until the order comes or the time is over.
 */
#include "vdtgw-session/call_parts.h"

#include "vdtgw-session/texts.h"

#include <string.h>

enum {
	SEPARATOR_WAIT = US_PER_S, /* µs that the second byte of a function key may take */
	KEY_SEPARATOR = 0x13,
	KEY_LENGTH = 2,
	WARNING_AHEAD = 60, /* s before a silent caller's call ends */
};

static void show_row0(struct call *call, const char *line)
{
	char text[TEXTS_MAX];

	texts_row0(line, text);
	call_output_text(call, text);
}

void call_input_touch(struct call *call)
{
	call->silent_since = event_loop_now();
	call_input_watch_silence(call);
}

void call_input_watch_silence(struct call *call)
{
	uint64_t idle = call->limits.caller_idle, since = call->silent_since;
	uint64_t warning = idle > WARNING_AHEAD ? idle - WARNING_AHEAD : 0;

	call_set_deadline_since(call, DEADLINE_CALLER_IDLE, since, idle * US_PER_S);
	call_set_deadline_since(call, DEADLINE_CALLER_WARNING, since, warning * US_PER_S);
	if (call->warned) {
		call->warned = false;
		show_row0(call, "");
	}
}

void call_input_warn(struct call *call)
{
	if (!call->caller_ready || call->session.state == SESSION_LEAVING)
		return;
	call->warned = true;
	show_row0(call, "SANS ACTION: FIN DANS UNE MINUTE");
}

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
	const uint8_t bytes[KEY_LENGTH] = { KEY_SEPARATOR, key };

	append(call, bytes, sizeof(bytes));
}

static void remove_input(struct call *call, size_t from, size_t length)
{
	memmove(call->input + from, call->input + from + length,
		call->input_length - from - length);
	call->input_length -= length;
}

/* Whom the caller's input is for: NULL while nobody is there to take it. */
static struct service_link *addressee(const struct call *call)
{
	const struct call_service *service = &call->home;

	if (call->session.state == SESSION_REDIRECTING || call->session.state == SESSION_AWAY)
		service = &call->redirection.remote->service;
	return service->connected ? service->link : NULL;
}

static void pause_caller(struct call *call, bool paused)
{
	if (call->caller == NULL)
		return;
	caller_pause(call->caller, paused);
	if (!paused)
		call_clear_deadline(call, DEADLINE_PAUSED);
	else if (!deadlines_is_set(&call->deadlines, DEADLINE_PAUSED))
		call_set_deadline(call, DEADLINE_PAUSED, CALL_PAUSED_LOOK);
}

void call_input_forward(struct call *call)
{
	struct service_link *link = addressee(call);
	size_t length = call->held ? call->held_at : call->input_length;

	if (link != NULL && length > 0) {
		size_t sent = service_link_send(link, call->input, length);

		remove_input(call, 0, sent);
		if (call->held)
			call->held_at -= sent;
	}
	pause_caller(call, call->input_length >= CALLER_INPUT_MAX);
}

void call_input_drop(struct call *call)
{
	call->input_length = 0;
	call->held = false;
	call_clear_deadline(call, DEADLINE_HOLD);
}

void call_input_separator_over(struct call *call)
{
	static const uint8_t separator[] = { KEY_SEPARATOR };

	if (keyboard_flush(&call->keyboard)) {
		append(call, separator, sizeof(separator));
		call_input_forward(call);
	}
}

/* How long a Connexion/Fin that comes now may be held, in µs: a redirection may be on its way that
 * it is meant for. 0: it is the service's. One look at the clock answers both. */
static uint64_t time_to_hold(const struct call *call)
{
	uint64_t hold_us = (uint64_t)call->config->redirection.hold_ms * US_PER_MS;
	uint64_t passed;

	if (call->session.state != SESSION_HOME || !call->channel_up || call->sent_at == 0)
		return 0;
	passed = event_loop_now() - call->sent_at;
	return passed < hold_us ? hold_us - passed : 0;
}

static void hold(struct call *call, uint8_t key, uint64_t time)
{
	call->held = true;
	call->held_at = call->input_length;
	append_key(call, key);
	call_set_deadline(call, DEADLINE_HOLD, time);
}

/* This soon after Envoi, Connexion/Fin is for the redirection; for one that failed faster than
 * anybody can see it, too: that one is over, and the next Connexion/Fin is the home service's. */
static void hold_or_forget(struct call *call, uint8_t key, uint64_t time)
{
	if (call->answered)
		call->sent_at = 0;
	else
		hold(call, key, time);
}

void call_input_release(struct call *call)
{
	if (!call->held)
		return;
	call->held = false;
	call_clear_deadline(call, DEADLINE_HOLD);
	call_input_forward(call);
	call_event(call, SESSION_HUNG_UP, "hung-up");
}

void call_input_forget_held(struct call *call)
{
	if (!call->held)
		return;
	call->held = false;
	call_clear_deadline(call, DEADLINE_HOLD);
	remove_input(call, call->held_at, KEY_LENGTH);
	call_input_forward(call);
}

static void on_hang_up(struct call *call, uint8_t key)
{
	uint64_t time;

	switch (call->session.state) {
	case SESSION_REDIRECTING:
	case SESSION_AWAY:
		/* Not passed on, and what was typed before it is the remote service's. */
		call_event(call, SESSION_HUNG_UP, "hung-up");
		return;
	case SESSION_HOME:
		if (call->held)
			return;
		time = time_to_hold(call);
		if (time > 0) {
			hold_or_forget(call, key, time);
			return;
		}
		append_key(call, key);
		call_input_forward(call);
		break;
	case SESSION_ARRIVING:
	case SESSION_ENTERING:
	case SESSION_ANSWERING:
	case SESSION_CALLING_HOME:
	case SESSION_LEAVING:
	case SESSION_STATE_COUNT:
		break;
	}
	call_event(call, SESSION_HUNG_UP, "hung-up");
}

static void on_key(struct call *call, uint8_t key)
{
	if (keyboard_is_hang_up(key)) {
		on_hang_up(call, key);
		return;
	}
	if (key == KEYBOARD_ENVOI && call->session.state == SESSION_HOME) {
		call->sent_at = event_loop_now();
		call->answered = false;
	}
	append_key(call, key);
}

void call_input_received(struct call *call, const uint8_t *bytes, size_t length)
{
	struct keyboard_token token;

	recording_write(&call->recording, bytes, length);
	call_traffic_typed(call, length);
	if (call->session.state == SESSION_LEAVING)
		return;
	call_input_touch(call);
	if (typing_meter_feed(&call->typing, event_loop_now(), bytes, length)) {
		call_event(call, SESSION_TIMED_OUT, "typing-speed");
		return;
	}
	while (!call->finished && keyboard_next(&call->keyboard, &bytes, &length, &token)) {
		if (token.length > 0)
			append(call, token.bytes, token.length);
		else
			on_key(call, token.key);
	}
	if (call->finished)
		return;
	if (keyboard_waiting(&call->keyboard))
		call_set_deadline(call, DEADLINE_SEPARATOR, SEPARATOR_WAIT);
	else
		call_clear_deadline(call, DEADLINE_SEPARATOR);
	call_input_forward(call);
}
