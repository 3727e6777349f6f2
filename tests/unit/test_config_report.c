/* links: common */
#include "common/array.h"
#include "common/config_report.h"
#include "common/config_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Every key, a value that is not its default, as the file and as JSON has it. */
static const struct {
	const char *key;
	const char *text;
	const char *json;
	const char *default_json;
} values[] = {
	{ "home.uri", "\"telnet://example.org\"", "\"telnet://example.org\"",
	  "\"ws://localhost:8765\"" },
	{ "home.ping", "30", "30", "0" },
	{ "home.subprotocols", "[ \"binary\", \"tty\" ]", "[\"binary\",\"tty\"]", "[]" },
	{ "speed.telnet", "75", "75", "1200" },
	{ "speed.websocket", "0", "0", "1200" },
	{ "speed.raw", "9600", "9600", "1200" },
	{ "timeouts.caller_idle", "1", "1", "600" },
	{ "timeouts.session", "0", "0", "7200" },
	{ "timeouts.remote", "2", "2", "3600" },
	{ "timeouts.remote_telnet_idle", "3", "3", "120" },
	{ "timeouts.home", "4", "4", "3600" },
	{ "timeouts.console_idle", "5", "5", "0" },
	{ "redirection.hold_ms", "0", "0", "1500" },
	{ "redirection.allow", "[ \"*\" ]", "[\"*\"]", "[]" },
	{ "redirection.deny", "[ \"localhost\" ]", "[\"localhost\"]", "[]" },
	{ "supervisor.session_socket", "\"/a\"", "\"/a\"", "\"/run/vdtgw/session\"" },
	{ "supervisor.admin_socket", "\"/b\"", "\"/b\"", "\"/run/vdtgw/admin\"" },
	{ "supervisor.console_socket", "\"/c\"", "\"/c\"", "\"/run/vdtgw/console\"" },
	{ "supervisor.state", "\"/\\xff\"", "\"/\\\\xFF\"", "\"/var/lib/vdtgw\"" },
	{ "supervisor.required", "true", "true", "false" },
	{ "teletel.command_channel", "false", "false", "true" },
	{ "teletel.uri", "\"wss://example.org/\"", "\"wss://example.org/\"",
	  "\"ws://localhost:8764\"" },
	{ "teletel.retry", "1", "1", "5" },
	{ "teletel.unit", "\"a.service\"", "\"a.service\"", "\"\"" },
	{ "teletel.command", "[ \"/a\", \"-b\" ]", "[\"/a\",\"-b\"]", "[]" },
	{ "teletel.directory", "\"/d\"", "\"/d\"", "\"/etc/vdtgw/directory.json\"" },
	{ "bans.enabled", "false", "false", "true" },
	{ "bans.short_session_ms", "0", "0", "100" },
	{ "bans.typing_limit", "12.5", "12.5", "10.0" },
	{ "bans.duration", "\"90s\"", "\"1m 30s\"", "\"100d 20s\"" },
	{ "bans.strikes", "3", "3", "1" },
	{ "bans.nft_set", "\"inet a b\"", "\"inet a b\"", "\"\"" },
	{ "bans.never", "[ \"192.0.2.1\" ]", "[\"192.0.2.1\"]", "[]" },
	{ "limits.sessions", "5", "5", "1000" },
	{ "limits.per_address", "6", "6", "20" },
	{ "limits.half_open", "0", "0", "650" },
	{ "proxy.trusted", "[ \"192.0.2.0/24\" ]", "[\"192.0.2.0/24\"]", "[]" },
	{ "console.control", "false", "false", "true" },
	{ "history.duration", "\"1d\"", "\"1d\"", "\"365d\"" },
	{ "history.max_events", "0", "0", "200000" },
	{ "dump.enabled", "true", "true", "false" },
	{ "dump.directory", "\"/e\"", "\"/e\"", "\"/var/lib/vdtgw/dumps\"" },
	{ "dump.max_bytes", "1099511627776", "1099511627776", "1048576" },
	{ "dump.max_files", "7", "7", "1000" },
};

static struct config *accepted(const char *text)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	if (config_parse(&config, "FILE", text, strlen(text), error, sizeof(error)) < 0)
		fail_msg("%s refused: %s", text, error);
	return config;
}

/* A configuration with one value. */
static struct config *with(const char *key, const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "%.*s: { %s = %s; };", (int)strcspn(key, "."), key,
		 strchr(key, '.') + 1, text);
	return accepted(whole);
}

static void assert_packed(const struct config *config, const char *key, const char *json)
{
	json_t *packed = config_pack(config);
	char text[256] = "";
	size_t length;

	assert_non_null(packed);
	length = json_dumpb(json_object_get(packed, key), text, sizeof(text) - 1,
			    JSON_COMPACT | JSON_ENCODE_ANY);
	assert_in_range(length, 1, sizeof(text) - 1);
	if (strcmp(text, json) != 0)
		fail_msg("%s is %s, not %s", key, text, json);
	assert_int_equal(json_object_size(packed), config_row_count);
	json_decref(packed);
}

static void test_every_key_is_in_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_row_count; i++) {
		bool found = false;

		for (size_t j = 0; j < LENGTH(values); j++)
			found = found || strcmp(values[j].key, config_rows[i].path) == 0;
		if (!found)
			fail_msg("%s is not tested", config_rows[i].path);
	}
	assert_int_equal(LENGTH(values), config_row_count);
}

static void test_a_key_that_differs_is_found_and_no_other(void **state)
{
	struct config *defaults = accepted("");

	(void)state;
	for (size_t i = 0; i < LENGTH(values); i++) {
		struct config *one = with(values[i].key, values[i].text);
		struct config *same = with(values[i].key, values[i].text);
		struct config_keys keys;

		config_compare(one, defaults, &keys);
		if (keys.count != 1 || strcmp(keys.names[0], values[i].key) != 0)
			fail_msg("%s: %zu keys differ", values[i].key, keys.count);
		config_compare(defaults, one, &keys);
		assert_int_equal(keys.count, 1);
		config_compare(one, same, &keys);
		assert_int_equal(keys.count, 0);
		config_find_defaults(one, &keys);
		assert_int_equal(keys.count, config_row_count - 1);
		assert_false(config_keys_hold(&keys, values[i].key));
		config_free(one);
		config_free(same);
	}
	config_free(defaults);
}

static void test_values_are_shown_as_they_are(void **state)
{
	struct config *defaults = accepted("");

	(void)state;
	for (size_t i = 0; i < LENGTH(values); i++) {
		struct config *one = with(values[i].key, values[i].text);

		assert_packed(one, values[i].key, values[i].json);
		assert_packed(defaults, values[i].key, values[i].default_json);
		config_free(one);
	}
	config_free(defaults);
}

static void test_a_value_changes_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(values); i++) {
		struct config *one = with(values[i].key, values[i].text);
		struct config *other = accepted("");
		struct config_keys keys;

		config_exchange(one, other, values[i].key);
		assert_packed(one, values[i].key, values[i].default_json);
		assert_packed(other, values[i].key, values[i].json);
		config_find_defaults(one, &keys);
		assert_int_equal(keys.count, config_row_count);
		config_free(one);
		config_free(other);
	}
}

static void test_lists_differ_by_number_order_and_entry(void **state)
{
	static const char *const lists[] = { "[ ]", "[ \"a\" ]", "[ \"b\" ]", "[ \"a\", \"b\" ]",
					     "[ \"b\", \"a\" ]" };

	(void)state;
	for (size_t i = 0; i < LENGTH(lists); i++)
		for (size_t j = 0; j < LENGTH(lists); j++) {
			struct config *one = with("home.subprotocols", lists[i]);
			struct config *other = with("home.subprotocols", lists[j]);
			struct config_keys keys;

			config_compare(one, other, &keys);
			assert_int_equal(keys.count, i == j ? 0 : 1);
			config_free(one);
			config_free(other);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_is_in_the_table),
		cmocka_unit_test(test_a_key_that_differs_is_found_and_no_other),
		cmocka_unit_test(test_values_are_shown_as_they_are),
		cmocka_unit_test(test_a_value_changes_sides),
		cmocka_unit_test(test_lists_differ_by_number_order_and_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
