/*
 * Chooses between the file and the copy of what the supervisor has in force. A file without a
 * mistake is always the one; what a reload would refuse is a mistake here, too.
 */
#include "vdtgw-session/session_config.h"

#include "common/config_copy.h"
#include "common/log.h"
#include "common/messages.h"

#include <errno.h>

static void tell_kept(const char *why, const char *copy)
{
	const struct log_field field = { "VDTGW_REASON", why };

	log_event(LOG_PRIORITY_WARNING, MESSAGE_CONFIGURATION_REFUSED, &field, 1,
		  "the configuration in force is used (%s): %s", copy, why);
}

static void tell_refused(const char *why, const char *copy_why)
{
	const struct log_field field = { "VDTGW_REASON", why };

	log_event(LOG_PRIORITY_ERROR, MESSAGE_CONFIGURATION_REFUSED, &field, 1, "%s%s%s", why,
		  copy_why != NULL ? "; the copy of the one in force cannot be used either: " : "",
		  copy_why != NULL ? copy_why : "");
}

int session_config_load(struct config **ret_config, const char *path, const char *copy)
{
	struct config *config = NULL, *kept = NULL;
	char error[CONFIG_ERROR_MAX], copy_error[CONFIG_ERROR_MAX];
	int result = config_load(&config, path, error, sizeof(error));
	int copied = -ENOENT;

	/* The start of most callers does not wait for it. */
	if (copy != NULL && (result < 0 || config->file_bytes == 0))
		copied = config_copy_load(&kept, copy, copy_error, sizeof(copy_error));
	if (result == 0 && copied == 0)
		result = config_check_loss(config, path, kept, error, sizeof(error));
	if (result == 0) {
		*ret_config = config;
		config_free(kept);
		return 0;
	}
	config_free(config);
	if (copied == 0) {
		tell_kept(error, copy);
		*ret_config = kept;
		return 0;
	}
	tell_refused(error, copied != -ENOENT ? copy_error : NULL);
	return result;
}
