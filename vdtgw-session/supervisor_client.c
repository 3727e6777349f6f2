/*
 * The client of org.vdtgw.Session. It keeps what the supervisor must know (state, service, what
 * was learned, traffic, the number), so that each new connection begins with an Enter that tells
 * all of it; what happens while the supervisor is away is not queued.
 */
#include "vdtgw-session/supervisor_client.h"

#include "common/descriptor_passing.h"
#include "common/log.h"
#include "common/microseconds.h"
#include "common/varlink.h"
#include "vdtgw-session/supervisor_client_private.h"
#include "vdtgw-session/supervisor_orders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	OUTPUT_MAX = 16384, /* bytes that wait for a busy supervisor; more, and it is left */
	READ_MAX = 1024,
};

int64_t supervisor_client_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static void close_passed(struct supervisor_client *client)
{
	if (client->passed >= 0)
		(void)close(client->passed);
	client->passed = -1;
}

static void destroy(struct supervisor_client *client)
{
	close_passed(client);
	watch_free(client->watch);
	timer_free(client->timer);
	varlink_reader_done(&client->reader);
	varlink_writer_done(&client->writer);
	json_decref(client->facts);
	free(client);
}

/* Lets the connection go and tries again later. detail: why, for the log. */
static void disconnect(struct supervisor_client *client, const char *detail)
{
	bool was_answered = client->answered;

	close_passed(client);
	watch_free(client->watch);
	client->watch = NULL;
	client->answered = false;
	varlink_reader_done(&client->reader);
	varlink_writer_done(&client->writer);
	client->reader = (struct varlink_reader) { 0 };
	varlink_writer_init(&client->writer, OUTPUT_MAX);
	timer_arm(client->timer, event_loop_now() + SUPERVISOR_RETRY * (uint64_t)US_PER_S);
	if (was_answered)
		client->handlers->away(client->context, detail);
	if (!client->absence_told && client->number == 0) {
		client->absence_told = true;
		client->handlers->absent(client->context, detail);
	}
}

static void flush(struct supervisor_client *client)
{
	const char *bytes;
	size_t length;
	ssize_t count;

	bytes = varlink_writer_pending(&client->writer, &length);
	if (length == 0)
		return;
	count = send(watch_descriptor(client->watch), bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (count > 0)
		varlink_writer_sent(&client->writer, (size_t)count);
	(void)varlink_writer_pending(&client->writer, &length);
	/* A broken connection shows when it is read. */
	if (length > 0)
		watch_write_once(client->watch);
}

void supervisor_client_call(struct supervisor_client *client, const char *method,
			    json_t *parameters, unsigned flags)
{
	int result;

	result = varlink_write_call(&client->writer, method, parameters, flags);
	if (result == -ENOBUFS)
		/* It is stopped, or stuck: it is told everything anew when it is back. */
		disconnect(client, "it does not read");
	else if (result < 0)
		log_warning("the supervisor was not told %s: %s", method, strerror(-result));
	else
		flush(client);
}

void supervisor_client_tell(struct supervisor_client *client, const char *method,
			    json_t *parameters)
{
	if (!client->answered) {
		/* The next Enter says it, or the answer to this one brings it. */
		client->untold = true;
		json_decref(parameters);
		return;
	}
	supervisor_client_call(client, method, parameters, VARLINK_ONEWAY);
}

static void enter(struct supervisor_client *client)
{
	json_t *parameters;

	parameters =
	    json_pack("{s:s, s:s, s:i, s:I, s:s?, s:o?, s:I, s:I}", "transport",
		      transport_name(client->entry->transport), "address", client->entry->address,
		      "port", (int)client->entry->port, "started", (json_int_t)client->started,
		      "state", client->state, "service", varlink_text(client->service, SERVICE_MAX),
		      "bytes_in", (json_int_t)client->traffic.bytes_in, "bytes_out",
		      (json_int_t)client->traffic.bytes_out);
	if (parameters != NULL && client->number != 0)
		(void)json_object_set_new(parameters, "session",
					  json_integer((json_int_t)client->number));
	if (parameters != NULL && client->redirection != NULL)
		(void)json_object_set_new(parameters, "redirection",
					  varlink_text(client->redirection, TEXT_MAX));
	if (parameters != NULL)
		(void)json_object_update_missing(parameters, client->facts);
	client->untold = false;
	client->told = (struct supervisor_traffic) { 0 };
	supervisor_client_call(client, INTERFACE "Enter", parameters, VARLINK_MORE);
}

/* The file for what the caller types comes with the first answer, and nothing else ever does. */
static void take_passed(struct supervisor_client *client, const struct varlink_reply *reply)
{
	json_int_t max = json_integer_value(json_object_get(reply->parameters, "dump"));

	if (max > 0 && client->passed >= 0) {
		int descriptor = client->passed;

		client->passed = -1;
		client->handlers->dump(client->context, descriptor, (uint64_t)max);
	} else if (max > 0 || client->passed >= 0) {
		log_warning("the supervisor passed %s: what the caller types is not recorded",
			    max > 0 ? "no file" : "a descriptor and did not say what for");
	}
	close_passed(client);
}

static int on_admission(struct supervisor_client *client, const struct varlink_reply *reply)
{
	json_int_t number = json_integer_value(json_object_get(reply->parameters, "session"));

	if (number <= 0)
		return -EPROTO;
	client->answered = true;
	timer_disarm(client->timer);
	client->number = (uint64_t)number;
	if (client->untold) {
		supervisor_client_tell(client, INTERFACE "Learned", json_incref(client->facts));
		supervisor_client_state(client, client->state, "entered again", client->service);
	}
	take_passed(client, reply);
	client->handlers->admitted(client->context, client->number);
	if (!client->freed)
		client->handlers->channel(
		    client->context, json_is_true(json_object_get(reply->parameters, "channel")));
	return 0;
}

static int on_error(struct supervisor_client *client, const char *error)
{
	if (strcmp(error, INTERFACE "Banned") == 0)
		client->handlers->banned(client->context);
	else if (strcmp(error, INTERFACE "Full") == 0)
		client->handlers->full(client->context);
	else
		return -EPROTO;
	return 0;
}

static int on_message(struct supervisor_client *client, json_t *message)
{
	struct varlink_reply reply;
	int result;

	result = varlink_reply_init(&reply, message);
	if (result < 0)
		return result;
	if (reply.error != NULL)
		result = on_error(client, reply.error);
	else if (!client->answered)
		result = on_admission(client, &reply);
	else
		supervisor_order(json_object_get(reply.parameters, "order"), client->handlers,
				 client->context);
	varlink_reply_done(&reply);
	return result;
}

/* As recv(). Descriptors are kept until the first answer is whole; others are closed. */
static ssize_t receive(struct supervisor_client *client, char bytes[READ_MAX])
{
	int descriptor = -1;
	bool excess = false;
	ssize_t count = descriptor_receive(watch_descriptor(client->watch), bytes, READ_MAX,
					   &descriptor, &excess);

	if (descriptor >= 0 && (client->answered || client->passed >= 0)) {
		excess = true;
		(void)close(descriptor);
	} else if (descriptor >= 0) {
		client->passed = descriptor;
	}
	if (excess)
		log_warning("the supervisor passed descriptors that are not expected");
	return count;
}

static void on_readable(void *context)
{
	struct supervisor_client *client = context;
	char bytes[READ_MAX];
	size_t start = 0;
	ssize_t count;

	count = receive(client, bytes);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->handling = true;
	if (count <= 0)
		disconnect(client, count == 0 ? "it closed the connection" : strerror(errno));
	while (count > 0 && start < (size_t)count && !client->freed && client->watch != NULL) {
		json_t *message = NULL;
		long taken = varlink_reader_feed(&client->reader, bytes + start,
						 (size_t)count - start, &message);

		if (taken < 0 || (message != NULL && on_message(client, message) < 0)) {
			disconnect(client, "it does not speak org.vdtgw.Session");
			break;
		}
		start += (size_t)taken;
	}
	client->handling = false;
	if (client->freed)
		destroy(client);
}

static void on_writable(void *context)
{
	flush(context);
}

static void on_hung_up(void *context)
{
	struct supervisor_client *client = context;

	client->handling = true;
	disconnect(client, "it closed the connection");
	client->handling = false;
	if (client->freed)
		destroy(client);
}

static const struct watch_handlers watch_handlers = {
	.readable = on_readable,
	.writable = on_writable,
	.hung_up = on_hung_up,
};

/* Returns a descriptor or -errno. A Unix socket connects at once or not at all: EAGAIN means that
 * its queue is full. */
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

static int try_to_enter(struct supervisor_client *client)
{
	int descriptor = connect_socket(client->path), result;

	if (descriptor < 0)
		return descriptor;
	result = watch_new(&client->watch, client->loop, descriptor, &watch_handlers, client);
	if (result < 0) {
		(void)close(descriptor);
		return result;
	}
	timer_arm(client->timer, event_loop_now() + SUPERVISOR_ANSWER_TIMEOUT * (uint64_t)US_PER_S);
	enter(client);
	return 0;
}

static void on_timer(void *context)
{
	struct supervisor_client *client = context;
	int result;

	client->handling = true;
	if (client->watch != NULL) {
		disconnect(client, "no answer within 2 s");
	} else {
		result = try_to_enter(client);
		if (result < 0)
			disconnect(client, strerror(-result));
	}
	client->handling = false;
	if (client->freed)
		destroy(client);
}

int supervisor_client_new(struct supervisor_client **ret_client, struct event_loop *loop,
			  const char *path, const struct supervisor_entry *entry,
			  const struct supervisor_handlers *handlers, void *context)
{
	struct supervisor_client *client;
	int result;

	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return -ENOMEM;
	client->loop = loop;
	client->passed = -1;
	client->path = path;
	client->entry = entry;
	client->handlers = handlers;
	client->context = context;
	client->started = supervisor_client_clock();
	client->state = "entering";
	client->service = "";
	varlink_writer_init(&client->writer, OUTPUT_MAX);
	client->facts = json_object();
	if (client->facts == NULL) {
		result = -ENOMEM;
		goto out;
	}
	result = timer_new(&client->timer, loop, on_timer, client);
	if (result < 0)
		goto out;
	timer_arm(client->timer, event_loop_now());
	*ret_client = client;
	return 0;
out:
	destroy(client);
	return result;
}

void supervisor_client_free(struct supervisor_client *client)
{
	if (client == NULL)
		return;
	client->freed = true;
	if (!client->handling)
		destroy(client);
}
