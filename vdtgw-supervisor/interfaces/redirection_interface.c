/*
 * What session processes call to say how their redirection goes: checked, and passed on to the
 * Teletel server.
 */
#include "vdtgw-supervisor/interfaces/redirection_interface.h"

#include "vdtgw-supervisor/interfaces/session_interface.h"
#include "vdtgw-supervisor/sessions/redirections.h"
#include "vdtgw-supervisor/teletel/teletel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct values {
	const char *tag;
	const char *service;
	const char *reason;
	int64_t bytes_in;
	int64_t bytes_out;
};

#define TAG                                                                                        \
	{                                                                                          \
		"tag", offsetof(struct values, tag), VARLINK_STRING, true, 0, COMMAND_TAG_MAX      \
	}

/* What the methods have in common; the session must have entered. detail: as in
 * redirections_news(). */
static void take_news(struct supervisor *supervisor, struct peer *peer, enum command_event event,
		      const char *tag, const char *detail)
{
	struct session_entry *entry = peer_session(peer);
	bool orphaned = entry->redirection.orphaned;
	int error = redirections_news(supervisor->redirections, entry, event, tag, detail);

	if (error == -ENOMEM) {
		peer_end(peer, PEER_NO_MEMORY);
		return;
	}
	if (error < 0) {
		peer_error(peer, "org.vdtgw.Session.NoSuchRedirection",
			   json_pack("{s:s}", "tag", tag));
		return;
	}
	if (!orphaned)
		teletel_news(supervisor->teletel, entry, event, tag);
	peer_reply(peer, json_object(), false);
}

void redirection_interface_redirecting(struct supervisor *supervisor, struct peer *peer,
				       const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		TAG,
		{ "service", offsetof(struct values, service), VARLINK_STRING, true, 0,
		  SESSION_SERVICE_MAX },
	};
	struct values values;

	if (session_interface_caller(peer) != NULL &&
	    supervisor_read_parameters(peer, call, fields, 2, &values))
		take_news(supervisor, peer, COMMAND_REDIRECTING, values.tag, values.service);
}

static void take_plain(struct supervisor *supervisor, struct peer *peer,
		       const struct varlink_call *call, enum command_event event)
{
	static const struct varlink_field fields[] = { TAG };
	struct values values;

	if (session_interface_caller(peer) != NULL &&
	    supervisor_read_parameters(peer, call, fields, 1, &values))
		take_news(supervisor, peer, event, values.tag, NULL);
}

void redirection_interface_redirected(struct supervisor *supervisor, struct peer *peer,
				      const struct varlink_call *call)
{
	take_plain(supervisor, peer, call, COMMAND_REDIRECTED);
}

void redirection_interface_requested_close(struct supervisor *supervisor, struct peer *peer,
					   const struct varlink_call *call)
{
	take_plain(supervisor, peer, call, COMMAND_REQUESTED_CLOSE);
}

void redirection_interface_home_lost(struct supervisor *supervisor, struct peer *peer,
				     const struct varlink_call *call)
{
	static const struct varlink_field fields[] = { TAG };
	struct session_entry *entry = session_interface_caller(peer);
	struct values values;

	(void)supervisor;
	if (entry == NULL || !supervisor_read_parameters(peer, call, fields, 1, &values))
		return;
	if (entry->redirection.state != REDIRECTION_NONE &&
	    strcmp(entry->redirection.tag, values.tag) == 0)
		entry->redirection.orphaned = true;
	peer_reply(peer, json_object(), false);
}

void redirection_interface_ended(struct supervisor *supervisor, struct peer *peer,
				 const struct varlink_call *call)
{
	static const struct varlink_field fields[] = {
		TAG,
		{ "reason", offsetof(struct values, reason), VARLINK_STRING, true, 0,
		  SESSION_TEXT_MAX },
		{ "bytes_in", offsetof(struct values, bytes_in), VARLINK_INT, false, 0, INT64_MAX },
		{ "bytes_out", offsetof(struct values, bytes_out), VARLINK_INT, false, 0,
		  INT64_MAX },
	};
	struct session_entry *entry = session_interface_caller(peer);
	struct values values = { .bytes_in = -1, .bytes_out = -1 };

	if (entry == NULL || !supervisor_read_parameters(peer, call, fields, 4, &values))
		return;
	if (entry->redirection.state != REDIRECTION_NONE &&
	    strcmp(entry->redirection.tag, values.tag) == 0) {
		if (values.bytes_in >= 0)
			entry->redirection.bytes_in = values.bytes_in;
		if (values.bytes_out >= 0)
			entry->redirection.bytes_out = values.bytes_out;
	}
	take_news(supervisor, peer, COMMAND_REDIRECT_ENDED, values.tag, values.reason);
}
