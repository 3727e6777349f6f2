/*
 * How many characters a line of a given speed takes, and when it takes more. The line is seen as
 * busy without a gap since `started`; the characters sent since then say until when. Both are
 * counted from there rather than added up step by step, so that no rounding ever accumulates.
 */
#include "vdtgw-session/pacer.h"

/* A line of speed bit/s carries `speed` characters in this time, exactly. */
static const uint64_t microseconds_for_speed = UINT64_C(1000000) * PACER_BITS_PER_CHARACTER;

/* Split so that no product overflows, at any speed, in any time that a machine runs. */
static uint64_t characters_in(unsigned speed, uint64_t duration)
{
	return duration / microseconds_for_speed * speed +
	       duration % microseconds_for_speed * speed / microseconds_for_speed;
}

/* Rounded up: after this time the line has carried them all. */
static uint64_t duration_of(unsigned speed, uint64_t characters)
{
	return characters / speed * microseconds_for_speed +
	       (characters % speed * microseconds_for_speed + speed - 1) / speed;
}

static uint64_t pacer_step(const struct pacer *pacer)
{
	uint64_t characters = characters_in(pacer->speed, PACER_STEP_US);

	return characters > 0 ? characters : 1;
}

static uint64_t pacer_busy_until(const struct pacer *pacer)
{
	return pacer->started + duration_of(pacer->speed, pacer->sent);
}

void pacer_init(struct pacer *pacer, unsigned speed)
{
	*pacer = (struct pacer) { .speed = speed };
}

size_t pacer_credit(struct pacer *pacer, uint64_t now)
{
	uint64_t allowed;

	if (pacer->speed == 0)
		return SIZE_MAX;
	if (!pacer->running) {
		/* An idle line whose last characters are still on their way goes on as if it had
		 * never been idle, which gives it less than a step; any other starts anew. */
		if (now >= pacer_busy_until(pacer)) {
			pacer->started = now;
			pacer->sent = 0;
		}
		pacer->running = true;
	}
	allowed = pacer_step(pacer);
	if (now > pacer->started)
		allowed += characters_in(pacer->speed, now - pacer->started);
	return allowed > pacer->sent ? (size_t)(allowed - pacer->sent) : 0;
}

void pacer_spend(struct pacer *pacer, size_t characters)
{
	pacer->sent += characters;
}

uint64_t pacer_next_step(const struct pacer *pacer)
{
	if (pacer->speed == 0 || !pacer->running)
		return UINT64_MAX;
	return pacer_busy_until(pacer);
}

void pacer_idle(struct pacer *pacer)
{
	pacer->running = false;
}
