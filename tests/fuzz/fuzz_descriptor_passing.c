/* links: common */
/*
 * A peer that sends bytes with descriptors along, as many and as often as the input says: whatever
 * it passes, no more than one comes in at a time, and none stays open that was not given out. Each
 * byte is one message: its lower half so many descriptors, its upper half so many bytes; between
 * them the receiver reads as it likes.
 */
#include "common/descriptor_passing.h"

#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PASSED_MAX = 15,
	MESSAGES_MAX = 64,
};

/* The lowest number that is free: the same at the end, or something was left open. */
static int lowest_free(void)
{
	int descriptor = dup(STDERR_FILENO);

	require(descriptor >= 0 && close(descriptor) == 0);
	return descriptor;
}

static void send_many(int socket, size_t length, size_t count)
{
	static uint8_t bytes[PASSED_MAX + 1];
	union {
		struct cmsghdr header;
		unsigned char bytes[CMSG_SPACE(PASSED_MAX * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec range = { .iov_base = bytes, .iov_len = length };
	struct msghdr message = { .msg_iov = &range, .msg_iovlen = 1 };

	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		for (size_t i = 0; i < count; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &socket, sizeof(int));
	}
	require(sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length);
}

/* Returns the bytes that came. */
static size_t receive(int socket, size_t size, bool *ret_got_one)
{
	uint8_t bytes[256];
	int descriptor = -1;
	bool excess = false;
	ssize_t count = descriptor_receive(socket, bytes, size, &descriptor, &excess);

	require(count > 0 && (size_t)count <= size);
	*ret_got_one = descriptor >= 0;
	if (descriptor < 0)
		return (size_t)count;
	require(!excess && (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
	require(close(descriptor) == 0);
	return (size_t)count;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	int before = lowest_free();
	size_t waiting = 0;
	int sockets[2];
	bool got_one;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
	for (size_t i = 0; i < size && i < MESSAGES_MAX; i++) {
		size_t length = (input[i] >> 4) + 1U, count = input[i] & PASSED_MAX;

		send_many(sockets[0], length, count);
		waiting += length;
		if (i % 3 == 0)
			continue;
		waiting -= receive(sockets[1], (length & 3) + 1, &got_one);
	}
	while (waiting > 0)
		waiting -= receive(sockets[1], 256, &got_one);
	require(descriptor_send(sockets[0], "x", 1, sockets[0]) == 1);
	require(receive(sockets[1], 1, &got_one) == 1 && got_one);
	require(close(sockets[0]) == 0 && close(sockets[1]) == 0);
	require(lowest_free() == before);
	return 0;
}
