/* links: common */
#include "common/config_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	USUAL_MODE = 0644,
};

static char folder[] = "/tmp/test_config_copy.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(strrchr(folder, '.'), ".XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/copy", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)chmod(folder, 0700);
	(void)unlink(path);
	return rmdir(folder);
}

static int keep(const char *text, mode_t mode)
{
	const struct config_file file = {
		.text = (char *)(uintptr_t)text,
		.length = text != NULL ? strlen(text) : 0,
		.mode = S_IFREG | mode,
		.group = getgid(),
	};

	return config_copy_write(path, &file);
}

static int load(unsigned *ret_ping, bool *ret_has_file)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;
	int r = config_copy_load(&config, path, error, sizeof(error));

	if (r < 0) {
		assert_null(config);
		assert_memory_equal(error, path, strlen(path));
		return r;
	}
	*ret_ping = config->home.ping;
	*ret_has_file = config->has_file;
	config_free(config);
	return 0;
}

static void test_a_file_that_was_named_has_a_copy_only_where_that_is_named(void **state)
{
	(void)state;
	assert_string_equal(config_copy_path(NULL, NULL), CONFIG_DEFAULT_COPY);
	assert_null(config_copy_path(NULL, "/etc/other.conf"));
	assert_string_equal(config_copy_path("/run/copy", "/etc/other.conf"), "/run/copy");
	assert_string_equal(config_copy_path("/run/copy", NULL), "/run/copy");
}

static void test_what_was_kept_is_loaded_and_the_latest_only(void **state)
{
	unsigned ping = 0;
	bool has_file = false;

	(void)state;
	assert_int_equal(load(&ping, &has_file), -ENOENT);
	assert_int_equal(keep("home: { ping = 7; };\n", USUAL_MODE), 0);
	assert_int_equal(keep("home: { ping = 8; };\n", USUAL_MODE), 0);
	assert_int_equal(load(&ping, &has_file), 0);
	assert_int_equal(ping, 8);
	assert_true(has_file);
	assert_int_equal(keep("home: { ping = often; };\n", USUAL_MODE), 0);
	assert_int_equal(load(&ping, &has_file), -EINVAL);
	/* Of a start without a file. */
	assert_int_equal(keep(NULL, 0), 0);
	assert_int_equal(load(&ping, &has_file), 0);
	assert_int_equal(ping, 0);
	assert_false(has_file);
}

static void test_its_rights_are_those_of_the_file_without_writing(void **state)
{
	static const struct {
		mode_t file, copy;
	} rows[] = {
		{ 0644, 0644 }, { 0666, 0644 }, { 0640, 0640 },
		{ 0600, 0600 }, { 0400, 0600 }, { 06755, 0644 },
	};
	struct stat status;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(keep("\n", rows[i].file), 0);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 07777, rows[i].copy);
	}
	assert_int_equal(keep(NULL, 0), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
}

static void test_what_others_could_write_is_not_trusted(void **state)
{
	unsigned ping = 0;
	bool has_file = false;

	(void)state;
	assert_int_equal(keep("\n", USUAL_MODE), 0);
	for (mode_t bit = S_IWOTH; bit <= S_IWGRP; bit <<= 3) {
		assert_int_equal(chmod(path, 0644 | bit), 0);
		assert_int_equal(load(&ping, &has_file), -EPERM);
		assert_int_equal(chmod(path, 0644), 0);
		assert_int_equal(chmod(folder, 0755 | bit), 0);
		assert_int_equal(load(&ping, &has_file), -EPERM);
		assert_int_equal(chmod(folder, 0755), 0);
		assert_int_equal(load(&ping, &has_file), 0);
	}
}

static void test_a_path_that_is_too_long_is_refused(void **state)
{
	const struct config_file none = { .text = NULL };
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;
	char long_path[5000];

	(void)state;
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(config_copy_write(long_path, &none), -ENAMETOOLONG);
	long_path[sizeof(long_path) - 2] = '/';
	assert_int_equal(config_copy_load(&config, long_path, error, sizeof(error)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_that_was_named_has_a_copy_only_where_that_is_named),
		cmocka_unit_test_setup_teardown(test_what_was_kept_is_loaded_and_the_latest_only,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
		    test_its_rights_are_those_of_the_file_without_writing, make_folder,
		    remove_folder),
		cmocka_unit_test_setup_teardown(test_what_others_could_write_is_not_trusted,
						make_folder, remove_folder),
		cmocka_unit_test(test_a_path_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
