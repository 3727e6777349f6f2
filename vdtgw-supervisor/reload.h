/*
 * The configuration in force: read again when told to, compared with the one before, and handed to
 * all that go by it. A file with a fault changes nothing.
 */
#ifndef VDTGW_SUPERVISOR_RELOAD_H
#define VDTGW_SUPERVISOR_RELOAD_H

#include "common/config.h"
#include "common/config_report.h"
#include "vdtgw-supervisor/supervisor.h"

#include <stddef.h>
#include <stdint.h>

struct reload;

struct reload_options {
	const char *path;      /* of the file, kept; NULL: the one that all programs read */
	const char *copy;      /* where sessions find a copy of it, kept; NULL: nowhere */
	struct config *config; /* in force; taken over on success */
	/* limits.sessions has changed. */
	void (*resized)(void *context, const struct config *config);
	void *context;
};

/* What became of an order to read it again. */
struct reload_outcome {
	struct config_keys changed;
	struct config_keys restart;   /* of those: the old value holds until the next start */
	size_t sessions;              /* that were told their new limits */
	char error[CONFIG_ERROR_MAX]; /* why nothing has changed */
};

/* supervisor and what it points to are kept; its config is set from now on. 0 or -ENOMEM. */
int reload_new(struct reload **ret_reload, struct supervisor *supervisor,
	       const struct reload_options *options);
/* After all that go by the configuration, which is freed. Accepts NULL. */
void reload_free(struct reload *reload);

/* Keeps a copy of the file that the configuration in force was read from. That it cannot be kept is
 * told; what was kept before stays. */
void reload_keep_copy(const struct reload *reload, const struct config_file *file);

/* Reads the file, and puts what is new in force; who wanted it is for the log. Returns 0, or -errno
 * with only the outcome's error set. */
int reload_run(struct reload *reload, const char *who, struct reload_outcome *ret_outcome);

/* Orders a session that takes orders to go by the limits of this configuration: one that enters
 * again still has those of its own start. The entry may be gone then. */
void reload_tell_session(const struct session_entry *entry, const struct config *config);

/* The file that the configuration is from; NULL: there was none. */
const char *reload_file(const struct reload *reload);
/* When it was read, in µs since the epoch. */
int64_t reload_time(const struct reload *reload);

#endif
