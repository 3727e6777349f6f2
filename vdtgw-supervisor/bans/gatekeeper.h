/*
 * Decides who is let in and who is banned: joins the list of bans, the strikes, those who are never
 * banned, their store and the clock.
 */
#ifndef VDTGW_SUPERVISOR_BANS_GATEKEEPER_H
#define VDTGW_SUPERVISOR_BANS_GATEKEEPER_H

#include "common/address.h"
#include "common/config.h"
#include "common/config_report.h"
#include "common/event_loop.h"
#include "vdtgw-supervisor/bans/ban_list.h"
#include "vdtgw-supervisor/bans/never_list.h"

#include <stdbool.h>
#include <stdint.h>

struct ban_store;
struct database;
struct events;
struct gatekeeper;

struct gatekeeper_totals {
	int64_t banned;   /* bans made: by strikes and by persons */
	int64_t unbanned; /* bans ended: by time, by persons, or for want of room */
	int64_t refused;  /* callers turned away */
};

struct gatekeeper_options {
	const struct config *config;
	struct events *events; /* where bans are told of */
	/* As in struct ban_store_options. */
	void (*database_opened)(void *context, struct database *database, bool is_new);
	void *context;
};

/* config is kept, not copied. Returns 0 or -errno. */
int gatekeeper_new(struct gatekeeper **ret_gatekeeper, struct event_loop *loop,
		   const struct gatekeeper_options *options);
/* Accepts NULL. */
void gatekeeper_free(struct gatekeeper *gatekeeper);

/* Keeps the kernel in step from now on, where the configuration wants it. 0 or -errno. */
int gatekeeper_open_kernel_set(struct gatekeeper *gatekeeper, struct event_loop *loop);

/* Another configuration is in force, which differs from the one before in these keys. Bans keep the
 * duration with which they were made. Returns 0, or -ENOMEM with a part of it done. */
int gatekeeper_reconfigure(struct gatekeeper *gatekeeper, const struct config *config,
			   const struct config_keys *changed);

/* Whether a new caller from there is to be refused; if so, that was a visit. */
bool gatekeeper_refuses(struct gatekeeper *gatekeeper, const struct address *address);
/* A call has ended that we did not end. reason: the word of Leave; NULL: the session crashed.
 * duration: of the call, in µs. */
void gatekeeper_judge(struct gatekeeper *gatekeeper, const struct address *address,
		      const char *reason, int64_t duration);

/* Whether the network is a single address that is never banned. Larger ones can be banned, and
 * those addresses of them are let in all the same. */
bool gatekeeper_is_never_banned(struct gatekeeper *gatekeeper, const struct network *network);
/* An administrator's word. duration: µs from each last visit; 0: the configured one. comment may be
 * NULL. A ban that is there gets the new terms. Returns 0 or -ENOMEM. */
int gatekeeper_ban(struct gatekeeper *gatekeeper, const struct network *network, int64_t duration,
		   const char *comment);
/* Returns 0 or -ENOENT. What there was against the network is forgotten too. */
int gatekeeper_unban(struct gatekeeper *gatekeeper, const struct network *network);
/* As never_list_add() and never_list_remove(). A ban of this very network ends. */
int gatekeeper_add_never(struct gatekeeper *gatekeeper, const struct network *network,
			 const char *comment);
int gatekeeper_remove_never(struct gatekeeper *gatekeeper, const struct network *network);

/* What became of a ban, or of somebody who is never banned, of another gateway's. */
enum gatekeeper_import {
	GATEKEEPER_IMPORT_TAKEN,
	GATEKEEPER_IMPORT_KNOWN, /* it is here; a ban, with a visit as late */
	GATEKEEPER_IMPORT_OVER,  /* its time would be over */
	GATEKEEPER_IMPORT_NEVER, /* that address is never banned */
	GATEKEEPER_IMPORT_FULL,  /* there is no room */
	GATEKEEPER_IMPORT_COUNT,
};

/* A ban of another gateway's, with the last visit in µs since the epoch; and somebody who is never
 * banned there: known here, he keeps his comment. They return one of enum gatekeeper_import, or
 * -ENOMEM. On disk, and in the kernel, after gatekeeper_import_end(). */
int gatekeeper_import_ban(struct gatekeeper *gatekeeper, const struct network *network,
			  int64_t visited);
int gatekeeper_import_never(struct gatekeeper *gatekeeper, const struct network *network,
			    const char *comment);
void gatekeeper_import_end(struct gatekeeper *gatekeeper);

/* To look at. Those of this machine's own addresses are read again first. */
const struct ban_list *gatekeeper_bans(const struct gatekeeper *gatekeeper);
const struct never_list *gatekeeper_nevers(struct gatekeeper *gatekeeper);
const struct gatekeeper_totals *gatekeeper_totals(const struct gatekeeper *gatekeeper);
/* A time of the ban clock as µs since the epoch, as the wall clock is set now. */
int64_t gatekeeper_wall_time(const struct gatekeeper *gatekeeper, int64_t time);
/* Where bans are kept. */
struct ban_store *gatekeeper_store(const struct gatekeeper *gatekeeper);

#endif
