/*
 * /etc/vdtgw/vdtgw.conf, read by every program: one table of keys with their types, limits and
 * defaults. An unknown key, a wrong type or a value out of range is an error that names the file,
 * the line, the key and what is allowed. An empty file is valid.
 */
#ifndef VDTGW_COMMON_CONFIG_H
#define VDTGW_COMMON_CONFIG_H

#include "common/config_file.h"
#include "common/transport.h"
#include "common/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DEFAULT_PATH "/etc/vdtgw/vdtgw.conf"

enum {
	CONFIG_KEYS_MAX = 128,
	CONFIG_LIST_MAX = 1024, /* entries of a list */
	CONFIG_ERROR_MAX = 512, /* bytes of an error message */
	CONFIG_FILE_MAX = 1048576,
};

/* count strings, owned by the configuration; items[count] is NULL, as execv() wants it. NULL where
 * count is 0. */
struct config_list {
	char **items;
	size_t count;
};

/* A struct of values; strings live as long as it does. Durations are in the unit of the key's name,
 * seconds where it names none; 0 switches a time-out off. */
struct config {
	bool has_file;     /* it was read from one … */
	size_t file_bytes; /* … of so many */
	struct {
		const char *uri;
		unsigned ping; /* s between pings, 0: none */
		struct config_list subprotocols;
	} home;
	unsigned speed[TRANSPORT_COUNT]; /* bit/s, 10 bits a character; 0: unlimited */
	struct {
		unsigned caller_idle;
		unsigned session;
		unsigned remote;
		unsigned remote_telnet_idle;
		unsigned home;
		unsigned console_idle;
	} timeouts;
	struct {
		unsigned hold_ms;
		struct config_list allow;
		struct config_list deny;
	} redirection;
	struct {
		const char *session_socket;
		const char *admin_socket;
		const char *console_socket;
		const char *state;
		bool required;
	} supervisor;
	struct {
		bool command_channel;
		const char *uri;
		unsigned retry;
		const char *unit;
		struct config_list command; /* a program and its arguments */
		const char *directory;      /* of services: PROTOCOLS.md section 5 */
	} teletel;
	struct {
		bool enabled;
		unsigned short_session_ms;
		double typing_limit; /* characters/s */
		uint64_t duration;   /* s, written as "100d 20s" */
		unsigned strikes;
		struct config_list never;
		const char *nft_set; /* "family table set"; empty: none */
	} bans;
	struct {
		unsigned sessions;
		unsigned per_address;
		unsigned half_open; /* 0: none */
	} limits;
	struct {
		struct config_list trusted;
	} proxy;
	struct {
		bool control; /* consoles may stop and restart the Teletel server */
	} console;
	struct {
		uint64_t duration;   /* s */
		unsigned max_events; /* 0: no history */
	} history;
	struct {
		bool enabled;
		const char *directory;
		uint64_t max_bytes; /* of one file */
		unsigned max_files;
	} dump;
};

/* Reads path, or the defaults where path is NULL and CONFIG_DEFAULT_PATH does not exist. On
 * failure returns -EINVAL (or -errno where the file cannot be read, -ENOMEM) with a sentence in
 * error, "FILE:LINE: KEY: what is wrong, what is allowed". The caller owns *ret_config. */
int config_load(struct config **ret_config, const char *path, char *error, size_t error_size);
/* The same for a program that runs by `before`, which is checked (NULL: one that starts), and with
 * the file that it was read from (NULL: not wanted), which the caller owns. */
int config_load_file(struct config **ret_config, struct config_file *ret_file, const char *path,
		     const struct config *before, char *error, size_t error_size);
/* What a start would take for all defaults is refused where there was more before, -ENODATA: a file
 * that is gone was moved or lost, and one without a byte is most likely just being written. */
int config_check_loss(const struct config *now, const char *path, const struct config *before,
		      char *error, size_t error_size);
/* The same as config_load() from length bytes of memory; name is what error says for FILE. */
int config_parse(struct config **ret_config, const char *name, const char *text, size_t length,
		 char *error, size_t error_size);
/* The same from a file that was read, or was not there. */
int config_parse_file(struct config **ret_config, const char *name, const struct config_file *file,
		      char *error, size_t error_size);
void config_free(struct config *config);

#endif
