/* links: vdtgw-supervisor */
/* Bans, strikes, the ban clock, and who is never banned, in simulated time. */
#include "common/array.h"

#include "common/microseconds.h"
#include "vdtgw-supervisor/bans/ban_clock.h"
#include "vdtgw-supervisor/bans/ban_list.h"
#include "vdtgw-supervisor/bans/ban_rules.h"
#include "vdtgw-supervisor/bans/never_list.h"
#include "vdtgw-supervisor/bans/strike_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE (60 * US_PER_S)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define SEED   UINT64_C(0x5eed)

static struct address address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(&address, text), 0);
	return address;
}

static struct network network_of(const char *text)
{
	struct network network;

	assert_int_equal(network_parse(&network, text), 0);
	return network;
}

static int set_up(void **state)
{
	struct ban_list *list;

	if (ban_list_new(&list, SEED) < 0)
		return -1;
	*state = list;
	return 0;
}

static int tear_down(void **state)
{
	ban_list_free(*state);
	return 0;
}

static struct ban *ban(struct ban_list *list, const char *text, int64_t now, int64_t duration)
{
	const struct network network = network_of(text);
	const struct ban_terms terms = {
		.since = now,
		.visited = now,
		.duration = duration,
		.reason = BAN_SHORT_SESSION,
	};
	struct ban *made = NULL;

	assert_true(ban_list_add(list, &network, &terms, &made) >= 0);
	return made;
}

static bool is_banned(struct ban_list *list, const char *text, int64_t now)
{
	struct address address = address_of(text);

	return ban_list_match(list, &address, now, NULL) != NULL;
}

static void test_a_ban_covers_what_its_network_holds(void **state)
{
	static const struct {
		const char *banned;
		const char *address;
		bool covered;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", false },
		{ "2001:db8:0:1::/64", "2001:db8:0:1:ffff::1", true },
		{ "2001:db8:0:1::/64", "2001:db8:0:2::1", false },
		{ "2001:db8::1", "2001:db8::2", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct ban_list *list;

		assert_int_equal(ban_list_new(&list, SEED), 0);
		ban(list, cases[i].banned, 0, DAY);
		if (is_banned(list, cases[i].address, 1) != cases[i].covered)
			fail_msg("%s, %s", cases[i].banned, cases[i].address);
		ban_list_free(list);
	}
}

static void test_callers_are_ipv4_addresses_and_ipv6_subscribers(void **state)
{
	static const char *const cases[][2] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
		{ "fe80::1", "fe80::/64" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address = address_of(cases[i][0]);
		struct network network = network_of_caller(&address);
		char text[NETWORK_TEXT_MAX];

		network_format(&network, text);
		assert_string_equal(text, cases[i][1]);
	}
}

static void test_a_ban_lasts_from_the_last_visit(void **state)
{
	struct ban_list *list = *state;
	struct ban *made = ban(list, "192.0.2.1", 0, DAY);

	assert_true(is_banned(list, "192.0.2.1", DAY - 1));
	assert_false(is_banned(list, "192.0.2.1", DAY));
	ban_list_visit(list, made, 12 * HOUR);
	assert_true(is_banned(list, "192.0.2.1", DAY));
	assert_true(is_banned(list, "192.0.2.1", 36 * HOUR - 1));
	assert_false(is_banned(list, "192.0.2.1", 36 * HOUR));
	/* A visit that is older than the last one shortens nothing. */
	ban_list_visit(list, made, HOUR);
	assert_int_equal(ban_ends(made), 36 * HOUR);
	assert_int_equal(made->refusals, 2);
	assert_int_equal(made->since, 0);
}

static void test_bans_end_in_the_order_of_their_ends(void **state)
{
	enum {
		COUNT = 500
	};
	struct ban_list *list = *state;
	uint32_t random = 1;
	int64_t before = -1;
	char text[32];

	for (int i = 0; i < COUNT; i++) {
		random = random * 1103515245 + 12345;
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		ban(list, text, random % 1000, DAY);
	}
	/* Every third one comes again, every fifth one is unbanned. */
	for (int i = 0; i < COUNT; i++) {
		struct network network;
		struct ban *found;

		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		network = network_of(text);
		found = ban_list_find(list, &network);
		random = random * 1103515245 + 12345;
		if (i % 5 == 0)
			ban_list_remove(list, found);
		else if (i % 3 == 0)
			ban_list_visit(list, found, 1000 + random % 1000);
	}
	assert_int_equal(ban_list_count(list), COUNT - COUNT / 5);
	while (ban_list_count(list) > 0) {
		struct ban *first = ban_list_first_to_end(list);

		assert_true(ban_ends(first) >= before);
		before = ban_ends(first);
		ban_list_remove(list, first);
	}
	assert_null(ban_list_first_to_end(list));
	assert_null(ban_list_next(list, 0));
}

static void test_bans_are_listed_in_the_order_in_which_they_were_made(void **state)
{
	struct ban_list *list = *state;
	int64_t from = 0;
	char text[32];

	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), "10.1.%d.%d", i / 256, i % 256);
		ban(list, text, 300 - i, DAY);
	}
	for (int i = 0; i < 290; i++) {
		struct ban *gone = ban_list_next(list, 0);

		ban_list_remove(list, gone);
	}
	for (int i = 290; i < 300; i++) {
		struct ban *next = ban_list_next(list, from);
		char found[NETWORK_TEXT_MAX];

		assert_non_null(next);
		snprintf(text, sizeof(text), "10.1.%d.%d", i / 256, i % 256);
		network_format(&next->node.network, found);
		assert_string_equal(found, text);
		from = next->number + 1;
	}
	assert_null(ban_list_next(list, from));
}

static void test_a_ban_anew_has_the_new_terms(void **state)
{
	const struct network network = network_of("192.0.2.1");
	const struct ban_terms terms = {
		.since = 5 * MINUTE,
		.visited = 5 * MINUTE,
		.duration = MINUTE,
		.reason = BAN_ADMINISTRATOR,
		.comment = "port scanner",
	};
	struct ban *first = ban(*state, "192.0.2.1", 0, DAY);
	struct ban *second = NULL;

	ban(*state, "192.0.2.2", 0, HOUR);
	assert_int_equal(ban_list_add(*state, &network, &terms, &second), 1);
	assert_ptr_equal(first, second);
	assert_int_equal(ban_list_count(*state), 2);
	assert_int_equal(ban_ends(second), 6 * MINUTE);
	assert_ptr_equal(ban_list_first_to_end(*state), second);
	assert_string_equal(second->comment, "port scanner");
	assert_int_equal(second->reason, BAN_ADMINISTRATOR);
}

static void test_a_hundred_thousand_bans_cost_no_search(void **state)
{
	enum {
		COUNT = 100000,
		LOOKS_MAX = 24 /* of one address; a longer chain is a broken hash */
	};
	struct ban_list *list = *state;
	size_t worst = 0, sum = 0;
	char text[ADDRESS_TEXT_MAX];

	/* As unkind as possible: addresses in a row, of both families, and a few networks. */
	for (int i = 0; i < COUNT; i++) {
		if (i % 2 == 0)
			snprintf(text, sizeof(text), "2001:db8:%x:%x::/64", i / 256, i % 256);
		else
			snprintf(text, sizeof(text), "10.%d.%d.%d", i / 65536, i / 256 % 256,
				 i % 256);
		ban(list, text, i, DAY);
	}
	ban(list, "192.0.2.0/24", 0, DAY);
	ban(list, "2001:db8:ffff::/48", 0, DAY);
	assert_int_equal(ban_list_count(list), COUNT + 2);
	for (int i = 0; i < 2 * COUNT; i++) {
		struct address address;
		size_t looks;

		snprintf(text, sizeof(text), "10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256);
		address = address_of(text);
		assert_int_equal(ban_list_match(list, &address, COUNT, &looks) != NULL,
				 i < COUNT && i % 2 == 1);
		worst = looks > worst ? looks : worst;
		sum += looks;
	}
	assert_in_range(worst, 1, LOOKS_MAX);
	assert_in_range(sum, 1, 2 * 2 * COUNT); /* two prefixes are in use for IPv4 */
}

static void test_names_of_reasons_are_read_back(void **state)
{
	(void)state;
	for (int i = 0; i < BAN_REASON_COUNT; i++) {
		enum ban_reason reason;

		assert_int_equal(ban_reason_from_name(&reason, ban_reason_name(i)), 0);
		assert_int_equal(reason, i);
	}
	assert_int_equal(ban_reason_from_name(&(enum ban_reason) { 0 }, "weather"), -EINVAL);
}

/* Strikes. */

static void test_strikes_count_within_an_hour(void **state)
{
	static const struct {
		int64_t at;
		unsigned count;
	} steps[] = {
		{ 0, 1 },
		{ MINUTE, 2 },
		{ 30 * MINUTE, 3 },
		{ 54 * MINUTE, 4 },
		{ 60 * MINUTE, 3 }, /* the first two are an hour old, to five minutes */
		{ 89 * MINUTE, 4 }, /* 30, 54 and 60 are within the hour */
		{ 95 * MINUTE, 4 }, /* 30 is not */
		{ 200 * MINUTE, 1 },
	};
	const struct network network = network_of("192.0.2.1");
	const struct network other = network_of("192.0.2.2");
	struct strike_table table;

	(void)state;
	assert_int_equal(strike_table_init(&table, SEED), 0);
	for (size_t i = 0; i < LENGTH(steps); i++)
		assert_int_equal(strike_table_add(&table, &network, DAY + steps[i].at),
				 steps[i].count);
	assert_int_equal(strike_table_add(&table, &other, DAY + 200 * MINUTE), 1);
	strike_table_clear(&table, &network);
	assert_int_equal(strike_table_add(&table, &network, DAY + 200 * MINUTE), 1);
	strike_table_done(&table);
}

static void test_strikes_are_forgotten_in_time_and_beyond_a_number(void **state)
{
	struct strike_table table;
	struct network network;
	char text[32];

	(void)state;
	assert_int_equal(strike_table_init(&table, SEED), 0);
	for (int i = 0; i < STRIKE_TABLE_MAX + 100; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256);
		network = network_of(text);
		assert_int_equal(strike_table_add(&table, &network, DAY), 1);
	}
	assert_int_equal(table.table.count, STRIKE_TABLE_MAX);
	/* The first one was forgotten, the last one was not. */
	assert_int_equal(strike_table_add(&table, &network, DAY), 2);
	network = network_of("10.0.0.0");
	assert_int_equal(strike_table_add(&table, &network, DAY), 1);
	assert_int_equal(strike_table_add(&table, &network, DAY + 2 * HOUR), 1);
	assert_int_equal(table.table.count, 1);
	strike_table_done(&table);
}

/* The clock. */

static void test_the_ban_clock_ignores_steps_of_the_wall_clock(void **state)
{
	static const struct {
		const char *what;
		struct ban_clock_mark left;
		int64_t wall;
		int64_t time; /* of the ban clock at the next start */
	} cases[] = {
		{ "a restart",
		  { 100 * DAY, 100 * DAY },
		  100 * DAY + US_PER_S,
		  100 * DAY + US_PER_S },
		{ "a day off", { 100 * DAY, 100 * DAY }, 101 * DAY, 101 * DAY },
		{ "back to 1970", { 100 * DAY, 100 * DAY }, 5 * US_PER_S, 100 * DAY },
		{ "back by an hour", { 100 * DAY, 100 * DAY }, 100 * DAY - HOUR, 100 * DAY },
		{ "forward by a century",
		  { 100 * DAY, 100 * DAY },
		  36500 * DAY,
		  100 * DAY + BAN_CLOCK_GAP_MAX },
		{ "stepped before, even since", { 100 * DAY, 5 * DAY }, 6 * DAY, 101 * DAY },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct ban_clock clock;

		ban_clock_start(&clock, &cases[i].left, HOUR, cases[i].wall);
		if (ban_clock_now(&clock, HOUR) != cases[i].time)
			fail_msg("%s", cases[i].what);
		/* Within a run only the time since boot counts. */
		assert_int_equal(ban_clock_now(&clock, 3 * HOUR), cases[i].time + 2 * HOUR);
	}
}

static void test_the_first_ban_clock_shows_the_wall_clock(void **state)
{
	struct ban_clock clock;

	(void)state;
	ban_clock_start(&clock, NULL, HOUR, 20000 * DAY);
	assert_int_equal(ban_clock_now(&clock, 2 * HOUR), 20000 * DAY + HOUR);
}

/* Rules. */

static void test_only_ends_that_are_the_callers_doing_count(void **state)
{
	enum {
		NOTHING = BAN_REASON_COUNT
	};
	static const struct {
		const char *reason;
		int in_time; /* of a call of an ordinary length */
		int short_one;
	} cases[] = {
		{ "caller-closed", NOTHING, BAN_SHORT_SESSION },
		{ "caller-cut", NOTHING, BAN_SHORT_SESSION },
		{ "caller-protocol-error", NOTHING, BAN_SHORT_SESSION },
		{ "hung-up", NOTHING, BAN_SHORT_SESSION },
		{ NULL, NOTHING, BAN_SHORT_SESSION },
		{ "typing-speed", BAN_TYPING_SPEED, BAN_TYPING_SPEED },
		{ "abuse-http", BAN_PROTOCOL_ABUSE, BAN_PROTOCOL_ABUSE },
		{ "proxy-header", BAN_PROTOCOL_ABUSE, BAN_PROTOCOL_ABUSE },
		{ "abuse-tls", BAN_PROTOCOL_ABUSE, BAN_PROTOCOL_ABUSE },
		{ "caller-handshake-timed-out", BAN_NO_HANDSHAKE, BAN_NO_HANDSHAKE },
		{ "caller-no-handshake", BAN_NO_HANDSHAKE, BAN_NO_HANDSHAKE },
		{ "caller-not-websocket", NOTHING, NOTHING },
		{ "caller-no-resources", NOTHING, NOTHING },
		{ "home-refused", NOTHING, NOTHING },
		{ "home-closed", NOTHING, NOTHING },
		{ "kicked", NOTHING, NOTHING },
		{ "full", NOTHING, NOTHING },
		{ "caller-idle", NOTHING, NOTHING },
		{ "session-timeout", NOTHING, NOTHING },
		{ "", NOTHING, NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		for (int is_short = 0; is_short < 2; is_short++) {
			int64_t duration = is_short ? 99999 : 100000;
			int expected = is_short ? cases[i].short_one : cases[i].in_time;
			enum ban_reason strike = BAN_IMPORTED;
			bool counts = ban_rules_judge(cases[i].reason, duration, 100000, &strike);

			if (counts != (expected != NOTHING) || (counts && (int)strike != expected))
				fail_msg("%s", cases[i].reason ? cases[i].reason : "crashed");
		}
	}
	assert_false(ban_rules_judge("caller-closed", 0, 0, &(enum ban_reason) { 0 }));
}

/* Who is never banned. */

static void test_never_banned_are_the_listed_and_this_machine(void **state)
{
	static const struct {
		const char *address;
		bool never;
	} cases[] = {
		{ "127.0.0.1", true },    { "127.255.1.1", true },   { "::1", true },
		{ "192.0.2.1", true },    { "192.0.2.2", false },    { "198.51.100.77", true },
		{ "203.0.113.5", true },  { "203.0.113.6", false },  { "2001:db8::5", true },
		{ "2001:db8::6", false }, { "2001:db8:1::9", true }, { "::ffff:192.0.2.1", true },
	};
	struct never_list *list;
	struct address own[] = { address_of("203.0.113.5"), address_of("2001:db8::5") };
	struct network one = network_of("192.0.2.1");
	struct network many = network_of("198.51.100.0/24");
	struct network added = network_of("2001:db8:1::/48");

	(void)state;
	assert_int_equal(never_list_new(&list, SEED), 0);
	assert_int_equal(never_list_configure(list, &one, "bans.never"), 0);
	assert_int_equal(never_list_configure(list, &many, "proxy.trusted"), 0);
	assert_int_equal(never_list_add(list, &added, 7, "friends"), 0);
	assert_int_equal(never_list_add(list, &added, 8, "good friends"), 1);
	never_list_set_own(list, own, LENGTH(own));
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address = address_of(cases[i].address);

		if (never_list_holds(list, &address) != cases[i].never)
			fail_msg("%s", cases[i].address);
	}
	assert_int_equal(never_list_remove(list, &one), -EPERM);
	assert_string_equal(never_list_next(list, 3)->comment, "good friends");
	assert_int_equal(never_list_remove(list, &added), 0);
	assert_int_equal(never_list_remove(list, &added), -ENOENT);
	assert_null(never_list_next(list, 3));
	never_list_free(list);
}

static void test_a_network_that_touches_the_never_banned_is_known(void **state)
{
	static const struct {
		const char *network;
		bool touches;
	} cases[] = {
		{ "192.0.2.0/24", true },     { "192.0.3.0/24", false }, { "2001:db8::/64", true },
		{ "2001:db8:5::/64", false }, { "198.51.100.9", true },  { "0.0.0.0/0", true },
		{ "127.0.0.0/8", true },
	};
	struct never_list *list;
	struct address own[] = { address_of("2001:db8::5") };
	struct network one = network_of("192.0.2.1");
	struct network many = network_of("198.51.100.0/24");

	(void)state;
	assert_int_equal(never_list_new(&list, SEED), 0);
	assert_int_equal(never_list_configure(list, &one, "bans.never"), 0);
	assert_int_equal(never_list_add(list, &many, 0, NULL), 0);
	never_list_set_own(list, own, LENGTH(own));
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct network network = network_of(cases[i].network);

		if (never_list_touches(list, &network) != cases[i].touches)
			fail_msg("%s", cases[i].network);
	}
	never_list_free(list);
}

static void test_what_the_configuration_drops_stays_if_it_was_added(void **state)
{
	struct never_list *list;
	struct network only = network_of("192.0.2.1");
	struct network both = network_of("192.0.2.2");
	struct network added = network_of("192.0.2.3");

	(void)state;
	assert_int_equal(never_list_new(&list, SEED), 0);
	assert_int_equal(never_list_configure(list, &only, "bans.never"), 0);
	assert_int_equal(never_list_configure(list, &both, "bans.never"), 0);
	assert_int_equal(never_list_configure(list, &both, "proxy.trusted"), 1);
	assert_int_equal(never_list_add(list, &both, 7, "a friend"), 1);
	assert_int_equal(never_list_add(list, &added, 8, NULL), 0);
	assert_int_equal(never_list_configure(list, &added, "proxy.trusted"), 0);
	assert_int_equal(never_list_count(list), 3);
	assert_int_equal(never_list_remove(list, &both), -EPERM);
	assert_int_equal(never_list_remove(list, &added), -EPERM);

	never_list_unconfigure(list);
	assert_int_equal(never_list_count(list), 2);
	assert_false(never_list_has(list, &only));
	assert_string_equal(never_list_next(list, 0)->comment, "a friend");
	assert_int_equal(never_list_next(list, 0)->added, 7);
	assert_null(never_list_next(list, 0)->configured);
	assert_int_equal(never_list_remove(list, &both), 0);
	assert_int_equal(never_list_remove(list, &added), 0);
	assert_int_equal(never_list_count(list), 0);
	never_list_free(list);
}

static struct network numbered(uint32_t number)
{
	char text[NETWORK_TEXT_MAX];

	snprintf(text, sizeof(text), "10.%u.%u.%u", number >> 16 & 255, number >> 8 & 255,
		 number & 255);
	return network_of(text);
}

static void test_the_configuration_has_room_beside_a_full_list(void **state)
{
	struct never_list *list;

	(void)state;
	assert_int_equal(never_list_new(&list, SEED), 0);
	for (uint32_t i = 0; i < NEVER_LIST_MAX; i++) {
		struct network network = numbered(i);

		assert_int_equal(never_list_add(list, &network, 0, NULL), 0);
	}
	for (uint32_t i = 0; i <= NEVER_CONFIGURED_MAX; i++) {
		struct network network = numbered(NEVER_LIST_MAX + i);

		assert_int_equal(never_list_add(list, &network, 0, NULL), -ENOSPC);
		assert_int_equal(never_list_configure(list, &network, "bans.never"),
				 i < NEVER_CONFIGURED_MAX ? 0 : -ENOSPC);
	}
	never_list_unconfigure(list);
	assert_int_equal(never_list_count(list), NEVER_LIST_MAX);
	never_list_free(list);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_ban_covers_what_its_network_holds),
		cmocka_unit_test(test_callers_are_ipv4_addresses_and_ipv6_subscribers),
		TEST(test_a_ban_lasts_from_the_last_visit),
		TEST(test_bans_end_in_the_order_of_their_ends),
		TEST(test_bans_are_listed_in_the_order_in_which_they_were_made),
		TEST(test_a_ban_anew_has_the_new_terms),
		TEST(test_a_hundred_thousand_bans_cost_no_search),
		cmocka_unit_test(test_names_of_reasons_are_read_back),
		cmocka_unit_test(test_strikes_count_within_an_hour),
		cmocka_unit_test(test_strikes_are_forgotten_in_time_and_beyond_a_number),
		cmocka_unit_test(test_the_ban_clock_ignores_steps_of_the_wall_clock),
		cmocka_unit_test(test_the_first_ban_clock_shows_the_wall_clock),
		cmocka_unit_test(test_only_ends_that_are_the_callers_doing_count),
		cmocka_unit_test(test_never_banned_are_the_listed_and_this_machine),
		cmocka_unit_test(test_a_network_that_touches_the_never_banned_is_known),
		cmocka_unit_test(test_what_the_configuration_drops_stays_if_it_was_added),
		cmocka_unit_test(test_the_configuration_has_room_beside_a_full_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
