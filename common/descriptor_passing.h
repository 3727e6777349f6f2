/* Descriptors that go along with bytes over a Unix stream socket (SCM_RIGHTS, unix(7)). */
#ifndef VDTGW_COMMON_DESCRIPTOR_PASSING_H
#define VDTGW_COMMON_DESCRIPTOR_PASSING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As send() with MSG_DONTWAIT and MSG_NOSIGNAL; descriptor goes with the first of the bytes, and is
 * the other side's too once any byte is sent. length > 0. */
ssize_t descriptor_send(int socket, const void *bytes, size_t length, int descriptor);
/* As recv(). *ret_descriptor is the one that came along, close-on-exec, or -1. What comes in excess
 * of one is never ours: all are closed then, and *ret_excess is true. */
ssize_t descriptor_receive(int socket, void *bytes, size_t size, int *ret_descriptor,
			   bool *ret_excess);

#endif
