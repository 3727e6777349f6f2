/*
 * Moves bytes between the Varlink codec and a Unix socket in the loop.
 */
#include "vdtgw-session/supervisor_link.h"

#include "common/descriptor_passing.h"
#include "common/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	OUTPUT_MAX = 16384, /* bytes that wait for a busy supervisor; more, and it is left */
	READ_MAX = 4096,
	COMPLAINT_MAX = 64,
};

struct supervisor_link {
	const char *interface;
	const struct supervisor_link_handlers *handlers;
	void *context;
	struct watch *watch;
	struct varlink_reader reader;
	struct varlink_writer writer;
	int passed;    /* a descriptor that came with the first reply; -1: none */
	bool replied;  /* that one has come */
	bool handling; /* a handler is on the stack */
	bool freed;
};

static void close_passed(struct supervisor_link *link)
{
	if (link->passed >= 0)
		(void)close(link->passed);
	link->passed = -1;
}

static void destroy(struct supervisor_link *link)
{
	close_passed(link);
	watch_free(link->watch);
	varlink_reader_done(&link->reader);
	varlink_writer_done(&link->writer);
	free(link);
}

static void flush(struct supervisor_link *link)
{
	const char *bytes;
	size_t length;
	ssize_t count;

	bytes = varlink_writer_pending(&link->writer, &length);
	if (length == 0)
		return;
	count = send(watch_descriptor(link->watch), bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (count > 0)
		varlink_writer_sent(&link->writer, (size_t)count);
	(void)varlink_writer_pending(&link->writer, &length);
	/* A broken connection shows when it is read. */
	if (length > 0)
		watch_write_once(link->watch);
}

static int on_message(struct supervisor_link *link, json_t *message)
{
	struct varlink_reply reply;
	int result = varlink_reply_init(&reply, message);

	if (result < 0)
		return result;
	link->replied = true;
	result = link->handlers->replied(link->context, &reply);
	varlink_reply_done(&reply);
	close_passed(link);
	return result;
}

/* As recv(). Descriptors are kept until the first reply is whole; others are closed. */
static ssize_t receive(struct supervisor_link *link, char bytes[READ_MAX])
{
	int descriptor = -1;
	bool excess = false;
	ssize_t count = descriptor_receive(watch_descriptor(link->watch), bytes, READ_MAX,
					   &descriptor, &excess);

	if (descriptor >= 0 && (link->replied || link->passed >= 0)) {
		excess = true;
		(void)close(descriptor);
	} else if (descriptor >= 0) {
		link->passed = descriptor;
	}
	if (excess)
		log_warning("the supervisor passed descriptors that are not expected");
	return count;
}

/* Takes bytes in. False: they make no sense. */
static bool take(struct supervisor_link *link, const char *bytes, size_t length)
{
	size_t start = 0;

	while (start < length && !link->freed) {
		json_t *message = NULL;
		long taken =
		    varlink_reader_feed(&link->reader, bytes + start, length - start, &message);

		if (taken < 0 || (message != NULL && on_message(link, message) < 0))
			return false;
		start += (size_t)taken;
	}
	return true;
}

static void on_readable(void *context)
{
	struct supervisor_link *link = context;
	char bytes[READ_MAX], complaint[COMPLAINT_MAX];
	ssize_t count;

	count = receive(link, bytes);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	link->handling = true;
	if (count <= 0) {
		link->handlers->lost(link->context,
				     count == 0 ? "it closed the connection" : strerror(errno));
	} else if (!take(link, bytes, (size_t)count) && !link->freed) {
		(void)snprintf(complaint, sizeof(complaint), "it does not speak %s",
			       link->interface);
		link->handlers->lost(link->context, complaint);
	}
	link->handling = false;
	if (link->freed)
		destroy(link);
}

static void on_writable(void *context)
{
	flush(context);
}

static void on_hung_up(void *context)
{
	struct supervisor_link *link = context;

	link->handlers->lost(link->context, "it closed the connection");
}

static const struct watch_handlers watch_handlers = {
	.readable = on_readable,
	.writable = on_writable,
	.hung_up = on_hung_up,
};

/* Returns a descriptor or -errno. */
static int connect_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor, result;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return -errno;
	if (connect(descriptor, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		result = -errno;
		(void)close(descriptor);
		return result;
	}
	return descriptor;
}

int supervisor_link_new(struct supervisor_link **ret_link, struct event_loop *loop,
			const char *path, const char *interface,
			const struct supervisor_link_handlers *handlers, void *context)
{
	struct supervisor_link *link;
	int descriptor, result;

	link = calloc(1, sizeof(*link));
	if (link == NULL)
		return -ENOMEM;
	link->passed = -1;
	link->interface = interface;
	link->handlers = handlers;
	link->context = context;
	varlink_writer_init(&link->writer, OUTPUT_MAX);
	descriptor = connect_socket(path);
	if (descriptor < 0) {
		destroy(link);
		return descriptor;
	}
	result = watch_new(&link->watch, loop, descriptor, &watch_handlers, link);
	if (result < 0) {
		(void)close(descriptor);
		destroy(link);
		return result;
	}
	*ret_link = link;
	return 0;
}

void supervisor_link_call(struct supervisor_link *link, const char *method, json_t *parameters,
			  unsigned flags)
{
	char name[VARLINK_NAME_MAX + 1];
	int result;

	(void)snprintf(name, sizeof(name), "%s.%s", link->interface, method);
	result = varlink_write_call(&link->writer, name, parameters, flags);
	if (result == -ENOBUFS)
		/* It is stopped, or stuck: it is told everything anew when it is back. */
		link->handlers->lost(link->context, "it does not read");
	else if (result < 0)
		log_warning("the supervisor was not told %s: %s", method, strerror(-result));
	else
		flush(link);
}

int supervisor_link_take_passed(struct supervisor_link *link)
{
	int descriptor = link->passed;

	link->passed = -1;
	return descriptor;
}

void supervisor_link_free(struct supervisor_link *link)
{
	if (link == NULL)
		return;
	link->freed = true;
	if (!link->handling)
		destroy(link);
}
