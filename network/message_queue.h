/*
 * WebSocket messages that wait to be sent, one frame each: bounded in number and in bytes.
 */
#ifndef VDTGW_NETWORK_MESSAGE_QUEUE_H
#define VDTGW_NETWORK_MESSAGE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESSAGE_QUEUE_BYTES_MAX = 1048576, /* of all that wait */
	MESSAGE_MAX = 65536,               /* of one */
};

struct message {
	struct message *next;
	bool binary;
	size_t length;
	uint8_t bytes[];
};

/* Zero-initialised: empty. */
struct message_queue {
	struct message *first;
	struct message *last;
	size_t bytes;
};

/* Copies. 0; -EMSGSIZE above MESSAGE_MAX; -ENOBUFS where too much waits; -ENOMEM. */
int message_queue_put(struct message_queue *queue, bool binary, const uint8_t *bytes,
		      size_t length);
/* The oldest, taken out, for the caller to free(); NULL where there is none. */
struct message *message_queue_take(struct message_queue *queue);
void message_queue_done(struct message_queue *queue);

#endif
