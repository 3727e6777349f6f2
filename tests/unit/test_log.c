/* links: common */
#include "common/log.h"
#include "common/log_journal.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	RECEIVED_MAX = 262144,
};

/* Stands in for standard error while a test runs; cmocka reports on standard output. */
struct capture {
	int saved;
	int read_end;
	char text[8192];
};

static void capture_pipe(struct capture *capture)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	capture->saved = dup(STDERR_FILENO);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	capture->read_end = ends[0];
}

static const char *captured(struct capture *capture)
{
	ssize_t length = read(capture->read_end, capture->text, sizeof(capture->text) - 1);

	capture->text[length > 0 ? length : 0] = '\0';
	return capture->text;
}

static void capture_end(struct capture *capture)
{
	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->read_end);
}

static const char *line_of(const char *message)
{
	static char line[LOG_LINE_MAX + 64];

	snprintf(line, sizeof(line), "test[%d]: %s\n", (int)getpid(), message);
	return line;
}

static void test_line_goes_to_a_pipe_and_is_made_safe(void **state)
{
	struct capture capture;

	(void)state;
	capture_pipe(&capture);
	log_open("test", false);
	log_warning("caller %s typed %s", "é", "\033[2J\n\xff");
	assert_string_equal(captured(&capture), line_of("caller é typed \\x1B[2J\\x0A\\xFF"));
	log_event(LOG_PRIORITY_INFO, NULL, NULL, 0, "%d %s", 3615, "calls");
	assert_string_equal(captured(&capture), line_of("3615 calls"));
	capture_end(&capture);
}

static void test_long_line_is_cut_and_marked(void **state)
{
	struct capture capture;
	char text[4 * LOG_LINE_MAX];
	char expected[LOG_LINE_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(expected, text, LOG_LINE_MAX - 3);
	stpcpy(expected + LOG_LINE_MAX - 3, "…");
	capture_pipe(&capture);
	log_open("test", false);
	log_error("%s", text);
	assert_string_equal(captured(&capture), line_of(expected));
	log_error("%.*s", LOG_LINE_MAX, text);
	snprintf(expected, sizeof(expected), "%.*s", LOG_LINE_MAX, text);
	assert_string_equal(captured(&capture), line_of(expected));
	capture_end(&capture);
}

static void test_line_of_another_program_has_its_name(void **state)
{
	struct capture capture;

	(void)state;
	capture_pipe(&capture);
	log_open("test", false);
	log_line_of("kiosk", 4711, "\033[2Jéx", 6);
	assert_string_equal(captured(&capture), "kiosk[4711]: \\x1B[2Jé\n");
	log_info("mine");
	assert_string_equal(captured(&capture), line_of("mine"));
	assert_false(log_is_in_journal());
	capture_end(&capture);
}

static void test_debug_lines_are_written_on_request_only(void **state)
{
	struct capture capture;

	(void)state;
	capture_pipe(&capture);
	unsetenv("VDTGW_DEBUG");
	log_open("test", false);
	log_debug("hidden");
	assert_string_equal(captured(&capture), "");
	setenv("VDTGW_DEBUG", "1", 1);
	log_open("test", false);
	log_debug("shown");
	assert_string_equal(captured(&capture), line_of("shown"));
	unsetenv("VDTGW_DEBUG");
	capture_end(&capture);
}

static void test_errno_is_left_alone(void **state)
{
	struct capture capture;

	(void)state;
	capture_pipe(&capture);
	log_open("test", false);
	errno = ENOENT;
	close(capture.read_end);
	capture.read_end = -1;
	log_error("to nobody");
	assert_int_equal(errno, ENOENT);
	capture_end(&capture);
}

/* Under inetd standard error is the caller's socket, whether or not the program was told. */
static void test_caller_on_standard_error_is_never_written_to(void **state)
{
	struct capture capture;
	int ends[2];

	(void)state;
	capture_pipe(&capture);
	log_open("test", true);
	log_debug("chosen, nothing written");
	assert_string_equal(captured(&capture), "");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	dup2(ends[0], STDERR_FILENO);
	log_open("test", false);
	log_info("a line of the unit test of the log");
	assert_int_equal(recv(ends[1], capture.text, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	close(ends[0]);
	close(ends[1]);
	capture_end(&capture);
}

static void test_full_pipe_loses_lines_and_says_how_many(void **state)
{
	struct capture capture;
	char block[4096] = { 0 };

	(void)state;
	capture_pipe(&capture);
	log_open("test", false);
	while (write(STDERR_FILENO, block, sizeof(block)) > 0)
		;
	log_info("lost");
	log_info("lost");
	while (read(capture.read_end, block, sizeof(block)) > 0)
		;
	log_info("back");
	captured(&capture);
	assert_non_null(strstr(capture.text, "2 lines of this log were lost"));
	assert_non_null(strstr(capture.text, "]: back\n"));
	assert_null(strstr(capture.text, "]: lost\n"));
	capture_end(&capture);
}

static void test_pipe_that_nobody_reads_does_not_kill_the_program(void **state)
{
	struct capture capture;

	(void)state;
	capture_pipe(&capture);
	log_open("test", false);
	close(capture.read_end);
	capture.read_end = -1;
	log_info("to nobody");
	capture_end(&capture);
}

static void test_journal_is_known_by_device_and_inode(void **state)
{
	struct stat status;
	char text[64];
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(fstat(ends[0], &status), 0);
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	assert_true(log_journal_owns(ends[0], text));
	assert_false(log_journal_owns(ends[1], text));
	stpcpy(text + strlen(text), "0");
	assert_false(log_journal_owns(ends[0], text));
	assert_false(log_journal_owns(ends[0], NULL));
	assert_false(log_journal_owns(ends[0], ""));
	assert_false(log_journal_owns(ends[0], "1"));
	assert_false(log_journal_owns(-1, text));
	close(ends[0]);
	close(ends[1]);
}

/* Where its datagram socket is out of reach, the journal still has its stream. */
static void test_journal_is_reached_by_its_stream_too(void **state)
{
	struct capture capture;
	struct stat status;
	char text[64];
	int ends[2];

	(void)state;
	if (access(LOG_JOURNAL_PATH, F_OK) == 0)
		skip();
	capture_pipe(&capture);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	dup2(ends[0], STDERR_FILENO);
	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	log_open("test", false);
	unsetenv("JOURNAL_STREAM");
	log_notice("hello");
	memset(capture.text, 0, sizeof(capture.text));
	assert_true(recv(ends[1], capture.text, sizeof(capture.text) - 1, 0) > 0);
	assert_memory_equal(capture.text, "<5>", 3);
	assert_string_equal(capture.text + 3, line_of("hello"));
	close(ends[0]);
	close(ends[1]);
	capture_end(&capture);
}

/* A journal of the test's own. */
struct fake_journal {
	char directory[32];
	char path[64];
	int descriptor;
	struct log_journal journal;
	char *received;
	size_t length;
};

static int fake_journal_open(void **state)
{
	struct fake_journal *fake = calloc(1, sizeof(*fake));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	fake->received = malloc(RECEIVED_MAX);
	stpcpy(fake->directory, "/tmp/test_log.XXXXXX");
	assert_non_null(mkdtemp(fake->directory));
	snprintf(fake->path, sizeof(fake->path), "%s/socket", fake->directory);
	stpcpy(address.sun_path, fake->path);
	fake->descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fake->descriptor, (const struct sockaddr *)&address, sizeof(address)),
			 0);
	assert_int_equal(log_journal_init(&fake->journal, fake->path), 0);
	*state = fake;
	return 0;
}

static int fake_journal_close(void **state)
{
	struct fake_journal *fake = *state;

	log_journal_done(&fake->journal);
	close(fake->descriptor);
	unlink(fake->path);
	rmdir(fake->directory);
	free(fake->received);
	free(fake);
	return 0;
}

static void receive(struct fake_journal *fake)
{
	ssize_t length = recv(fake->descriptor, fake->received, RECEIVED_MAX, 0);

	assert_true(length > 0);
	fake->length = (size_t)length;
}

static void assert_received(struct fake_journal *fake, const char *bytes, size_t length)
{
	receive(fake);
	assert_int_equal(fake->length, length);
	assert_memory_equal(fake->received, bytes, length);
}

static void test_journal_entry_holds_the_fields(void **state)
{
	struct fake_journal *fake = *state;
	const struct log_field fields[] = {
		{ "VDTGW_ADDRESS", "192.0.2.1" },
		{ "VDTGW_EMPTY", "" },
		{ "VDTGW_NONE", NULL },
		{ "lower", "1" },
		{ "_TRUSTED", "1" },
		{ "A=B", "1" },
		{ "", "1" },
		{ "VDTGW_REASON", "one\ntwo=\033" },
	};
	const struct log_journal_entry entry = {
		.priority = LOG_PRIORITY_NOTICE,
		.identifier = "test",
		.message_id = "0123456789abcdef0123456789ABCDEF",
		.message = "hello",
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
	};
	char expected[512];
	uint64_t size = htole64(strlen("one\ntwo=\033"));
	size_t length;

	length = (size_t)snprintf(expected, sizeof(expected),
				  "PRIORITY=5\nSYSLOG_IDENTIFIER=test\nSYSLOG_PID=%d\n"
				  "MESSAGE_ID=0123456789abcdef0123456789ABCDEF\nMESSAGE=hello\n"
				  "VDTGW_ADDRESS=192.0.2.1\nVDTGW_EMPTY=\nVDTGW_REASON\n",
				  (int)getpid());
	memcpy(expected + length, &size, sizeof(size));
	length += sizeof(size);
	length += (size_t)snprintf(expected + length, sizeof(expected) - length, "one\ntwo=\033\n");
	assert_int_equal(log_journal_send(&fake->journal, &entry), 0);
	assert_received(fake, expected, length);
}

static void test_journal_entry_without_a_valid_message_id_has_none(void **state)
{
	static const char *const cases[] = {
		NULL,
		"",
		"0123456789abcdef0123456789abcde",
		"0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcde\n",
	};
	struct fake_journal *fake = *state;
	struct log_journal_entry entry = {
		.priority = LOG_PRIORITY_ERROR,
		.identifier = "test",
		.message = "hello",
	};
	char expected[128];
	int length = snprintf(expected, sizeof(expected),
			      "PRIORITY=3\nSYSLOG_IDENTIFIER=test\nSYSLOG_PID=%d\nMESSAGE=hello\n",
			      (int)getpid());

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		entry.message_id = cases[i];
		assert_int_equal(log_journal_send(&fake->journal, &entry), 0);
		assert_received(fake, expected, (size_t)length);
	}
}

static void test_journal_entry_is_bounded(void **state)
{
	struct fake_journal *fake = *state;
	struct log_field fields[2 * LOG_FIELDS_MAX];
	struct log_journal_entry entry = {
		.priority = LOG_PRIORITY_INFO,
		.identifier = "test",
		.message = "hello",
		.fields = fields,
		.field_count = sizeof(fields) / sizeof(fields[0]),
	};
	char *value = malloc(2 * LOG_FIELD_MAX);
	size_t all;
	int small = 1;

	memset(value, '\n', 2 * LOG_FIELD_MAX - 1);
	value[2 * LOG_FIELD_MAX - 1] = '\0';
	for (size_t i = 0; i < entry.field_count; i++)
		fields[i] = (struct log_field) { .name = "VDTGW_LONG", .value = value };
	assert_int_equal(log_journal_send(&fake->journal, &entry), 0);
	receive(fake);
	all = fake->length;
	entry.field_count = 0;
	assert_int_equal(log_journal_send(&fake->journal, &entry), 0);
	receive(fake);
	assert_int_equal(all - fake->length,
			 LOG_FIELDS_MAX * (strlen("VDTGW_LONG\n") + 8 + LOG_FIELD_MAX + 1));

	/* Too large for the system: the message goes without the fields. */
	assert_int_equal(
	    setsockopt(fake->journal.descriptor, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	all = fake->length;
	entry.field_count = 2;
	assert_int_equal(log_journal_send(&fake->journal, &entry), 0);
	receive(fake);
	assert_int_equal(fake->length, all);
	free(value);
}

static void test_journal_that_takes_no_more_does_not_block(void **state)
{
	struct fake_journal *fake = *state;
	const struct log_journal_entry entry = {
		.priority = LOG_PRIORITY_INFO,
		.identifier = "test",
		.message = "hello",
	};
	int r = 0;

	for (int i = 0; r == 0 && i < 1000000; i++)
		r = log_journal_send(&fake->journal, &entry);
	assert_int_equal(r, -EAGAIN);
}

static void test_journal_that_is_away_is_an_error(void **state)
{
	struct fake_journal *fake = *state;
	const struct log_journal_entry entry = { .identifier = "test", .message = "hello" };
	char long_path[200];
	struct log_journal journal;

	unlink(fake->path);
	assert_int_equal(log_journal_send(&fake->journal, &entry), -ENOENT);
	memset(long_path, '/', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(log_journal_init(&journal, long_path), -ENAMETOOLONG);
}

int main(void)
{
#define JOURNAL_TEST(test)                                                                         \
	cmocka_unit_test_setup_teardown(test, fake_journal_open, fake_journal_close)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_goes_to_a_pipe_and_is_made_safe),
		cmocka_unit_test(test_long_line_is_cut_and_marked),
		cmocka_unit_test(test_line_of_another_program_has_its_name),
		cmocka_unit_test(test_debug_lines_are_written_on_request_only),
		cmocka_unit_test(test_errno_is_left_alone),
		cmocka_unit_test(test_caller_on_standard_error_is_never_written_to),
		cmocka_unit_test(test_full_pipe_loses_lines_and_says_how_many),
		cmocka_unit_test(test_pipe_that_nobody_reads_does_not_kill_the_program),
		cmocka_unit_test(test_journal_is_known_by_device_and_inode),
		cmocka_unit_test(test_journal_is_reached_by_its_stream_too),
		JOURNAL_TEST(test_journal_entry_holds_the_fields),
		JOURNAL_TEST(test_journal_entry_without_a_valid_message_id_has_none),
		JOURNAL_TEST(test_journal_entry_is_bounded),
		JOURNAL_TEST(test_journal_that_takes_no_more_does_not_block),
		JOURNAL_TEST(test_journal_that_is_away_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
