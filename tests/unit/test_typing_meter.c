/* links: vdtgw-session */
/*
 * Conversations of timed bytes: what people, terminals, emulators and scanners send, at the default
 * limit of ten characters a second. A row is steps, each so many times; each row is tried whole and
 * byte by byte, which must come to the same.
 */
#include "vdtgw-session/typing_meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(literal)      (const uint8_t *)(literal), sizeof(literal) - 1
#define AFTER(milliseconds) ((milliseconds)*1000ULL)

enum {
	STEPS_MAX = 4,
	START = 1000000, /* µs */
};

struct step {
	uint64_t pause; /* µs before each */
	const uint8_t *bytes;
	size_t length;
	unsigned times;
};

struct conversation {
	const char *name;
	struct step steps[STEPS_MAX];
	bool too_fast;
};

#define TEN      "0123456789"
#define FORTY    TEN TEN TEN TEN
#define HUNDRED  FORTY FORTY TEN TEN
#define PREAMBLE HUNDRED FORTY "abcd"
#define LATE                                                                                       \
	{                                                                                          \
		AFTER(3000), BYTES("\r"), 1                                                        \
	}
/* ENQROM's answer of a Minitel 1B, and ENQRAM's longest. */
#define ROM                                                                                        \
	"\x01"                                                                                     \
	"Cu<\x04"
#define RAM "\x01" FORTY "012345678\x04"

static const struct conversation conversations[] = {
	{ "a person types", { { AFTER(200), BYTES("a"), 600 } }, false },
	{ "as fast as the limit", { { AFTER(100), BYTES("a"), 2000 } }, false },
	{ "a fast typist, for a while",
	  { LATE,
	    { AFTER(70), BYTES("a"), 60 },
	    { AFTER(3000), BYTES("b"), 1 },
	    { AFTER(70), BYTES("a"), 60 } },
	  false },
	{ "a terminal of 75 bit/s sends what it has", { { AFTER(133), BYTES("a"), 1000 } }, false },
	{ "accents are one character each",
	  { LATE,
	    { AFTER(100),
	      BYTES("\x19\x42"
		    "e"),
	      1000 } },
	  false },
	{ "lines are typed in line mode", { { AFTER(5000), BYTES("3615 MGS\r\n"), 50 } }, false },
	{ "a long line after a long silence",
	  { LATE, { AFTER(8000), BYTES(FORTY FORTY "\r\n"), 9 } },
	  false },
	{ "a network that stalled delivers all at once",
	  { LATE, { AFTER(9000), BYTES(TEN "\x13\x41" TEN TEN "\x13\x41" TEN TEN TEN), 3 } },
	  false },
	{ "a pasted line", { LATE, { AFTER(10), BYTES(FORTY "\x13\x41"), 1 } }, false },
	{ "a pasted line a second", { LATE, { AFTER(1000), BYTES(FORTY "\r"), 300 } }, false },
	{ "five pasted lines in a row", { LATE, { AFTER(300), BYTES(FORTY), 5 } }, false },
	{ "a pasted line, a character at a time", { LATE, { AFTER(2), BYTES("x"), 40 } }, false },
	{ "function keys as fast as can be",
	  { LATE, { AFTER(1), BYTES("\x13\x48"), 5000 } },
	  false },
	{ "a cursor key is held down", { LATE, { AFTER(30), BYTES("\x1b[A"), 5000 } }, false },
	{ "cursor keys of other terminals",
	  { LATE, { AFTER(1), BYTES("\x1bOA\x1b[15~\x1b[[A\x1b[1;5C"), 500 } },
	  false },
	{ "answers to ENQROM", { LATE, { AFTER(100), BYTES(ROM), 500 } }, false },
	{ "answers to ENQRAM, a burst each", { LATE, { AFTER(100), BYTES(RAM), 500 } }, false },
	{ "an answer at 75 bit/s",
	  { LATE,
	    { AFTER(133), BYTES("\x01"), 1 },
	    { AFTER(133), BYTES("0"), 49 },
	    { AFTER(133), BYTES("\x04"), 1 } },
	  false },
	{ "answers of the cursor's position",
	  { LATE, { AFTER(10), BYTES("\x1f\x41\x41\x1b[12;40R"), 500 } },
	  false },
	{ "answers of the terminal's protocol",
	  { LATE, { AFTER(10), BYTES("\x1b\x39\x7a\x1b\x3a\x71\x42\x1b\x3b\x63\x58\x52"), 500 } },
	  false },
	{ "telnet's negotiation on a raw line",
	  { LATE,
	    { AFTER(10), BYTES("\xff\xfb\x18\xff\xfd\x03\xff\xf1\xff\xfa\x18\0MINITEL\xff\xf0"),
	      200 } },
	  false },
	{ "a preamble of 144 bytes, then typing",
	  { { AFTER(300), BYTES(PREAMBLE), 1 }, { AFTER(500), BYTES("a"), 100 } },
	  false },
	{ "a preamble in pieces",
	  { { AFTER(1500), BYTES(HUNDRED), 1 },
	    { AFTER(500), BYTES(FORTY "abcd"), 1 },
	    { AFTER(600), BYTES(FORTY), 1 } },
	  false },
	{ "a key that is no sequence, then a slow typist",
	  { LATE, { AFTER(500), BYTES("\x01"), 1 }, { AFTER(300), BYTES("a"), 120 } },
	  false },
	{ "ESC alone, then a line",
	  { LATE,
	    { AFTER(900), BYTES("\x1b"), 1 },
	    { AFTER(2000), BYTES("["), 1 },
	    { AFTER(2000), BYTES(FORTY), 1 } },
	  false },

	{ "a program types, 12 characters a second", { { AFTER(83), BYTES("a"), 600 } }, true },
	{ "20 characters a second",
	  { { AFTER(50), BYTES("abcd"), 1 }, { AFTER(50), BYTES("a"), 150 } },
	  true },
	{ "100 characters a second", { LATE, { AFTER(10), BYTES("a"), 100 } }, true },
	{ "a program that waits for each prompt",
	  { LATE, { AFTER(200), BYTES("admin\r\n"), 40 } },
	  true },
	{ "long lines, five a second", { LATE, { AFTER(200), BYTES(FORTY "\r"), 15 } }, true },
	{ "many lines at once", { LATE, { AFTER(1), BYTES("root\r\n"), 30 } }, true },
	{ "noise that is more than a preamble",
	  { { AFTER(20), BYTES(PREAMBLE FORTY TEN "abcdef"), 1 } },
	  true },
	{ "a preamble that comes too late", { { AFTER(2500), BYTES(PREAMBLE), 1 } }, true },
	{ "a preamble, and more in its second",
	  { { AFTER(20), BYTES(PREAMBLE), 1 }, { AFTER(500), BYTES(TEN TEN "\r\n" FORTY), 1 } },
	  true },
	{ "separators", { LATE, { AFTER(1), BYTES("\x13"), 300 } }, true },
	{ "zeros", { LATE, { AFTER(1), BYTES("\0\0\0\0"), 50 } }, true },
	{ "an answer without its end",
	  { LATE, { AFTER(1), BYTES("\x01" TEN TEN TEN TEN TEN TEN TEN), 3 } },
	  true },
	{ "a subnegotiation without its end",
	  { LATE, { AFTER(1), BYTES("\xff\xfa" TEN), 1 }, { AFTER(1), BYTES(TEN), 60 } },
	  true },
	{ "escape sequences that are none",
	  { LATE, { AFTER(1), BYTES("\x1b[\x01\x1b[\x01"), 40 } },
	  true },
};

static bool feed(struct typing_meter *meter, const struct step *step, uint64_t *now, size_t packet)
{
	bool too_fast = false;

	for (unsigned i = 0; i < step->times; i++) {
		*now += step->pause;
		for (size_t start = 0; start < step->length; start += packet) {
			size_t rest = step->length - start;

			too_fast = typing_meter_feed(meter, *now, step->bytes + start,
						     rest < packet ? rest : packet);
		}
	}
	return too_fast;
}

static bool run(const struct conversation *conversation, double limit, size_t packet)
{
	struct typing_meter meter;
	uint64_t now = START;
	bool too_fast = false;

	typing_meter_init(&meter, limit, now);
	for (size_t i = 0; i < STEPS_MAX && conversation->steps[i].times > 0; i++)
		too_fast = feed(&meter, &conversation->steps[i], &now, packet);
	return too_fast;
}

static void test_machines_are_told_from_people_and_terminals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		const struct conversation *conversation = &conversations[i];

		for (size_t packet = 1; packet <= 256; packet += packet < 8 ? 1 : 248)
			if (run(conversation, 10.0, packet) != conversation->too_fast)
				fail_msg("%s, by %zu", conversation->name, packet);
	}
}

static void test_no_limit_is_never_exceeded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++)
		assert_false(run(&conversations[i], 0, 256));
}

static void test_the_limit_is_the_one_given(void **state)
{
	static const struct conversation fast = { "90 characters a second",
						  { { AFTER(11), BYTES("a"), 2000 } },
						  false };
	static const struct conversation slow = { "2 characters a second",
						  { { AFTER(500), BYTES("a"), 200 } },
						  false };

	(void)state;
	assert_false(run(&fast, 100.0, 1));
	assert_true(run(&fast, 40.0, 1));
	assert_false(run(&slow, 2.0, 1));
	assert_true(run(&slow, 1.0, 1));
}

/* Neither at once nor late, with 2.5 s of silence ahead that count too. */
static void test_how_soon_it_is_found_out(void **state)
{
	static const struct {
		uint64_t interval;
		uint64_t least;
		uint64_t most;
	} rows[] = {
		{ AFTER(50), AFTER(4000), AFTER(8000) },
		{ AFTER(25), AFTER(1000), AFTER(3000) },
		{ AFTER(5), AFTER(100), AFTER(1500) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct typing_meter meter;
		uint64_t begin = START + AFTER(2500), now = begin;

		typing_meter_init(&meter, 10.0, START);
		while (!typing_meter_feed(&meter, now, BYTES("a")))
			now += rows[i].interval;
		assert_in_range(now - begin, rows[i].least, rows[i].most);
		assert_true(typing_meter_feed(&meter, now + AFTER(60000), BYTES("a")));
	}
}

static bool type(struct typing_meter *meter, uint64_t *now, uint64_t pause, unsigned characters)
{
	const struct step step = { pause, BYTES("a"), characters };

	return feed(meter, &step, now, 1);
}

static void test_a_changed_limit_holds_from_then_on(void **state)
{
	struct typing_meter meter;
	uint64_t now = START;

	(void)state;
	typing_meter_init(&meter, 0, now);
	now += AFTER(3000);
	assert_false(type(&meter, &now, AFTER(10), 1000));
	typing_meter_set_limit(&meter, now, 10);
	now += AFTER(3000);
	assert_false(type(&meter, &now, AFTER(110), 300));
	typing_meter_set_limit(&meter, now, 100);
	assert_false(type(&meter, &now, AFTER(15), 1000));
	typing_meter_set_limit(&meter, now, 10);
	assert_true(type(&meter, &now, AFTER(50), 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machines_are_told_from_people_and_terminals),
		cmocka_unit_test(test_no_limit_is_never_exceeded),
		cmocka_unit_test(test_the_limit_is_the_one_given),
		cmocka_unit_test(test_how_soon_it_is_found_out),
		cmocka_unit_test(test_a_changed_limit_holds_from_then_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
