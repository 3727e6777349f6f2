/*
 * What the supervisor is told of the session as it happens, and remembered of it for the next
 * Enter.
 */
#include "common/wall_clock.h"
#include "vdtgw-session/supervisor_client_private.h"

#include "common/event_loop.h"

#include <string.h>

enum {
	VARIABLES_MAX = 16,
};

void supervisor_client_state(struct supervisor_client *client, const char *state,
			     const char *reason, const char *service)
{
	client->state = state;
	client->service = service;
	supervisor_client_tell(client, "StateChanged",
			       json_pack("{s:s, s:o, s:o}", "state", state, "reason",
					 varlink_text(reason, TEXT_MAX), "service",
					 varlink_text(service, SERVICE_MAX)));
}

/* "NAME=value" → { "NAME": "value" }; NULL without memory or without a name. */
static json_t *environment_from(const char *text)
{
	char name[TEXT_MAX / 4 + 1];
	const char *value = strchr(text, '=');
	size_t length = value != NULL ? (size_t)(value - text) : strlen(text);

	if (length == 0 || length >= sizeof(name))
		return NULL;
	for (size_t i = 0; i < length; i++)
		name[i] = text[i] > ' ' && text[i] < 0x7f ? text[i] : '?';
	name[length] = '\0';
	return json_pack("{s:o}", name, varlink_text(value != NULL ? value + 1 : "", TEXT_MAX));
}

static void remember_environment(struct supervisor_client *client, json_t *variable)
{
	json_t *known = json_object_get(client->facts, "environment");

	if (known == NULL)
		(void)json_object_set(client->facts, "environment", variable);
	else if (json_object_size(known) < VARIABLES_MAX)
		(void)json_object_update(known, variable);
}

void supervisor_client_learned(struct supervisor_client *client, enum caller_fact fact,
			       const char *text)
{
	static const char *const names[] = {
		[CALLER_TERMINAL_TYPE] = "terminal_type",
		[CALLER_WINDOW_SIZE] = "window_size",
		[CALLER_ENVIRONMENT] = "environment",
	};
	json_t *value;

	value = fact == CALLER_ENVIRONMENT ? environment_from(text) : varlink_text(text, TEXT_MAX);
	if (value == NULL)
		return;
	if (fact == CALLER_ENVIRONMENT)
		remember_environment(client, value);
	else
		(void)json_object_set(client->facts, names[fact], value);
	supervisor_client_tell(client, "Learned", json_pack("{s:o}", names[fact], value));
}

void supervisor_client_redirecting(struct supervisor_client *client, const char *tag,
				   const char *service)
{
	client->redirection = tag;
	supervisor_client_tell(client, "Redirecting",
			       json_pack("{s:o, s:o}", "tag", varlink_text(tag, TEXT_MAX),
					 "service", varlink_text(service, SERVICE_MAX)));
}

void supervisor_client_redirected(struct supervisor_client *client, const char *tag)
{
	supervisor_client_tell(client, "Redirected",
			       json_pack("{s:o}", "tag", varlink_text(tag, TEXT_MAX)));
}

void supervisor_client_requested_close(struct supervisor_client *client, const char *tag)
{
	supervisor_client_tell(client, "RequestedClose",
			       json_pack("{s:o}", "tag", varlink_text(tag, TEXT_MAX)));
}

void supervisor_client_home_lost(struct supervisor_client *client, const char *tag)
{
	/* A supervisor that starts anew has nobody to tell either. */
	client->redirection = NULL;
	supervisor_client_tell(client, "HomeLost",
			       json_pack("{s:o}", "tag", varlink_text(tag, TEXT_MAX)));
}

void supervisor_client_redirect_ended(struct supervisor_client *client, const char *tag,
				      const char *reason, uint64_t bytes_in, uint64_t bytes_out)
{
	client->redirection = NULL;
	supervisor_client_tell(client, "RedirectEnded",
			       json_pack("{s:o, s:o, s:I, s:I}", "tag", varlink_text(tag, TEXT_MAX),
					 "reason", varlink_text(reason, TEXT_MAX), "bytes_in",
					 (json_int_t)bytes_in, "bytes_out", (json_int_t)bytes_out));
}

static bool is_told(const struct supervisor_traffic *told, const struct supervisor_traffic *traffic)
{
	return told->bytes_in == traffic->bytes_in && told->bytes_out == traffic->bytes_out &&
	       told->typed_at == traffic->typed_at && told->queue == traffic->queue &&
	       told->redirected == traffic->redirected && told->remote_in == traffic->remote_in &&
	       told->remote_out == traffic->remote_out;
}

void supervisor_client_traffic(struct supervisor_client *client,
			       const struct supervisor_traffic *traffic)
{
	json_t *parameters;

	client->traffic = *traffic;
	if (!client->answered || is_told(&client->told, traffic))
		return;
	client->told = *traffic;
	parameters =
	    json_pack("{s:I, s:I, s:I}", "bytes_in", (json_int_t)traffic->bytes_in, "bytes_out",
		      (json_int_t)traffic->bytes_out, "queue", (json_int_t)traffic->queue);
	if (parameters != NULL && traffic->typed_at != 0)
		(void)json_object_set_new(
		    parameters, "typed",
		    json_integer(wall_clock_now() -
				 (int64_t)(event_loop_now() - traffic->typed_at)));
	if (parameters != NULL && traffic->redirected) {
		(void)json_object_set_new(parameters, "remote_in",
					  json_integer((json_int_t)traffic->remote_in));
		(void)json_object_set_new(parameters, "remote_out",
					  json_integer((json_int_t)traffic->remote_out));
	}
	supervisor_client_tell(client, "Traffic", parameters);
}

void supervisor_client_leave(struct supervisor_client *client, const char *reason,
			     uint64_t bytes_in, uint64_t bytes_out, uint64_t duration)
{
	/* Right behind an Enter that is not answered yet, too: it may have admitted the session by
	 * now, and would take the silence for a crash. */
	if (client->link != NULL)
		supervisor_link_call(client->link, "Leave",
				     json_pack("{s:s, s:I, s:I, s:I}", "reason", reason, "bytes_in",
					       (json_int_t)bytes_in, "bytes_out",
					       (json_int_t)bytes_out, "duration",
					       (json_int_t)duration),
				     VARLINK_ONEWAY);
}
