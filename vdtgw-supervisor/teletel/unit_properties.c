/*
 * Reads a dictionary of properties by a table of those that matter, and translates the words of
 * org.freedesktop.systemd1(5), properties ActiveState and SubState, into ours.
 */
#include "vdtgw-supervisor/teletel/unit_properties.h"

#include "common/array.h"
#include "common/printable.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* size: of a text's place; 0: a number of this type. */
struct row {
	const char *name;
	const char *type;
	size_t offset;
	size_t size;
};

#define PLACE(member) offsetof(struct unit_properties, member)

static const struct row rows[] = {
	{ "LoadState", "s", PLACE(load_state), UNIT_WORD_MAX },
	{ "ActiveState", "s", PLACE(active_state), UNIT_WORD_MAX },
	{ "SubState", "s", PLACE(sub_state), UNIT_WORD_MAX },
	{ "Description", "s", PLACE(description), UNIT_DESCRIPTION_MAX },
	{ "StateChangeTimestamp", "t", PLACE(changed), 0 },
	{ "MainPID", "u", PLACE(main_pid), 0 },
	{ "NRestarts", "u", PLACE(restarts), 0 },
};

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < LENGTH(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int read_value(struct unit_properties *properties, const struct row *row,
		      sd_bus_message *message)
{
	char *place = (char *)properties + row->offset;
	const char *text;
	int r;

	if (row->size == 0)
		return sd_bus_message_read(message, "v", row->type, place);
	r = sd_bus_message_read(message, "v", row->type, &text);
	if (r >= 0)
		printable(place, row->size, text, strlen(text));
	return r;
}

static int read_entry(struct unit_properties *properties, sd_bus_message *message)
{
	const struct row *row;
	const char *name;
	int r = sd_bus_message_read(message, "s", &name);

	if (r < 0)
		return r;
	row = find_row(name);
	r = row != NULL ? read_value(properties, row, message) : sd_bus_message_skip(message, "v");
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int unit_properties_read(struct unit_properties *properties, sd_bus_message *message)
{
	int r = sd_bus_message_enter_container(message, 'a', "{sv}");

	if (r <= 0)
		return r < 0 ? r : -EBADMSG;
	while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		r = read_entry(properties, message);
		if (r < 0)
			return r;
	}
	return r;
}

static enum teletel_state state_of(const struct unit_properties *properties)
{
	static const struct {
		const char *active_state;
		enum teletel_state state;
	} states[] = {
		{ "active", TELETEL_RUNNING },        { "reloading", TELETEL_RUNNING },
		{ "activating", TELETEL_STARTING },   { "inactive", TELETEL_STOPPED },
		{ "deactivating", TELETEL_STOPPING }, { "failed", TELETEL_FAILED },
	};

	/* It died, and waits to be started again. */
	if (strcmp(properties->sub_state, "auto-restart") == 0)
		return TELETEL_FAILED;
	for (size_t i = 0; i < LENGTH(states); i++)
		if (strcmp(states[i].active_state, properties->active_state) == 0)
			return states[i].state;
	return TELETEL_STOPPED;
}

void unit_properties_status(const struct unit_properties *properties,
			    struct teletel_status *ret_status)
{
	bool is_loaded = strcmp(properties->load_state, "loaded") == 0;
	struct teletel_status status = {
		.state = state_of(properties),
		.pid = properties->main_pid <= INT32_MAX ? (pid_t)properties->main_pid : 0,
		.since = properties->changed <= INT64_MAX ? (int64_t)properties->changed : 0,
		.restarts = properties->restarts,
	};

	snprintf(status.detail, sizeof(status.detail), "%s: %s%s%s (%s)", properties->description,
		 is_loaded ? "" : properties->load_state, is_loaded ? "" : ", ",
		 properties->active_state, properties->sub_state);
	*ret_status = status;
}
