/* links: common */
#include "common/array.h"
#include "common/config.h"
#include "common/config_rows.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int parse(struct config **ret_config, const char *text, char error[CONFIG_ERROR_MAX])
{
	return config_parse(ret_config, "FILE", text, strlen(text), error, CONFIG_ERROR_MAX);
}

static struct config *accepted(const char *text)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	if (parse(&config, text, error) < 0)
		fail_msg("%s refused: %s", text, error);
	return config;
}

static const void *value_of(const struct config *config, const struct config_row *row)
{
	return (const char *)config + row->offset;
}

/* A value of any kind as text, to compare and to tell of. */
static void format_value(char *ret_text, size_t size, const struct config *config,
			 const struct config_row *row)
{
	const void *value = value_of(config, row);
	const struct config_list *list = value;

	switch (row->kind) {
	case CONFIG_KIND_BOOLEAN:
		snprintf(ret_text, size, "%d", *(const bool *)value);
		break;
	case CONFIG_KIND_NUMBER:
		snprintf(ret_text, size, "%u", *(const unsigned *)value);
		break;
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_DURATION:
		snprintf(ret_text, size, "%" PRIu64, *(const uint64_t *)value);
		break;
	case CONFIG_KIND_DECIMAL:
		snprintf(ret_text, size, "%.9g", *(const double *)value);
		break;
	case CONFIG_KIND_TEXT:
		snprintf(ret_text, size, "%s", *(const char *const *)value);
		break;
	case CONFIG_KIND_LIST:
		snprintf(ret_text, size, "%zu:%s", list->count, list->count ? list->items[0] : "");
		break;
	}
}

static void assert_same(const struct config *one, const struct config *other)
{
	for (size_t i = 0; i < config_row_count; i++) {
		char value[CONFIG_ERROR_MAX];
		char other_value[CONFIG_ERROR_MAX];

		format_value(value, sizeof(value), one, &config_rows[i]);
		format_value(other_value, sizeof(other_value), other, &config_rows[i]);
		if (strcmp(value, other_value) != 0)
			fail_msg("%s: %s is not %s", config_rows[i].path, value, other_value);
	}
}

static void test_empty_file_is_the_defaults_of_the_design(void **state)
{
	static const char *const texts[] = { "",
					     "\n\n",
					     "// nothing\n# here\n/* either */",
					     "home: { };\nspeed = { }",
					     "home: { };\n# no end of line",
					     "// nor here" };

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct config *config = accepted(texts[i]);

		assert_string_equal(config->home.uri, "ws://localhost:8765");
		assert_int_equal(config->home.ping, 0);
		assert_int_equal(config->home.subprotocols.count, 0);
		assert_null(config->home.subprotocols.items);
		assert_int_equal(config->speed[TRANSPORT_TELNET], 1200);
		assert_int_equal(config->speed[TRANSPORT_WEBSOCKET], 1200);
		assert_int_equal(config->speed[TRANSPORT_RAW], 1200);
		assert_int_equal(config->timeouts.caller_idle, 600);
		assert_int_equal(config->timeouts.session, 7200);
		assert_int_equal(config->timeouts.remote, 3600);
		assert_int_equal(config->timeouts.remote_telnet_idle, 120);
		assert_int_equal(config->timeouts.home, 3600);
		assert_int_equal(config->timeouts.console_idle, 0);
		assert_int_equal(config->redirection.hold_ms, 1500);
		assert_string_equal(config->supervisor.session_socket, "/run/vdtgw/session");
		assert_string_equal(config->supervisor.admin_socket, "/run/vdtgw/admin");
		assert_string_equal(config->supervisor.state, "/var/lib/vdtgw");
		assert_false(config->supervisor.required);
		assert_true(config->teletel.command_channel);
		assert_string_equal(config->teletel.uri, "ws://localhost:8764");
		assert_int_equal(config->teletel.retry, 5);
		assert_string_equal(config->teletel.unit, "");
		assert_string_equal(config->teletel.directory, "/etc/vdtgw/directory.json");
		assert_true(config->bans.enabled);
		assert_int_equal(config->bans.short_session_ms, 100);
		assert_true(config->bans.typing_limit == 10.0);
		assert_int_equal(config->bans.duration, 100 * 86400 + 20);
		assert_int_equal(config->bans.strikes, 1);
		assert_int_equal(config->limits.sessions, 1000);
		assert_int_equal(config->limits.per_address, 20);
		assert_int_equal(config->limits.half_open, 650);
		assert_string_equal(config->bans.nft_set, "");
		assert_false(config->dump.enabled);
		assert_string_equal(config->dump.directory, "/var/lib/vdtgw/dumps");
		assert_int_equal(config->dump.max_bytes, 1048576);
		config_free(config);
	}
}

/* The file that is installed: loadable, complete, and without effect. */
static void test_installed_file_holds_every_key_at_its_default(void **state)
{
	char text[16384] = "";
	char error[CONFIG_ERROR_MAX] = "";
	struct config *defaults = accepted("");
	struct config *installed = NULL;
	FILE *file;

	(void)state;
	if (config_load(&installed, "etc/vdtgw.conf", error, sizeof(error)) < 0)
		fail_msg("%s", error);
	assert_same(installed, defaults);
	config_free(installed);
	config_free(defaults);

	file = fopen("etc/vdtgw.conf", "r");
	assert_non_null(file);
	assert_in_range(fread(text, 1, sizeof(text) - 1, file), 1, sizeof(text) - 2);
	fclose(file);
	for (size_t i = 0; i < config_row_count; i++) {
		const char *path = config_rows[i].path;
		int group_length = (int)strcspn(path, ".");
		char group[64];
		char key[64];
		const char *found;
		const char *end;

		snprintf(group, sizeof(group), "\n%.*s: {\n", group_length, path);
		snprintf(key, sizeof(key), "\n\t%s = ", config_row_key(&config_rows[i]));
		found = strstr(text, group);
		end = found ? strstr(found, "\n};") : NULL;
		found = found ? strstr(found, key) : NULL;
		if (!found || found > end)
			fail_msg("%s is not in the installed file", path);
	}
}

static void test_values_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *path;
		const char *value;
	} cases[] = {
		{ "home: { uri = \"telnet://[2001:db8::1]:2323\"; };", "home.uri",
		  "telnet://[2001:db8::1]:2323" },
		{ "home = { uri = \"ws://\"\n\"example.org/\" }", "home.uri", "ws://example.org/" },
		{ "home: { ping = 3600; };", "home.ping", "3600" },
		{ "home: { ping = 0x10L; };", "home.ping", "16" },
		{ "home: { ping = +5 };", "home.ping", "5" },
		{ "home: { ping = 010 };", "home.ping", "10" },
		{ "home: { subprotocols = [ \"tty\", \"binary\" ]; };", "home.subprotocols",
		  "2:tty" },
		{ "home: { subprotocols = ( \"tty\" ); };", "home.subprotocols", "1:tty" },
		{ "home: { subprotocols = [ ]; };", "home.subprotocols", "0:" },
		{ "speed: { raw = 0; };", "speed.raw", "0" },
		{ "speed: { websocket = 75; };", "speed.websocket", "75" },
		{ "speed: { telnet = 1000000L; };", "speed.telnet", "1000000" },
		{ "supervisor: { required = TRUE; };", "supervisor.required", "1" },
		{ "teletel: { uri = \"wss://example.org/\"; };", "teletel.uri",
		  "wss://example.org/" },
		{ "teletel: { unit = \"pymoip@1.service\"; };", "teletel.unit",
		  "pymoip@1.service" },
		{ "teletel: { command = [ \"/bin/sh\", \"-c\", \"a b\" ]; };", "teletel.command",
		  "3:/bin/sh" },
		{ "bans: { typing_limit = 20; };", "bans.typing_limit", "20" },
		{ "bans: { typing_limit = 12.5; };", "bans.typing_limit", "12.5" },
		{ "bans: { typing_limit = 1.25e+1; };", "bans.typing_limit", "12.5" },
		{ "bans: { typing_limit = 0.0; };", "bans.typing_limit", "0" },
		{ "bans: { nft_set = \"inet vdtgw banned\"; };", "bans.nft_set",
		  "inet vdtgw banned" },
		{ "limits: { half_open = 0; };", "limits.half_open", "0" },
		{ "bans: { duration = \"1m30s\"; };", "bans.duration", "90" },
		{ "bans: { never = [ \"192.0.2.0/24\" ]; };", "bans.never", "1:192.0.2.0/24" },
		{ "proxy: { trusted = [ \"2001:db8::1\" ]; };", "proxy.trusted", "1:2001:db8::1" },
		{ "redirection: { allow = [ \"wss://*.example.org\" ]; };", "redirection.allow",
		  "1:wss://*.example.org" },
		{ "dump: { max_bytes = 1099511627776; };", "dump.max_bytes", "1099511627776" },
		{ "dump: { directory = \"/a\\\"b\\\\\"; };", "dump.directory", "/a\"b\\" },
		{ "/* @include \"x\" */ // @include\ndump: { directory = \"/@#//\"; };",
		  "dump.directory", "/@#//" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct config *config = accepted(cases[i].text);
		struct config *defaults = accepted("");
		char value[CONFIG_ERROR_MAX];

		for (size_t j = 0; j < config_row_count; j++) {
			const struct config_row *row = &config_rows[j];
			char default_value[CONFIG_ERROR_MAX];

			format_value(value, sizeof(value), config, row);
			format_value(default_value, sizeof(default_value), defaults, row);
			assert_string_equal(value, strcmp(row->path, cases[i].path) == 0
						       ? cases[i].value
						       : default_value);
		}
		config_free(config);
		config_free(defaults);
	}
}

static void test_list_ends_as_a_command_wants_it(void **state)
{
	struct config *config =
	    accepted("teletel: { command = [ \"/bin/echo\", \"\\x41 b\", \"-\" ]; };");

	(void)state;
	assert_int_equal(config->teletel.command.count, 3);
	assert_string_equal(config->teletel.command.items[1], "A b");
	assert_string_equal(config->teletel.command.items[2], "-");
	assert_null(config->teletel.command.items[3]);
	config_free(config);
}

static void test_file_that_cannot_be_read_is_an_error(void **state)
{
	char directory[] = "/tmp/test_config.XXXXXX";
	char path[64];
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;
	int descriptor;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/file", directory);
	assert_int_equal(config_load(&config, path, error, sizeof(error)), -ENOENT);
	assert_non_null(strstr(error, path));
	assert_int_equal(config_load(&config, directory, error, sizeof(error)), -EISDIR);

	/* A pipe that nobody writes to must not hold up the start. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(config_load(&config, path, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "not a file"));
	unlink(path);

	descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(descriptor, "home: {\n ping = x\n};", 20), 20);
	assert_int_equal(config_load(&config, path, error, sizeof(error)), -EINVAL);
	assert_memory_equal(error, path, strlen(path));
	assert_memory_equal(error + strlen(path), ":2: ", 4);
	assert_int_equal(ftruncate(descriptor, CONFIG_FILE_MAX + 1), 0);
	assert_int_equal(config_load(&config, path, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "too large"));
	close(descriptor);
	unlink(path);
	rmdir(directory);

	assert_int_equal(config_load(&config, "/dev/null", error, sizeof(error)), 0);
	config_free(config);
	config_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_file_is_the_defaults_of_the_design),
		cmocka_unit_test(test_installed_file_holds_every_key_at_its_default),
		cmocka_unit_test(test_values_are_read),
		cmocka_unit_test(test_list_ends_as_a_command_wants_it),
		cmocka_unit_test(test_file_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
