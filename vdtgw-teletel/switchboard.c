/*
 * Announced callers in a table a gateway, lines in a list, and the links between them.
 */
#include "vdtgw-teletel/switchboard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	BUCKETS = 256
};

/* A caller as announced. */
struct announced {
	struct announced *next; /* in its bucket */
	struct gateway_caller caller;
	struct switchboard_gateway *gateway;
	struct switchboard_line *line; /* NULL: not linked */
};

struct switchboard_gateway {
	struct switchboard *switchboard;
	struct switchboard_gateway *next;
	switchboard_send *send;
	void *context;
	size_t count;
	struct announced *buckets[BUCKETS];
};

struct switchboard_line {
	struct switchboard *switchboard;
	struct switchboard_line *previous;
	struct switchboard_line *next;
	const struct switchboard_line_handlers *handlers;
	void *context;
	uint64_t number;
	bool identified; /* once and for all, */
	bool claims;     /* in vain where another line is that caller already */
	struct gateway_caller claim;
	struct announced *announced; /* NULL: not linked */
};

struct switchboard {
	struct switchboard_gateway *gateways;
	size_t gateway_count;
	struct switchboard_line *lines;
	uint64_t last_number;
};

int switchboard_new(struct switchboard **ret_switchboard)
{
	struct switchboard *switchboard = calloc(1, sizeof(*switchboard));

	if (switchboard == NULL)
		return -ENOMEM;
	*ret_switchboard = switchboard;
	return 0;
}

void switchboard_free(struct switchboard *switchboard)
{
	free(switchboard);
}

enum kiosk_reach switchboard_line_reach(const struct switchboard_line *line)
{
	if (line->announced != NULL)
		return KIOSK_LINKED;
	return line->switchboard->gateway_count > 0 ? KIOSK_NOT_LINKED : KIOSK_NO_CHANNEL;
}

static void tell_reach(struct switchboard_line *line)
{
	line->handlers->reach(line->context, switchboard_line_reach(line));
}

/* Those that are not linked are told that there is a channel now, or none any more. */
static void tell_others(const struct switchboard *switchboard)
{
	for (struct switchboard_line *line = switchboard->lines; line != NULL; line = line->next) {
		if (line->announced == NULL)
			tell_reach(line);
	}
}

static void unlink_line(struct announced *announced)
{
	struct switchboard_line *line = announced->line;

	if (line == NULL)
		return;
	announced->line = NULL;
	line->announced = NULL;
	tell_reach(line);
}

/* Takes the line from a gateway that has not noticed its own end, where there is one. */
static void link_line(struct switchboard_line *line, struct announced *announced)
{
	if (line->announced != NULL)
		line->announced->line = NULL;
	line->announced = announced;
	announced->line = line;
	tell_reach(line);
}

static struct announced **find(struct switchboard_gateway *gateway, uint64_t pid)
{
	struct announced **place = &gateway->buckets[pid % BUCKETS];

	while (*place != NULL && (*place)->caller.pid != pid)
		place = &(*place)->next;
	return place;
}

static void forget(struct switchboard_gateway *gateway, struct announced **place)
{
	struct announced *announced = *place;

	*place = announced->next;
	gateway->count--;
	unlink_line(announced);
	free(announced);
}

int switchboard_add_gateway(struct switchboard *switchboard, switchboard_send *send, void *context,
			    struct switchboard_gateway **ret_gateway)
{
	struct switchboard_gateway *gateway;

	if (switchboard->gateway_count == SWITCHBOARD_GATEWAYS_MAX)
		return -ENOSPC;
	gateway = calloc(1, sizeof(*gateway));
	if (gateway == NULL)
		return -ENOMEM;
	gateway->switchboard = switchboard;
	gateway->send = send;
	gateway->context = context;
	gateway->next = switchboard->gateways;
	switchboard->gateways = gateway;
	*ret_gateway = gateway;
	if (switchboard->gateway_count++ == 0)
		tell_others(switchboard);
	return 0;
}

void switchboard_remove_gateway(struct switchboard_gateway *gateway)
{
	struct switchboard *switchboard;
	struct switchboard_gateway **place;

	if (gateway == NULL)
		return;
	switchboard = gateway->switchboard;
	place = &switchboard->gateways;
	while (*place != gateway)
		place = &(*place)->next;
	*place = gateway->next;
	switchboard->gateway_count--;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (gateway->buckets[i] != NULL)
			forget(gateway, &gateway->buckets[i]);
	}
	free(gateway);
	if (switchboard->gateway_count == 0)
		tell_others(switchboard);
}

size_t switchboard_gateway_callers(const struct switchboard_gateway *gateway)
{
	return gateway->count;
}

/* The line that claims to be this caller, of several the one that is linked, or the oldest. */
static struct switchboard_line *find_claim(const struct switchboard *switchboard,
					   const struct gateway_caller *caller)
{
	struct switchboard_line *found = NULL;

	for (struct switchboard_line *line = switchboard->lines; line != NULL; line = line->next) {
		if (!line->claims || !gateway_caller_equal(&line->claim, caller))
			continue;
		found = line;
		if (line->announced != NULL)
			break;
	}
	return found;
}

static int announce(struct switchboard_gateway *gateway, const struct gateway_caller *caller)
{
	struct announced **place = find(gateway, caller->pid);
	struct switchboard_line *line;

	/* The same number for somebody else: the one before has gone unnoticed. */
	if (*place != NULL && !gateway_caller_equal(&(*place)->caller, caller)) {
		forget(gateway, place);
		place = find(gateway, caller->pid);
	}
	if (*place == NULL) {
		if (gateway->count == SWITCHBOARD_CALLERS_MAX)
			return -ENOSPC;
		*place = calloc(1, sizeof(**place));
		if (*place == NULL)
			return -ENOMEM;
		(*place)->caller = *caller;
		(*place)->gateway = gateway;
		gateway->count++;
	}
	line = find_claim(gateway->switchboard, caller);
	if (line != NULL && line->announced != *place)
		link_line(line, *place);
	return 0;
}

/* What a verb of the channel is to the line; only those on redirections name it by its number. */
static int pass_on(struct switchboard_gateway *gateway, const struct gateway_line *message,
		   enum kiosk_news news)
{
	const struct announced *announced = *find(gateway, message->caller.pid);
	struct switchboard_line *line = announced != NULL ? announced->line : NULL;

	if (line != NULL && (message->session == line->number || news == KIOSK_CALLER_GONE))
		line->handlers->news(line->context, news);
	return 0;
}

static int take_leave(struct switchboard_gateway *gateway, const struct gateway_line *message)
{
	struct announced **place = find(gateway, message->caller.pid);

	pass_on(gateway, message, KIOSK_CALLER_GONE);
	if (*place != NULL)
		forget(gateway, place);
	return 0;
}

int switchboard_receive(struct switchboard_gateway *gateway, const uint8_t *bytes, size_t length)
{
	struct gateway_line message;
	int r = gateway_line_parse(&message, bytes, length);

	if (r < 0)
		return r;
	switch (message.verb) {
	case GATEWAY_NEW_USER:
		return announce(gateway, &message.caller);
	case GATEWAY_USER_GONE:
		return take_leave(gateway, &message);
	case GATEWAY_REDIRECTING:
		return pass_on(gateway, &message, KIOSK_REDIRECTING);
	case GATEWAY_REDIRECTED:
		return pass_on(gateway, &message, KIOSK_REDIRECTED);
	case GATEWAY_REQUESTED_CLOSE:
		return pass_on(gateway, &message, KIOSK_REQUESTED_CLOSE);
	case GATEWAY_REDIRECT_ENDED:
		return pass_on(gateway, &message, KIOSK_REDIRECT_ENDED);
	case GATEWAY_GOT_COMMAND:
	case GATEWAY_VERB_COUNT:
		break;
	}
	return 0;
}

int switchboard_add_line(struct switchboard *switchboard,
			 const struct switchboard_line_handlers *handlers, void *context,
			 struct switchboard_line **ret_line)
{
	struct switchboard_line *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return -ENOMEM;
	line->switchboard = switchboard;
	line->handlers = handlers;
	line->context = context;
	line->number = ++switchboard->last_number;
	line->next = switchboard->lines;
	if (line->next != NULL)
		line->next->previous = line;
	switchboard->lines = line;
	*ret_line = line;
	return 0;
}

void switchboard_remove_line(struct switchboard_line *line)
{
	if (line == NULL)
		return;
	if (line->announced != NULL)
		line->announced->line = NULL;
	if (line->previous != NULL)
		line->previous->next = line->next;
	else
		line->switchboard->lines = line->next;
	if (line->next != NULL)
		line->next->previous = line->previous;
	free(line);
}

int switchboard_identify(struct switchboard_line *line, const struct gateway_caller *caller)
{
	struct switchboard_gateway *gateway = line->switchboard->gateways;
	const struct switchboard_line *other;

	if (line->identified)
		return -EALREADY;
	line->identified = true;
	other = find_claim(line->switchboard, caller);
	if (other != NULL && other->announced != NULL)
		return -EADDRINUSE;
	line->claims = true;
	line->claim = *caller;
	/* Of two connections of the same gateway the younger one is the living one: it is first. */
	for (; gateway != NULL; gateway = gateway->next) {
		struct announced *announced = *find(gateway, caller->pid);

		if (announced != NULL && announced->line == NULL &&
		    gateway_caller_equal(&announced->caller, caller)) {
			link_line(line, announced);
			break;
		}
	}
	return 0;
}

int switchboard_order(struct switchboard_line *line, const struct directory_entry *entry)
{
	char text[GATEWAY_ORDER_MAX];
	size_t length;

	if (line->announced == NULL)
		return -ENOTCONN;
	length =
	    gateway_line_format_connect(text, line->announced->caller.pid, line->number, entry);
	return line->announced->gateway->send(line->announced->gateway->context, text, length);
}
