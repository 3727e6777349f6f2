/*
 * The keys of the configuration: what each is called, where its value goes, what it may be and
 * what it is where the file says nothing. A new key is a new row here, a member of struct config
 * and a paragraph in etc/vdtgw.conf.
 */
#include "common/config_rows.h"

#include "common/config_check.h"
#include "common/target_pattern.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	YEAR = 365 * 86400,
	PATH_BYTES = 1024,
	SOCKET_PATH_BYTES = 107, /* of sun_path, less its final zero */
};

#define BOOLEAN(key, member, value)                                                                \
	{                                                                                          \
		.path = (key), .kind = CONFIG_KIND_BOOLEAN,                                        \
		.offset = offsetof(struct config, member), .default_number = (value),              \
	}
#define NUMBER(key, member, least, most, zero_means, value)                                        \
	{                                                                                          \
		.path = (key), .kind = CONFIG_KIND_NUMBER,                                         \
		.offset = offsetof(struct config, member), .minimum = (least), .maximum = (most),  \
		.zero = (zero_means), .default_number = (value),                                   \
	}
#define TIMEOUT(key, member, value) NUMBER(key, member, 1, YEAR, "none", value)
#define TEXT(key, member, least, most, checked_by, what, value)                                    \
	{                                                                                          \
		.path = (key), .kind = CONFIG_KIND_TEXT,                                           \
		.offset = offsetof(struct config, member), .minimum = (least), .maximum = (most),  \
		.check = (checked_by), .allowed = (what), .default_text = (value),                 \
	}
#define LIST(key, member, most, checked_by, what, no_twice)                                        \
	{                                                                                          \
		.path = (key), .kind = CONFIG_KIND_LIST,                                           \
		.offset = offsetof(struct config, member), .maximum = (most),                      \
		.check = (checked_by), .allowed = (what), .distinct = (no_twice),                  \
	}

static const char service[] =
    "a service such as \"ws://localhost:8765\", \"wss://example.org/\" or "
    "\"telnet://example.org:23\"";
static const char teletel[] = "a server such as \"ws://localhost:8764\" or \"wss://example.org/\"";
static const char path[] = "a path that starts with /";
static const char networks[] = "an address or a network such as \"192.0.2.1\", \"192.0.2.0/24\" or "
			       "\"2001:db8::/32\"";
static const char pattern[] = TARGET_PATTERN_ALLOWED;

const struct config_row config_rows[] = {
	TEXT("home.uri", home.uri, 1, URI_MAX - 1, config_check_service, service,
	     "ws://localhost:8765"),
	NUMBER("home.ping", home.ping, 1, 3600, "no pings", 0),
	LIST("home.subprotocols", home.subprotocols, 16, config_check_subprotocol,
	     "a subprotocol's name of 1 to 64 letters, digits or any of !#$%&'*+-.^_`|~", true),
	NUMBER("speed.telnet", speed[TRANSPORT_TELNET], 75, 1000000, "unlimited", 1200),
	NUMBER("speed.websocket", speed[TRANSPORT_WEBSOCKET], 75, 1000000, "unlimited", 1200),
	NUMBER("speed.raw", speed[TRANSPORT_RAW], 75, 1000000, "unlimited", 1200),
	TIMEOUT("timeouts.caller_idle", timeouts.caller_idle, 600),
	TIMEOUT("timeouts.session", timeouts.session, 7200),
	TIMEOUT("timeouts.remote", timeouts.remote, 3600),
	TIMEOUT("timeouts.remote_telnet_idle", timeouts.remote_telnet_idle, 120),
	TIMEOUT("timeouts.home", timeouts.home, 3600),
	TIMEOUT("timeouts.console_idle", timeouts.console_idle, 0),
	NUMBER("redirection.hold_ms", redirection.hold_ms, 1, 10000, "never held", 1500),
	LIST("redirection.allow", redirection.allow, CONFIG_LIST_MAX, config_check_pattern, pattern,
	     false),
	LIST("redirection.deny", redirection.deny, CONFIG_LIST_MAX, config_check_pattern, pattern,
	     false),
	TEXT("supervisor.session_socket", supervisor.session_socket, 1, SOCKET_PATH_BYTES,
	     config_check_path, path, "/run/vdtgw/session"),
	TEXT("supervisor.admin_socket", supervisor.admin_socket, 1, SOCKET_PATH_BYTES,
	     config_check_path, path, "/run/vdtgw/admin"),
	TEXT("supervisor.console_socket", supervisor.console_socket, 1, SOCKET_PATH_BYTES,
	     config_check_path, path, "/run/vdtgw/console"),
	TEXT("supervisor.state", supervisor.state, 1, PATH_BYTES, config_check_path, path,
	     "/var/lib/vdtgw"),
	BOOLEAN("supervisor.required", supervisor.required, false),
	BOOLEAN("teletel.command_channel", teletel.command_channel, true),
	TEXT("teletel.uri", teletel.uri, 1, URI_MAX - 1, config_check_teletel, teletel,
	     "ws://localhost:8764"),
	NUMBER("teletel.retry", teletel.retry, 1, 3600, NULL, 5),
	TEXT("teletel.unit", teletel.unit, 0, 255, config_check_unit,
	     "the name of a systemd service such as \"vdtgw-teletel.service\", or nothing", ""),
	LIST("teletel.command", teletel.command, 64, config_check_command,
	     "a word of a command, of 1 to 4096 bytes, the first a path that starts with /", false),
	TEXT("teletel.directory", teletel.directory, 1, PATH_BYTES, config_check_path, path,
	     "/etc/vdtgw/directory.json"),
	BOOLEAN("bans.enabled", bans.enabled, true),
	NUMBER("bans.short_session_ms", bans.short_session_ms, 1, 60000, "none is too short", 100),
	{
	    .path = "bans.typing_limit",
	    .kind = CONFIG_KIND_DECIMAL,
	    .offset = offsetof(struct config, bans.typing_limit),
	    .minimum = 1,
	    .maximum = 1000,
	    .zero = "none",
	    .default_decimal = 10.0,
	},
	{
	    .path = "bans.duration",
	    .kind = CONFIG_KIND_DURATION,
	    .offset = offsetof(struct config, bans.duration),
	    .minimum = 1,
	    .maximum = 10 * (uint64_t)YEAR,
	    .default_number = 100 * 86400 + 20,
	},
	NUMBER("bans.strikes", bans.strikes, 1, 1000, NULL, 1),
	TEXT("bans.nft_set", bans.nft_set, 0, 128, config_check_nft_set,
	     "the family (inet), the table and the set of nftables such as \"inet vdtgw banned\", "
	     "or nothing",
	     ""),
	LIST("bans.never", bans.never, CONFIG_LIST_MAX, config_check_network, networks, false),
	NUMBER("limits.sessions", limits.sessions, 1, 100000, NULL, 1000),
	NUMBER("limits.per_address", limits.per_address, 1, 100000, NULL, 20),
	NUMBER("limits.half_open", limits.half_open, 1, 100000, "no limit", 650),
	LIST("proxy.trusted", proxy.trusted, CONFIG_LIST_MAX, config_check_network, networks,
	     false),
	BOOLEAN("console.control", console.control, true),
	{
	    .path = "history.duration",
	    .kind = CONFIG_KIND_DURATION,
	    .offset = offsetof(struct config, history.duration),
	    .minimum = 1,
	    .maximum = 10 * (uint64_t)YEAR,
	    .default_number = YEAR,
	},
	NUMBER("history.max_events", history.max_events, 1, 10000000, "no history", 200000),
	BOOLEAN("dump.enabled", dump.enabled, false),
	TEXT("dump.directory", dump.directory, 1, PATH_BYTES, config_check_path, path,
	     "/var/lib/vdtgw/dumps"),
	{
	    .path = "dump.max_bytes",
	    .kind = CONFIG_KIND_SIZE,
	    .offset = offsetof(struct config, dump.max_bytes),
	    .minimum = 256,
	    .maximum = 1099511627776,
	    .default_number = 1048576,
	},
	NUMBER("dump.max_files", dump.max_files, 1, 1000000, NULL, 1000),
};

static_assert(sizeof(config_rows) / sizeof(config_rows[0]) <= CONFIG_KEYS_MAX,
	      "a list of keys holds them all");

const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

bool config_row_is_in_group(const struct config_row *row, const char *group)
{
	size_t length = strcspn(row->path, ".");

	return strlen(group) == length && memcmp(row->path, group, length) == 0;
}

const char *config_row_key(const struct config_row *row)
{
	return row->path + strcspn(row->path, ".") + 1;
}

const struct config_row *config_row_find(const char *group, const char *key)
{
	for (size_t i = 0; i < config_row_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (config_row_is_in_group(row, group) &&
		    (!key || strcmp(config_row_key(row), key) == 0))
			return row;
	}
	return NULL;
}

static void describe_number(const struct config_row *row, const char *noun,
			    char ret_text[CONFIG_ALLOWED_MAX])
{
	char zero[64] = "";

	if (row->zero)
		snprintf(zero, sizeof(zero), "0 (%s) or ", row->zero);
	snprintf(ret_text, CONFIG_ALLOWED_MAX, "%s%s from %" PRIu64 " to %" PRIu64, zero, noun,
		 row->minimum, row->maximum);
}

const char *config_row_describe(const struct config_row *row, char ret_text[CONFIG_ALLOWED_MAX])
{
	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		snprintf(ret_text, CONFIG_ALLOWED_MAX, "true or false");
		break;
	case CONFIG_KIND_NUMBER:
	case CONFIG_KIND_SIZE:
		describe_number(row, "a whole number", ret_text);
		break;
	case CONFIG_KIND_DECIMAL:
		describe_number(row, "a number", ret_text);
		break;
	case CONFIG_KIND_DURATION:
		snprintf(ret_text, CONFIG_ALLOWED_MAX,
			 "a text of days, hours, minutes and seconds such as \"100d 20s\" or "
			 "\"1h 30m\", from %" PRIu64 "s to %" PRIu64 "d in all",
			 row->minimum, row->maximum / 86400);
		break;
	case CONFIG_KIND_TEXT:
		snprintf(ret_text, CONFIG_ALLOWED_MAX,
			 "%s, in quotes, of at most %" PRIu64 " bytes", row->allowed, row->maximum);
		break;
	case CONFIG_KIND_LIST:
		snprintf(ret_text, CONFIG_ALLOWED_MAX,
			 "a list [ \"…\", … ] of at most %" PRIu64 " entries%s, each %s",
			 row->maximum, row->distinct ? ", none twice" : "", row->allowed);
		break;
	}
	return ret_text;
}
