/*
 * The client of org.vdtgw.Session. It keeps what the supervisor must know (state, service, what
 * was learned, traffic, the number), so that each new connection begins with an Enter that tells
 * all of it; what happens while the supervisor is away is not queued.
 */
#include "vdtgw-session/supervisor_client.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "common/wall_clock.h"
#include "vdtgw-session/supervisor_client_private.h"
#include "vdtgw-session/supervisor_orders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void destroy(struct supervisor_client *client)
{
	supervisor_link_free(client->link);
	timer_free(client->timer);
	json_decref(client->facts);
	free(client);
}

/* Lets the connection go and tries again later. detail: why, for the log. */
static void disconnect(struct supervisor_client *client, const char *detail)
{
	bool was_answered = client->answered;

	supervisor_link_free(client->link);
	client->link = NULL;
	client->answered = false;
	timer_arm(client->timer, event_loop_now() + SUPERVISOR_RETRY * US_PER_S);
	if (was_answered)
		client->handlers->away(client->context, detail);
	if (!client->absence_told && client->number == 0) {
		client->absence_told = true;
		client->handlers->absent(client->context, detail);
	}
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
	supervisor_link_call(client->link, method, parameters, VARLINK_ONEWAY);
}

static void enter(struct supervisor_client *client)
{
	json_t *parameters;

	parameters = json_pack("{s:s, s:s, s:i, s:o?, s:I, s:s?, s:o?, s:I, s:I}", "transport",
			       transport_name(client->entry->transport), "address",
			       client->entry->address, "port", (int)client->entry->port, "home",
			       varlink_text(client->entry->home, SERVICE_MAX), "started",
			       (json_int_t)client->started, "state", client->state, "service",
			       varlink_text(client->service, SERVICE_MAX), "bytes_in",
			       (json_int_t)client->traffic.bytes_in, "bytes_out",
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
	supervisor_link_call(client->link, "Enter", parameters, VARLINK_MORE);
}

/* The file for what the caller types comes with the first answer, and nothing else ever does. */
static void take_passed(struct supervisor_client *client, const struct varlink_reply *reply)
{
	json_int_t max = json_integer_value(json_object_get(reply->parameters, "dump"));
	int descriptor = supervisor_link_take_passed(client->link);

	if (max > 0 && descriptor >= 0) {
		client->handlers->dump(client->context, descriptor, (uint64_t)max);
		return;
	}
	if (max > 0 || descriptor >= 0)
		log_warning("the supervisor passed %s: what the caller types is not recorded",
			    max > 0 ? "no file" : "a descriptor and did not say what for");
	if (descriptor >= 0)
		(void)close(descriptor);
}

static int on_admission(struct supervisor_client *client, const struct varlink_reply *reply)
{
	json_int_t number = json_integer_value(json_object_get(reply->parameters, "session"));

	if (number <= 0)
		return -EPROTO;
	client->answered = true;
	timer_disarm(client->timer);
	client->number = (uint64_t)number;
	take_passed(client, reply);
	if (client->untold) {
		supervisor_client_tell(client, "Learned", json_incref(client->facts));
		supervisor_client_state(client, client->state, "entered again", client->service);
	}
	client->handlers->admitted(client->context, client->number);
	if (!client->freed)
		client->handlers->channel(
		    client->context, json_is_true(json_object_get(reply->parameters, "channel")));
	return 0;
}

static int on_error(struct supervisor_client *client, const char *error)
{
	if (strcmp(error, INTERFACE ".Banned") == 0)
		client->handlers->banned(client->context);
	else if (strcmp(error, INTERFACE ".Full") == 0)
		client->handlers->full(client->context);
	else
		return -EPROTO;
	return 0;
}

/* Handlers may free the client: it stays until the last of them returns. */
static bool begin_handling(struct supervisor_client *client)
{
	bool is_outermost = !client->handling;

	client->handling = true;
	return is_outermost;
}

static void end_handling(struct supervisor_client *client, bool is_outermost)
{
	if (!is_outermost)
		return;
	client->handling = false;
	if (client->freed)
		destroy(client);
}

static int on_replied(void *context, const struct varlink_reply *reply)
{
	struct supervisor_client *client = context;
	bool is_outermost = begin_handling(client);
	int result = 0;

	if (reply->error != NULL)
		result = on_error(client, reply->error);
	else if (!client->answered)
		result = on_admission(client, reply);
	else
		supervisor_order(json_object_get(reply->parameters, "order"), client->handlers,
				 client->context);
	end_handling(client, is_outermost);
	return result;
}

static void on_lost(void *context, const char *detail)
{
	struct supervisor_client *client = context;
	bool is_outermost = begin_handling(client);

	disconnect(client, detail);
	end_handling(client, is_outermost);
}

static const struct supervisor_link_handlers link_handlers = {
	.replied = on_replied,
	.lost = on_lost,
};

static int try_to_enter(struct supervisor_client *client)
{
	int result = supervisor_link_new(&client->link, client->loop, client->path, INTERFACE,
					 &link_handlers, client);

	if (result < 0)
		return result;
	timer_arm(client->timer, event_loop_now() + SUPERVISOR_ANSWER_TIMEOUT * US_PER_S);
	enter(client);
	return 0;
}

static void on_timer(void *context)
{
	struct supervisor_client *client = context;
	bool is_outermost = begin_handling(client);
	int result;

	if (client->link != NULL) {
		disconnect(client, "no answer within 2 s");
	} else {
		result = try_to_enter(client);
		if (result < 0)
			disconnect(client, strerror(-result));
	}
	end_handling(client, is_outermost);
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
	client->path = path;
	client->entry = entry;
	client->handlers = handlers;
	client->context = context;
	client->started = wall_clock_now();
	client->state = "entering";
	client->service = "";
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
