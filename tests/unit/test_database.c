/* links: vdtgw-supervisor */
/* The database and the session numbers that it keeps apart, over restarts and without it. */
#include "common/array.h"
#include "vdtgw-supervisor/sessions/session_numbers.h"
#include "vdtgw-supervisor/storage/database.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define NOW INT64_C(1790000000000000) /* µs: some day in 2026 */

static int set_up(void **state)
{
	char *folder = strdup("/tmp/vdtgw-test-XXXXXX");

	if (folder == NULL)
		return -1;
	if (mkdtemp(folder) == NULL) {
		free(folder);
		return -1;
	}
	*state = folder;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "vdtgw.db", "vdtgw.db-wal", "vdtgw.db-shm" };
	char path[64];

	for (size_t i = 0; i < LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", (char *)*state, names[i]);
		unlink(path);
	}
	rmdir(*state);
	free(*state);
	return 0;
}

static struct database *open_database(const char *folder)
{
	struct database *database = NULL;
	char *why = NULL;

	if (database_open(&database, folder, &why) < 0)
		fail_msg("%s", why);
	return database;
}

static void test_launches_are_counted_over_restarts(void **state)
{
	for (int64_t launch = 1; launch <= 3; launch++) {
		struct database *database = open_database(*state);
		int64_t launches = 0;

		assert_int_equal(database_add_launch(database, NOW + launch, &launches), 0);
		assert_int_equal(launches, launch);
		database_close(database);
	}
}

static void test_only_the_latest_launches_are_kept_and_all_are_counted(void **state)
{
	struct database *database = open_database(*state);
	int64_t launches = 0;
	char path[64];
	sqlite3 *handle;
	sqlite3_stmt *count;

	for (int i = 0; i < DATABASE_LAUNCHES_MAX + 5; i++)
		assert_int_equal(database_add_launch(database, NOW, &launches), 0);
	assert_int_equal(launches, DATABASE_LAUNCHES_MAX + 5);
	database_close(database);
	snprintf(path, sizeof(path), "%s/vdtgw.db", (char *)*state);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(handle, "SELECT count(*) FROM launch", -1, &count, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(count, 0), DATABASE_LAUNCHES_MAX);
	sqlite3_finalize(count);
	sqlite3_close(handle);
}

static void test_blocks_of_numbers_never_overlap(void **state)
{
	static const struct {
		int64_t least;
		int64_t count;
		int64_t first;
	} cases[] = { { 1, 10, 1 }, { 1, 10, 11 }, { 5, 1, 21 }, { 500, 10, 500 }, { 2, 3, 510 } };

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct database *database = open_database(*state);
		int64_t first = 0;

		assert_int_equal(
		    database_reserve_numbers(database, cases[i].least, cases[i].count, &first), 0);
		assert_int_equal(first, cases[i].first);
		database_close(database);
	}
}

static void write_file(const char *folder, const char *text)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/vdtgw.db", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_a_file_that_is_no_database_is_refused_with_a_reason(void **state)
{
	struct database *database = NULL;
	char *why = NULL;

	write_file(*state, "This is not a database, although it is long enough to be asked about.\n"
			   "The first page of one begins with other words than these.\n");
	assert_int_equal(database_open(&database, *state, &why), -EBADMSG);
	assert_non_null(strstr(why, "vdtgw.db: "));
	assert_null(database);
	free(why);
}

static void test_a_folder_that_is_not_there_is_refused_with_a_reason(void **state)
{
	struct database *database = NULL;
	char *why = NULL;

	(void)state;
	assert_int_equal(database_open(&database, "/nonexistent/vdtgw", &why), -EIO);
	assert_non_null(strstr(why, "/nonexistent/vdtgw/vdtgw.db: "));
	free(why);
}

static void test_a_newer_schema_is_left_alone(void **state)
{
	struct database *database = open_database(*state);
	char *why = NULL;
	char path[64];
	sqlite3 *handle;

	database_close(database);
	database = NULL;
	snprintf(path, sizeof(path), "%s/vdtgw.db", (char *)*state);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "PRAGMA user_version = 99", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(handle);
	assert_int_equal(database_open(&database, *state, &why), -EPROTONOSUPPORT);
	assert_non_null(strstr(why, "another version"));
	free(why);
}

static int64_t take(struct session_numbers *numbers)
{
	bool failed;
	int64_t number = session_numbers_take(numbers, NOW, &failed);

	assert_false(failed);
	return number;
}

static void test_numbers_are_never_given_twice_over_restarts(void **state)
{
	int64_t highest = 0;

	for (int launch = 0; launch < 3; launch++) {
		struct database *database = open_database(*state);
		struct session_numbers numbers;

		session_numbers_init(&numbers, database);
		for (int i = 0; i < SESSION_NUMBERS_BLOCK + 10; i++) {
			int64_t number = take(&numbers);

			assert_true(number > highest);
			highest = number;
		}
		database_close(database);
	}
	assert_true(highest < 10 * SESSION_NUMBERS_BLOCK);
}

static void test_a_claimed_number_is_not_given(void **state)
{
	struct database *database = open_database(*state);
	struct session_numbers numbers;

	session_numbers_init(&numbers, database);
	/* The database was lost: a session has a number that it never reserved. */
	assert_true(session_numbers_claim(&numbers, 5000));
	assert_int_equal(take(&numbers), 5001);
	assert_true(session_numbers_claim(&numbers, 5010));
	assert_true(session_numbers_claim(&numbers, 3));
	assert_int_equal(take(&numbers), 5011);
	/* One of the clock's does not drive the database's up there. */
	assert_true(session_numbers_claim(&numbers, SESSION_NUMBERS_CLOCK + 7));
	assert_int_equal(take(&numbers), 5012);
	database_close(database);
}

static void test_what_is_no_number_cannot_be_claimed(void **state)
{
	static const int64_t wrong[] = { 0, -1, INT64_MIN, SESSION_NUMBERS_MAX + 1, INT64_MAX };
	struct session_numbers numbers;

	(void)state;
	session_numbers_init(&numbers, NULL);
	for (size_t i = 0; i < LENGTH(wrong); i++)
		assert_false(session_numbers_claim(&numbers, wrong[i]));
}

static void test_without_a_database_numbers_come_from_the_clock(void **state)
{
	struct session_numbers numbers;
	bool failed;

	(void)state;
	session_numbers_init(&numbers, NULL);
	assert_int_equal(take(&numbers), NOW / 1000);
	assert_int_equal(take(&numbers), NOW / 1000 + 1);
	assert_true(session_numbers_claim(&numbers, NOW / 1000 + 50));
	assert_int_equal(take(&numbers), NOW / 1000 + 51);
	/* A clock that was never set is no reason to meet the database's numbers. */
	session_numbers_init(&numbers, NULL);
	assert_true(session_numbers_take(&numbers, 0, &failed) >= SESSION_NUMBERS_CLOCK);
}

static void test_a_database_that_fails_later_is_told_and_replaced_by_the_clock(void **state)
{
	struct database *database = open_database(*state);
	struct session_numbers numbers;
	char path[64];
	sqlite3 *handle;
	bool failed = false;

	session_numbers_init(&numbers, database);
	assert_int_equal(take(&numbers), 1);
	snprintf(path, sizeof(path), "%s/vdtgw.db", (char *)*state);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(sqlite3_exec(handle, "DROP TABLE session_number", NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(handle);
	for (int i = 1; i < SESSION_NUMBERS_BLOCK; i++)
		assert_int_equal(take(&numbers), i + 1);
	assert_true(session_numbers_take(&numbers, NOW, &failed) >= SESSION_NUMBERS_CLOCK);
	assert_true(failed);
	database_close(database);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_launches_are_counted_over_restarts),
		TEST(test_only_the_latest_launches_are_kept_and_all_are_counted),
		TEST(test_blocks_of_numbers_never_overlap),
		TEST(test_a_file_that_is_no_database_is_refused_with_a_reason),
		TEST(test_a_folder_that_is_not_there_is_refused_with_a_reason),
		TEST(test_a_newer_schema_is_left_alone),
		TEST(test_numbers_are_never_given_twice_over_restarts),
		TEST(test_a_claimed_number_is_not_given),
		TEST(test_what_is_no_number_cannot_be_claimed),
		TEST(test_without_a_database_numbers_come_from_the_clock),
		TEST(test_a_database_that_fails_later_is_told_and_replaced_by_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
