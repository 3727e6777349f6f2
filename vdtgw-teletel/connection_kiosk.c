/*
 * A connection and its caller's kiosk: input goes in as far as there is room, what the kiosk wants
 * is carried out, and the switchboard's line joins the two to the caller's gateway. Input that the
 * kiosk has no room for waits here, a buffer full of it, while the connection is not read.
 */
#include "common/log.h"
#include "common/microseconds.h"
#include "vdtgw-teletel/server_private.h"

#include <errno.h>
#include <inttypes.h>
#include <libwebsockets.h>
#include <string.h>

void connection_arm(struct connection *connection, uint64_t due)
{
	connection->timer_due = due;
	if (due == UINT64_MAX)
		timer_disarm(connection->timer);
	else
		timer_arm(connection->timer, due);
}

/* The kiosk's deadlines mostly move away: the timer is let expire early, and armed anew then. */
static void follow_deadline(struct connection *connection)
{
	uint64_t due = kiosk_deadline(connection->kiosk);

	if (due < connection->timer_due)
		connection_arm(connection, due);
}

static void give_order(struct connection *connection)
{
	const struct directory_entry *entry = kiosk_take_order(connection->kiosk);
	int r;

	if (entry == NULL)
		return;
	r = switchboard_order(connection->line, entry);
	if (r < 0) {
		log_warning("%s: %s: the order to redirect cannot be sent: %s", connection->peer,
			    entry->name, strerror(-r));
		kiosk_tell(connection->kiosk, event_loop_now(), KIOSK_ORDER_FAILED);
		return;
	}
	log_info("%s: to be redirected to %s, %s", connection->peer, entry->name, entry->address);
}

void connection_after_kiosk(struct connection *connection)
{
	const char *why;
	size_t length;

	(void)kiosk_output(connection->kiosk, &length);
	/* Behind the text that says so: what the gateway then writes there, "CONNECT" or why not,
	 * is to stay. */
	if (connection->line != NULL && length == 0)
		give_order(connection);
	if (connection->state == CONNECTION_OPEN && kiosk_is_over(connection->kiosk, &why)) {
		connection->why = why;
		connection->state = CONNECTION_CLOSING;
		connection_arm(connection, event_loop_now() + SERVER_CLOSE_TIMEOUT * US_PER_S);
	}
	if (connection->state == CONNECTION_OPEN)
		follow_deadline(connection);
	(void)kiosk_output(connection->kiosk, &length);
	if (length > 0 || connection->state == CONNECTION_CLOSING)
		(void)lws_callback_on_writable(connection->endpoint.wsi);
}

void connection_offer_input(struct connection *connection)
{
	size_t taken = kiosk_receive(connection->kiosk, event_loop_now(), connection->input,
				     connection->waiting);

	connection->waiting -= taken;
	memmove(connection->input, connection->input + taken, connection->waiting);
	(void)lws_rx_flow_control(connection->endpoint.wsi, connection->waiting == 0);
	connection_after_kiosk(connection);
}

/* Whoever can connect can send an identification, so it is held against what else is known. */
static void identify(struct connection *connection, const struct gateway_caller *caller)
{
	const char *known = connection->facts.address;
	int r = -ENOMSG;

	if (connection->line == NULL)
		return;
	if (*known != '\0' && !gateway_address_equal(known, caller->address))
		r = -EADDRNOTAVAIL;
	else if (kiosk_expects_identification(connection->kiosk, event_loop_now()))
		r = switchboard_identify(connection->line, caller);
	if (r < 0)
		log_warning("%s: an identification as %s port %u, PID %" PRIu64
			    " is not believed: %s",
			    connection->peer, caller->address, (unsigned)caller->port, caller->pid,
			    r == -ENOMSG          ? "nobody asked for it"
			    : r == -EADDRNOTAVAIL ? "the gateway named another address before"
			    : r == -EALREADY      ? "there was one before"
						  : "another connection is that caller");
	else
		log_info("%s: identified as %s port %u, PID %" PRIu64, connection->peer,
			 caller->address, (unsigned)caller->port, caller->pid);
}

void connection_take(struct connection *connection, const struct identification_piece *piece)
{
	struct gateway_caller caller;
	bool found;

	connection->waiting +=
	    identification_read(&connection->identification, piece,
				connection->input + connection->waiting, &found, &caller);
	if (found)
		identify(connection, &caller);
	if (connection->waiting > 0)
		connection_offer_input(connection);
}

static void on_reach(void *context, enum kiosk_reach reach)
{
	struct connection *connection = context;

	kiosk_set_reach(connection->kiosk, event_loop_now(), reach);
	connection_after_kiosk(connection);
}

static void on_news(void *context, enum kiosk_news news)
{
	struct connection *connection = context;

	kiosk_tell(connection->kiosk, event_loop_now(), news);
	connection_after_kiosk(connection);
}

static const struct switchboard_line_handlers line_handlers = {
	.reach = on_reach,
	.news = on_news,
};

static int open_line(struct connection *connection)
{
	struct switchboard *switchboard = connection->server->switchboard;
	int r;

	if (switchboard == NULL || connection->wants_echo || !connection->has_place)
		return 0;
	r = switchboard_add_line(switchboard, &line_handlers, connection, &connection->line);
	if (r == 0)
		kiosk_set_reach(connection->kiosk, event_loop_now(),
				switchboard_line_reach(connection->line));
	return r;
}

int connection_open_kiosk(struct connection *connection)
{
	struct server *server = connection->server;
	enum kiosk_admission admission =
	    connection->wants_echo ? KIOSK_ADMITTED_TO_ECHO : KIOSK_ADMITTED;
	int r;

	connection->has_place = server->caller_count < SERVER_CALLERS_MAX;
	r = kiosk_new(&connection->kiosk, server->house, &connection->facts,
		      connection->has_place ? admission : KIOSK_NO_PLACE, event_loop_now());
	if (r == 0)
		r = open_line(connection);
	if (r < 0) {
		connection->has_place = false;
		connection->why = "no memory";
		return r;
	}
	if (connection->has_place)
		server->caller_count++;
	connection->state = CONNECTION_OPEN;
	connection_arm(connection, UINT64_MAX);
	log_info("%s: connected%s%s%s", connection->peer,
		 *connection->facts.address != '\0' ? ", caller " : "", connection->facts.address,
		 connection->wants_echo ? ", to " KIOSK_ECHO_PATH : "");
	connection_after_kiosk(connection);
	if (server->stopped != NULL)
		connection_dismiss(connection);
	return 0;
}

void connection_close_kiosk(struct connection *connection)
{
	switchboard_remove_line(connection->line);
	kiosk_free(connection->kiosk);
}

void connection_dismiss(struct connection *connection)
{
	if (connection->kiosk == NULL) {
		connection->why = "shutting down";
		connection_cut(connection);
		return;
	}
	kiosk_dismiss(connection->kiosk);
	connection_after_kiosk(connection);
}
