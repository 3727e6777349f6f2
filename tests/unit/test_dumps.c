/* links: vdtgw-supervisor */
#include "vdtgw-supervisor/sessions/dump_files.h"
#include "vdtgw-supervisor/sessions/dumps.h"

#include <dirent.h>
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
	PATH_SIZE = 256
};

struct fixture {
	char base[PATH_SIZE / 2];
	char folder[PATH_SIZE]; /* below base; not there yet */
	struct config config;
	struct dumps *dumps;
};

static const struct dump_call caller = {
	.launch = 7,
	.number = 12,
	.address = "2001:db8::1",
	.port = 4711,
	.transport = TRANSPORT_RAW,
	.started = 1700000000000000,
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	snprintf(fixture->base, sizeof(fixture->base), "/tmp/test_dumps.XXXXXX");
	assert_non_null(mkdtemp(fixture->base));
	assert_int_equal(dumps_new(&fixture->dumps), 0);
	snprintf(fixture->folder, sizeof(fixture->folder), "%s/dumps", fixture->base);
	fixture->config.dump.enabled = true;
	fixture->config.dump.directory = fixture->folder;
	fixture->config.dump.max_bytes = 1000;
	fixture->config.dump.max_files = 3;
	*state = fixture;
	return 0;
}

static void remove_folder(const char *path)
{
	DIR *stream = opendir(path);
	const struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL)
		(void)unlinkat(dirfd(stream), entry->d_name, 0);
	if (stream != NULL)
		closedir(stream);
	(void)rmdir(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	dumps_free(fixture->dumps);
	remove_folder(fixture->folder);
	remove_folder(fixture->base);
	free(fixture);
	return 0;
}

/* Makes the file of a call. */
static int open_dump(struct fixture *fixture, int64_t number, uint64_t *ret_room)
{
	struct dump_call call = caller;

	call.number = number;
	return dumps_open(fixture->dumps, &fixture->config, &call, ret_room);
}

static void make_dump(struct fixture *fixture, int64_t number)
{
	uint64_t room;
	int descriptor = open_dump(fixture, number, &room);

	assert_true(descriptor >= 0);
	close(descriptor);
}

static void put_file(struct fixture *fixture, const char *name, time_t changed)
{
	const struct timespec times[] = { { .tv_sec = changed }, { .tv_sec = changed } };
	char path[2 * PATH_SIZE];
	int descriptor;

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(descriptor >= 0);
	assert_int_equal(futimens(descriptor, times), 0);
	close(descriptor);
}

static bool exists(const struct fixture *fixture, const char *name)
{
	char path[2 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	return access(path, F_OK) == 0;
}

static void test_a_file_is_headed_and_for_appending_only(void **state)
{
	static const char header[] =
	    "2001:db8::1\r\n4711\r\nTelnet\r\n2023-11-14 22:13:20\r\nInput\r\n";
	struct fixture *fixture = *state;
	char path[2 * PATH_SIZE], text[256] = "";
	struct stat status;
	uint64_t room = 0;
	int descriptor = open_dump(fixture, 12, &room), reader;

	assert_true(descriptor >= 0);
	assert_int_equal(room, 1000 - strlen(header));
	assert_int_equal(fcntl(descriptor, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
	assert_int_equal(write(descriptor, "typed", 5), 5);
	close(descriptor);
	snprintf(path, sizeof(path), "%s/DumpData_7_12.dmp", fixture->folder);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fstat(reader, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(read(reader, text, sizeof(text) - 1) > 0);
	close(reader);
	assert_int_equal(strncmp(text, header, strlen(header)), 0);
	assert_string_equal(text + strlen(header), "typed");
	assert_int_equal(stat(fixture->folder, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
}

static void test_a_file_that_exists_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	char link[2 * PATH_SIZE], target[PATH_SIZE];

	assert_int_equal(mkdir(fixture->folder, 0700), 0);
	put_file(fixture, "DumpData_7_1.dmp", 1000);
	snprintf(link, sizeof(link), "%s/DumpData_7_1_2.dmp", fixture->folder);
	snprintf(target, sizeof(target), "%s/target", fixture->base);
	assert_int_equal(symlink(target, link), 0);
	make_dump(fixture, 1);
	assert_true(exists(fixture, "DumpData_7_1_3.dmp"));
	assert_int_equal(access(target, F_OK), -1);
}

static void test_the_oldest_files_make_room(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkdir(fixture->folder, 0700), 0);
	put_file(fixture, "DumpData_9_1.dmp", 3000);
	put_file(fixture, "DumpData_1_9.dmp", 2000);
	put_file(fixture, "DumpData_1_9_2.dmp", 1000);
	/* None of ours: neither counted nor removed. */
	put_file(fixture, "DumpData_1_09.dmp", 1);
	put_file(fixture, "DumpData_1_8.dmp.gz", 1);
	put_file(fixture, "notes", 1);
	make_dump(fixture, 20);
	assert_false(exists(fixture, "DumpData_1_9_2.dmp"));
	assert_true(exists(fixture, "DumpData_1_9.dmp"));
	for (int64_t number = 21; number < 300; number++)
		make_dump(fixture, number);
	assert_false(exists(fixture, "DumpData_9_1.dmp"));
	assert_false(exists(fixture, "DumpData_7_296.dmp"));
	assert_true(exists(fixture, "DumpData_7_297.dmp"));
	assert_true(exists(fixture, "DumpData_7_299.dmp"));
	assert_true(exists(fixture, "DumpData_1_09.dmp"));
	assert_true(exists(fixture, "DumpData_1_8.dmp.gz"));
	assert_true(exists(fixture, "notes"));
}

static void test_a_smaller_number_of_files_is_reached_by_and_by(void **state)
{
	struct fixture *fixture = *state;

	fixture->config.dump.max_files = 200;
	for (int64_t number = 1; number <= 200; number++)
		make_dump(fixture, number);
	fixture->config.dump.max_files = 3;
	make_dump(fixture, 201);
	assert_false(exists(fixture, "DumpData_7_64.dmp"));
	assert_true(exists(fixture, "DumpData_7_65.dmp"));
	for (int64_t number = 202; number < 207; number++)
		make_dump(fixture, number);
	assert_false(exists(fixture, "DumpData_7_203.dmp"));
	assert_true(exists(fixture, "DumpData_7_204.dmp"));
}

static void test_files_that_somebody_removed_are_gone(void **state)
{
	struct fixture *fixture = *state;
	char path[2 * PATH_SIZE];

	for (int64_t number = 1; number <= 3; number++)
		make_dump(fixture, number);
	snprintf(path, sizeof(path), "%s/DumpData_7_1.dmp", fixture->folder);
	assert_int_equal(unlink(path), 0);
	make_dump(fixture, 4);
	assert_true(exists(fixture, "DumpData_7_2.dmp"));
	remove_folder(fixture->folder);
	make_dump(fixture, 5);
	assert_true(exists(fixture, "DumpData_7_5.dmp"));
}

static void test_another_folder_is_used_when_it_is_configured(void **state)
{
	struct fixture *fixture = *state;
	char other[PATH_SIZE], path[2 * PATH_SIZE];

	make_dump(fixture, 1);
	snprintf(other, sizeof(other), "%s/other", fixture->base);
	fixture->config.dump.directory = other;
	make_dump(fixture, 2);
	snprintf(path, sizeof(path), "%s/DumpData_7_2.dmp", other);
	assert_int_equal(access(path, F_OK), 0);
	assert_false(exists(fixture, "DumpData_7_2.dmp"));
	remove_folder(other);
}

static void test_without_a_folder_there_is_no_file(void **state)
{
	struct fixture *fixture = *state;
	char nowhere[PATH_SIZE], link[PATH_SIZE];
	uint64_t room = 17;

	fixture->config.dump.enabled = false;
	assert_int_equal(open_dump(fixture, 1, &room), -1);
	assert_int_equal(access(fixture->folder, F_OK), -1);
	fixture->config.dump.enabled = true;
	snprintf(nowhere, sizeof(nowhere), "%s/a/b", fixture->base);
	fixture->config.dump.directory = nowhere;
	assert_int_equal(open_dump(fixture, 1, &room), -1);
	snprintf(link, sizeof(link), "%s/link", fixture->base);
	assert_int_equal(symlink(fixture->base, link), 0);
	fixture->config.dump.directory = link;
	assert_int_equal(open_dump(fixture, 1, &room), -1);
	assert_int_equal(room, 17);
	fixture->config.dump.directory = fixture->folder;
	make_dump(fixture, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_file_is_headed_and_for_appending_only),
		TEST(test_a_file_that_exists_is_left_alone),
		TEST(test_the_oldest_files_make_room),
		TEST(test_a_smaller_number_of_files_is_reached_by_and_by),
		TEST(test_files_that_somebody_removed_are_gone),
		TEST(test_another_folder_is_used_when_it_is_configured),
		TEST(test_without_a_folder_there_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
