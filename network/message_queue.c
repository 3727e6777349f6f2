/* WebSocket messages that wait to be sent: a list, its bytes counted. */
#include "network/message_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int message_queue_put(struct message_queue *queue, bool binary, const uint8_t *bytes, size_t length)
{
	struct message *message;

	if (length > MESSAGE_MAX)
		return -EMSGSIZE;
	/* Each costs its allocation too, so that a flood of empty ones is bounded. */
	if (queue->bytes + sizeof(*message) + length > MESSAGE_QUEUE_BYTES_MAX)
		return -ENOBUFS;
	message = malloc(sizeof(*message) + length);
	if (message == NULL)
		return -ENOMEM;
	message->next = NULL;
	message->binary = binary;
	message->length = length;
	memcpy(message->bytes, bytes, length);
	if (queue->last != NULL)
		queue->last->next = message;
	else
		queue->first = message;
	queue->last = message;
	queue->bytes += sizeof(*message) + length;
	return 0;
}

struct message *message_queue_take(struct message_queue *queue)
{
	struct message *message = queue->first;

	if (message == NULL)
		return NULL;
	queue->first = message->next;
	if (queue->first == NULL)
		queue->last = NULL;
	queue->bytes -= sizeof(*message) + message->length;
	return message;
}

void message_queue_done(struct message_queue *queue)
{
	struct message *message;

	while ((message = message_queue_take(queue)) != NULL)
		free(message);
}
