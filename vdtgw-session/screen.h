/*
 * What the caller is to see, in order: a bounded queue for each source, joined only between
 * complete videotex sequences. The source that speaks goes on until its queue is empty and its
 * sequence complete; then, or at the next boundary when a source of higher rank waits, the next
 * one speaks. A source that has been silent inside a sequence for SCREEN_HOLD_US loses the line
 * as soon as another waits, and one whose sequence is overlong loses it to a higher rank at once;
 * the sequence is then completed for it. A source that is alone is never held back nor altered.
 * Pure: time comes from outside.
 */
#ifndef VDTGW_SESSION_SCREEN_H
#define VDTGW_SESSION_SCREEN_H

#include "vdtgw-session/videotex.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Highest rank first. */
enum screen_source {
	SCREEN_GATEWAY, /* our own texts */
	SCREEN_HOME,
	SCREEN_REMOTE,
	SCREEN_SOURCE_COUNT,
};

enum {
	SCREEN_QUEUE_MAX = 16384,  /* bytes of the home and of the remote service's queue */
	SCREEN_GATEWAY_MAX = 1024, /* bytes of our own */
	SCREEN_LOW_WATER = 4096,   /* a paused service is read again at or below this */
	SCREEN_HOLD_US = 500000,   /* since the last screen_read() that took of the silent source */
};

struct screen;

int screen_new(struct screen **ret_screen);
void screen_free(struct screen *screen);
/* Queues what fits and returns how much. */
size_t screen_write(struct screen *screen, enum screen_source source, const uint8_t *bytes,
		    size_t length);
/* Queues the whole text or nothing: 0 or -ENOBUFS. */
int screen_write_text(struct screen *screen, enum screen_source source, const char *text);
size_t screen_room(const struct screen *screen, enum screen_source source);
size_t screen_queued(const struct screen *screen, enum screen_source source);
/* Takes at most size bytes, in display order; returns how many. now: microseconds. */
size_t screen_read(struct screen *screen, uint64_t now, uint8_t *ret_bytes, size_t size);
/* True when screen_read(now) would return something. */
bool screen_ready(const struct screen *screen, uint64_t now);
/* From when on screen_read() has something: 0 when it has already, later for a hold that runs out;
 * UINT64_MAX: not before the next write. */
uint64_t screen_ready_at(const struct screen *screen);
/* Forgets what a source has queued, at once; when it was speaking and inside a sequence, the bytes
 * that complete what the terminal last received become readable, ahead of any other text. */
void screen_drop(struct screen *screen, enum screen_source source);

#endif
