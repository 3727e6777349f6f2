/*
 * Joins what several sources want to show into the one stream that the terminal receives: who
 * speaks, and when the next one may. What a byte means to the terminal is videotex.c's affair.
 */
#include "vdtgw-session/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Repetitions in a row after one character that a waiting source lets pass. */
	REPEATS_MAX = 8
};

struct queue {
	uint8_t *bytes;
	size_t size;
	size_t head; /* index of the oldest byte */
	size_t count;
};

struct screen {
	struct videotex terminal;    /* what it has received */
	enum screen_source speaking; /* SCREEN_SOURCE_COUNT: nobody yet */
	uint64_t last_spoken;        /* µs: the last read that took of `speaking` */
	unsigned repeats;            /* repetitions let pass since the last switch */
	uint8_t completion[VIDEOTEX_COMPLETION_MAX]; /* goes ahead of every queue */
	size_t completion_length;
	size_t completion_sent;
	struct queue queues[SCREEN_SOURCE_COUNT];
	/* Part of the one allocation: pages that no byte ever reaches cost nothing. */
	uint8_t gateway[SCREEN_GATEWAY_MAX];
	uint8_t home[SCREEN_QUEUE_MAX];
	uint8_t remote[SCREEN_QUEUE_MAX];
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t queue_put(struct queue *queue, const uint8_t *bytes, size_t length)
{
	size_t taken = smaller(length, queue->size - queue->count);
	size_t tail = (queue->head + queue->count) % queue->size;
	size_t until_end = smaller(taken, queue->size - tail);

	if (taken == 0)
		return 0;
	memcpy(queue->bytes + tail, bytes, until_end);
	memcpy(queue->bytes, bytes + until_end, taken - until_end);
	queue->count += taken;
	return taken;
}

/* An empty queue starts again at its first byte, so that a quiet session touches one page. */
static void queue_skip(struct queue *queue, size_t length)
{
	queue->count -= length;
	queue->head = queue->count == 0 ? 0 : (queue->head + length) % queue->size;
}

int screen_new(struct screen **ret_screen)
{
	struct screen *screen = malloc(sizeof(*screen));

	if (screen == NULL)
		return -ENOMEM;
	screen->terminal = (struct videotex) { 0 };
	screen->speaking = SCREEN_SOURCE_COUNT;
	screen->last_spoken = 0;
	screen->repeats = 0;
	screen->completion_length = 0;
	screen->completion_sent = 0;
	screen->queues[SCREEN_GATEWAY] =
	    (struct queue) { .bytes = screen->gateway, .size = sizeof(screen->gateway) };
	screen->queues[SCREEN_HOME] =
	    (struct queue) { .bytes = screen->home, .size = sizeof(screen->home) };
	screen->queues[SCREEN_REMOTE] =
	    (struct queue) { .bytes = screen->remote, .size = sizeof(screen->remote) };
	*ret_screen = screen;
	return 0;
}

void screen_free(struct screen *screen)
{
	free(screen);
}

size_t screen_write(struct screen *screen, enum screen_source source, const uint8_t *bytes,
		    size_t length)
{
	return queue_put(&screen->queues[source], bytes, length);
}

int screen_write_text(struct screen *screen, enum screen_source source, const char *text)
{
	size_t length = strlen(text);

	if (length > screen_room(screen, source))
		return -ENOBUFS;
	screen_write(screen, source, (const uint8_t *)text, length);
	return 0;
}

size_t screen_room(const struct screen *screen, enum screen_source source)
{
	return screen->queues[source].size - screen->queues[source].count;
}

size_t screen_queued(const struct screen *screen, enum screen_source source)
{
	return screen->queues[source].count;
}

/* The source of highest rank that has something queued, or SCREEN_SOURCE_COUNT. */
static enum screen_source screen_highest(const struct screen *screen)
{
	for (unsigned source = 0; source < SCREEN_SOURCE_COUNT; source++)
		if (screen->queues[source].count > 0)
			return (enum screen_source)source;
	return SCREEN_SOURCE_COUNT;
}

/* The next byte of a source, or -1. */
static int screen_peek(const struct screen *screen, enum screen_source source)
{
	const struct queue *queue;

	if (source == SCREEN_SOURCE_COUNT)
		return -1;
	queue = &screen->queues[source];
	return queue->count > 0 ? queue->bytes[queue->head] : -1;
}

static bool is_repetition(int byte)
{
	return byte >= 0 && (byte & 0x7f) == VIDEOTEX_REP;
}

/* Who speaks next: SCREEN_SOURCE_COUNT while nobody has anything, or while the line is held for
 * the rest of a sequence. cut: once that sequence has been completed. */
static enum screen_source screen_next(const struct screen *screen, uint64_t now, bool *ret_cut)
{
	enum screen_source highest = screen_highest(screen);
	enum screen_source speaking = screen->speaking;
	int next_byte = screen_peek(screen, speaking);

	*ret_cut = false;
	if (highest == speaking || highest == SCREEN_SOURCE_COUNT)
		return highest;
	switch (videotex_position(&screen->terminal)) {
	case VIDEOTEX_BOUNDARY:
		if (is_repetition(next_byte) && screen->repeats < REPEATS_MAX)
			return speaking;
		return highest;
	case VIDEOTEX_INSIDE:
		if (next_byte >= 0)
			return speaking;
		if (now < screen->last_spoken + SCREEN_HOLD_US)
			return SCREEN_SOURCE_COUNT;
		break;
	case VIDEOTEX_OVERLONG:
		break;
	}
	*ret_cut = true;
	return highest;
}

static void screen_cut(struct screen *screen)
{
	screen->completion_length = videotex_complete(&screen->terminal, screen->completion);
	screen->completion_sent = 0;
}

static size_t screen_read_completion(struct screen *screen, uint8_t *ret_bytes, size_t size)
{
	size_t taken = smaller(size, screen->completion_length - screen->completion_sent);

	memcpy(ret_bytes, screen->completion + screen->completion_sent, taken);
	screen->completion_sent += taken;
	return taken;
}

/* Takes of one source what lies in one piece; up to the next boundary if a higher rank waits. */
static size_t screen_read_source(struct screen *screen, enum screen_source source,
				 uint8_t *ret_bytes, size_t size)
{
	struct queue *queue = &screen->queues[source];
	const uint8_t *bytes = queue->bytes + queue->head;
	size_t available = smaller(smaller(size, queue->count), queue->size - queue->head);
	bool awaited = screen_highest(screen) < source;
	size_t taken = 0;

	if (awaited && is_repetition(bytes[0]) &&
	    videotex_position(&screen->terminal) == VIDEOTEX_BOUNDARY)
		screen->repeats++;
	do {
		uint8_t byte = bytes[taken];
		enum videotex_position position = videotex_feed(&screen->terminal, byte);
		ret_bytes[taken++] = byte;
		if (awaited && position != VIDEOTEX_INSIDE)
			break;
	} while (taken < available);
	queue_skip(queue, taken);
	return taken;
}

size_t screen_read(struct screen *screen, uint64_t now, uint8_t *ret_bytes, size_t size)
{
	size_t taken = screen_read_completion(screen, ret_bytes, size);

	while (taken < size) {
		bool cut;
		enum screen_source source = screen_next(screen, now, &cut);
		if (source == SCREEN_SOURCE_COUNT)
			break;
		if (cut) {
			screen_cut(screen);
			taken += screen_read_completion(screen, ret_bytes + taken, size - taken);
			continue;
		}
		if (source != screen->speaking) {
			screen->speaking = source;
			screen->repeats = 0;
		}
		taken += screen_read_source(screen, source, ret_bytes + taken, size - taken);
		screen->last_spoken = now;
	}
	return taken;
}

bool screen_ready(const struct screen *screen, uint64_t now)
{
	bool cut;

	return screen->completion_sent < screen->completion_length ||
	       screen_next(screen, now, &cut) != SCREEN_SOURCE_COUNT;
}

uint64_t screen_ready_at(const struct screen *screen)
{
	if (screen_ready(screen, 0))
		return 0;
	if (screen_highest(screen) == SCREEN_SOURCE_COUNT)
		return UINT64_MAX;
	return screen->last_spoken + SCREEN_HOLD_US;
}

void screen_drop(struct screen *screen, enum screen_source source)
{
	struct queue *queue = &screen->queues[source];

	queue_skip(queue, queue->count);
	if (screen->speaking == source && videotex_position(&screen->terminal) != VIDEOTEX_BOUNDARY)
		screen_cut(screen);
}
