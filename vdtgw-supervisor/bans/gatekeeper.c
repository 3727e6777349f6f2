/*
 * The gatekeeper: refuses who is banned, bans who has offended too often, ends bans in time, and
 * says so in the log. A refusal is not logged: it is to cost microseconds.
 */
#include "vdtgw-supervisor/bans/gatekeeper.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/messages.h"
#include "common/wall_clock.h"
#include "vdtgw-supervisor/bans/ban_rules.h"
#include "vdtgw-supervisor/bans/ban_store.h"
#include "vdtgw-supervisor/bans/gatekeeper_parts.h"
#include "vdtgw-supervisor/bans/kernel_set.h"
#include "vdtgw-supervisor/bans/own_addresses.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	OWN_ADDRESSES_AGE = 10, /* s after which they are read again when it matters */
	SWEEP_BATCH = 256,      /* bans ended in one turn of the loop */
};

static void read_own_addresses(struct gatekeeper *gatekeeper)
{
	struct address own[NEVER_OWN_MAX];
	uint64_t now = event_loop_now();
	size_t count;
	int error;

	if (gatekeeper->own_read != 0 && now - gatekeeper->own_read < OWN_ADDRESSES_AGE * US_PER_S)
		return;
	error = own_addresses_read(own, NEVER_OWN_MAX, &count);
	if (error == 0)
		never_list_set_own(gatekeeper->nevers, own, count);
	else if (gatekeeper->own_read == 0)
		log_warning("this machine's own addresses are not known, and could be banned: %s",
			    strerror(-error));
	gatekeeper->own_read = now;
}

static bool is_never_banned(struct gatekeeper *gatekeeper, const struct address *address)
{
	read_own_addresses(gatekeeper);
	return never_list_holds(gatekeeper->nevers, address);
}

static void log_ban(const char *message_id, const struct network *network, const char *reason,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

static void log_ban(const char *message_id, const struct network *network, const char *reason,
		    const char *format, ...)
{
	char name[NETWORK_TEXT_MAX], text[LOG_LINE_MAX];
	const struct log_field fields[] = {
		{ "VDTGW_ADDRESS", name },
		{ "VDTGW_REASON", reason },
	};
	va_list arguments;

	network_format(network, name);
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_event(LOG_PRIORITY_NOTICE, message_id, fields, sizeof(fields) / sizeof(fields[0]),
		  "%s %s", name, text);
}

void gatekeeper_publish(const struct gatekeeper *gatekeeper, enum event_kind kind,
			const struct network *network, const char *reason)
{
	struct event event = event_of(kind);

	event.has_network = true;
	event.network = *network;
	event.reason = reason;
	events_publish(gatekeeper->events, &event);
}

void gatekeeper_set_sweep(struct gatekeeper *gatekeeper)
{
	const struct ban *ban = ban_list_first_to_end(gatekeeper->bans);
	int64_t left = ban != NULL ? ban_ends(ban) - ban_store_now(gatekeeper->store) : 0;

	if (ban == NULL)
		timer_disarm(gatekeeper->sweep);
	else
		timer_arm(gatekeeper->sweep, event_loop_now() + (left > 0 ? (uint64_t)left : 0));
}

/* Ends a ban; the disk follows later. reason: a word of events. */
static void end_ban(struct gatekeeper *gatekeeper, struct ban *ban, const char *reason)
{
	const struct network network = ban->node.network;

	ban_list_remove(gatekeeper->bans, ban);
	ban_store_ended(gatekeeper->store, &network);
	kernel_set_changed(gatekeeper->kernel, &network);
	gatekeeper->totals.unbanned++;
	gatekeeper_publish(gatekeeper, EVENT_UNBANNED, &network, reason);
}

static void on_sweep(void *context)
{
	struct gatekeeper *gatekeeper = context;
	int64_t now = ban_store_now(gatekeeper->store);

	for (int i = 0; i < SWEEP_BATCH; i++) {
		struct ban *ban = ban_list_first_to_end(gatekeeper->bans);

		if (ban == NULL || ban_ends(ban) > now)
			break;
		log_ban(MESSAGE_ADDRESS_UNBANNED, &ban->node.network, NULL,
			"is banned no longer: its time is over");
		end_ban(gatekeeper, ban, "time");
	}
	gatekeeper_set_sweep(gatekeeper);
}

static void make_room(struct gatekeeper *gatekeeper)
{
	struct ban *ban = ban_list_first_to_end(gatekeeper->bans);

	if (!ban_list_is_full(gatekeeper->bans))
		return;
	log_ban(MESSAGE_ADDRESS_UNBANNED, &ban->node.network, NULL,
		"is banned no longer: %d others are, which is the limit", BAN_LIST_MAX);
	end_ban(gatekeeper, ban, "room");
}

/* Makes a ban, which is on disk afterwards if it can be. */
static int make_ban(struct gatekeeper *gatekeeper, const struct network *network,
		    enum ban_reason reason, int64_t duration, const char *comment)
{
	int64_t now = ban_store_now(gatekeeper->store);
	const struct ban_terms terms = {
		.since = now,
		.visited = now,
		.duration = duration,
		.reason = reason,
		.comment = comment,
	};
	struct ban *ban;

	if (ban_list_find(gatekeeper->bans, network) == NULL)
		make_room(gatekeeper);
	if (ban_list_add(gatekeeper->bans, network, &terms, &ban) < 0)
		return -ENOMEM;
	gatekeeper->totals.banned++;
	strike_table_clear(&gatekeeper->strikes, network);
	ban_store_changed(gatekeeper->store, network);
	kernel_set_changed(gatekeeper->kernel, network);
	gatekeeper_set_sweep(gatekeeper);
	gatekeeper_publish(gatekeeper, EVENT_BANNED, network, ban_reason_name(reason));
	return 0;
}

static void renew(struct gatekeeper *gatekeeper, struct ban *ban)
{
	ban_list_visit(gatekeeper->bans, ban, ban_store_now(gatekeeper->store));
	if (ban_store_visited(gatekeeper->store, ban))
		kernel_set_changed(gatekeeper->kernel, &ban->node.network);
}

bool gatekeeper_refuses(struct gatekeeper *gatekeeper, const struct address *address)
{
	struct ban *ban;

	if (!gatekeeper->config->bans.enabled)
		return false;
	ban = ban_list_match(gatekeeper->bans, address, ban_store_now(gatekeeper->store), NULL);
	if (ban == NULL || is_never_banned(gatekeeper, address))
		return false;
	renew(gatekeeper, ban);
	gatekeeper->totals.refused++;
	return true;
}

/* duration: of the call. */
static void strike(struct gatekeeper *gatekeeper, const struct address *address,
		   enum ban_reason reason, const char *word, int64_t duration)
{
	const struct config *config = gatekeeper->config;
	int64_t now = ban_store_now(gatekeeper->store);
	struct network network = network_of_caller(address);
	struct ban *ban = ban_list_match(gatekeeper->bans, address, now, NULL);
	char lasts[DURATION_TEXT_MAX];
	unsigned strikes;

	if (ban != NULL) {
		renew(gatekeeper, ban);
		return;
	}
	strikes = strike_table_add(&gatekeeper->strikes, &network, now);
	if (strikes < config->bans.strikes) {
		log_ban(NULL, &network, word,
			"has offended (%s, a call of %lld ms): strike %u of %u", word,
			(long long)(duration / 1000), strikes, config->bans.strikes);
		return;
	}
	if (make_ban(gatekeeper, &network, reason, (int64_t)(config->bans.duration * US_PER_S),
		     NULL) < 0)
		log_error("there is not enough memory for another ban");
	else
		log_ban(MESSAGE_ADDRESS_BANNED, &network, word,
			"is banned until %s after its last visit (%s, a call of "
			"%lld ms)",
			duration_format(config->bans.duration, lasts), word,
			(long long)(duration / 1000));
}

void gatekeeper_judge(struct gatekeeper *gatekeeper, const struct address *address,
		      const char *reason, int64_t duration)
{
	int64_t short_limit = (int64_t)gatekeeper->config->bans.short_session_ms * 1000;
	enum ban_reason offence;

	if (gatekeeper->config->bans.enabled &&
	    ban_rules_judge(reason, duration, short_limit, &offence) &&
	    !is_never_banned(gatekeeper, address))
		strike(gatekeeper, address, offence, reason != NULL ? reason : "crashed", duration);
}

bool gatekeeper_is_never_banned(struct gatekeeper *gatekeeper, const struct network *network)
{
	enum {
		WHOLE = 128, /* bits: an address alone */
	};

	return network->prefix == WHOLE && is_never_banned(gatekeeper, &network->address);
}

int gatekeeper_ban(struct gatekeeper *gatekeeper, const struct network *network, int64_t duration,
		   const char *comment)
{
	if (duration == 0)
		duration = (int64_t)(gatekeeper->config->bans.duration * US_PER_S);
	return make_ban(gatekeeper, network, BAN_ADMINISTRATOR, duration, comment);
}

/* At once on disk, unlike end_ban(). */
static int remove_ban(struct gatekeeper *gatekeeper, const struct network *network)
{
	struct ban *ban = ban_list_find(gatekeeper->bans, network);

	if (ban == NULL)
		return -ENOENT;
	ban_list_remove(gatekeeper->bans, ban);
	gatekeeper->totals.unbanned++;
	ban_store_changed(gatekeeper->store, network);
	kernel_set_changed(gatekeeper->kernel, network);
	gatekeeper_set_sweep(gatekeeper);
	gatekeeper_publish(gatekeeper, EVENT_UNBANNED, network, "administrator");
	return 0;
}

int gatekeeper_unban(struct gatekeeper *gatekeeper, const struct network *network)
{
	strike_table_clear(&gatekeeper->strikes, network);
	return remove_ban(gatekeeper, network);
}

int gatekeeper_add_never(struct gatekeeper *gatekeeper, const struct network *network,
			 const char *comment)
{
	int r = never_list_add(gatekeeper->nevers, network, wall_clock_now(), comment);

	if (r < 0)
		return r;
	(void)gatekeeper_unban(gatekeeper, network);
	ban_store_nevers_changed(gatekeeper->store);
	kernel_set_renew(gatekeeper->kernel);
	return r;
}

int gatekeeper_remove_never(struct gatekeeper *gatekeeper, const struct network *network)
{
	int error = never_list_remove(gatekeeper->nevers, network);

	if (error == 0) {
		ban_store_nevers_changed(gatekeeper->store);
		kernel_set_renew(gatekeeper->kernel);
	}
	return error;
}

const struct ban_list *gatekeeper_bans(const struct gatekeeper *gatekeeper)
{
	return gatekeeper->bans;
}

const struct never_list *gatekeeper_nevers(struct gatekeeper *gatekeeper)
{
	read_own_addresses(gatekeeper);
	return gatekeeper->nevers;
}

const struct gatekeeper_totals *gatekeeper_totals(const struct gatekeeper *gatekeeper)
{
	return &gatekeeper->totals;
}

int64_t gatekeeper_wall_time(const struct gatekeeper *gatekeeper, int64_t time)
{
	return wall_clock_now() - ban_store_now(gatekeeper->store) + time;
}

struct ban_store *gatekeeper_store(const struct gatekeeper *gatekeeper)
{
	return gatekeeper->store;
}

/* The configuration has been checked: each is a network. */
static int add_configured(struct never_list *nevers, const struct config_list *list,
			  const char *key)
{
	for (size_t i = 0; i < list->count; i++) {
		struct network network;

		if (network_parse(&network, list->items[i]) < 0)
			return -EINVAL;
		if (never_list_configure(nevers, &network, key) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* To ban a proxy would be to ban everybody behind it. */
static int add_all_configured(struct gatekeeper *gatekeeper)
{
	const struct config *config = gatekeeper->config;
	int error = add_configured(gatekeeper->nevers, &config->bans.never, "bans.never");

	if (error == 0)
		error = add_configured(gatekeeper->nevers, &config->proxy.trusted, "proxy.trusted");
	return error;
}

static int make_lists(struct gatekeeper *gatekeeper)
{
	uint64_t seed;
	int error;

	if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return -EIO;
	error = strike_table_init(&gatekeeper->strikes, seed);
	if (error == 0)
		error = ban_list_new(&gatekeeper->bans, seed);
	if (error == 0)
		error = never_list_new(&gatekeeper->nevers, seed);
	if (error == 0)
		error = add_all_configured(gatekeeper);
	return error;
}

static int64_t ban_time(void *context)
{
	const struct gatekeeper *gatekeeper = context;

	return ban_store_now(gatekeeper->store);
}

/* The set that is to be kept; empty: none. */
static const char *wanted_set(const struct config *config)
{
	return config->bans.enabled ? config->bans.nft_set : "";
}

int gatekeeper_open_kernel_set(struct gatekeeper *gatekeeper, struct event_loop *loop)
{
	const struct kernel_set_options options = {
		.name = wanted_set(gatekeeper->config),
		.bans = gatekeeper->bans,
		.nevers = gatekeeper->nevers,
		.now = ban_time,
		.context = gatekeeper,
	};

	gatekeeper->loop = loop;
	if (options.name[0] == '\0')
		return 0;
	read_own_addresses(gatekeeper);
	return kernel_set_new(&gatekeeper->kernel, loop, &options);
}

/* A ban of who is never banned from now on is without effect, as after a start: it stays in the
 * list until its end. */
static int reconfigure_nevers(struct gatekeeper *gatekeeper)
{
	int error;

	never_list_unconfigure(gatekeeper->nevers);
	error = add_all_configured(gatekeeper);
	kernel_set_renew(gatekeeper->kernel);
	return error;
}

int gatekeeper_reconfigure(struct gatekeeper *gatekeeper, const struct config *config,
			   const struct config_keys *changed)
{
	int error = 0;

	gatekeeper->config = config;
	if (config_keys_hold(changed, "bans.never") || config_keys_hold(changed, "proxy.trusted"))
		error = reconfigure_nevers(gatekeeper);
	if (gatekeeper->kernel != NULL)
		kernel_set_rename(gatekeeper->kernel, wanted_set(config));
	else if (error == 0)
		error = gatekeeper_open_kernel_set(gatekeeper, gatekeeper->loop);
	return error;
}

int gatekeeper_new(struct gatekeeper **ret_gatekeeper, struct event_loop *loop,
		   const struct gatekeeper_options *options)
{
	struct gatekeeper *gatekeeper = calloc(1, sizeof(*gatekeeper));
	struct ban_store_options store;
	int error;

	if (gatekeeper == NULL)
		return -ENOMEM;
	gatekeeper->config = options->config;
	gatekeeper->events = options->events;
	error = make_lists(gatekeeper);
	if (error == 0)
		error = timer_new(&gatekeeper->sweep, loop, on_sweep, gatekeeper);
	store = (struct ban_store_options) {
		.folder = options->config->supervisor.state,
		.bans = gatekeeper->bans,
		.nevers = gatekeeper->nevers,
		.clock = &gatekeeper->clock,
		.opened = options->database_opened,
		.context = options->context,
	};
	if (error == 0)
		error = ban_store_new(&gatekeeper->store, loop, &store);
	if (error < 0) {
		gatekeeper_free(gatekeeper);
		return error;
	}
	gatekeeper_set_sweep(gatekeeper);
	*ret_gatekeeper = gatekeeper;
	return 0;
}

void gatekeeper_free(struct gatekeeper *gatekeeper)
{
	if (gatekeeper == NULL)
		return;
	kernel_set_free(gatekeeper->kernel);
	ban_store_free(gatekeeper->store);
	timer_free(gatekeeper->sweep);
	ban_list_free(gatekeeper->bans);
	never_list_free(gatekeeper->nevers);
	if (gatekeeper->strikes.table.chains != NULL)
		strike_table_done(&gatekeeper->strikes);
	free(gatekeeper);
}
