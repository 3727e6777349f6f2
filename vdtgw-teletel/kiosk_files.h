/*
 * The files that the kiosk goes by: the configuration, for the directory's place, the directory and
 * the pages. Read as a whole, at the start and again when told to; a fault in one changes nothing.
 */
#ifndef VDTGW_TELETEL_KIOSK_FILES_H
#define VDTGW_TELETEL_KIOSK_FILES_H

#include "common/config.h"
#include "vdtgw-teletel/kiosk.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	/* With callers in them; a directory of the largest size is some megabytes. */
	KIOSK_GENERATIONS_MAX = 16,
};

struct kiosk_files;

/* All are kept, not copied. */
struct kiosk_files_options {
	const char *config;    /* NULL: where all programs have it */
	const char *directory; /* NULL: what the configuration names */
	const char *share;
	const char *listen; /* a service of the kiosk's own is reached there; NULL: there is none */
};

/* What became of an order to read them. */
struct kiosk_files_outcome {
	bool changed;                  /* what callers are offered */
	bool missing;                  /* there is no directory, and none is needed */
	size_t services;               /* besides the kiosk's own */
	char directory[PATH_MAX];      /* its file */
	char replaced[PATH_MAX + 256]; /* a sentence, where an entry takes the place of ECHO */
	char error[CONFIG_ERROR_MAX];  /* why nothing has changed: "FILE:LINE: …" */
};

/* Nothing is read yet. Returns 0 or -ENOMEM. */
int kiosk_files_new(struct kiosk_files **ret_files, const struct kiosk_files_options *options);
/* After the callers. Accepts NULL. */
void kiosk_files_free(struct kiosk_files *files);

/* Reads them, and offers callers what is new. Returns 0, or -errno with the outcome's error alone
 * set. */
int kiosk_files_load(struct kiosk_files *files, struct kiosk_files_outcome *ret_outcome);
/* To be served once they are read. */
struct kiosk_house *kiosk_files_house(struct kiosk_files *files);

#endif
