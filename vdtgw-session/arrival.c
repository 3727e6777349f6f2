/*
 * Finds out who calls. Bytes are peeked at until they are understood; the socket's low-water mark
 * makes the kernel wait for one more than there are, so that a slow proxy costs no turn of the loop
 * in vain.
 */
#include "vdtgw-session/arrival.h"

#include "common/microseconds.h"
#include "network/forwarded.h"
#include "network/proxy_header.h"
#include "vdtgw-session/abuse.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	HEAD_MAX = 8192, /* bytes of a request's head: more than is answered afterwards */
};

enum arrival_stage {
	ARRIVAL_KNOWN,
	ARRIVAL_HEADER, /* the PROXY header is awaited */
	ARRIVAL_HEAD,   /* the WebSocket request is */
};

struct arrival {
	const struct arrival_handlers *handlers;
	void *context;
	struct watch *watch; /* NULL where there is nothing to wait for */
	struct timer *timer;
	struct network *trusted;
	size_t trusted_count;
	enum transport transport;
	enum arrival_stage stage;
	struct address address;
	uint16_t port;
	bool headed; /* a PROXY header was read */
};

static bool is_trusted(const struct arrival *arrival)
{
	for (size_t i = 0; i < arrival->trusted_count; i++)
		if (network_contains(&arrival->trusted[i], &arrival->address))
			return true;
	return false;
}

/* The socket is left as it was found. */
static void release_socket(struct arrival *arrival)
{
	static const int one = 1;

	if (arrival->watch == NULL)
		return;
	(void)setsockopt(watch_descriptor(arrival->watch), SOL_SOCKET, SO_RCVLOWAT, &one,
			 sizeof(one));
	(void)watch_release(arrival->watch);
	arrival->watch = NULL;
}

static void succeed(struct arrival *arrival)
{
	/* The handler may free the arrival. */
	const struct address address = arrival->address;

	release_socket(arrival);
	arrival->handlers->known(arrival->context, &address, arrival->port);
}

static void fail(struct arrival *arrival, const char *reason, const char *detail)
{
	release_socket(arrival);
	arrival->handlers->failed(arrival->context, reason, detail);
}

/* Nothing more will come. */
static bool is_half_closed(int descriptor)
{
	struct pollfd state = { .fd = descriptor, .events = POLLRDHUP };

	return poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLERR | POLLHUP)) != 0;
}

static void await_more(struct arrival *arrival, size_t length)
{
	int wanted = (int)length + 1;

	/* Where the kernel refuses, the loop turns until the time is over: no harm but the work. */
	(void)setsockopt(watch_descriptor(arrival->watch), SOL_SOCKET, SO_RCVLOWAT, &wanted,
			 sizeof(wanted));
}

static void await(struct arrival *arrival, enum arrival_stage stage, uint64_t seconds)
{
	arrival->stage = stage;
	timer_arm(arrival->timer, event_loop_now() + seconds * US_PER_S);
}

/* Takes the header's own bytes off the socket, where they were seen. */
static bool take(const struct arrival *arrival, size_t length)
{
	uint8_t bytes[PROXY_HEADER_MAX];

	return recv(watch_descriptor(arrival->watch), bytes, length, MSG_DONTWAIT) ==
	       (ssize_t)length;
}

static void on_header(struct arrival *arrival, const struct proxy_header *header)
{
	arrival->headed = true;
	if (header->relayed) {
		arrival->address = header->source.address;
		arrival->port = header->source.port;
	}
	/* What the caller itself wrote into its request is not believed. */
	if (arrival->transport != TRANSPORT_WEBSOCKET || !is_trusted(arrival)) {
		succeed(arrival);
		return;
	}
	await_more(arrival, 0);
	await(arrival, ARRIVAL_HEAD, ARRIVAL_HEAD_TIMEOUT);
}

static void read_header(struct arrival *arrival, const uint8_t *bytes, size_t length)
{
	struct proxy_header header;
	const char *why = NULL;
	int taken;

	/* A proxy that speaks HTTP itself says who calls in the request. */
	if (arrival->transport == TRANSPORT_WEBSOCKET && bytes[0] == 'G') {
		await(arrival, ARRIVAL_HEAD, ARRIVAL_HEAD_TIMEOUT);
		return;
	}
	taken = proxy_header_parse(&header, bytes, length, &why);
	if (taken < 0)
		fail(arrival, "proxy-header", why);
	else if (taken > 0 && take(arrival, (size_t)taken))
		on_header(arrival, &header);
	else if (taken > 0 || is_half_closed(watch_descriptor(arrival->watch)))
		fail(arrival, "proxy-header", "closed before the end of its PROXY header");
	else
		await_more(arrival, length);
}

static void read_head(struct arrival *arrival, const uint8_t *bytes, size_t length)
{
	const struct forwarded_trust trust = { arrival->trusted, arrival->trusted_count };
	const char *head = (const char *)bytes, *why = NULL;
	size_t head_length = http_head_length(head, length);
	struct forwarded_caller caller;
	int result;

	if (head_length == 0) {
		/* What is no request ends soon after, with its own reason. */
		if (!arrival->headed &&
		    (length == 0 || is_half_closed(watch_descriptor(arrival->watch))))
			fail(arrival, "proxy-header", "closed before the end of its request");
		else if (length == 0 ||
			 abuse_recognise(TRANSPORT_WEBSOCKET, bytes, length) != NULL ||
			 is_half_closed(watch_descriptor(arrival->watch)))
			succeed(arrival);
		else if (length == HEAD_MAX)
			fail(arrival, "proxy-header", "the request's head is over 8192 bytes");
		else
			await_more(arrival, length);
		return;
	}
	result = forwarded_read_head(&caller, head, head_length, &trust, &why);
	if (result < 0) {
		fail(arrival, "proxy-header", why);
		return;
	}
	if (result != FORWARDED_FOUND && !arrival->headed) {
		fail(arrival, "proxy-header",
		     "neither a PROXY header nor X-Forwarded-For or Forwarded");
		return;
	}
	if (result == FORWARDED_FOUND) {
		arrival->address = caller.address;
		arrival->port = caller.port;
	}
	succeed(arrival);
}

static void on_readable(void *context)
{
	struct arrival *arrival = context;
	bool header = arrival->stage == ARRIVAL_HEADER;
	uint8_t bytes[HEAD_MAX];
	ssize_t count;

	count = recv(watch_descriptor(arrival->watch), bytes,
		     header ? (size_t)PROXY_HEADER_MAX : sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (count < 0)
		count = 0;
	if (!header)
		read_head(arrival, bytes, (size_t)count);
	else if (count == 0)
		fail(arrival, "proxy-header", "closed before its PROXY header");
	else
		read_header(arrival, bytes, (size_t)count);
}

static const struct watch_handlers watch_handlers = { .readable = on_readable };

static void on_timer(void *context)
{
	struct arrival *arrival = context;

	switch (arrival->stage) {
	case ARRIVAL_KNOWN:
		succeed(arrival);
		break;
	case ARRIVAL_HEADER:
		fail(arrival, "proxy-header", "no PROXY header within 3 s");
		break;
	case ARRIVAL_HEAD:
		fail(arrival, "caller-handshake-timed-out", "no WebSocket request within 10 s");
		break;
	}
}

/* A scanner that has reset its connection by now has taken its address from the socket; systemd
 * read it when the connection came, and tells it to services. */
static void remember_peer(struct address *ret_address)
{
	const char *text = getenv("REMOTE_ADDR");

	if (text != NULL)
		(void)address_parse(ret_address, text);
}

void arrival_peer(int descriptor, struct address *ret_address, uint16_t *ret_port)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);

	*ret_address = (struct address) { 0 };
	*ret_port = 0;
	if (getpeername(descriptor, (struct sockaddr *)&peer, &length) == 0)
		(void)address_from_socket(ret_address, ret_port, (const struct sockaddr *)&peer,
					  length);
	else
		remember_peer(ret_address);
}

static int read_trusted(struct arrival *arrival, const struct config_list *trusted)
{
	int result;

	if (trusted->count == 0)
		return 0;
	arrival->trusted = calloc(trusted->count, sizeof(*arrival->trusted));
	if (arrival->trusted == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < trusted->count; i++) {
		result = network_parse(&arrival->trusted[i], trusted->items[i]);
		if (result < 0)
			return result;
		arrival->trusted_count++;
	}
	return 0;
}

int arrival_new(struct arrival **ret_arrival, struct event_loop *loop,
		const struct config_list *trusted, enum transport transport, int descriptor,
		const struct arrival_handlers *handlers, void *context)
{
	struct arrival *arrival;
	int result;

	arrival = calloc(1, sizeof(*arrival));
	if (arrival == NULL)
		return -ENOMEM;
	arrival->handlers = handlers;
	arrival->context = context;
	arrival->transport = transport;
	result = read_trusted(arrival, trusted);
	if (result < 0)
		goto out;
	result = timer_new(&arrival->timer, loop, on_timer, arrival);
	if (result < 0)
		goto out;
	arrival_peer(descriptor, &arrival->address, &arrival->port);
	if (is_trusted(arrival)) {
		result = watch_new(&arrival->watch, loop, descriptor, &watch_handlers, arrival);
		if (result < 0)
			goto out;
		await(arrival, ARRIVAL_HEADER, ARRIVAL_HEADER_TIMEOUT);
	} else {
		await(arrival, ARRIVAL_KNOWN, 0);
	}
	*ret_arrival = arrival;
	return 0;
out:
	arrival_free(arrival);
	return result;
}

void arrival_free(struct arrival *arrival)
{
	if (arrival == NULL)
		return;
	release_socket(arrival);
	timer_free(arrival->timer);
	free(arrival->trusted);
	free(arrival);
}
