/*
 * The files of a PyMoIP gateway (PROTOCOLS.md section 6), read: banned.json, neverbanned.json and
 * GatewayConfig.json. Pure, but for the local time zone, in which PyMoIP writes its times.
 */
#ifndef VDTGW_COMMON_PYMOIP_FILES_H
#define VDTGW_COMMON_PYMOIP_FILES_H

#include "common/address.h"

#include <stddef.h>
#include <stdint.h>

enum {
	PYMOIP_KEYS_MAX = 512, /* bytes of keys of the configuration */
	PYMOIP_WHAT_MAX = 256, /* bytes of what is said of something not understood */
};

/* What is found, in the order of the file. Texts are valid during the call. */
struct pymoip_handlers {
	/* A ban, with the address's last visit in µs since the epoch. */
	void (*banned)(void *context, const struct address *address, int64_t visited);
	void (*never_banned)(void *context, const struct address *address, const char *comment);
	/* The same in the words of vdtgw.conf: keys of a group of it, as "telnet = 1200;". */
	void (*setting)(void *context, const char *group, const char *keys);
	/* A sentence's part on what was not understood, or has no place here; printable. */
	void (*left_out)(void *context, const char *what);
};

/* length bytes of a file. Whatever is wrong with it is said to left_out. Returns 0; -EBADMSG where
 * it is no JSON object, so that nothing of it was understood. */
int pymoip_read_banned(const char *text, size_t length, const struct pymoip_handlers *handlers,
		       void *context);
int pymoip_read_never_banned(const char *text, size_t length,
			     const struct pymoip_handlers *handlers, void *context);
int pymoip_read_config(const char *text, size_t length, const struct pymoip_handlers *handlers,
		       void *context);

#endif
