/*
 * Waits for what sd-bus wants to wait for: its descriptor, by way of a duplicate that the event
 * loop owns, and its time-outs.
 */
#include "vdtgw-supervisor/teletel/system_bus.h"

#include "common/microseconds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	BATCH_MAX = 32, /* steps of sd-bus in a row before others have their turn */
};

struct system_bus {
	struct event_loop *loop;
	sd_bus *connection; /* NULL: none */
	struct watch *watch;
	struct timer *timer;
	void (*lost)(void *context);
	void *context;
};

void system_bus_close(struct system_bus *bus)
{
	watch_free(bus->watch);
	bus->watch = NULL;
	timer_disarm(bus->timer);
	/* Not flushed: that would wait. */
	if (bus->connection != NULL)
		sd_bus_close(bus->connection);
	bus->connection = sd_bus_unref(bus->connection);
}

static void lose(struct system_bus *bus)
{
	system_bus_close(bus);
	bus->lost(bus->context);
}

void system_bus_update(struct system_bus *bus)
{
	uint64_t when = UINT64_MAX;
	int events;

	if (bus->connection == NULL)
		return;
	events = sd_bus_get_events(bus->connection);
	if (events < 0 || sd_bus_get_timeout(bus->connection, &when) < 0) {
		/* It is closed already; the loop's next turn finds out. */
		timer_arm(bus->timer, 0);
		return;
	}
	watch_read(bus->watch, (events & POLLIN) != 0);
	if (events & POLLOUT)
		watch_write_once(bus->watch);
	if (when == UINT64_MAX)
		timer_disarm(bus->timer);
	else
		timer_arm(bus->timer, when);
}

static void process(void *context)
{
	struct system_bus *bus = context;
	int more = 1;

	for (int i = 0; i < BATCH_MAX && more > 0 && bus->connection != NULL; i++)
		more = sd_bus_process(bus->connection, NULL);
	if (bus->connection == NULL)
		return;
	if (more < 0) {
		lose(bus);
		return;
	}
	system_bus_update(bus);
	if (more > 0)
		timer_arm(bus->timer, 0);
}

static const struct watch_handlers handlers = {
	.readable = process,
	.writable = process,
	.hung_up = process,
};

static int watch_connection(struct system_bus *bus)
{
	int descriptor = sd_bus_get_fd(bus->connection);
	int error;

	if (descriptor < 0)
		return descriptor;
	descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
	if (descriptor < 0)
		return -errno;
	error = watch_new(&bus->watch, bus->loop, descriptor, &handlers, bus);
	if (error < 0)
		close(descriptor);
	return error;
}

int system_bus_open(struct system_bus *bus, sd_bus **ret_connection, bool *ret_is_new)
{
	bool is_new = bus->connection == NULL;
	int error = 0;

	if (is_new) {
		/* It waits for nothing: greetings are exchanged by process(). */
		error = sd_bus_open_system(&bus->connection);
		if (error >= 0)
			error = sd_bus_set_method_call_timeout(bus->connection,
							       SYSTEM_BUS_WAIT * US_PER_S);
		if (error >= 0)
			error = watch_connection(bus);
		if (error < 0) {
			system_bus_close(bus);
			return error;
		}
	}
	*ret_connection = bus->connection;
	*ret_is_new = is_new;
	return 0;
}

int system_bus_new(struct system_bus **ret_bus, struct event_loop *loop,
		   void (*lost)(void *context), void *context)
{
	struct system_bus *bus = calloc(1, sizeof(*bus));
	int error;

	if (bus == NULL)
		return -ENOMEM;
	bus->loop = loop;
	bus->lost = lost;
	bus->context = context;
	error = timer_new(&bus->timer, loop, process, bus);
	if (error < 0) {
		free(bus);
		return error;
	}
	*ret_bus = bus;
	return 0;
}

void system_bus_free(struct system_bus *bus)
{
	if (bus == NULL)
		return;
	system_bus_close(bus);
	timer_free(bus->timer);
	free(bus);
}
