/*
 * Peeks at the header of the first frame. The socket is readable only when it holds that much, or
 * its end: half a header wakes nobody.
 */
#include "vdtgw-session/mask_check.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FRAME_MASKED = 0x80,
	FRAME_HEADER = 2, /* bytes until the mask's bit is known */
};

static void set_low_water(struct mask_check *check, int bytes)
{
	(void)setsockopt(watch_descriptor(check->watch), SOL_SOCKET, SO_RCVLOWAT, &bytes,
			 sizeof(bytes));
}

bool mask_check_is_under_way(const struct mask_check *check)
{
	return check->watch != NULL;
}

void mask_check_stop(struct mask_check *check)
{
	if (check->watch == NULL)
		return;
	/* The watch's descriptor is a duplicate: the mark would stay with the library's. */
	if (watch_descriptor(check->watch) >= 0)
		set_low_water(check, 1);
	watch_free(check->watch);
	check->watch = NULL;
}

static void on_first_frame(void *context)
{
	struct mask_check *check = context;
	uint8_t header[FRAME_HEADER];
	ssize_t count =
	    recv(watch_descriptor(check->watch), header, sizeof(header), MSG_PEEK | MSG_DONTWAIT);

	if (count < 0 && errno == EAGAIN)
		return;
	mask_check_stop(check);
	check->checked(check->context,
		       count < (ssize_t)sizeof(header) || (header[1] & FRAME_MASKED) != 0);
}

static const struct watch_handlers handlers = {
	.readable = on_first_frame,
	.hung_up = on_first_frame,
};

int mask_check_start(struct mask_check *check, struct event_loop *loop, int socket,
		     void (*checked)(void *context, bool is_masked), void *context)
{
	int descriptor = dup(socket);
	int error;

	if (descriptor < 0)
		return -errno;
	error = watch_new(&check->watch, loop, descriptor, &handlers, check);
	if (error < 0) {
		(void)close(descriptor);
		return error;
	}
	check->checked = checked;
	check->context = context;
	set_low_water(check, FRAME_HEADER);
	return 0;
}
