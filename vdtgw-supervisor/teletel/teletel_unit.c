/*
 * The Teletel server as a systemd unit, managed over D-Bus (org.freedesktop.systemd1(5)). An order
 * asks for the unit's state, calls StartUnit, StopUnit or RestartUnit, and waits for the end of the
 * job; a look asks for properties. What comes of them is told from a timer, not from within sd-bus:
 * whoever is told may free all of this.
 */
#include "common/microseconds.h"
#include "vdtgw-supervisor/teletel/system_bus.h"
#include "vdtgw-supervisor/teletel/systemd_failure.h"
#include "vdtgw-supervisor/teletel/teletel_backend.h"
#include "vdtgw-supervisor/teletel/unit_properties.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMD        "org.freedesktop.systemd1"
#define MANAGER_PATH   "/org/freedesktop/systemd1"
#define MANAGER        SYSTEMD ".Manager"
#define PROPERTIES     "org.freedesktop.DBus.Properties"
#define UNIT_INTERFACE SYSTEMD ".Unit"
#define SERVICE        SYSTEMD ".Service"

enum {
	JOB_WAIT = 45, /* s for the end of a job; systemd goes on with it */
	JOB_MAX = 256, /* bytes of a job's path */
	RESULT_MAX = 64,
};

/* Something that is asked of systemd: it waits for so many replies, and for a time. */
struct question {
	sd_bus_slot *slots[2];
	struct timer *patience;
	bool under_way;
	bool ended; /* to be told */
	char failure[TELETEL_TEXT_MAX];
};

struct unit {
	struct event_loop *loop;
	const struct teletel_listener *listener;
	void *context;
	char *name;
	char *path; /* of its object */
	struct system_bus *bus;
	struct timer *tell;
	struct question look;
	int replies_awaited; /* of the look */
	struct unit_properties properties;
	struct question job;
	enum teletel_order order;
	bool changes;                    /* the order finds it in another state */
	char job_path[JOB_MAX];          /* empty: not known yet */
	char removed_path[JOB_MAX];      /* the last job of the unit that has ended … */
	char removed_result[RESULT_MAX]; /* … and how */
};

static const char *const methods[] = {
	[TELETEL_START] = "StartUnit",
	[TELETEL_STOP] = "StopUnit",
	[TELETEL_RESTART] = "RestartUnit",
};

static void forget_slots(struct question *question)
{
	for (size_t i = 0; i < 2; i++)
		question->slots[i] = sd_bus_slot_unref(question->slots[i]);
}

static void wait_for(struct question *question, unsigned seconds)
{
	timer_arm(question->patience, event_loop_now() + seconds * US_PER_S);
}

/* failure NULL: it is done; may be question->failure itself. */
static void end(struct unit *unit, struct question *question, const char *failure)
{
	if (!question->under_way)
		return;
	question->under_way = false;
	question->ended = true;
	forget_slots(question);
	timer_disarm(question->patience);
	if (failure == NULL)
		question->failure[0] = '\0';
	else if (failure != question->failure)
		snprintf(question->failure, sizeof(question->failure), "%s", failure);
	timer_arm(unit->tell, 0);
}

static void end_by_error(struct unit *unit, struct question *question, const sd_bus_error *error)
{
	systemd_failure_of_call(question->failure, sizeof(question->failure), unit->name,
				error->name, error->message);
	end(unit, question, question->failure);
}

static void end_by_errno(struct unit *unit, struct question *question, int error)
{
	systemd_failure_of_connection(question->failure, sizeof(question->failure), unit->name,
				      error);
	end(unit, question, question->failure);
}

static void end_by_nonsense(struct unit *unit, struct question *question)
{
	systemd_failure_of_call(question->failure, sizeof(question->failure), unit->name, NULL,
				"its answer is not what org.freedesktop.systemd1(5) says");
	end(unit, question, question->failure);
}

/* What comes of it, to whoever wanted it. The unit may be gone after the last call of each. */

static void tell_order(struct unit *unit)
{
	char failure[TELETEL_TEXT_MAX];
	bool failed = unit->job.failure[0] != '\0';

	memcpy(failure, unit->job.failure, sizeof(failure));
	if (failed)
		unit->listener->changed(unit->context, EVENT_TELETEL_FAILED, failure);
	else if (unit->changes)
		unit->listener->changed(unit->context,
					unit->order == TELETEL_STOP ? EVENT_TELETEL_STOPPED
								    : EVENT_TELETEL_STARTED,
					NULL);
	unit->listener->ordered(unit->context, failed ? failure : NULL);
}

static void tell_look(struct unit *unit)
{
	char failure[TELETEL_TEXT_MAX];
	struct teletel_status status;
	bool failed = unit->look.failure[0] != '\0';

	memcpy(failure, unit->look.failure, sizeof(failure));
	if (!failed)
		unit_properties_status(&unit->properties, &status);
	unit->listener->looked(unit->context, failed ? failure : NULL, failed ? NULL : &status);
}

static void on_tell(void *context)
{
	struct unit *unit = context;
	bool ordered = unit->job.ended;
	bool looked = unit->look.ended && !ordered;

	unit->job.ended = false;
	if (looked)
		unit->look.ended = false;
	/* One at a time. */
	if (unit->look.ended)
		timer_arm(unit->tell, 0);
	if (ordered)
		tell_order(unit);
	else if (looked)
		tell_look(unit);
}

static void on_lost(void *context)
{
	struct unit *unit = context;

	end_by_errno(unit, &unit->job, -ECONNRESET);
	end_by_errno(unit, &unit->look, -ECONNRESET);
}

/* Orders */

static void check_job(struct unit *unit)
{
	if (unit->job_path[0] == '\0' || strcmp(unit->job_path, unit->removed_path) != 0)
		return;
	if (strcmp(unit->removed_result, "done") == 0) {
		end(unit, &unit->job, NULL);
		return;
	}
	systemd_failure_of_job(unit->job.failure, sizeof(unit->job.failure), unit->name,
			       unit->removed_result);
	end(unit, &unit->job, unit->job.failure);
}

/* It may come before the reply that names the job. */
static int on_job_removed(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct unit *unit = context;
	const char *path, *name, *result;
	uint32_t number;

	(void)error;
	if (!unit->job.under_way ||
	    sd_bus_message_read(message, "uoss", &number, &path, &name, &result) < 0 ||
	    strcmp(name, unit->name) != 0)
		return 0;
	snprintf(unit->removed_path, sizeof(unit->removed_path), "%s", path);
	snprintf(unit->removed_result, sizeof(unit->removed_result), "%s", result);
	check_job(unit);
	return 0;
}

static int on_job(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct unit *unit = context;
	const char *path;

	(void)error;
	if (sd_bus_message_is_method_error(message, NULL)) {
		end_by_error(unit, &unit->job, sd_bus_message_get_error(message));
	} else if (sd_bus_message_read(message, "o", &path) < 0 ||
		   strlen(path) >= sizeof(unit->job_path)) {
		end_by_nonsense(unit, &unit->job);
	} else {
		memcpy(unit->job_path, path, strlen(path) + 1);
		wait_for(&unit->job, JOB_WAIT);
		check_job(unit);
	}
	return 0;
}

/* Whether the order, once done, was news. */
static bool is_news(enum teletel_order order, const char *active_state)
{
	switch (order) {
	case TELETEL_START:
		return strcmp(active_state, "active") != 0;
	case TELETEL_STOP:
		return strcmp(active_state, "inactive") != 0 && strcmp(active_state, "failed") != 0;
	case TELETEL_RESTART:
		return true;
	}
	return true;
}

static int on_state_before(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct unit *unit = context;
	const char *state;
	int r;

	(void)error;
	if (sd_bus_message_is_method_error(message, NULL)) {
		end_by_error(unit, &unit->job, sd_bus_message_get_error(message));
		return 0;
	}
	if (sd_bus_message_read(message, "v", "s", &state) < 0) {
		end_by_nonsense(unit, &unit->job);
		return 0;
	}
	unit->changes = is_news(unit->order, state);
	wait_for(&unit->job, SYSTEM_BUS_WAIT);
	r = sd_bus_call_method_async(sd_bus_message_get_bus(message), &unit->job.slots[1], SYSTEMD,
				     MANAGER_PATH, MANAGER, methods[unit->order], on_job, unit,
				     "ss", unit->name, "replace");
	if (r < 0)
		end_by_errno(unit, &unit->job, r);
	return 0;
}

/* Without the signals no job would be seen to end: an error of these is the call's that follows. */
static int ask_for_signals(struct unit *unit, sd_bus *connection)
{
	int r = sd_bus_match_signal_async(connection, NULL, SYSTEMD, MANAGER_PATH, MANAGER,
					  "JobRemoved", on_job_removed, NULL, unit);

	if (r < 0)
		return r;
	return sd_bus_call_method_async(connection, NULL, SYSTEMD, MANAGER_PATH, MANAGER,
					"Subscribe", NULL, NULL, NULL);
}

static int open_bus(struct unit *unit, sd_bus **ret_connection)
{
	bool is_new;
	int r = system_bus_open(unit->bus, ret_connection, &is_new);

	if (r == 0 && is_new) {
		r = ask_for_signals(unit, *ret_connection);
		if (r < 0)
			system_bus_close(unit->bus);
	}
	return r < 0 ? r : 0;
}

static void carry_out(void *state, enum teletel_order order)
{
	struct unit *unit = state;
	sd_bus *connection;
	int r;

	unit->order = order;
	unit->job_path[0] = '\0';
	unit->removed_path[0] = '\0';
	unit->job.under_way = true;
	wait_for(&unit->job, SYSTEM_BUS_WAIT);
	r = open_bus(unit, &connection);
	if (r == 0)
		r = sd_bus_call_method_async(connection, &unit->job.slots[0], SYSTEMD, unit->path,
					     PROPERTIES, "Get", on_state_before, unit, "ss",
					     UNIT_INTERFACE, "ActiveState");
	if (r < 0)
		end_by_errno(unit, &unit->job, r);
	system_bus_update(unit->bus);
}

/* Looks */

static int on_properties(sd_bus_message *message, void *context, sd_bus_error *error)
{
	struct unit *unit = context;

	(void)error;
	if (sd_bus_message_is_method_error(message, NULL))
		end_by_error(unit, &unit->look, sd_bus_message_get_error(message));
	else if (unit_properties_read(&unit->properties, message) < 0)
		end_by_nonsense(unit, &unit->look);
	else if (--unit->replies_awaited == 0)
		end(unit, &unit->look, NULL);
	return 0;
}

static void look(void *state)
{
	static const char *const interfaces[] = { UNIT_INTERFACE, SERVICE };
	struct unit *unit = state;
	sd_bus *connection;
	int r;

	unit->properties = (struct unit_properties) { .main_pid = 0 };
	unit->replies_awaited = 2;
	unit->look.under_way = true;
	wait_for(&unit->look, SYSTEM_BUS_WAIT);
	r = open_bus(unit, &connection);
	for (size_t i = 0; i < 2 && r >= 0; i++)
		r = sd_bus_call_method_async(connection, &unit->look.slots[i], SYSTEMD, unit->path,
					     PROPERTIES, "GetAll", on_properties, unit, "s",
					     interfaces[i]);
	if (r < 0)
		end_by_errno(unit, &unit->look, r);
	system_bus_update(unit->bus);
}

/* A bus that says nothing is left: the next call tries a new connection. */
static void on_look_patience(void *context)
{
	struct unit *unit = context;

	end_by_errno(unit, &unit->look, -ETIMEDOUT);
	if (!unit->job.under_way)
		system_bus_close(unit->bus);
}

static void on_job_patience(void *context)
{
	struct unit *unit = context;

	if (unit->job_path[0] == '\0') {
		end_by_errno(unit, &unit->job, -ETIMEDOUT);
		system_bus_close(unit->bus);
		end_by_errno(unit, &unit->look, -ETIMEDOUT);
		return;
	}
	systemd_failure_of_job(unit->job.failure, sizeof(unit->job.failure), unit->name, NULL);
	end(unit, &unit->job, unit->job.failure);
}

static bool wants_unit(const struct config *config)
{
	return config->teletel.unit[0] != '\0';
}

static const char *name_of(const void *state)
{
	const struct unit *unit = state;

	return unit->name;
}

static bool has_name(const void *state, const struct config *config)
{
	return strcmp(name_of(state), config->teletel.unit) == 0;
}

static void close_unit(void *state)
{
	struct unit *unit = state;

	if (unit == NULL)
		return;
	forget_slots(&unit->job);
	forget_slots(&unit->look);
	system_bus_free(unit->bus);
	timer_free(unit->job.patience);
	timer_free(unit->look.patience);
	timer_free(unit->tell);
	free(unit->name);
	free(unit->path);
	free(unit);
}

static int set_up(struct unit *unit, const struct config *config)
{
	int error;

	unit->name = strdup(config->teletel.unit);
	if (unit->name == NULL)
		return -ENOMEM;
	error = sd_bus_path_encode(MANAGER_PATH "/unit", unit->name, &unit->path);
	if (error >= 0)
		error = timer_new(&unit->tell, unit->loop, on_tell, unit);
	if (error >= 0)
		error = timer_new(&unit->job.patience, unit->loop, on_job_patience, unit);
	if (error >= 0)
		error = timer_new(&unit->look.patience, unit->loop, on_look_patience, unit);
	if (error >= 0)
		error = system_bus_new(&unit->bus, unit->loop, on_lost, unit);
	return error < 0 ? error : 0;
}

static int open_unit(void **ret_state, struct event_loop *loop, const struct config *config,
		     const struct teletel_listener *listener, void *context)
{
	struct unit *unit = calloc(1, sizeof(*unit));
	int error;

	if (unit == NULL)
		return -ENOMEM;
	unit->loop = loop;
	unit->listener = listener;
	unit->context = context;
	error = set_up(unit, config);
	if (error < 0) {
		close_unit(unit);
		return error;
	}
	*ret_state = unit;
	return 0;
}

const struct teletel_backend teletel_unit = {
	.kind = "unit",
	.is_wanted = wants_unit,
	.open = open_unit,
	.name = name_of,
	.is_same = has_name,
	.close = close_unit,
	.order = carry_out,
	.look = look,
};
