/*
 * A videotex service for the bench, on two ports: one raw (also what a telnet service is to a
 * client that negotiates nothing), one WebSocket. It greets with BENCH_FIRST_BYTE and answers the
 * commands of bench.h. One process, epoll, no allocation while it sends.
 *
 * usage: service BULK-BYTES; prints the raw port and the WebSocket port.
 */
#include "bench.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 256,
	REQUEST_MAX = 4096,
	BLOCK = 4096, /* characters of one frame, and of one raw write */
	FRAME_HEADER = 4,
	MASK = 4,
};

/* listens: it is one of the two doors, and websocket says which. */
struct connection {
	int descriptor;
	bool listens;
	bool websocket;
	bool greeted;
	uint64_t remaining;    /* characters still to send */
	size_t block_sent;     /* bytes of the block under way */
	size_t request_length; /* of the handshake, then of the frame under way */
	char request[REQUEST_MAX];
};

static int epoll_descriptor;
static uint64_t bulk;
static unsigned char block[FRAME_HEADER + BLOCK];

static void hang_up(struct connection *connection)
{
	(void)close(connection->descriptor);
	free(connection);
}

static void want_writable(struct connection *connection, bool wanted)
{
	struct epoll_event event = { .events = EPOLLIN | (wanted ? EPOLLOUT : 0U),
				     .data.ptr = connection };

	if (epoll_ctl(epoll_descriptor, EPOLL_CTL_MOD, connection->descriptor, &event) < 0)
		bench_fail("epoll_ctl");
}

/* The last block may be a short one, which is sent in one piece: it is small. */
static size_t prepare_block(const struct connection *connection, const unsigned char **ret_bytes,
			    unsigned char *last)
{
	size_t characters = connection->remaining < BLOCK ? connection->remaining : BLOCK;

	if (!connection->websocket) {
		*ret_bytes = block + FRAME_HEADER;
		return characters;
	}
	if (characters == BLOCK) {
		*ret_bytes = block;
		return sizeof(block);
	}
	memcpy(last, block, FRAME_HEADER + characters);
	last[2] = (unsigned char)(characters >> 8);
	last[3] = (unsigned char)characters;
	*ret_bytes = last;
	return FRAME_HEADER + characters;
}

static bool send_some(struct connection *connection)
{
	unsigned char last[sizeof(block)];
	const unsigned char *bytes;
	size_t length;
	ssize_t sent;

	while (connection->remaining > 0) {
		length = prepare_block(connection, &bytes, last);
		sent = send(connection->descriptor, bytes + connection->block_sent,
			    length - connection->block_sent, MSG_NOSIGNAL);
		if (sent < 0 && errno == EAGAIN) {
			want_writable(connection, true);
			return true;
		}
		if (sent < 0)
			return false;
		connection->block_sent += (size_t)sent;
		if (connection->block_sent == length) {
			connection->block_sent = 0;
			connection->remaining -=
			    connection->remaining < BLOCK ? connection->remaining : BLOCK;
		}
	}
	want_writable(connection, false);
	return true;
}

static void greet(struct connection *connection)
{
	static const unsigned char frame[] = { 0x81, 1, BENCH_FIRST_BYTE };
	size_t skip = connection->websocket ? 0 : 2;

	connection->greeted = true;
	if (send(connection->descriptor, frame + skip, sizeof(frame) - skip, MSG_NOSIGNAL) < 0)
		perror("greeting");
}

/* False while the request is not whole. */
static bool shake_hands(struct connection *connection)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	static const char header[] = "Sec-WebSocket-Key:";
	char text[256], *key;
	unsigned char digest[SHA_DIGEST_LENGTH], accept_value[64];
	int length;

	connection->request[connection->request_length] = '\0';
	if (strstr(connection->request, "\r\n\r\n") == NULL)
		return false;
	key = strcasestr(connection->request, header);
	if (key == NULL)
		return false;
	key += strlen(header) + strspn(key + strlen(header), " ");
	length = snprintf(text, sizeof(text), "%.*s%s", (int)strcspn(key, "\r "), key, guid);
	(void)SHA1((unsigned char *)text, (size_t)length, digest);
	(void)EVP_EncodeBlock(accept_value, digest, sizeof(digest));
	length = snprintf(text, sizeof(text),
			  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			  (char *)accept_value);
	if (send(connection->descriptor, text, (size_t)length, MSG_NOSIGNAL) < 0)
		perror("handshake");
	connection->request_length = 0;
	greet(connection);
	return true;
}

static void obey(struct connection *connection, unsigned char command)
{
	if (command == BENCH_PACED)
		connection->remaining = BENCH_PACED_CHARACTERS;
	else if (command == BENCH_BULK)
		connection->remaining = bulk;
}

/* Frames of a client that sends commands: short, masked, not fragmented. False on a close. */
static bool take_frames(struct connection *connection)
{
	unsigned char *bytes = (unsigned char *)connection->request;
	size_t length, whole;

	while (connection->request_length >= 2) {
		length = bytes[1] & 0x7f;
		whole = 2 + MASK + length;
		if ((bytes[0] & 0x0f) == 8 || length > 125)
			return false;
		if (connection->request_length < whole)
			break;
		for (size_t i = 0; i < length; i++)
			obey(connection, bytes[2 + MASK + i] ^ bytes[2 + i % MASK]);
		connection->request_length -= whole;
		memmove(bytes, bytes + whole, connection->request_length);
	}
	return true;
}

static bool receive(struct connection *connection)
{
	size_t room = REQUEST_MAX - 1 - connection->request_length;
	ssize_t count;

	count =
	    recv(connection->descriptor, connection->request + connection->request_length, room, 0);
	if (count < 0 && errno == EAGAIN)
		return true;
	if (count <= 0)
		return false;
	connection->request_length += (size_t)count;
	if (!connection->websocket) {
		for (size_t i = 0; i < connection->request_length; i++)
			obey(connection, (unsigned char)connection->request[i]);
		connection->request_length = 0;
	} else if (!connection->greeted) {
		(void)shake_hands(connection);
	} else if (!take_frames(connection)) {
		return false;
	}
	return connection->remaining == 0 || send_some(connection);
}

static void add(int descriptor, bool listens, bool websocket)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };

	if (connection == NULL) {
		bench_fail("calloc");
		return;
	}
	bench_set_nonblocking(descriptor);
	connection->descriptor = descriptor;
	connection->listens = listens;
	connection->websocket = websocket;
	if (epoll_ctl(epoll_descriptor, EPOLL_CTL_ADD, descriptor, &event) < 0)
		bench_fail("epoll_ctl");
	if (!listens && !websocket)
		greet(connection);
	/* The epoll set holds it now. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
}

static void answer(const struct connection *door)
{
	int descriptor, on = 1;

	while ((descriptor = accept4(door->descriptor, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		(void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		add(descriptor, false, door->websocket);
	}
}

static void handle(struct connection *connection, unsigned events)
{
	if (connection->listens) {
		answer(connection);
		return;
	}
	if ((events & EPOLLOUT) != 0 && !send_some(connection)) {
		hang_up(connection);
		return;
	}
	if ((events & ~(unsigned)EPOLLOUT) != 0 && !receive(connection))
		hang_up(connection);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	uint16_t raw_port, websocket_port;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: service BULK-BYTES\n");
		return 2;
	}
	bulk = strtoull(argv[1], NULL, 10);
	bench_raise_descriptor_limit();
	memset(block, BENCH_FILLER, sizeof(block));
	block[0] = 0x81;
	block[1] = 126;
	block[2] = BLOCK >> 8;
	block[3] = BLOCK & 0xff;
	epoll_descriptor = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_descriptor < 0)
		bench_fail("epoll_create1");
	add(bench_listen(&raw_port), true, false);
	add(bench_listen(&websocket_port), true, true);
	printf("%u %u\n", raw_port, websocket_port);
	(void)fflush(stdout);
	for (;;) {
		count = epoll_wait(epoll_descriptor, events, EVENTS_MAX, -1);
		for (int i = 0; i < count; i++)
			handle(events[i].data.ptr, events[i].events);
	}
}
