/* links: vdtgw-session */
#include "vdtgw-session/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* An empty file for appending, already without a name; *ret_read reads it. */
static int open_file(int *ret_read)
{
	char path[] = "/tmp/test_recording.XXXXXX";
	int read_end = mkstemp(path), descriptor;

	assert_true(read_end >= 0);
	descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(descriptor >= 0);
	unlink(path);
	*ret_read = read_end;
	return descriptor;
}

static void assert_file(int descriptor, const char *expected)
{
	char text[64] = "";

	assert_true(pread(descriptor, text, sizeof(text) - 1, 0) >= 0);
	assert_string_equal(text, expected);
	close(descriptor);
}

static void test_it_ends_where_there_is_no_more_room(void **state)
{
	struct recording recording;
	int file;

	(void)state;
	recording_init(&recording);
	recording_write(&recording, BYTES("unheard"));
	assert_int_equal(recording_begin(&recording, open_file(&file), 10), 0);
	recording_write(&recording, BYTES("01234"));
	recording_write(&recording, BYTES("56789ab"));
	assert_int_equal(recording.descriptor, -1);
	recording_write(&recording, BYTES("cd"));
	assert_int_equal(recording.error, 0);
	assert_int_equal(recording.lost, 0);
	recording_done(&recording);
	assert_file(file, "0123456789");
}

static void test_what_is_no_file_is_refused_and_closed(void **state)
{
	struct recording recording;
	int ends[2];
	char byte;

	(void)state;
	recording_init(&recording);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(recording_begin(&recording, ends[1], 10), -EINVAL);
	assert_int_equal(recording.descriptor, -1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
}

static void test_a_second_file_is_closed_and_the_first_one_kept(void **state)
{
	struct recording recording;
	int first, second;

	(void)state;
	recording_init(&recording);
	assert_int_equal(recording_begin(&recording, open_file(&first), 10), 0);
	assert_int_equal(recording_begin(&recording, open_file(&second), 10), -EALREADY);
	recording_write(&recording, BYTES("here"));
	recording_done(&recording);
	assert_file(first, "here");
	assert_file(second, "");
}

static void test_a_failure_ends_it_and_counts_what_is_lost(void **state)
{
	struct recording recording;
	int descriptor, file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	recording_init(&recording);
	assert_int_equal(recording_begin(&recording, file, 100), 0);
	recording_write(&recording, BYTES("abc"));
	assert_int_equal(recording.error, -EBADF);
	assert_int_equal(recording.descriptor, -1);
	recording_write(&recording, BYTES("de"));
	assert_int_equal(recording.lost, 5);
	descriptor = dup(STDIN_FILENO);
	assert_int_equal(descriptor, file);
	close(descriptor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_ends_where_there_is_no_more_room),
		cmocka_unit_test(test_what_is_no_file_is_refused_and_closed),
		cmocka_unit_test(test_a_second_file_is_closed_and_the_first_one_kept),
		cmocka_unit_test(test_a_failure_ends_it_and_counts_what_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
