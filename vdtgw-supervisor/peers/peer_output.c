/*
 * Sends what waits for a peer, and each descriptor with the first byte of the reply that it belongs
 * to.
 */
#include "vdtgw-supervisor/peers/peer_output.h"

#include "common/descriptor_passing.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

void peer_output_init(struct peer_output *output, size_t most)
{
	*output = (struct peer_output) { .passed = -1 };
	varlink_writer_init(&output->writer, most);
}

static void close_passed(struct peer_output *output)
{
	if (output->passed >= 0)
		(void)close(output->passed);
	output->passed = -1;
}

void peer_output_done(struct peer_output *output)
{
	close_passed(output);
	varlink_writer_done(&output->writer);
}

void peer_output_pass(struct peer_output *output, int descriptor)
{
	close_passed(output);
	(void)varlink_writer_pending(&output->writer, &output->ahead_of_passed);
	output->passed = descriptor;
}

/* As send(). */
static ssize_t send_pending(struct peer_output *output, int socket, const char *bytes,
			    size_t length)
{
	ssize_t sent;

	if (output->passed >= 0 && output->ahead_of_passed == 0) {
		sent = descriptor_send(socket, bytes, length, output->passed);
		if (sent > 0)
			close_passed(output);
		return sent;
	}
	if (output->passed >= 0 && length > output->ahead_of_passed)
		length = output->ahead_of_passed;
	sent = send(socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (output->passed >= 0 && sent > 0)
		output->ahead_of_passed -= (size_t)sent;
	return sent;
}

void peer_output_flush(struct peer_output *output, struct watch *watch)
{
	for (;;) {
		size_t length;
		const char *bytes = varlink_writer_pending(&output->writer, &length);
		ssize_t sent;

		if (length == 0)
			break;
		sent = send_pending(output, watch_descriptor(watch), bytes, length);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN) {
			if (output->stuck_since == 0)
				output->stuck_since = event_loop_now();
			watch_write_once(watch);
			return;
		}
		varlink_writer_sent(&output->writer, sent < 0 ? length : (size_t)sent);
		output->stuck_since = 0;
	}
}
