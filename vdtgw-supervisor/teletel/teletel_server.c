/*
 * Brings requests and the back end together. Orders wait in a queue, of which the first is being
 * carried out; an order that has been carried out waits for a look at the server, as does a request
 * that only asks for its status, and one look answers all that waited when it began.
 */
#include "vdtgw-supervisor/teletel/teletel_server.h"

#include "common/array.h"
#include "common/log.h"
#include "common/messages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct request *next;
	bool replaces; /* the back end, as the configuration wants it; else an order */
	enum teletel_order order;
	teletel_answered *answered; /* NULL: nobody asked */
	void *context;
};

struct queue {
	struct request *first;
	struct request *last;
};

struct teletel_server {
	struct event_loop *loop;
	const struct config *config;
	struct events *events;
	const struct teletel_backend *backend; /* NULL: there is no Teletel server */
	void *state;                           /* the back end's */
	struct queue orders; /* the first is being carried out, where `ordering` */
	struct queue looks;
	struct queue looking; /* those that the look under way answers */
	size_t count;
	bool ordering;
	bool running;
};

static const char *const state_names[] = {
	[TELETEL_STOPPED] = "stopped", [TELETEL_STARTING] = "starting",
	[TELETEL_RUNNING] = "running", [TELETEL_STOPPING] = "stopping",
	[TELETEL_FAILED] = "failed",
};
static_assert(LENGTH(state_names) == TELETEL_STATE_COUNT, "every state has its name");

static const struct teletel_backend *const backends[] = { &teletel_unit, &teletel_child };

const char *teletel_state_name(enum teletel_state state)
{
	return state_names[state];
}

/* Requests */

static void push(struct queue *queue, struct request *request)
{
	request->next = NULL;
	if (queue->first == NULL)
		queue->first = request;
	else
		queue->last->next = request;
	queue->last = request;
}

static struct request *pop(struct queue *queue)
{
	struct request *request = queue->first;

	if (request != NULL)
		queue->first = request->next;
	return request;
}

/* Answers a request that is in no queue any more. status NULL: with a failure, or that there is no
 * server. */
static void answer(struct teletel_server *server, struct request *request, const char *failure,
		   const struct teletel_status *status)
{
	struct teletel_answer what = { .failure = failure };

	if (server->backend != NULL) {
		what.kind = server->backend->kind;
		what.name = server->backend->name(server->state);
	}
	if (status != NULL)
		what.status = *status;
	server->count--;
	if (request->answered != NULL)
		request->answered(request->context, &what);
	free(request);
}

/* What the back end tells */

static void run(struct teletel_server *server);

static void on_ordered(void *context, const char *failure)
{
	struct teletel_server *server = context;
	struct request *request = server->orders.first;

	if (!server->ordering)
		return;
	server->ordering = false;
	/* A server that is to be replaced was stopped: that it failed holds up nothing. */
	if (!request->replaces) {
		pop(&server->orders);
		if (failure != NULL)
			answer(server, request, failure, NULL);
		else
			push(&server->looks, request);
	}
	run(server);
}

static void on_looked(void *context, const char *failure, const struct teletel_status *status)
{
	struct teletel_server *server = context;
	struct request *request;

	while ((request = pop(&server->looking)) != NULL)
		answer(server, request, failure, status);
	run(server);
}

static void on_changed(void *context, enum event_kind kind, const char *reason)
{
	struct teletel_server *server = context;
	const char *name = server->backend->name(server->state);
	const struct log_field fields[] = {
		{ "VDTGW_SERVICE", name },
		{ "VDTGW_REASON", reason },
	};
	struct event event = event_of(kind);

	/* The reason of a failure names the server itself. */
	if (kind == EVENT_TELETEL_FAILED)
		log_event(LOG_PRIORITY_ERROR, MESSAGE_TELETEL_FAILED, fields, LENGTH(fields),
			  "the Teletel server has failed: %s", reason);
	else if (kind == EVENT_TELETEL_STARTED)
		log_event(LOG_PRIORITY_NOTICE, MESSAGE_TELETEL_STARTED, fields, LENGTH(fields),
			  "the Teletel server %s was started", name);
	else
		log_event(LOG_PRIORITY_NOTICE, MESSAGE_TELETEL_STOPPED, fields, LENGTH(fields),
			  "the Teletel server %s was stopped%s%s", name,
			  reason != NULL ? ": it " : "", reason != NULL ? reason : "");
	event.service = name;
	event.reason = reason;
	events_publish(server->events, &event);
}

static const struct teletel_listener listener = {
	.ordered = on_ordered,
	.looked = on_looked,
	.changed = on_changed,
};

/* The back end */

static const struct teletel_backend *wanted_backend(const struct config *config)
{
	for (size_t i = 0; i < LENGTH(backends); i++)
		if (backends[i]->is_wanted(config))
			return backends[i];
	return NULL;
}

static int open_backend(struct teletel_server *server)
{
	const struct teletel_backend *backend = wanted_backend(server->config);
	int error = 0;

	if (backend != NULL)
		error =
		    backend->open(&server->state, server->loop, server->config, &listener, server);
	if (error == 0)
		server->backend = backend;
	return error;
}

static void close_backend(struct teletel_server *server)
{
	if (server->backend != NULL)
		server->backend->close(server->state);
	server->backend = NULL;
	server->state = NULL;
}

static bool is_as_wanted(const struct teletel_server *server)
{
	const struct teletel_backend *backend = wanted_backend(server->config);

	return backend == server->backend &&
	       (backend == NULL || backend->is_same(server->state, server->config));
}

static int add(struct teletel_server *server, struct queue *queue, struct request like)
{
	struct request *request = malloc(sizeof(*request));

	if (request == NULL)
		return -ENOMEM;
	*request = like;
	server->count++;
	push(queue, request);
	return 0;
}

/* What is to be done */

/* The old back end has been stopped, or is not ours to stop. A child is started ahead of all that
 * was ordered meanwhile. */
static void replace(struct teletel_server *server, struct request *request)
{
	int error;

	close_backend(server);
	error = open_backend(server);
	if (error < 0)
		log_error("the Teletel server of the configuration cannot be set up: %s",
			  strerror(-error));
	if (server->backend != NULL && server->backend->is_ours) {
		request->replaces = false;
		request->order = TELETEL_START;
	} else {
		answer(server, pop(&server->orders), NULL, NULL);
	}
}

/* Comes twice for a child, which is stopped the first time. A second change may have brought the
 * same server back meanwhile: it was stopped all the same. */
static bool begin_replacement(struct teletel_server *server, struct request *request)
{
	bool stopped = request->order == TELETEL_STOP;

	/* No back end goes while it is looked at. */
	if (server->looking.first != NULL)
		return false;
	if (!stopped && is_as_wanted(server)) {
		answer(server, pop(&server->orders), NULL, NULL);
	} else if (!stopped && server->backend != NULL && server->backend->is_ours) {
		request->order = TELETEL_STOP;
		server->ordering = true;
		server->backend->order(server->state, TELETEL_STOP);
	} else {
		replace(server, request);
	}
	return true;
}

static bool begin_order(struct teletel_server *server)
{
	struct request *request = server->orders.first;

	if (server->ordering || request == NULL)
		return false;
	if (request->replaces)
		return begin_replacement(server, request);
	if (server->backend == NULL) {
		answer(server, pop(&server->orders), NULL, NULL);
		return true;
	}
	server->ordering = true;
	server->backend->order(server->state, request->order);
	return true;
}

static bool begin_look(struct teletel_server *server)
{
	if (server->looking.first != NULL || server->looks.first == NULL)
		return false;
	if (server->backend == NULL) {
		answer(server, pop(&server->looks), NULL, NULL);
		return true;
	}
	server->looking = server->looks;
	server->looks = (struct queue) { .first = NULL };
	server->backend->look(server->state);
	return true;
}

/* The back end may answer before it returns, which leads here again: the outermost call goes on. */
static void run(struct teletel_server *server)
{
	if (server->running)
		return;
	server->running = true;
	/* Looks first: a replacement waits for them. */
	while (begin_look(server) || begin_order(server))
		;
	server->running = false;
}

static int ask(struct teletel_server *server, struct queue *queue, struct request like)
{
	int error = server->count < TELETEL_REQUESTS_MAX ? add(server, queue, like) : -EBUSY;

	if (error == 0)
		run(server);
	return error;
}

int teletel_server_order(struct teletel_server *server, enum teletel_order order,
			 teletel_answered *answered, void *context)
{
	return ask(server, &server->orders,
		   (struct request) { .order = order, .answered = answered, .context = context });
}

int teletel_server_look(struct teletel_server *server, teletel_answered *answered, void *context)
{
	return ask(server, &server->looks,
		   (struct request) { .answered = answered, .context = context });
}

/* Whether a replacement is still to come, which will look at the configuration of that time. */
static bool is_to_be_replaced(const struct teletel_server *server)
{
	const struct request *request = server->orders.first;

	while (request != NULL && !request->replaces)
		request = request->next;
	return request != NULL;
}

int teletel_server_reconfigure(struct teletel_server *server, const struct config *config)
{
	int error;

	server->config = config;
	/* One is enough for all reloads during a stop that takes its time: they would fill the
	 * queue. */
	if (is_to_be_replaced(server))
		return 0;
	/* Besides the limit, which is that of peers. */
	error = add(server, &server->orders, (struct request) { .replaces = true });
	if (error == 0)
		run(server);
	return error;
}

int teletel_server_new(struct teletel_server **ret_server, struct event_loop *loop,
		       const struct config *config, struct events *events)
{
	struct teletel_server *server = calloc(1, sizeof(*server));
	int error;

	if (server == NULL)
		return -ENOMEM;
	server->loop = loop;
	server->config = config;
	server->events = events;
	/* From nothing to what is configured. */
	error = teletel_server_reconfigure(server, config);
	if (error < 0) {
		teletel_server_free(server);
		return error;
	}
	*ret_server = server;
	return 0;
}

void teletel_server_free(struct teletel_server *server)
{
	struct queue *queues[3];
	struct request *request;

	if (server == NULL)
		return;
	queues[0] = &server->orders;
	queues[1] = &server->looks;
	queues[2] = &server->looking;
	/* Nothing begins any more. */
	server->running = true;
	for (size_t i = 0; i < 3; i++)
		while ((request = pop(queues[i])) != NULL)
			answer(server, request, "the supervisor is ending", NULL);
	server->ordering = false;
	close_backend(server);
	free(server);
}
