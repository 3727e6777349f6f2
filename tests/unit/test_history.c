/* links: vdtgw-supervisor */
/* The history in the database: upgrades of the schema, bounds, filters, pages, a lost database. */
#include "common/array.h"

#include "common/microseconds.h"
#include "vdtgw-supervisor/storage/database_history.h"
#include "vdtgw-supervisor/storage/history.h"
#include "vdtgw-supervisor/storage/history_search.h"

#include "common/answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#define NOW  INT64_C(1790000000000000) /* µs: some day in 2026 */
#define YEAR (365 * 86400 * US_PER_S)

/* A history of its own in a folder of its own. */
struct fixture {
	char folder[32];
	struct event_loop *loop;
	struct database *database;
	struct history *history;
	int failures; /* that the history has told of */
};

static struct database *open_database(const char *folder)
{
	struct database *database = NULL;
	char *why = NULL;

	if (database_open(&database, folder, &why) < 0)
		fail_msg("%s", why);
	return database;
}

static void on_failure(void *context)
{
	((struct fixture *)context)->failures++;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct history_options options = { .database_failed = on_failure, .context = fixture };

	*state = fixture;
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/vdtgw-test-XXXXXX");
	if (mkdtemp(fixture->folder) == NULL || event_loop_new(&fixture->loop, 1) < 0 ||
	    history_new(&fixture->history, fixture->loop, &options) < 0)
		return -1;
	fixture->database = open_database(fixture->folder);
	history_set_bounds(fixture->history, 10 * YEAR, 1000000);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "vdtgw.db", "vdtgw.db-wal", "vdtgw.db-shm" };
	struct fixture *fixture = *state;
	char path[64];

	history_free(fixture->history);
	database_close(fixture->database);
	event_loop_free(fixture->loop);
	for (size_t i = 0; i < LENGTH(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", fixture->folder, names[i]);
		unlink(path);
	}
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

/* Statements of somebody else's connection. */
static void run(const struct fixture *fixture, const char *statements)
{
	char path[64];
	sqlite3 *handle;
	char *error = NULL;

	snprintf(path, sizeof(path), "%s/vdtgw.db", fixture->folder);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	if (sqlite3_exec(handle, statements, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s", error);
	sqlite3_close(handle);
}

static struct network network_of(const char *text)
{
	struct network network;

	assert_int_equal(network_parse(&network, text), 0);
	return network;
}

static struct event event_at(int64_t time, enum event_kind kind)
{
	return (struct event) {
		.kind = kind,
		.time = time,
		.session = -1,
		.duration = -1,
		.bytes_in = -1,
		.bytes_out = -1,
	};
}

static void add(struct fixture *fixture, const struct event *events, size_t count)
{
	assert_int_equal(database_begin(fixture->database, false), 0);
	assert_int_equal(database_add_events(fixture->database, events, count), 0);
	assert_int_equal(database_commit(fixture->database), 0);
}

/* count events, a second apart, of sessions 0, 1, 2 … */
static void add_many(struct fixture *fixture, size_t count)
{
	struct event *events = calloc(count, sizeof(*events));

	assert_non_null(events);
	for (size_t i = 0; i < count; i++) {
		events[i] = event_at(NOW + (int64_t)i * US_PER_S, EVENT_STARTED);
		events[i].session = (int64_t)i;
	}
	add(fixture, events, count);
	free(events);
}

static int64_t total(struct fixture *fixture)
{
	int64_t found = -1;

	assert_int_equal(database_total_events(fixture->database, &found), 0);
	return found;
}

/* The schema. */

#define SCHEMA_1                                                                                   \
	"DROP TABLE event; DROP TABLE event_total; DROP TABLE ban; DROP TABLE never;"              \
	"DROP TABLE ban_clock; INSERT INTO launch (started) VALUES (5), (6);"                      \
	"PRAGMA user_version = 1;"
#define SCHEMA_2                                                                                   \
	"DROP TABLE event; DROP TABLE event_total; INSERT INTO launch (started) VALUES (5), (6);"  \
	"INSERT INTO ban VALUES ('192.0.2.1', 1, 2, 3, 'administrator', NULL);"                    \
	"PRAGMA user_version = 2;"

static void count_ban(void *context, const struct network *network, const struct ban_terms *terms)
{
	(void)network;
	(void)terms;
	(*(size_t *)context)++;
}

static void test_older_schemas_are_upgraded_and_keep_what_they_hold(void **state)
{
	static const struct {
		const char *older;
		size_t bans;
	} cases[] = { { SCHEMA_1, 0 }, { SCHEMA_2, 1 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t bans = 0, strange = 0;
		int64_t launches = 0;

		database_close(fixture->database);
		run(fixture, "DELETE FROM launch; DELETE FROM sqlite_sequence;");
		run(fixture, cases[i].older);
		fixture->database = open_database(fixture->folder);
		assert_int_equal(database_add_launch(fixture->database, NOW, &launches), 0);
		assert_int_equal(launches, 3);
		assert_int_equal(database_load_bans(fixture->database, count_ban, &bans, &strange),
				 0);
		assert_int_equal(bans, cases[i].bans);
		add_many(fixture, 3);
		assert_int_equal(total(fixture), 3);
	}
}

static void test_bans_of_the_schema_before_are_read_where_nothing_can_be_written(void **state)
{
	struct fixture *fixture = *state;
	struct database *database = NULL;
	size_t bans = 0, strange = 0;
	char *why = NULL;

	database_close(fixture->database);
	fixture->database = NULL;
	run(fixture, SCHEMA_2 "PRAGMA journal_mode = DELETE");
	assert_int_equal(database_open_to_read(&database, fixture->folder, &why), 0);
	assert_int_equal(database_load_bans(database, count_ban, &bans, &strange), 0);
	assert_int_equal(bans, 1);
	database_close(database);
}

/* What is written is read. */

struct page {
	struct event events[600];
	size_t count;
	size_t most; /* that fit */
};

static bool take(void *context, const struct event *event)
{
	struct page *page = context;

	if (page->count == page->most)
		return false;
	page->events[page->count] = *event;
	page->events[page->count].service = event->service != NULL ? strdup(event->service) : NULL;
	page->events[page->count++].reason = event->reason != NULL ? strdup(event->reason) : NULL;
	return true;
}

static void empty(struct page *page)
{
	for (size_t i = 0; i < page->count; i++) {
		free((char *)page->events[i].service);
		free((char *)page->events[i].reason);
	}
	page->count = 0;
}

static const struct history_filter everything = {
	.until = INT64_MAX,
	.session = -1,
	.kinds = UINT32_MAX,
};

/* All pages, each of at most `most`. Returns how many pages that took. */
static size_t search(struct fixture *fixture, const struct history_filter *filter, int64_t last,
		     size_t most, struct page *page)
{
	int64_t next = 0, before;
	size_t pages = 0;

	empty(page);
	do {
		before = next;
		page->most = page->count + most;
		assert_true(page->most <= LENGTH(page->events));
		assert_int_equal(
		    history_search(fixture->database, filter, last, next, take, page, &next), 0);
		assert_true(++pages < 1000);
		/* What clients take for progress, and for a number of ours. */
		assert_true(next == 0 || (next > before && next <= ANSWER_INTEGER_MAX));
	} while (next != 0);
	return pages;
}

static void test_an_event_comes_back_as_it_was_kept(void **state)
{
	struct fixture *fixture = *state;
	struct page page = { .count = 0 };
	struct event full = event_at(NOW, EVENT_ENDED), bare = event_at(NOW + 1, EVENT_RELOADED);

	full.session = 12;
	full.has_caller = true;
	full.transport = TRANSPORT_WEBSOCKET;
	full.port = 8080;
	full.has_network = true;
	full.network = network_of("2001:db8::5");
	full.service = "wss://example.org/\x1b[2J";
	full.reason = "caller-closed";
	full.duration = 3;
	full.bytes_in = 0;
	full.bytes_out = 4;
	add(fixture, &full, 1);
	add(fixture, &bare, 1);
	search(fixture, &everything, 0, 100, &page);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.events[0].kind, EVENT_ENDED);
	assert_int_equal(page.events[0].time, NOW);
	assert_int_equal(page.events[0].session, 12);
	assert_int_equal(page.events[0].transport, TRANSPORT_WEBSOCKET);
	assert_int_equal(page.events[0].port, 8080);
	assert_memory_equal(&page.events[0].network, &full.network, sizeof(full.network));
	assert_string_equal(page.events[0].service, full.service);
	assert_string_equal(page.events[0].reason, full.reason);
	assert_int_equal(page.events[0].duration, 3);
	assert_int_equal(page.events[0].bytes_in, 0);
	assert_int_equal(page.events[0].bytes_out, 4);
	assert_false(page.events[1].has_caller || page.events[1].has_network);
	assert_int_equal(page.events[1].session, -1);
	assert_int_equal(page.events[1].bytes_out, -1);
	assert_null(page.events[1].service);
	empty(&page);
}

static void test_rows_that_make_no_sense_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct page page = { .count = 0 };

	add_many(fixture, 1);
	run(fixture, "INSERT INTO event (time, kind) VALUES (1, 99), (1, -5), ('x', 'y');"
		     "INSERT INTO event (time, kind, transport, port) VALUES (1, 0, 'pigeon', 5),"
		     " (1, 0, 'raw', 70000), (1, 0, 'raw', NULL);"
		     "INSERT INTO event (time, kind, address, prefix) VALUES (1, 0, x'00', 5),"
		     " (1, 0, zeroblob(16), 129), (1, 0, zeroblob(16), NULL);");
	search(fixture, &everything, 0, 100, &page);
	assert_int_equal(page.count, 1);
	empty(&page);
}

/* Filters. */

static void test_filters(void **state)
{
	static const struct {
		const char *text; /* of the event */
		enum event_kind kind;
		const char *network;
		const char *service;
	} events[] = {
		{ "a", EVENT_STARTED, "192.0.2.1", NULL },
		{ "b", EVENT_REDIRECTED, "192.0.2.1", "wss://one.example/x" },
		{ "c", EVENT_BANNED, "192.0.2.0/24", NULL },
		{ "d", EVENT_STARTED, "2001:db8::1", NULL },
		{ "e", EVENT_ENDED, "2001:db8::1", "wss://two.example/" },
		{ "f", EVENT_RELOADED, NULL, NULL },
		{ "g", EVENT_REDIRECTED, "192.0.2.77", "wss://one.example/y" },
	};
	static const struct {
		const char *found;
		int64_t since, until;
		int64_t session;
		const char *network;
		int transport; /* -1: any */
		const char *service;
		uint32_t kinds;
	} cases[] = {
		{ "abcdefg", 0, INT64_MAX, -1, NULL, -1, NULL, UINT32_MAX },
		{ "cde", NOW + 2, NOW + 5, -1, NULL, -1, NULL, UINT32_MAX },
		{ "", NOW + 5, NOW + 2, -1, NULL, -1, NULL, UINT32_MAX },
		{ "d", 0, INT64_MAX, 3, NULL, -1, NULL, UINT32_MAX },
		{ "", 0, INT64_MAX, 55, NULL, -1, NULL, UINT32_MAX },
		{ "ab", 0, INT64_MAX, -1, "192.0.2.1", -1, NULL, UINT32_MAX },
		{ "abcg", 0, INT64_MAX, -1, "192.0.2.0/24", -1, NULL, UINT32_MAX },
		{ "abcg", 0, INT64_MAX, -1, "0.0.0.0/0", -1, NULL, UINT32_MAX },
		{ "de", 0, INT64_MAX, -1, "::/0", -1, NULL, UINT32_MAX },
		{ "de", 0, INT64_MAX, -1, "2001:db8::/64", -1, NULL, UINT32_MAX },
		{ "b", 0, INT64_MAX, 1, "192.0.2.1", -1, NULL, UINT32_MAX },
		{ "abdeg", 0, INT64_MAX, -1, NULL, TRANSPORT_RAW, NULL, UINT32_MAX },
		{ "", 0, INT64_MAX, -1, NULL, TRANSPORT_TELNET, NULL, UINT32_MAX },
		{ "bg", 0, INT64_MAX, -1, NULL, -1, "wss://one", UINT32_MAX },
		{ "beg", 0, INT64_MAX, -1, NULL, -1, "", UINT32_MAX },
		{ "", 0, INT64_MAX, -1, NULL, -1, "one", UINT32_MAX },
		{ "ad", 0, INT64_MAX, -1, NULL, -1, NULL, 1 << EVENT_STARTED },
		{ "", 0, INT64_MAX, -1, NULL, -1, NULL, 0 },
		{ "g", NOW + 2, INT64_MAX, -1, "192.0.2.0/24", TRANSPORT_RAW,
		  "wss:", 1 << EVENT_REDIRECTED },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < LENGTH(events); i++) {
		struct event event = event_at(NOW + (int64_t)i, events[i].kind);

		event.session = (int64_t)i;
		event.reason = events[i].text;
		event.service = events[i].service;
		event.has_network = events[i].network != NULL;
		if (event.has_network)
			event.network = network_of(events[i].network);
		event.has_caller = event.has_network && events[i].kind != EVENT_BANNED;
		event.transport = TRANSPORT_RAW;
		add(fixture, &event, 1);
	}
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct history_filter filter = {
			.since = cases[i].since,
			.until = cases[i].until,
			.session = cases[i].session,
			.has_network = cases[i].network != NULL,
			.has_transport = cases[i].transport >= 0,
			.service = cases[i].service,
			.kinds = cases[i].kinds,
		};
		char found[16] = "";
		struct page page = { .count = 0 };

		if (filter.has_network)
			filter.network = network_of(cases[i].network);
		if (filter.has_transport)
			filter.transport = (enum transport)cases[i].transport;
		search(fixture, &filter, 0, 2, &page);
		for (size_t event = 0; event < page.count; event++)
			strcat(found, page.events[event].reason);
		assert_string_equal(found, cases[i].found);
		empty(&page);
	}
}

/* Pages. */

static void test_pages_hold_all_and_the_last_ones_whatever_their_size(void **state)
{
	static const struct {
		size_t page;
		int64_t last;
		int64_t first; /* session that is found first */
		size_t count;
	} cases[] = {
		{ 1, 0, 0, 20 },   { 7, 0, 0, 20 },    { 100, 0, 0, 20 },
		{ 1, 5, 15, 5 },   { 2, 5, 15, 5 },    { 5, 5, 15, 5 },
		{ 100, 1, 19, 1 }, { 100, 20, 0, 20 }, { 100, 500, 0, 20 },
	};
	struct fixture *fixture = *state;

	add_many(fixture, 20);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct page page = { .count = 0 };

		search(fixture, &everything, cases[i].last, cases[i].page, &page);
		assert_int_equal(page.count, cases[i].count);
		for (size_t event = 0; event < page.count; event++)
			assert_int_equal(page.events[event].session,
					 cases[i].first + (int64_t)event);
		empty(&page);
	}
}

static void test_a_page_looks_at_so_many_rows_only(void **state)
{
	struct fixture *fixture = *state;
	struct history_filter rare = everything;
	struct page page = { .count = 0 };
	struct event wanted = event_at(NOW, EVENT_CRASHED);

	add(fixture, &wanted, 1);
	add_many(fixture, 3 * HISTORY_SEARCH_ROWS);
	add(fixture, &wanted, 1);
	rare.kinds = 1 << EVENT_CRASHED;
	assert_true(search(fixture, &rare, 0, 100, &page) >= 4);
	assert_int_equal(page.count, 2);
	assert_true(search(fixture, &rare, 2, 100, &page) >= 7);
	assert_int_equal(page.count, 2);
	assert_true(search(fixture, &rare, 1, 100, &page) <= 2);
	assert_int_equal(page.count, 1);
	/* An index finds them at once. */
	rare = everything;
	rare.session = 10000;
	assert_int_equal(search(fixture, &rare, 0, 100, &page), 1);
	assert_int_equal(page.count, 1);
	rare = everything;
	rare.since = NOW + 10000 * US_PER_S;
	rare.until = NOW + 10010 * US_PER_S;
	assert_int_equal(search(fixture, &rare, 0, 100, &page), 1);
	assert_int_equal(page.count, 10);
	empty(&page);
}

static void test_any_number_may_be_given_to_go_on_from(void **state)
{
	static const int64_t from[] = {
		1, 5, 1000, INT64_C(1) << 40, INT64_MAX, INT64_C(1) << 61, INT64_C(1) << 62
	};
	struct fixture *fixture = *state;

	add_many(fixture, 5);
	for (size_t i = 0; i < LENGTH(from); i++)
		for (int64_t last = 0; last <= 3; last += 3) {
			struct page page = { .most = 100 };
			int64_t next = from[i];

			for (int j = 0; next != 0; j++) {
				assert_true(j < 10);
				assert_int_equal(history_search(fixture->database, &everything,
								last, next, take, &page, &next),
						 0);
			}
			empty(&page);
		}
}

static void test_after_the_clock_went_back_the_order_is_that_of_keeping(void **state)
{
	struct fixture *fixture = *state;
	struct event events[] = { event_at(NOW + YEAR, EVENT_STARTED), event_at(NOW, EVENT_ENDED),
				  event_at(NOW + 1, EVENT_STARTED) };
	struct history_filter filter = everything;
	struct page page = { .count = 0 };

	add(fixture, events, LENGTH(events));
	search(fixture, &everything, 0, 1, &page);
	assert_int_equal(page.count, 3);
	assert_int_equal(page.events[0].time, NOW + YEAR);
	assert_int_equal(page.events[2].time, NOW + 1);
	filter.since = NOW + 1;
	search(fixture, &filter, 0, 1, &page);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.events[0].time, NOW + YEAR);
	empty(&page);
}

/* Bounds. */

static void test_what_is_too_old_or_too_much_is_removed_in_steps(void **state)
{
	static const struct {
		int64_t before; /* s after NOW */
		int64_t most;
		size_t limit;
		size_t removed;
		int64_t left;
	} cases[] = {
		{ 0, 100, 10, 0, 50 }, { 5, 100, 10, 5, 45 }, { 30, 100, 10, 10, 35 },
		{ 30, 2, 20, 20, 15 }, { 0, 14, 20, 1, 14 },  { 0, 0, 10, 10, 4 },
		{ 0, 0, 10, 4, 0 },    { 0, 0, 10, 0, 0 },
	};
	struct fixture *fixture = *state;

	add_many(fixture, 50);
	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t removed = 99;

		assert_int_equal(database_begin(fixture->database, false), 0);
		assert_int_equal(database_remove_events(fixture->database,
							NOW + cases[i].before * US_PER_S,
							cases[i].most, cases[i].limit, &removed),
				 0);
		assert_int_equal(database_commit(fixture->database), 0);
		assert_int_equal(removed, cases[i].removed);
		assert_int_equal(total(fixture), cases[i].left);
	}
}

static void test_a_total_that_is_wrong_mends_itself(void **state)
{
	struct fixture *fixture = *state;
	size_t removed = 0;

	add_many(fixture, 5);
	run(fixture, "UPDATE event_total SET total = 1000");
	assert_int_equal(database_begin(fixture->database, false), 0);
	assert_int_equal(database_remove_events(fixture->database, 0, 100, 50, &removed), 0);
	assert_int_equal(database_commit(fixture->database), 0);
	assert_int_equal(removed, 5);
	assert_int_equal(total(fixture), 0);
}

/* The keeper. */

static void keep(struct fixture *fixture, enum event_kind kind, int count)
{
	for (int i = 0; i < count; i++) {
		struct event event = event_of(kind);

		event.session = i;
		event.reason = "why";
		history_keep(fixture->history, &event);
	}
}

static int64_t kept(struct fixture *fixture)
{
	const char *why = NULL;

	assert_ptr_equal(history_open(fixture->history, &why), fixture->database);
	return total(fixture);
}

struct wait {
	struct fixture *fixture;
	struct timer *timer;
	int64_t wanted;
	int looks;
};

static void on_look(void *context)
{
	struct wait *wait = context;

	if (total(wait->fixture) == wait->wanted || ++wait->looks == 1000)
		event_loop_stop(wait->fixture->loop, 0);
	else
		timer_arm(wait->timer, event_loop_now() + 5000);
}

/* Until the history's own timers have brought that about. */
static void run_until_kept(struct fixture *fixture, int64_t wanted)
{
	struct wait wait = { .fixture = fixture, .wanted = wanted };

	assert_int_equal(timer_new(&wait.timer, fixture->loop, on_look, &wait), 0);
	timer_arm(wait.timer, event_loop_now());
	assert_int_equal(event_loop_run(fixture->loop), 0);
	timer_free(wait.timer);
	assert_int_equal(total(fixture), wanted);
}

static void test_events_are_written_by_themselves_and_go_when_they_are_old(void **state)
{
	struct fixture *fixture = *state;

	history_set_database(fixture->history, fixture->database);
	keep(fixture, EVENT_STARTED, 3);
	run_until_kept(fixture, 3);
	history_set_bounds(fixture->history, US_PER_S, 1000);
	run_until_kept(fixture, 0);
	keep(fixture, EVENT_STARTED, 3 * HISTORY_BATCH);
	run_until_kept(fixture, 3 * HISTORY_BATCH);
	history_set_bounds(fixture->history, YEAR, 10);
	run_until_kept(fixture, 10);
	history_set_bounds(fixture->history, YEAR, 0);
	run_until_kept(fixture, 0);
}

static void test_events_wait_for_a_database_and_the_oldest_are_lost(void **state)
{
	struct fixture *fixture = *state;
	struct page page = { .count = 0 };
	const char *why = NULL;

	keep(fixture, EVENT_STARTED, HISTORY_QUEUE_MAX + 10);
	assert_null(history_open(fixture->history, &why));
	assert_string_equal(why, "the database cannot be used");
	history_set_database(fixture->history, fixture->database);
	for (int i = 0; i < HISTORY_QUEUE_MAX && kept(fixture) < HISTORY_QUEUE_MAX; i++)
		;
	assert_int_equal(kept(fixture), HISTORY_QUEUE_MAX);
	search(fixture, &everything, 1, 1, &page);
	assert_int_equal(page.events[0].session, HISTORY_QUEUE_MAX + 9);
	keep(fixture, EVENT_ENDED, 3);
	assert_int_equal(kept(fixture), HISTORY_QUEUE_MAX + 3);
	empty(&page);
}

static void test_states_and_orders_to_redirect_are_not_kept(void **state)
{
	struct fixture *fixture = *state;

	history_set_database(fixture->history, fixture->database);
	keep(fixture, EVENT_STATE, 3);
	keep(fixture, EVENT_REDIRECTING, 3);
	keep(fixture, EVENT_REDIRECTED, 2);
	assert_int_equal(kept(fixture), 2);
}

static void test_long_texts_are_cut_between_characters(void **state)
{
	struct fixture *fixture = *state;
	struct event event = event_of(EVENT_MESSAGE);
	struct page page = { .count = 0 };
	struct history_filter filter = everything;
	char text[3 * HISTORY_TEXT_MAX];

	memset(text, 'x', sizeof(text));
	memcpy(text + HISTORY_TEXT_MAX - 1, "é", 2);
	text[sizeof(text) - 1] = '\0';
	event.service = event.reason = text;
	history_set_database(fixture->history, fixture->database);
	history_keep(fixture->history, &event);
	assert_int_equal(kept(fixture), 1);
	filter.service = text;
	search(fixture, &filter, 0, 10, &page);
	assert_int_equal(page.count, 1);
	assert_int_equal(strlen(page.events[0].service), HISTORY_TEXT_MAX - 1);
	assert_int_equal(strlen(page.events[0].reason), HISTORY_TEXT_MAX - 1);
	empty(&page);
}

static void test_no_history_keeps_nothing_and_removes_what_is_there(void **state)
{
	struct fixture *fixture = *state;
	const char *why = NULL;

	history_set_database(fixture->history, fixture->database);
	keep(fixture, EVENT_STARTED, 5);
	assert_int_equal(kept(fixture), 5);
	history_set_bounds(fixture->history, YEAR, 0);
	keep(fixture, EVENT_STARTED, 5);
	assert_null(history_open(fixture->history, &why));
	assert_non_null(strstr(why, "history.max_events"));
	run_until_kept(fixture, 0);
}

static void test_a_failure_is_told_once_and_events_wait(void **state)
{
	struct fixture *fixture = *state;
	const char *why = NULL;

	history_set_database(fixture->history, fixture->database);
	run(fixture, "ALTER TABLE event RENAME TO gone");
	keep(fixture, EVENT_STARTED, 5);
	assert_ptr_equal(history_open(fixture->history, &why), fixture->database);
	keep(fixture, EVENT_STARTED, 5);
	assert_ptr_equal(history_open(fixture->history, &why), fixture->database);
	assert_int_equal(fixture->failures, 1);
	run(fixture, "ALTER TABLE gone RENAME TO event");
	/* As when it was moved aside, and another one opened. */
	history_set_database(fixture->history, NULL);
	history_set_database(fixture->history, fixture->database);
	run_until_kept(fixture, 10);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_older_schemas_are_upgraded_and_keep_what_they_hold),
		TEST(test_bans_of_the_schema_before_are_read_where_nothing_can_be_written),
		TEST(test_an_event_comes_back_as_it_was_kept),
		TEST(test_rows_that_make_no_sense_are_passed_over),
		TEST(test_filters),
		TEST(test_pages_hold_all_and_the_last_ones_whatever_their_size),
		TEST(test_a_page_looks_at_so_many_rows_only),
		TEST(test_any_number_may_be_given_to_go_on_from),
		TEST(test_after_the_clock_went_back_the_order_is_that_of_keeping),
		TEST(test_what_is_too_old_or_too_much_is_removed_in_steps),
		TEST(test_a_total_that_is_wrong_mends_itself),
		TEST(test_events_are_written_by_themselves_and_go_when_they_are_old),
		TEST(test_events_wait_for_a_database_and_the_oldest_are_lost),
		TEST(test_states_and_orders_to_redirect_are_not_kept),
		TEST(test_long_texts_are_cut_between_characters),
		TEST(test_no_history_keeps_nothing_and_removes_what_is_there),
		TEST(test_a_failure_is_told_once_and_events_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
