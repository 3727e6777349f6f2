/*
 * What the services and the gateway say, on its way to the caller: through the screen's queues, at
 * the line's speed. A full queue stops the service; a terminal that does not take its bytes stops
 * the line, and the time that it wastes, when it is more than a moment, earns no credit.
 */
#include "vdtgw-session/call_parts.h"

#include "common/log.h"

#include <string.h>

enum {
	STUCK_AFTER = US_PER_S
};

static struct call_service *service_of(struct call *call, enum screen_source source)
{
	return source == SCREEN_HOME ? &call->home : &call->redirection.remote->service;
}

void call_output_received(struct call *call, enum screen_source source, const uint8_t *bytes,
			  size_t length)
{
	struct call_service *service = service_of(call, source);
	size_t taken;

	taken = screen_write(call->screen, source, bytes, length);
	call_traffic_changed(call);
	if (taken < length)
		log_warning("%zu bytes of a service were lost: it did not pause", length - taken);
	/* What is on its way already must fit, too. */
	if (!service->paused && screen_room(call->screen, source) < 2 * (size_t)SERVICE_INPUT_MAX) {
		service->paused = true;
		service_link_pause(service->link, true);
	}
	call_output_pump(call);
}

void call_output_text(struct call *call, const char *text)
{
	if (screen_write_text(call->screen, SCREEN_GATEWAY, text) < 0)
		log_warning("a text to the caller was lost: too many wait");
	call_output_pump(call);
}

static void resume(struct call *call, enum screen_source source)
{
	struct call_service *service = service_of(call, source);

	if (!service->paused || service->link == NULL ||
	    screen_queued(call->screen, source) > SCREEN_LOW_WATER)
		return;
	service->paused = false;
	service_link_pause(service->link, false);
}

bool call_output_done(const struct call *call)
{
	return caller_idle(call->caller) && screen_ready_at(call->screen) == UINT64_MAX &&
	       !screen_ready(call->screen, event_loop_now());
}

void call_output_pump(struct call *call)
{
	uint8_t bytes[CALLER_OUTPUT_MAX];

	while (call->caller != NULL && call->caller_ready && !call->caller_closing) {
		uint64_t now = event_loop_now();
		size_t credit, length;

		if (!caller_idle(call->caller)) {
			if (call->stuck_since == 0)
				call->stuck_since = now;
			timer_disarm(call->line);
			return;
		}
		/* A late machine makes up for its delay; a terminal that was stuck does not get it
		 * all at once. */
		if (call->stuck_since != 0 && now - call->stuck_since > STUCK_AFTER)
			pacer_idle(&call->pacer);
		call->stuck_since = 0;
		if (!screen_ready(call->screen, now)) {
			pacer_idle(&call->pacer);
			if (screen_ready_at(call->screen) == UINT64_MAX)
				timer_disarm(call->line);
			else
				timer_arm(call->line, screen_ready_at(call->screen));
			return;
		}
		credit = pacer_credit(&call->pacer, now);
		if (credit == 0) {
			timer_arm(call->line, pacer_next_step(&call->pacer));
			return;
		}
		if (credit > sizeof(bytes))
			credit = sizeof(bytes);
		length = screen_read(call->screen, now, bytes, credit);
		/* An idle caller takes CALLER_OUTPUT_MAX, or is gone and says so. */
		(void)caller_send(call->caller, bytes, length);
		pacer_spend(&call->pacer, length);
		call->bytes_out += length;
		call_traffic_changed(call);
		resume(call, SCREEN_HOME);
		resume(call, SCREEN_REMOTE);
	}
}
