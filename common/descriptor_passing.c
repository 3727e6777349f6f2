/*
 * One descriptor out, one descriptor in: whatever else a peer passes is closed at once, so that it
 * cannot fill our table of descriptors.
 */
#include "common/descriptor_passing.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LOOK_AT_MAX = 8, /* descriptors; the kernel closes those for which there is no place */
};

ssize_t descriptor_send(int socket, const void *bytes, size_t length, int descriptor)
{
	union {
		struct cmsghdr header;
		unsigned char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	/* The kernel only reads them. */
	struct iovec range = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
	struct msghdr message = {
		.msg_iov = &range,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = &control.header;

	memset(&control, 0, sizeof(control));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static size_t collect(struct msghdr *message, int ret_descriptors[LOOK_AT_MAX])
{
	size_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
	     header = CMSG_NXTHDR(message, header)) {
		size_t passed = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < passed && count < LOOK_AT_MAX; i++)
			memcpy(&ret_descriptors[count++], CMSG_DATA(header) + i * sizeof(int),
			       sizeof(int));
	}
	return count;
}

ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *ret_descriptor,
			   bool *ret_excess)
{
	union {
		struct cmsghdr header;
		unsigned char bytes[CMSG_SPACE(LOOK_AT_MAX * sizeof(int))];
	} control;
	struct iovec range = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &range,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int descriptors[LOOK_AT_MAX];
	size_t passed;
	ssize_t count;

	count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (count < 0)
		return count;
	passed = collect(&message, descriptors);
	*ret_descriptor = -1;
	*ret_excess = passed > 1 || (message.msg_flags & MSG_CTRUNC) != 0;
	if (passed == 1 && !*ret_excess)
		*ret_descriptor = descriptors[0];
	else
		for (size_t i = 0; i < passed; i++)
			(void)close(descriptors[i]);
	return count;
}
