/*
 * Passes each event on to the keeper and to the peers that watch. A watcher that cannot keep up is
 * ended by its peer, here and while the others are told: so the list is never walked while it
 * changes.
 */
#include "vdtgw-supervisor/events.h"

#include "common/wall_clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct events {
	struct peer **watchers;
	size_t count;
	size_t size;
	void (*keep)(void *context, const struct event *event);
	void *context;
};

static const char *const kind_names[] = {
	[EVENT_STARTED] = "started",
	[EVENT_ENDED] = "ended",
	[EVENT_CRASHED] = "crashed",
	[EVENT_REFUSED] = "refused",
	[EVENT_STATE] = "state",
	[EVENT_REDIRECTING] = "redirecting",
	[EVENT_REDIRECTED] = "redirected",
	[EVENT_REDIRECTION_ENDED] = "redirection_ended",
	[EVENT_TIMED_OUT] = "timed_out",
	[EVENT_KICKED] = "kicked",
	[EVENT_SENT_HOME] = "sent_home",
	[EVENT_MESSAGE] = "message",
	[EVENT_BANNED] = "banned",
	[EVENT_UNBANNED] = "unbanned",
	[EVENT_CHANNEL_UP] = "channel_up",
	[EVENT_CHANNEL_DOWN] = "channel_down",
	[EVENT_TELETEL_STARTED] = "teletel_started",
	[EVENT_TELETEL_STOPPED] = "teletel_stopped",
	[EVENT_TELETEL_FAILED] = "teletel_failed",
	[EVENT_RELOADED] = "reloaded",
	[EVENT_RELOAD_FAILED] = "reload_failed",
};
static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == EVENT_KIND_COUNT,
	      "every kind has its name");

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

int event_kind_from_name(enum event_kind *ret_kind, const char *name)
{
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		if (strcmp(kind_names[kind], name) == 0) {
			*ret_kind = (enum event_kind)kind;
			return 0;
		}
	return -EINVAL;
}

struct event event_of(enum event_kind kind)
{
	return (struct event) {
		.kind = kind,
		.time = wall_clock_now(),
		.session = -1,
		.duration = -1,
		.bytes_in = -1,
		.bytes_out = -1,
	};
}

void event_set_caller(struct event *event, enum transport transport, const struct address *address,
		      uint16_t port)
{
	enum {
		WHOLE = 128, /* bits: an address alone */
	};

	event->has_caller = true;
	event->transport = transport;
	event->has_network = address != NULL;
	if (address != NULL)
		event->network = network_of_address(address, WHOLE);
	event->port = port;
}

struct event event_of_session(enum event_kind kind, const struct session_entry *entry)
{
	struct event event = event_of(kind);

	event.session = entry->number;
	event_set_caller(&event, entry->transport, entry->has_address ? &entry->address : NULL,
			 entry->port);
	event.service = entry->service;
	return event;
}

struct event event_of_call(enum event_kind kind, const struct session_entry *entry)
{
	struct event event = event_of_session(kind, entry);

	if (entry->home != NULL)
		event.service = entry->home;
	return event;
}

/* Leaves what is not known out; false without memory. */
static bool put(json_t *object, const char *name, json_t *value)
{
	return value != NULL && json_object_set_new(object, name, value) == 0;
}

static bool put_number(json_t *object, const char *name, int64_t number)
{
	return number < 0 || put(object, name, json_integer(number));
}

static bool put_text(json_t *object, const char *name, const char *text)
{
	return text == NULL || put(object, name, json_string(text));
}

static bool put_caller(json_t *object, const struct event *event)
{
	char network[NETWORK_TEXT_MAX];

	if (event->has_network) {
		network_format(&event->network, network);
		if (!put_text(object, "address", network))
			return false;
	}
	return !event->has_caller ||
	       (put_text(object, "transport", transport_name(event->transport)) &&
		put_number(object, "port", event->port));
}

json_t *event_pack(const struct event *event)
{
	json_t *object = json_pack("{s:I, s:s}", "time", (json_int_t)event->time, "kind",
				   event_kind_name(event->kind));

	if (object != NULL && put_number(object, "session", event->session) &&
	    put_caller(object, event) && put_text(object, "service", event->service) &&
	    put_text(object, "state", event->state) && put_text(object, "reason", event->reason) &&
	    put_number(object, "duration", event->duration) &&
	    put_number(object, "bytes_in", event->bytes_in) &&
	    put_number(object, "bytes_out", event->bytes_out))
		return object;
	json_decref(object);
	return NULL;
}

int events_new(struct events **ret_events)
{
	struct events *events = calloc(1, sizeof(*events));

	if (events == NULL)
		return -ENOMEM;
	*ret_events = events;
	return 0;
}

void events_free(struct events *events)
{
	if (events == NULL)
		return;
	free(events->watchers);
	free(events);
}

void events_set_keeper(struct events *events,
		       void (*keep)(void *context, const struct event *event), void *context)
{
	events->keep = keep;
	events->context = context;
}

int events_add_watcher(struct events *events, struct peer *peer)
{
	if (events->count == events->size) {
		size_t size = events->size == 0 ? 8 : 2 * events->size;
		struct peer **watchers = realloc(events->watchers, size * sizeof(*watchers));

		if (watchers == NULL)
			return -ENOMEM;
		events->watchers = watchers;
		events->size = size;
	}
	events->watchers[events->count++] = peer;
	return 0;
}

void events_remove_watcher(struct events *events, const struct peer *peer)
{
	for (size_t i = 0; i < events->count; i++)
		if (events->watchers[i] == peer) {
			events->watchers[i] = events->watchers[--events->count];
			return;
		}
}

bool events_is_watcher(const struct events *events, const struct peer *peer)
{
	for (size_t i = 0; i < events->count; i++)
		if (events->watchers[i] == peer)
			return true;
	return false;
}

size_t events_watcher_count(const struct events *events, int kinds)
{
	size_t count = 0;

	for (size_t i = 0; i < events->count; i++)
		if ((peer_kind(events->watchers[i]) & kinds) != 0)
			count++;
	return count;
}

void events_publish(struct events *events, const struct event *event)
{
	json_t *packed;

	if (events->keep != NULL)
		events->keep(events->context, event);
	if (events->count == 0)
		return;
	packed = event_pack(event);
	if (packed == NULL)
		return;
	/* From the last one down: a watcher that ends here is replaced by one that was told. */
	for (size_t i = events->count; i > 0; i--)
		peer_order(events->watchers[i - 1], json_pack("{s:O}", "event", packed));
	json_decref(packed);
}
