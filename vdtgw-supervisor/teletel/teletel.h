/*
 * What the Teletel server is told of the sessions, and what it orders them (PROTOCOLS.md section
 * 4).
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_H
#define VDTGW_SUPERVISOR_TELETEL_H

#include "vdtgw-supervisor/supervisor.h"
#include "vdtgw-supervisor/teletel/command_channel.h"
#include "vdtgw-supervisor/teletel/command_line.h"

#include <jansson.h>
#include <stdbool.h>

struct teletel;

/* Begins to connect, where the configuration wants it; supervisor is kept. Returns 0 or -errno. */
int teletel_new(struct teletel **ret_teletel, struct event_loop *loop,
		struct supervisor *supervisor);
/* Says nothing to the sessions. Accepts NULL. */
void teletel_free(struct teletel *teletel);

/* As command_channel_reconfigure(); sessions are told of a channel that goes down. */
void teletel_reconfigure(struct teletel *teletel, const struct config *config,
			 const struct config_keys *changed);

/* Whether the command channel is up, and its state for administrators; NULL without memory. */
bool teletel_is_up(const struct teletel *teletel);
json_t *teletel_pack_channel(const struct teletel *teletel);

/* A session is there: to be told of its own admission in another way. */
void teletel_entered(struct teletel *teletel, struct session_entry *entry);
/* It goes, and with it the redirection under way. */
void teletel_left(struct teletel *teletel, struct session_entry *entry);
/* The redirection `tag` of a session that came back without it is over. */
void teletel_redirection_lost(struct teletel *teletel, struct session_entry *entry,
			      const char *tag);
/* What became of the redirection `tag`, which the server has ordered. */
void teletel_news(struct teletel *teletel, struct session_entry *entry, enum command_event event,
		  const char *tag);

#endif
