/* links: common */
#include "common/descriptor_passing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	MANY = 12
};

static void open_pair(int ret_ends[2])
{
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_ends), 0);
}

static void close_pair(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

/* The lowest free one: what is left open raises it. */
static int next_descriptor(void)
{
	int descriptor = dup(STDIN_FILENO);

	close(descriptor);
	return descriptor;
}

static void send_many(int socket, int descriptor, size_t count)
{
	union {
		struct cmsghdr header;
		unsigned char bytes[CMSG_SPACE(MANY * sizeof(int))];
	} control;
	char byte = 'x';
	struct iovec range = { &byte, 1 };
	struct msghdr message = { .msg_iov = &range, .msg_iovlen = 1, .msg_control = &control };

	memset(&control, 0, sizeof(control));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
	message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	for (size_t i = 0; i < count; i++)
		memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &descriptor, sizeof(int));
	assert_int_equal(sendmsg(socket, &message, MSG_NOSIGNAL), 1);
}

static void test_one_descriptor_comes_with_the_first_byte(void **state)
{
	struct stat sent, received;
	int ends[2], descriptor;
	bool excess;
	char text[16];

	(void)state;
	open_pair(ends);
	assert_int_equal(descriptor_send(ends[0], "first", 5, STDIN_FILENO), 5);
	assert_int_equal(send(ends[0], "second", 6, 0), 6);
	assert_int_equal(descriptor_receive(ends[1], text, 2, &descriptor, &excess), 2);
	assert_true(descriptor >= 0);
	assert_false(excess);
	assert_int_equal(fstat(STDIN_FILENO, &sent), 0);
	assert_int_equal(fstat(descriptor, &received), 0);
	assert_int_equal(sent.st_ino, received.st_ino);
	assert_true((fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
	close(descriptor);
	assert_int_equal(descriptor_receive(ends[1], text, sizeof(text), &descriptor, &excess), 9);
	assert_int_equal(descriptor, -1);
	assert_false(excess);
	assert_int_equal(descriptor_receive(ends[1], text, sizeof(text), &descriptor, &excess), -1);
	assert_int_equal(errno, EAGAIN);
	close_pair(ends);
}

static void test_more_than_one_are_all_closed(void **state)
{
	int ends[2], before, descriptor;
	bool excess;
	char byte;

	(void)state;
	open_pair(ends);
	before = next_descriptor();
	for (size_t count = 2; count <= MANY; count++) {
		send_many(ends[0], STDIN_FILENO, count);
		assert_int_equal(descriptor_receive(ends[1], &byte, 1, &descriptor, &excess), 1);
		assert_true(excess);
		assert_int_equal(descriptor, -1);
		assert_int_equal(next_descriptor(), before);
	}
	close_pair(ends);
}

static void test_the_end_brings_none(void **state)
{
	int ends[2], descriptor = 7;
	bool excess = true;
	char byte;

	(void)state;
	open_pair(ends);
	close(ends[0]);
	assert_int_equal(descriptor_receive(ends[1], &byte, 1, &descriptor, &excess), 0);
	assert_int_equal(descriptor, -1);
	assert_false(excess);
	assert_int_equal(descriptor_send(ends[1], "x", 1, STDIN_FILENO), -1);
	assert_int_equal(errno, EPIPE);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_descriptor_comes_with_the_first_byte),
		cmocka_unit_test(test_more_than_one_are_all_closed),
		cmocka_unit_test(test_the_end_brings_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
