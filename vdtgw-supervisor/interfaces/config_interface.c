/*
 * Shows the configuration in force, and has it read again.
 */
#include "vdtgw-supervisor/interfaces/config_interface.h"

#include "common/config_report.h"
#include "vdtgw-supervisor/reload.h"

#include <stdio.h>

enum {
	/* Bytes of values in one reply, with room for the keys and the message around them. */
	VALUES_MAX = VARLINK_MESSAGE_MAX - 8192,
	LIST_MAX = 6144, /* of those, of one list where not all can be shown */
	WHO_MAX = 64,
};

void config_interface_timeouts(struct supervisor *supervisor, struct peer *peer,
			       const struct varlink_call *call)
{
	const struct config *config = supervisor->config;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	peer_reply(peer,
		   json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "timeouts", "caller_idle",
			     (json_int_t)config->timeouts.caller_idle, "session",
			     (json_int_t)config->timeouts.session, "remote",
			     (json_int_t)config->timeouts.remote, "remote_telnet_idle",
			     (json_int_t)config->timeouts.remote_telnet_idle, "home",
			     (json_int_t)config->timeouts.home, "console_idle",
			     (json_int_t)config->timeouts.console_idle),
		   false);
}

static json_t *pack_keys(const struct config_keys *keys)
{
	json_t *packed = json_array();

	for (size_t i = 0; i < keys->count; i++)
		if (json_array_append_new(packed, json_string(keys->names[i])) < 0) {
			json_decref(packed);
			return NULL;
		}
	return packed;
}

/* Cuts a list to LIST_MAX bytes; its last entry then tells how many are missing. */
static int cut_list(json_t *list)
{
	size_t count = json_array_size(list), kept = 0, size = 0;
	char text[64];

	while (kept < count) {
		size += json_dumpb(json_array_get(list, kept), NULL, 0,
				   JSON_COMPACT | JSON_ENCODE_ANY) +
			1;
		if (size > LIST_MAX)
			break;
		kept++;
	}
	if (kept == count)
		return 0;
	snprintf(text, sizeof(text), "… %zu more", count - kept);
	while (json_array_size(list) > kept)
		json_array_remove(list, json_array_size(list) - 1);
	return json_array_append_new(list, json_string(text));
}

/* What is not a list always fits. Takes values over; NULL without memory. */
static json_t *fit(json_t *values)
{
	json_t *value;
	const char *key;

	if (values == NULL || varlink_size(values) <= VALUES_MAX)
		return values;
	json_object_foreach(values, key, value)
	{
		if (json_is_array(value) && cut_list(value) < 0) {
			json_decref(values);
			return NULL;
		}
	}
	return values;
}

void config_interface_configuration(struct supervisor *supervisor, struct peer *peer,
				    const struct varlink_call *call)
{
	struct config_keys defaults;

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	config_find_defaults(supervisor->config, &defaults);
	peer_reply(peer,
		   json_pack("{s:s*, s:I, s:o, s:o}", "file", reload_file(supervisor->reload),
			     "loaded", (json_int_t)reload_time(supervisor->reload), "values",
			     fit(config_pack(supervisor->config)), "defaults",
			     pack_keys(&defaults)),
		   false);
}

void config_interface_reload(struct supervisor *supervisor, struct peer *peer,
			     const struct varlink_call *call)
{
	struct reload_outcome outcome;
	char who[WHO_MAX];

	if (!supervisor_read_parameters(peer, call, NULL, 0, supervisor))
		return;
	snprintf(who, sizeof(who), "user %lu, pid %ld", (unsigned long)peer_uid(peer),
		 (long)peer_pid(peer));
	if (reload_run(supervisor->reload, who, &outcome) < 0) {
		peer_error(peer, "org.vdtgw.Admin.BadConfiguration",
			   json_pack("{s:s}", "message", outcome.error));
		return;
	}
	peer_reply(peer,
		   json_pack("{s:s*, s:o, s:o, s:I}", "file", reload_file(supervisor->reload),
			     "changed", pack_keys(&outcome.changed), "restart",
			     pack_keys(&outcome.restart), "sessions", (json_int_t)outcome.sessions),
		   false);
}
