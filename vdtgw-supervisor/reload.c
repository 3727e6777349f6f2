/*
 * Reloading: what is read is either refused as a whole or in force as a whole, but for the keys
 * that only a start can carry out, which keep their values.
 */
#include "vdtgw-supervisor/reload.h"

#include "common/config_copy.h"
#include "common/log.h"
#include "common/messages.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/gatekeeper.h"
#include "vdtgw-supervisor/events.h"
#include "vdtgw-supervisor/teletel/teletel.h"
#include "vdtgw-supervisor/teletel/teletel_server.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reload {
	struct supervisor *supervisor;
	struct reload_options options;
	struct config *config;
	int64_t time;
};

/* From when on a new value holds. */
enum effect {
	EFFECT_NOW,
	EFFECT_CALLS,    /* a session reads it when its caller arrives */
	EFFECT_CONSOLES, /* the same for the console door */
	EFFECT_KIOSK,    /* it is the kiosk that reads it */
	EFFECT_RESTART,
	EFFECT_COUNT,
};

static const char *const effect_texts[] = {
	[EFFECT_NOW] = NULL,
	[EFFECT_CALLS] = "for calls that come from now on",
	[EFFECT_CONSOLES] = "for consoles that are opened from now on",
	[EFFECT_KIOSK] = "when the kiosk is told to read it, or starts",
	[EFFECT_RESTART] = "from the supervisor's next start on",
};
static_assert(sizeof(effect_texts) / sizeof(effect_texts[0]) == EFFECT_COUNT,
	      "every effect has its text");

/* The first that a key begins with is the one; what is not here holds at once. */
static const struct {
	const char *start;
	enum effect effect;
} effects[] = {
	{ "home.", EFFECT_CALLS },
	{ "speed.", EFFECT_CALLS },
	{ "timeouts.console_idle", EFFECT_CONSOLES },
	{ "redirection.", EFFECT_CALLS },
	{ "supervisor.required", EFFECT_CALLS },
	{ "supervisor.", EFFECT_RESTART },
	{ "teletel.directory", EFFECT_KIOSK },
	{ "proxy.", EFFECT_CALLS },
	{ "dump.", EFFECT_CALLS },
};

static enum effect effect_of(const char *key)
{
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++)
		if (strncmp(key, effects[i].start, strlen(effects[i].start)) == 0)
			return effects[i].effect;
	return EFFECT_NOW;
}

static const char *path_of(const struct reload *reload)
{
	return reload->options.path != NULL ? reload->options.path : CONFIG_DEFAULT_PATH;
}

/* Live sessions. */

/* As Limits of org.vdtgw.Session; NULL without memory. */
static json_t *pack_limits(const struct config *config)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:f}", "caller_idle",
			 (json_int_t)config->timeouts.caller_idle, "session",
			 (json_int_t)config->timeouts.session, "remote",
			 (json_int_t)config->timeouts.remote, "remote_telnet_idle",
			 (json_int_t)config->timeouts.remote_telnet_idle, "home",
			 (json_int_t)config->timeouts.home, "typing_limit",
			 config->bans.enabled ? config->bans.typing_limit : 0.0);
}

/* The entry may be gone after the order. */
static void order(const struct session_entry *entry, json_t *limits)
{
	peer_order(entry->peer,
		   json_pack("{s:I, s:{s:s, s:O}}", "session", (json_int_t)entry->number, "order",
			     "kind", "reload", "limits", limits));
}

static size_t order_all(const struct supervisor *supervisor, json_t *limits)
{
	struct session_entry *entry = session_table_next(supervisor->sessions, 0);
	size_t count = 0;

	while (entry != NULL) {
		int64_t number = entry->number;

		if (entry->orders && !entry->sent_away) {
			count++;
			order(entry, limits);
		}
		entry = session_table_next(supervisor->sessions, number + 1);
	}
	return count;
}

/* Returns how many sessions were told of limits that are not what they were. */
static size_t tell_sessions(const struct supervisor *supervisor, const struct config *before,
			    const struct config *now)
{
	json_t *limits = pack_limits(now);
	json_t *limits_before = pack_limits(before);
	size_t count = 0;

	if (limits != NULL && !json_equal(limits, limits_before))
		count = order_all(supervisor, limits);
	json_decref(limits);
	json_decref(limits_before);
	return count;
}

void reload_tell_session(const struct session_entry *entry, const struct config *config)
{
	json_t *limits = pack_limits(config);

	if (limits != NULL)
		order(entry, limits);
	json_decref(limits);
}

/* Telling. */

struct text {
	char bytes[LOG_FIELD_MAX];
	size_t length;
};

/* What does not fit is left out. */
static void append(struct text *text, const char *words)
{
	int length =
	    snprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, "%s", words);

	if (length > 0 && (size_t)length < sizeof(text->bytes) - text->length)
		text->length += (size_t)length;
	text->bytes[text->length] = '\0';
}

/* "home.uri, speed.raw" of those that have the effect (EFFECT_COUNT: of all). */
static void append_keys(struct text *text, const struct config_keys *keys, enum effect effect)
{
	const char *separator = "";

	for (size_t i = 0; i < keys->count; i++) {
		if (effect != EFFECT_COUNT && effect_of(keys->names[i]) != effect)
			continue;
		append(text, separator);
		append(text, keys->names[i]);
		separator = ", ";
	}
}

/* "; for calls that come from now on: home.uri": what holds at once goes without saying. */
static void append_effects(struct text *text, const struct config_keys *keys)
{
	for (int effect = EFFECT_NOW + 1; effect < EFFECT_COUNT; effect++) {
		struct text some = { .length = 0 };

		append_keys(&some, keys, (enum effect)effect);
		if (some.length == 0)
			continue;
		append(text, "; ");
		append(text, effect_texts[effect]);
		append(text, ": ");
		append(text, some.bytes);
	}
}

static void tell(const struct reload *reload, const char *who, const struct reload_outcome *outcome)
{
	struct text keys = { .length = 0 }, words = { .length = 0 };
	const struct log_field field = {
		"VDTGW_REASON",
		outcome->changed.count > 0 ? keys.bytes : NULL,
	};
	struct event event = event_of(EVENT_RELOADED);

	append_keys(&keys, &outcome->changed, EFFECT_COUNT);
	append(&words, outcome->changed.count > 0 ? keys.bytes : "nothing has");
	append(&words, outcome->changed.count == 1  ? " has changed"
		       : outcome->changed.count > 1 ? " have changed"
						    : " changed");
	append_effects(&words, &outcome->changed);
	if (outcome->sessions > 0) {
		char told[64];

		snprintf(told, sizeof(told), "; sessions told of new limits: %zu",
			 outcome->sessions);
		append(&words, told);
	}
	log_event(LOG_PRIORITY_NOTICE, MESSAGE_CONFIGURATION_RELOADED, &field, 1,
		  "%s was read again (%s): %s", path_of(reload), who, words.bytes);
	event.reason = field.value;
	events_publish(reload->supervisor->events, &event);
}

static void tell_refusal(const struct reload *reload, const char *who, const char *error)
{
	const struct log_field field = { "VDTGW_REASON", error };
	struct event event = event_of(EVENT_RELOAD_FAILED);

	log_event(LOG_PRIORITY_ERROR, MESSAGE_CONFIGURATION_REFUSED, &field, 1,
		  "the configuration stays as it was (%s): %s", who, error);
	event.reason = error;
	events_publish(reload->supervisor->events, &event);
}

/* Keys that need a start keep their old values; the new ones are freed with the old configuration.
 */
static void keep_until_restart(struct config *now, struct config *before,
			       struct reload_outcome *outcome)
{
	config_compare(before, now, &outcome->changed);
	for (size_t i = 0; i < outcome->changed.count; i++) {
		const char *key = outcome->changed.names[i];

		if (effect_of(key) != EFFECT_RESTART)
			continue;
		config_exchange(now, before, key);
		outcome->restart.names[outcome->restart.count++] = key;
	}
}

/* Hands the configuration to all that have kept something of the one before, which still exists. */
static void apply(struct reload *reload, const struct config *now,
		  const struct config_keys *changed)
{
	struct supervisor *supervisor = reload->supervisor;

	supervisor->config = now;
	if (config_keys_hold(changed, "limits.sessions"))
		reload->options.resized(reload->options.context, now);
	if (gatekeeper_reconfigure(supervisor->gatekeeper, now, changed) < 0)
		log_error("there is not enough memory for all of bans.never and proxy.trusted, or "
			  "for bans.nft_set");
	teletel_reconfigure(supervisor->teletel, now, changed);
	if (teletel_server_reconfigure(supervisor->teletel_server, now) < 0)
		log_error(
		    "there is not enough memory for another Teletel server; the old one stays");
	supervisor_bound_history(supervisor);
}

void reload_keep_copy(const struct reload *reload, const struct config_file *file)
{
	const char *copy = reload->options.copy;
	int error = copy != NULL ? config_copy_write(copy, file) : 0;

	if (error < 0)
		log_warning(
		    "the copy of the configuration in force, %s, cannot be written: %s; while "
		    "%s has a mistake, sessions do not know these values",
		    copy, strerror(-error), path_of(reload));
}

int reload_run(struct reload *reload, const char *who, struct reload_outcome *ret_outcome)
{
	struct config *before = reload->config;
	struct config_file file = { .text = NULL };
	struct config *now = NULL;
	int error;

	*ret_outcome = (struct reload_outcome) { .sessions = 0 };
	error = config_load_file(&now, &file, reload->options.path, before, ret_outcome->error,
				 sizeof(ret_outcome->error));
	if (error < 0) {
		tell_refusal(reload, who, ret_outcome->error);
		return error;
	}
	notifier_reloading();
	keep_until_restart(now, before, ret_outcome);
	apply(reload, now, &ret_outcome->changed);
	reload->config = now;
	reload->time = wall_clock_now();
	reload_keep_copy(reload, &file);
	config_file_done(&file);
	ret_outcome->sessions = tell_sessions(reload->supervisor, before, now);
	config_free(before);
	tell(reload, who, ret_outcome);
	notifier_reloaded();
	return 0;
}

const char *reload_file(const struct reload *reload)
{
	return reload->config->has_file ? path_of(reload) : NULL;
}

int64_t reload_time(const struct reload *reload)
{
	return reload->time;
}

int reload_new(struct reload **ret_reload, struct supervisor *supervisor,
	       const struct reload_options *options)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (reload == NULL)
		return -ENOMEM;
	reload->supervisor = supervisor;
	reload->options = *options;
	reload->config = options->config;
	reload->time = wall_clock_now();
	supervisor->config = options->config;
	*ret_reload = reload;
	return 0;
}

void reload_free(struct reload *reload)
{
	if (reload == NULL)
		return;
	config_free(reload->config);
	free(reload);
}
