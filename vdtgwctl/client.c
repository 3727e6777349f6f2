/*
 * Moves bytes between the codec and the socket, which never blocks: poll() waits, until the
 * caller's time is over or its other descriptor has something to say.
 */
#include "vdtgwctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = 16384,
	OUTPUT_MAX = VARLINK_MESSAGE_MAX + 1,
	BUSY_WAIT = 50, /* ms between tries while the supervisor's backlog is full */
};

struct client {
	int descriptor;
	int interrupt;
	struct varlink_reader reader;
	struct varlink_writer writer;
	/* Received and not read yet: bytes[start] to bytes[start + length - 1]. */
	char bytes[CHUNK_SIZE];
	size_t start;
	size_t length;
};

/* CLOCK_MONOTONIC, in milliseconds. */
static int64_t now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t deadline_after(int timeout_ms)
{
	return timeout_ms == CLIENT_FOR_EVER ? INT64_MAX : now() + timeout_ms;
}

/* Until descriptor (-1: none, which is only a pause of at most `pause` ms) has one of events. */
static int wait_for(const struct client *client, int descriptor, short events, int64_t deadline,
		    int64_t pause)
{
	struct pollfd watched[] = {
		{ .fd = descriptor, .events = events },
		{ .fd = client->interrupt, .events = POLLIN },
	};
	int64_t left = deadline == INT64_MAX ? -1 : deadline - now();
	int ready;

	if (deadline != INT64_MAX && left <= 0)
		return -ETIMEDOUT;
	if (pause >= 0 && (left < 0 || left > pause))
		left = pause;
	ready = poll(watched, 2, (int)left);
	if (ready < 0 && errno != EINTR)
		return -errno;
	if (ready > 0 && watched[1].revents != 0)
		return -ECANCELED;
	return 0;
}

static int try_connect(struct client *client, const struct sockaddr_un *address, int64_t deadline)
{
	for (;;) {
		int error;

		if (connect(client->descriptor, (const struct sockaddr *)address,
			    sizeof(*address)) == 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		/* A full backlog: nothing tells when there is room. */
		error = wait_for(client, -1, 0, deadline, BUSY_WAIT);
		if (error < 0)
			return error;
	}
}

int client_new(struct client **ret_client, const char *path, int timeout_ms, int interrupt)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client *client;
	int error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return -ENOMEM;
	client->interrupt = interrupt;
	varlink_writer_init(&client->writer, OUTPUT_MAX);
	client->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	error = client->descriptor < 0 ? -errno
				       : try_connect(client, &address, deadline_after(timeout_ms));
	if (error < 0) {
		client_free(client);
		return error;
	}
	*ret_client = client;
	return 0;
}

void client_free(struct client *client)
{
	if (client == NULL)
		return;
	if (client->descriptor >= 0)
		(void)close(client->descriptor);
	varlink_reader_done(&client->reader);
	varlink_writer_done(&client->writer);
	free(client);
}

int client_send(struct client *client, const char *method, json_t *parameters, unsigned flags,
		int timeout_ms)
{
	int64_t deadline = deadline_after(timeout_ms);
	int error = varlink_write_call(&client->writer, method, parameters, flags);

	while (error == 0) {
		size_t length;
		const char *bytes = varlink_writer_pending(&client->writer, &length);
		ssize_t sent;

		if (length == 0)
			return 0;
		sent = send(client->descriptor, bytes, length, MSG_NOSIGNAL);
		if (sent >= 0)
			varlink_writer_sent(&client->writer, (size_t)sent);
		else if (errno == EAGAIN)
			error = wait_for(client, client->descriptor, POLLOUT, deadline, -1);
		else if (errno == EPIPE)
			error = -ECONNRESET;
		else if (errno != EINTR)
			error = -errno;
	}
	return error;
}

/* What has come already goes first, so that a reply that is followed by the connection's end is
 * read. */
static int fill(struct client *client, int64_t deadline)
{
	for (;;) {
		ssize_t got =
		    recv(client->descriptor, client->bytes, sizeof(client->bytes), MSG_DONTWAIT);
		int error;

		if (got == 0)
			return -ECONNRESET;
		if (got > 0) {
			client->start = 0;
			client->length = (size_t)got;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		error = wait_for(client, client->descriptor, POLLIN, deadline, -1);
		if (error < 0)
			return error;
	}
}

int client_receive(struct client *client, struct varlink_reply *ret_reply, int timeout_ms)
{
	int64_t deadline = deadline_after(timeout_ms);
	json_t *message = NULL;

	while (message == NULL) {
		int error = client->length > 0 ? 0 : fill(client, deadline);
		long used;

		if (error < 0)
			return error;
		used = varlink_reader_feed(&client->reader, client->bytes + client->start,
					   client->length, &message);
		if (used < 0)
			return (int)used;
		client->start += (size_t)used;
		client->length -= (size_t)used;
		/* A message that never ends costs no more than VARLINK_MESSAGE_MAX, and this long.
		 */
		if (message == NULL && now() > deadline)
			return -ETIMEDOUT;
	}
	return varlink_reply_init(ret_reply, message);
}
