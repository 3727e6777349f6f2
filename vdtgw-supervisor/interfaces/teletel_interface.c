/*
 * What administrators and consoles order the Teletel server. They are answered when it is done, by
 * which time they may have gone.
 */
#include "vdtgw-supervisor/interfaces/teletel_interface.h"

#include "common/messages.h"
#include "vdtgw-supervisor/teletel/teletel_server.h"

#include <errno.h>

enum {
	NAME_MAX_BYTES = 4096, /* of a unit's name or a path, in an answer */
};

/* Leaves out what is not known. */
static json_t *known(int64_t number)
{
	return number != 0 ? json_integer(number) : NULL;
}

static json_t *pack_server(const struct teletel_answer *answer)
{
	const struct teletel_status *status = &answer->status;

	return json_pack(
	    "{s:s, s:o, s:s, s:o*, s:o*, s:I, s:o*, s:o*}", "kind", answer->kind, "name",
	    varlink_text(answer->name, NAME_MAX_BYTES), "state", teletel_state_name(status->state),
	    "pid", known(status->pid), "since", known(status->since), "restarts",
	    (json_int_t)status->restarts, "retry", known(status->retry), "detail",
	    status->detail[0] != '\0' ? varlink_text(status->detail, TELETEL_TEXT_MAX) : NULL);
}

static void on_answer(void *context, const struct teletel_answer *answer)
{
	struct peer_answer *peer_answer = context;

	if (answer->kind == NULL)
		peer_answer_error(peer_answer, "org.vdtgw.Admin.NoTeletelServer", json_object());
	else if (answer->failure != NULL)
		peer_answer_error(
		    peer_answer, "org.vdtgw.Admin.TeletelFailed",
		    json_pack("{s:o}", "message", varlink_text(answer->failure, TELETEL_TEXT_MAX)));
	else
		peer_answer_reply(peer_answer, json_pack("{s:o}", "server", pack_server(answer)));
}

static void refuse(struct peer_answer *answer, int error)
{
	if (error == -EBUSY)
		peer_answer_error(answer, "org.vdtgw.Admin.TooMany",
				  json_pack("{s:i}", "limit", (int)TELETEL_REQUESTS_MAX));
	else if (error < 0)
		peer_answer_reply(answer, NULL);
}

void teletel_interface_status(struct supervisor *supervisor, struct peer *peer,
			      const struct varlink_call *call)
{
	struct peer_answer *answer;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	answer = peer_postpone(peer);
	if (answer != NULL)
		refuse(answer, teletel_server_look(supervisor->teletel_server, on_answer, answer));
}

static void order(struct supervisor *supervisor, struct peer *peer, const struct varlink_call *call,
		  enum teletel_order what, const char *word)
{
	struct peer_answer *answer;
	char by[PEER_TEXT_MAX];
	int error;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	answer = peer_postpone(peer);
	if (answer == NULL)
		return;
	log_event(LOG_PRIORITY_NOTICE, MESSAGE_TELETEL_ORDERED, NULL, 0,
		  "%s orders the Teletel server to %s", peer_format(peer, by), word);
	error = teletel_server_order(supervisor->teletel_server, what, on_answer, answer);
	refuse(answer, error);
}

void teletel_interface_start(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call)
{
	order(supervisor, peer, call, TELETEL_START, "start");
}

void teletel_interface_stop(struct supervisor *supervisor, struct peer *peer,
			    const struct varlink_call *call)
{
	order(supervisor, peer, call, TELETEL_STOP, "stop");
}

void teletel_interface_restart(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	order(supervisor, peer, call, TELETEL_RESTART, "restart");
}
