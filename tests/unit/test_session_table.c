/* links: vdtgw-supervisor */
/* The table of sessions: order, counts, and what it keeps of each. */
#include "common/array.h"
#include "vdtgw-supervisor/notifier.h"
#include "vdtgw-supervisor/sessions/session_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct session_table *table;

	if (session_table_new(&table) < 0)
		return -1;
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	session_table_free(*state);
	return 0;
}

static struct session_entry *add(struct session_table *table, int64_t number,
				 enum transport transport, const char *text)
{
	struct session_entry *entry = NULL;
	struct address address;

	if (text != NULL)
		assert_int_equal(address_parse(&address, text), 0);
	assert_int_equal(
	    session_table_add(table, number, transport, text != NULL ? &address : NULL, &entry), 0);
	return entry;
}

static void test_sessions_are_listed_in_the_order_of_their_numbers(void **state)
{
	static const int64_t numbers[] = { 5, 1, 1000000000000, 7, 3 };
	static const int64_t ordered[] = { 1, 3, 5, 7, 1000000000000 };
	struct session_table *table = *state;
	int64_t from = 0;

	for (size_t i = 0; i < LENGTH(numbers); i++)
		add(table, numbers[i], TRANSPORT_TELNET, NULL);
	for (size_t i = 0; i < LENGTH(ordered); i++) {
		struct session_entry *entry = session_table_next(table, from);

		assert_non_null(entry);
		assert_int_equal(entry->number, ordered[i]);
		assert_ptr_equal(session_table_find(table, ordered[i]), entry);
		from = entry->number + 1;
	}
	assert_null(session_table_next(table, from));
	assert_null(session_table_find(table, 2));
	assert_int_equal(session_table_count(table), LENGTH(numbers));
}

static void test_a_number_is_in_the_table_once(void **state)
{
	struct session_entry *entry;

	add(*state, 1, TRANSPORT_TELNET, NULL);
	assert_int_equal(session_table_add(*state, 1, TRANSPORT_RAW, NULL, &entry), -EEXIST);
	assert_int_equal(session_table_count(*state), 1);
	assert_int_equal(session_table_count_transport(*state, TRANSPORT_RAW), 0);
}

static void test_transports_are_counted_as_sessions_come_and_go(void **state)
{
	struct session_table *table = *state;
	struct session_entry *entry = add(table, 1, TRANSPORT_TELNET, "192.0.2.1");

	add(table, 2, TRANSPORT_WEBSOCKET, "192.0.2.1");
	assert_int_equal(session_table_count_transport(table, TRANSPORT_TELNET), 1);
	session_table_remove(table, entry);
	assert_int_equal(session_table_count_transport(table, TRANSPORT_TELNET), 0);
	assert_int_equal(session_table_count_transport(table, TRANSPORT_WEBSOCKET), 1);
	assert_int_equal(session_table_count(table), 1);
}

struct count_case {
	const char *address;
	size_t count;
};

static void test_addresses_are_counted_ipv4_whole_and_ipv6_by_network(void **state)
{
	static const char *const callers[] = {
		"192.0.2.1",   "192.0.2.1",        "::ffff:192.0.2.1", "192.0.2.2",
		"2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1",
	};
	static const struct count_case cases[] = {
		{ "192.0.2.1", 3 },   { "192.0.2.2", 1 },        { "192.0.2.3", 0 },
		{ "2001:db8::2", 2 }, { "2001:db8:0:1::2", 1 },  { "2001:db8:0:2::1", 0 },
		{ "::1", 0 },         { "::ffff:192.0.2.2", 1 },
	};
	struct session_table *table = *state;

	for (size_t i = 0; i < LENGTH(callers); i++)
		add(table, (int64_t)i + 1, TRANSPORT_RAW, callers[i]);
	add(table, 100, TRANSPORT_RAW, NULL);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address;

		assert_int_equal(address_parse(&address, cases[i].address), 0);
		assert_int_equal(session_table_count_address(table, &address), cases[i].count);
	}
	for (int64_t number = 1; number <= 3; number++)
		session_table_remove(table, session_table_find(table, number));
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct address address;

		assert_int_equal(address_parse(&address, cases[i].address), 0);
		assert_int_equal(session_table_count_address(table, &address),
				 i == 0 ? 0 : cases[i].count);
	}
}

static void test_many_sessions_come_and_go_in_any_order(void **state)
{
	enum {
		COUNT = 5000
	};
	struct session_table *table = *state;

	/* 7919 is prime to COUNT: every number once, far from its neighbours. */
	for (int64_t i = 0; i < COUNT; i++) {
		char text[ADDRESS_TEXT_MAX];

		snprintf(text, sizeof(text), "10.0.%d.1", (int)(i % 250));
		add(table, i * 7919 % COUNT + 1, (enum transport)(i % TRANSPORT_COUNT), text);
	}
	assert_int_equal(session_table_count(table), COUNT);
	for (int64_t i = 0; i < COUNT; i++) {
		struct session_entry *entry = session_table_find(table, i * 4999 % COUNT + 1);

		assert_non_null(entry);
		session_table_remove(table, entry);
	}
	assert_int_equal(session_table_count(table), 0);
	assert_null(session_table_next(table, 0));
}

static void test_texts_are_copied_and_an_empty_one_is_none(void **state)
{
	struct session_entry *entry = add(*state, 1, TRANSPORT_TELNET, NULL);
	char text[] = "VT100";

	assert_int_equal(session_entry_set_text(&entry->terminal_type, text), 0);
	text[0] = 'X';
	assert_string_equal(entry->terminal_type, "VT100");
	assert_int_equal(session_entry_set_text(&entry->terminal_type, ""), 0);
	assert_null(entry->terminal_type);
}

static void test_the_environment_is_bounded(void **state)
{
	struct session_entry *entry = add(*state, 1, TRANSPORT_TELNET, NULL);
	json_t *variables = json_object();
	char name[SESSION_ENVIRONMENT_NAME_MAX + 2];
	char value[SESSION_TEXT_MAX + 2];

	memset(name, 'N', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = 0;
	json_object_set_new(variables, name, json_string("name too long"));
	json_object_set_new(variables, "LONG", json_string(value));
	for (int i = 0; i < 2 * SESSION_ENVIRONMENT_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		json_object_set_new(variables, name, json_string("first"));
	}
	assert_int_equal(session_entry_add_environment(entry, variables), 0);
	assert_int_equal(json_object_size(entry->environment), SESSION_ENVIRONMENT_MAX);
	assert_null(json_object_get(entry->environment, "LONG"));
	json_decref(variables);
	/* A variable that is known changes, full or not. */
	variables = json_pack("{s:s}", "V0", "second");
	assert_int_equal(session_entry_add_environment(entry, variables), 0);
	assert_string_equal(json_string_value(json_object_get(entry->environment, "V0")), "second");
	json_decref(variables);
}

static void test_the_status_line_counts_by_transport(void **state)
{
	struct session_table *table = *state;
	char text[NOTIFIER_STATUS_MAX];

	notifier_status_text(table, NULL, text);
	assert_string_equal(text, "0 sessions");
	add(table, 1, TRANSPORT_TELNET, NULL);
	notifier_status_text(table, "down", text);
	assert_string_equal(text, "1 session: 1 telnet; command channel down");
	add(table, 2, TRANSPORT_TELNET, NULL);
	add(table, 3, TRANSPORT_WEBSOCKET, NULL);
	notifier_status_text(table, "up", text);
	assert_string_equal(text, "3 sessions: 2 telnet, 1 websocket; command channel up");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sessions_are_listed_in_the_order_of_their_numbers),
		TEST(test_a_number_is_in_the_table_once),
		TEST(test_transports_are_counted_as_sessions_come_and_go),
		TEST(test_addresses_are_counted_ipv4_whole_and_ipv6_by_network),
		TEST(test_many_sessions_come_and_go_in_any_order),
		TEST(test_texts_are_copied_and_an_empty_one_is_none),
		TEST(test_the_environment_is_bounded),
		TEST(test_the_status_line_counts_by_transport),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
