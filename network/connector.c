/*
 * Connects to the addresses of a name in turn and says in a word why none of them answered.
 */
#include "network/connector.h"

#include "common/address.h"
#include "common/microseconds.h"
#include "network/resolver.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ATTEMPT_MIN = 2 * US_PER_S, /* µs that an address is given, while they last */
	DETAIL_MAX = 160,
};

struct connector {
	struct event_loop *loop;
	struct resolver *resolver; /* while there is no answer */
	struct resolver_answer addresses;
	size_t next; /* address to try */
	struct watch *attempt;
	struct timer *patience;
	uint64_t deadline;
	enum service_failure why; /* of the attempts so far, once failed */
	bool failed;
	char detail[DETAIL_MAX];
	bool (*acceptable)(void *context, const struct address *address); /* NULL: all are */
	void *acceptable_context;
	const struct connector_handlers *handlers;
	void *context;
};

static void try_next(struct connector *connector);

static enum service_failure classify(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return SERVICE_REFUSED;
	case ETIMEDOUT:
		return SERVICE_TIMED_OUT;
	case ECONNRESET:
		return SERVICE_CUT;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return SERVICE_NO_RESOURCES;
	default:
		/* ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES of a firewall … */
		return SERVICE_UNREACHABLE;
	}
}

static const char *format(const union resolver_address *address, char ret_text[ADDRESS_TEXT_MAX])
{
	struct address plain;

	(void)snprintf(ret_text, ADDRESS_TEXT_MAX, "?");
	if (address_from_socket(&plain, NULL, &address->any, resolver_address_length(address)) == 0)
		address_format(&plain, ret_text);
	return ret_text;
}

/* Of several failures the first that came from the service's side is the one to tell: that its
 * other addresses have no route from here says nothing of the service. */
static void note_failure(struct connector *connector, int error)
{
	const union resolver_address *tried = &connector->addresses.addresses[connector->next - 1];
	char text[ADDRESS_TEXT_MAX];

	if (connector->failed && connector->why != SERVICE_UNREACHABLE)
		return;
	connector->failed = true;
	connector->why = classify(error);
	(void)snprintf(connector->detail, sizeof(connector->detail), "%s: %s", format(tried, text),
		       strerror(error));
}

/* An address of another family, which has no form to be judged by, is not acceptable. */
static bool is_acceptable(const struct connector *connector, const union resolver_address *address)
{
	struct address judged;

	if (connector->acceptable == NULL)
		return true;
	if (address_from_socket(&judged, NULL, &address->any, resolver_address_length(address)) < 0)
		return false;
	return connector->acceptable(connector->acceptable_context, &judged);
}

/* Told only where no address could be tried at all: what became of those that were says more. */
static void note_denial(struct connector *connector, const union resolver_address *denied)
{
	char text[ADDRESS_TEXT_MAX];

	if (connector->failed)
		return;
	connector->why = SERVICE_DENIED;
	(void)snprintf(connector->detail, sizeof(connector->detail), "%s: not allowed",
		       format(denied, text));
}

/* The connector may be freed on return, from here and from what calls this. */
static void end_attempt(struct connector *connector, int error)
{
	watch_free(connector->attempt);
	connector->attempt = NULL;
	note_failure(connector, error);
	try_next(connector);
}

static void on_decided(void *context)
{
	struct connector *connector = context;
	int error = 0;
	socklen_t length = sizeof(error);
	int descriptor;

	if (getsockopt(watch_descriptor(connector->attempt), SOL_SOCKET, SO_ERROR, &error,
		       &length) < 0)
		error = errno;
	if (error != 0) {
		end_attempt(connector, error);
		return;
	}
	timer_disarm(connector->patience);
	descriptor = watch_release(connector->attempt);
	connector->attempt = NULL;
	connector->handlers->connected(connector->context, descriptor);
}

static const struct watch_handlers attempt_handlers = {
	.writable = on_decided,
};

/* Returns 0 while the attempt is under way, or -errno. */
static int start_attempt(struct connector *connector, const union resolver_address *address)
{
	int descriptor =
	    socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (descriptor < 0)
		return -errno;
	if (connect(descriptor, &address->any, resolver_address_length(address)) < 0 &&
	    errno != EINPROGRESS) {
		r = -errno;
		goto out;
	}
	r = watch_new(&connector->attempt, connector->loop, descriptor, &attempt_handlers,
		      connector);
	if (r < 0)
		goto out;
	watch_write_once(connector->attempt);
	watch_read(connector->attempt, false);
	return 0;
out:
	close(descriptor);
	return r;
}

/* The time that is left is shared by the addresses that are left. */
static uint64_t attempt_end(const struct connector *connector)
{
	uint64_t now = event_loop_now();
	uint64_t share;

	if (now >= connector->deadline)
		return now;
	share = (connector->deadline - now) / (connector->addresses.count - connector->next + 1);
	if (share < ATTEMPT_MIN)
		share = ATTEMPT_MIN;
	return now + share < connector->deadline ? now + share : connector->deadline;
}

static void try_next(struct connector *connector)
{
	while (connector->next < connector->addresses.count) {
		const union resolver_address *address =
		    &connector->addresses.addresses[connector->next++];
		int r;

		if (!is_acceptable(connector, address)) {
			note_denial(connector, address);
			continue;
		}
		r = start_attempt(connector, address);
		if (r == 0) {
			timer_arm(connector->patience, attempt_end(connector));
			return;
		}
		note_failure(connector, -r);
	}
	timer_disarm(connector->patience);
	connector->handlers->failed(connector->context, connector->why, connector->detail);
}

static void on_answered(void *context, int result, const struct resolver_answer *answer,
			const char *detail)
{
	struct connector *connector = context;

	timer_disarm(connector->patience);
	if (result < 0) {
		connector->handlers->failed(
		    connector->context,
		    result == -ENOENT ? SERVICE_NAME_UNKNOWN : SERVICE_RESOLVER_FAILED, detail);
		return;
	}
	connector->addresses = *answer;
	resolver_free(connector->resolver);
	connector->resolver = NULL;
	try_next(connector);
}

static void on_patience_over(void *context)
{
	struct connector *connector = context;

	if (connector->resolver != NULL)
		connector->handlers->failed(connector->context, SERVICE_TIMED_OUT,
					    "the name was not resolved in time");
	else
		end_attempt(connector, ETIMEDOUT);
}

int connector_new(struct connector **ret_connector, struct event_loop *loop,
		  const struct service_target *target, uint64_t deadline,
		  const struct connector_handlers *handlers, void *context)
{
	struct connector *connector = calloc(1, sizeof(*connector));
	int r;

	if (connector == NULL)
		return -ENOMEM;
	connector->loop = loop;
	connector->deadline = deadline;
	connector->acceptable = target->acceptable;
	connector->acceptable_context = target->acceptable_context;
	connector->handlers = handlers;
	connector->context = context;
	r = timer_new(&connector->patience, loop, on_patience_over, connector);
	if (r < 0)
		goto out;
	r = resolver_new(&connector->resolver, loop, target->uri->host, target->uri->port,
			 on_answered, connector);
	if (r < 0)
		goto out;
	timer_arm(connector->patience, deadline);
	*ret_connector = connector;
	connector = NULL;
out:
	connector_free(connector);
	return r;
}

void connector_free(struct connector *connector)
{
	if (connector == NULL)
		return;
	resolver_free(connector->resolver);
	watch_free(connector->attempt);
	timer_free(connector->patience);
	free(connector);
}
