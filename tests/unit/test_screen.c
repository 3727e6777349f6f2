/* links: vdtgw-session */
/*
 * Conversations on the screen: what sources write and what the terminal then gets, as tables of
 * steps in simulated time.
 */
#include "vdtgw-session/screen.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum step_kind {
	END,
	GATEWAY, /* writes the bytes */
	HOME,
	REMOTE,
	DROP_HOME,
	DROP_REMOTE,
	READ,  /* all that is ready is these bytes, also when read one at a time */
	TAKE,  /* as many as these are read, and are these */
	WAITS, /* milliseconds pass */
};

struct step {
	enum step_kind kind;
	const char *bytes;
	size_t length;
	unsigned milliseconds;
};

#define STEP(step_kind, literal)                                                                   \
	{                                                                                          \
		.kind = (step_kind), .bytes = (literal), .length = sizeof(literal) - 1             \
	}
#define WAIT(time)                                                                                 \
	{                                                                                          \
		.kind = WAITS, .milliseconds = (time)                                              \
	}
#define DROP(step_kind)                                                                            \
	{                                                                                          \
		.kind = (step_kind)                                                                \
	}

enum {
	STEPS_MAX = 16
};

struct conversation {
	const char *name;
	struct step steps[STEPS_MAX];
};

static const struct conversation conversations[] = {
	{ "a lone source is never held back",
	  { STEP(HOME, "a\x1b"), STEP(READ, "a\x1b"), STEP(HOME, "\x1f\x40"),
	    STEP(READ, "\x1f\x40"), WAIT(10000), STEP(READ, ""), STEP(HOME, "Ab\x13"),
	    STEP(READ, "Ab\x13") } },
	{ "rank decides among those that wait",
	  { STEP(REMOTE, "r"), STEP(HOME, "h"), STEP(GATEWAY, "g"), STEP(READ, "ghr") } },
	{ "the remote speaks when home is silent",
	  { STEP(HOME, "h"), STEP(READ, "h"), STEP(REMOTE, "r"), STEP(READ, "r") } },
	{ "home speaks at the remote's next boundary",
	  { STEP(REMOTE, "a\x1b\x39\x7b"
			 "b"),
	    STEP(TAKE, "a\x1b"), STEP(HOME, "h"), STEP(TAKE, "\x39\x7bh"), STEP(READ, "b") } },
	{ "a character and its accent stay together",
	  { STEP(REMOTE, "a\x19\x42"
			 "eb"),
	    STEP(TAKE, "a\x19"), STEP(HOME, "h"),
	    STEP(READ, "\x42"
		       "ehb") } },
	{ "a repetition stays with its character",
	  { STEP(REMOTE, "ab\x12\x44\x12\x44"
			 "c"),
	    STEP(TAKE, "ab"), STEP(HOME, "h"), STEP(READ, "\x12\x44\x12\x44hc") } },
	{ "a repetition with parity too",
	  { STEP(REMOTE, "ab\x92\x44"
			 "c"),
	    STEP(TAKE, "ab"), STEP(HOME, "h"), STEP(READ, "\x92\x44hc") } },
	{ "repetitions without end give way",
	  { STEP(REMOTE,
		 "a\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41"),
	    STEP(TAKE, "a"), STEP(HOME, "h"),
	    STEP(READ,
		 "\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41\x12\x41h\x12\x41") } },
	{ "only repetitions of their own count",
	  { STEP(REMOTE, "a\x12\x12\x12\x12\x12\x12\x12\x12\x12\x12\x41\x12\x41"
			 "b"),
	    STEP(TAKE, "a"), STEP(HOME, "h"),
	    STEP(READ, "\x12\x12\x12\x12\x12\x12\x12\x12\x12\x12\x41\x12\x41hb") } },
	{ "texts on row 0 do not mix",
	  { STEP(REMOTE, "\x1f\x40\x41remote\x0a"
			 "page"),
	    STEP(TAKE, "\x1f\x40\x41rem"), STEP(HOME, "\x1f\x40\x41home\x0a"),
	    STEP(READ, "ote\x0a\x1f\x40\x41home\x0apage") } },
	{ "home is not cut by the remote",
	  { STEP(HOME, "\x1b"), STEP(READ, "\x1b"), STEP(REMOTE, "r"), STEP(READ, ""), WAIT(499),
	    STEP(READ, ""), STEP(HOME, "A"), STEP(READ, "Ar") } },
	{ "a silent source holds the line for a while, then is completed",
	  { STEP(REMOTE, "\x1b\x3a"), STEP(READ, "\x1b\x3a"), STEP(HOME, "h"), STEP(READ, ""),
	    WAIT(499), STEP(READ, ""), WAIT(1), STEP(READ, "\x40\x40h"), STEP(REMOTE, "r"),
	    STEP(READ, "r") } },
	{ "a source long silent has no hold left",
	  { STEP(REMOTE, "\x1f\x40\x41now"), STEP(READ, "\x1f\x40\x41now"), WAIT(2000),
	    STEP(HOME, "h"), STEP(READ, "\x0ah") } },
	{ "a completion may be read in pieces",
	  { STEP(REMOTE, "\x1b\x3b"), STEP(READ, "\x1b\x3b"), WAIT(500), STEP(HOME, "h"),
	    STEP(TAKE, "\x40"), STEP(REMOTE, "r"), STEP(GATEWAY, "g"),
	    STEP(READ, "\x40\x40ghr") } },
	{ "speaking again renews the hold",
	  { STEP(REMOTE, "\x1b"), STEP(READ, "\x1b"), STEP(HOME, "h"), WAIT(400),
	    STEP(REMOTE, "\x3a"), STEP(READ, "\x3a"), WAIT(400), STEP(READ, ""), WAIT(100),
	    STEP(READ, "\x40\x40h") } },
	{ "dropping forgets what is queued",
	  { STEP(REMOTE, "abc"), STEP(TAKE, "a"), DROP(DROP_REMOTE), STEP(READ, ""),
	    STEP(REMOTE, "d"), STEP(READ, "d") } },
	{ "dropping completes what was cut",
	  { STEP(REMOTE, "a\x1b\x39\x7b"), STEP(TAKE, "a\x1b"), DROP(DROP_REMOTE), STEP(HOME, "h"),
	    STEP(READ, "\x28\x40h") } },
	{ "dropping leaves row 0 at once",
	  { STEP(REMOTE, "\x1f\x40\x41text"), STEP(TAKE, "\x1f\x40\x41te"), DROP(DROP_REMOTE),
	    STEP(READ, "\x0a") } },
	{ "dropping twice completes once",
	  { STEP(REMOTE, "\x1b"), STEP(READ, "\x1b"), DROP(DROP_REMOTE), DROP(DROP_REMOTE),
	    STEP(READ, "\x28\x40") } },
	{ "dropping another than the speaker cuts nothing",
	  { STEP(HOME, "\x1b"), STEP(READ, "\x1b"), STEP(REMOTE, "r"), DROP(DROP_REMOTE),
	    STEP(READ, ""), STEP(HOME, "A"), STEP(READ, "A") } },
	{ "dropping a source that waits lets the speaker go on",
	  { STEP(REMOTE, "\x1b"), STEP(READ, "\x1b"), STEP(HOME, "h"), DROP(DROP_HOME), WAIT(600),
	    STEP(READ, ""), STEP(REMOTE, "A"), STEP(READ, "A") } },
};

static uint64_t run_read(struct screen *screen, const struct step *step, uint64_t now,
			 const char *name)
{
	uint8_t got[128] = { 0 };
	size_t length = 0;
	size_t limit = step->kind == READ ? sizeof(got) : step->length;

	while (length < limit && screen_ready(screen, now)) {
		assert_int_equal(screen_ready_at(screen) <= now, true);
		assert_int_equal(screen_read(screen, now, got + length, 1), 1);
		length++;
	}
	if (length != step->length || memcmp(got, step->bytes, length) != 0) {
		print_message("got \"%.*s\"\n", (int)length, (const char *)got);
		fail_msg("%s: %zu bytes", name, length);
	}
	if (step->kind == READ) {
		assert_int_equal(screen_read(screen, now, got, sizeof(got)), 0);
		assert_true(screen_ready_at(screen) > now);
	}
	return now;
}

static void run_conversation(const struct conversation *conversation)
{
	static const enum screen_source sources[] = {
		[GATEWAY] = SCREEN_GATEWAY, [HOME] = SCREEN_HOME,          [REMOTE] = SCREEN_REMOTE,
		[DROP_HOME] = SCREEN_HOME,  [DROP_REMOTE] = SCREEN_REMOTE,
	};
	struct screen *screen;
	uint64_t now = 77777;

	assert_int_equal(screen_new(&screen), 0);
	for (const struct step *step = conversation->steps; step->kind != END; step++) {
		switch (step->kind) {
		case GATEWAY:
		case HOME:
		case REMOTE:
			assert_int_equal(screen_write(screen, sources[step->kind],
						      (const uint8_t *)step->bytes, step->length),
					 step->length);
			break;
		case DROP_HOME:
		case DROP_REMOTE:
			screen_drop(screen, sources[step->kind]);
			assert_int_equal(screen_queued(screen, sources[step->kind]), 0);
			break;
		case READ:
		case TAKE:
			now = run_read(screen, step, now, conversation->name);
			break;
		case WAITS:
			now += step->milliseconds * UINT64_C(1000);
			break;
		case END:
			break;
		}
	}
	screen_free(screen);
}

static void test_conversations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++)
		run_conversation(&conversations[i]);
}

static void test_ready_at_names_the_end_of_a_hold(void **state)
{
	struct screen *screen;
	uint8_t byte;

	(void)state;
	assert_int_equal(screen_new(&screen), 0);
	assert_int_equal(screen_ready_at(screen), UINT64_MAX);
	screen_write_text(screen, SCREEN_REMOTE, "\x1b");
	assert_int_equal(screen_ready_at(screen), 0);
	assert_int_equal(screen_read(screen, 1000, &byte, 1), 1);
	assert_int_equal(screen_ready_at(screen), UINT64_MAX);
	screen_write_text(screen, SCREEN_HOME, "h");
	assert_int_equal(screen_ready_at(screen), 1000 + SCREEN_HOLD_US);
	assert_false(screen_ready(screen, 999 + SCREEN_HOLD_US));
	assert_true(screen_ready(screen, 1000 + SCREEN_HOLD_US));
	screen_free(screen);
}

static void test_queues_are_bounded(void **state)
{
	static const struct {
		enum screen_source source;
		size_t size;
	} rows[] = {
		{ SCREEN_GATEWAY, SCREEN_GATEWAY_MAX },
		{ SCREEN_HOME, SCREEN_QUEUE_MAX },
		{ SCREEN_REMOTE, SCREEN_QUEUE_MAX },
	};
	static uint8_t bytes[2 * SCREEN_QUEUE_MAX];
	struct screen *screen;

	(void)state;
	assert_int_equal(screen_new(&screen), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(screen_room(screen, rows[i].source), rows[i].size);
		assert_int_equal(screen_write(screen, rows[i].source, bytes, sizeof(bytes)),
				 rows[i].size);
		assert_int_equal(screen_room(screen, rows[i].source), 0);
		assert_int_equal(screen_queued(screen, rows[i].source), rows[i].size);
		assert_int_equal(screen_write(screen, rows[i].source, bytes, 1), 0);
		assert_int_equal(screen_write_text(screen, rows[i].source, "x"), -ENOBUFS);
	}
	screen_free(screen);
}

static void test_text_is_queued_whole_or_not_at_all(void **state)
{
	static const uint8_t bytes[SCREEN_GATEWAY_MAX - 3];
	struct screen *screen;

	(void)state;
	assert_int_equal(screen_new(&screen), 0);
	screen_write(screen, SCREEN_GATEWAY, bytes, sizeof(bytes));
	assert_int_equal(screen_write_text(screen, SCREEN_GATEWAY, "four"), -ENOBUFS);
	assert_int_equal(screen_queued(screen, SCREEN_GATEWAY), sizeof(bytes));
	assert_int_equal(screen_write_text(screen, SCREEN_GATEWAY, "xyz"), 0);
	assert_int_equal(screen_room(screen, SCREEN_GATEWAY), 0);
	screen_free(screen);
}

/* Row 0 texts of home get through while the remote's queue never empties. */
static void test_flood_of_the_remote_does_not_delay_home(void **state)
{
	static uint8_t flood[SCREEN_QUEUE_MAX];
	static const char text[] = "\x1f\x40\x41"
				   "0.12\x18\x0a";
	struct screen *screen;
	uint8_t got[sizeof(text)];

	(void)state;
	memset(flood, 'r', sizeof(flood));
	assert_int_equal(screen_new(&screen), 0);
	for (unsigned round = 0; round < 1000; round++) {
		screen_write(screen, SCREEN_REMOTE, flood, sizeof(flood));
		assert_int_equal(screen_read(screen, round, got, 4), 4);
		assert_memory_equal(got, flood, 4);
		assert_int_equal(screen_write_text(screen, SCREEN_HOME, text), 0);
		assert_int_equal(screen_read(screen, round, got, sizeof(text)), sizeof(text));
		assert_memory_equal(got, text, sizeof(text) - 1);
		assert_int_equal(got[sizeof(text) - 1], 'r');
	}
	screen_free(screen);
}

static void test_overlong_visit_gives_way_while_more_is_queued(void **state)
{
	static uint8_t visit[3 + 1000] = { 0x1f, 0x40, 0x41 };
	struct screen *screen;
	uint8_t got[VIDEOTEX_ROW0_MAX + 3];

	(void)state;
	memset(visit + 3, 'r', sizeof(visit) - 3);
	assert_int_equal(screen_new(&screen), 0);
	screen_write(screen, SCREEN_REMOTE, visit, sizeof(visit));
	assert_int_equal(screen_read(screen, 0, got, 1), 1);
	screen_write_text(screen, SCREEN_HOME, "h");
	assert_int_equal(screen_read(screen, 0, got + 1, sizeof(got) - 1), sizeof(got) - 1);
	assert_memory_equal(got, visit, VIDEOTEX_ROW0_MAX + 1);
	assert_int_equal(got[VIDEOTEX_ROW0_MAX + 1], 0x0a);
	assert_int_equal(got[VIDEOTEX_ROW0_MAX + 2], 'h');
	screen_free(screen);
}

/* All 256 values, in no order that makes sense, through queues that wrap around. */
static void test_lone_source_is_transparent(void **state)
{
	struct screen *screen;
	uint32_t written = 1;
	uint32_t read = 1;
	size_t total = 0;

	(void)state;
	assert_int_equal(screen_new(&screen), 0);
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t bytes[997];
		size_t taken;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			written = written * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(written >> 24);
		}
		assert_int_equal(screen_write(screen, SCREEN_HOME, bytes, sizeof(bytes)),
				 sizeof(bytes));
		do {
			taken = screen_read(screen, round, bytes, 1 + round % sizeof(bytes));
			for (size_t i = 0; i < taken; i++) {
				read = read * 1664525 + 1013904223;
				assert_int_equal(bytes[i], (uint8_t)(read >> 24));
			}
			total += taken;
		} while (screen_queued(screen, SCREEN_HOME) > SCREEN_QUEUE_MAX - sizeof(bytes));
	}
	assert_int_equal(total + screen_queued(screen, SCREEN_HOME), 2000 * 997);
	screen_free(screen);
}

static void test_free_accepts_null(void **state)
{
	(void)state;
	screen_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_ready_at_names_the_end_of_a_hold),
		cmocka_unit_test(test_queues_are_bounded),
		cmocka_unit_test(test_text_is_queued_whole_or_not_at_all),
		cmocka_unit_test(test_flood_of_the_remote_does_not_delay_home),
		cmocka_unit_test(test_overlong_visit_gives_way_while_more_is_queued),
		cmocka_unit_test(test_lone_source_is_transparent),
		cmocka_unit_test(test_free_accepts_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
