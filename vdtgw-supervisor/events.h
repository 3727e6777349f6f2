/*
 * What happens to calls, bans and the Teletel server, told to whoever watches (Watch of
 * org.vdtgw.Admin) and to whoever keeps it. It writes no log lines.
 */
#ifndef VDTGW_SUPERVISOR_EVENTS_H
#define VDTGW_SUPERVISOR_EVENTS_H

#include "common/address.h"
#include "common/transport.h"
#include "vdtgw-supervisor/peers/peer.h"
#include "vdtgw-supervisor/sessions/session_table.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* org.vdtgw.Admin's EventKind. The numbers are in the database too: new ones go to the end. */
enum event_kind {
	EVENT_STARTED,
	EVENT_ENDED,
	EVENT_CRASHED,
	EVENT_REFUSED,
	EVENT_STATE,
	EVENT_REDIRECTING,
	EVENT_REDIRECTED,
	EVENT_REDIRECTION_ENDED,
	EVENT_TIMED_OUT,
	EVENT_KICKED,
	EVENT_SENT_HOME,
	EVENT_MESSAGE,
	EVENT_BANNED,
	EVENT_UNBANNED,
	EVENT_CHANNEL_UP,
	EVENT_CHANNEL_DOWN,
	EVENT_TELETEL_STARTED,
	EVENT_TELETEL_STOPPED,
	EVENT_TELETEL_FAILED,
	EVENT_RELOADED,
	EVENT_RELOAD_FAILED,
	EVENT_KIND_COUNT,
};

/* Strings are borrowed for as long as the event is told. What does not apply is NULL, -1 or
 * false. */
struct event {
	enum event_kind kind;
	int64_t time;    /* µs since the epoch */
	int64_t session; /* its number */
	bool has_caller; /* the transport, the network and the port mean something */
	enum transport transport;
	bool has_network;
	struct network network; /* the caller's address, or what is banned */
	uint16_t port;
	const char *service;
	const char *state;
	const char *reason;
	int64_t duration; /* µs */
	int64_t bytes_in;
	int64_t bytes_out;
};

/* "started", "ended" … */
const char *event_kind_name(enum event_kind kind);
/* 0, or -EINVAL for a word that names none. */
int event_kind_from_name(enum event_kind *ret_kind, const char *name);
/* An Event of org.vdtgw.Admin; NULL without memory. */
json_t *event_pack(const struct event *event);

/* An event without anything but its kind and the time, which is now; or with what is known of a
 * session, too. */
struct event event_of(enum event_kind kind);
struct event event_of_session(enum event_kind kind, const struct session_entry *entry);
/* The same of a whole call, whose service is the home service wherever the caller is now. */
struct event event_of_call(enum event_kind kind, const struct session_entry *entry);
/* Whose call it is about. address: NULL for a local socket's. */
void event_set_caller(struct event *event, enum transport transport, const struct address *address,
		      uint16_t port);

struct events;

int events_new(struct events **ret_events);
/* Accepts NULL. Watching peers must be gone. */
void events_free(struct events *events);
/* take is called for each event from now on; there is one such listener. */
void events_set_keeper(struct events *events,
		       void (*keep)(void *context, const struct event *event), void *context);
void events_publish(struct events *events, const struct event *event);

/* The peer, which is none that watches, is sent each event from now on, as another reply to its
 * call. Returns 0 or -ENOMEM. */
int events_add_watcher(struct events *events, struct peer *peer);
bool events_is_watcher(const struct events *events, const struct peer *peer);
/* The peer goes; it need not be one that watches. */
void events_remove_watcher(struct events *events, const struct peer *peer);
/* Watchers of these kinds, the bits of peer_kind(). */
size_t events_watcher_count(const struct events *events, int kinds);

#endif
