/* links: vdtgw-supervisor */
#include "vdtgw-supervisor/events.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_packed(const struct event *event, const char *expected)
{
	json_t *packed = event_pack(event);
	char *text = json_dumps(packed, JSON_COMPACT);

	assert_string_equal(text, expected);
	free(text);
	json_decref(packed);
}

static void test_what_does_not_apply_is_left_out(void **state)
{
	struct event event = event_of(EVENT_RELOADED);

	(void)state;
	assert_true(event.time > 0);
	event.time = 7;
	assert_packed(&event, "{\"time\":7,\"kind\":\"reloaded\"}");
	event.kind = EVENT_UNBANNED;
	event.has_network = true;
	assert_int_equal(network_parse(&event.network, "2001:db8::/64"), 0);
	event.reason = "time";
	assert_packed(&event, "{\"time\":7,\"kind\":\"unbanned\",\"address\":\"2001:db8::/64\","
			      "\"reason\":\"time\"}");
}

static void test_an_event_of_a_session_has_its_caller(void **state)
{
	struct session_entry entry = {
		.number = 12,
		.transport = TRANSPORT_RAW,
		.has_address = true,
		.port = 4711,
		.service = (char[]) { "ws://localhost:8765" },
	};
	struct event event;

	(void)state;
	assert_int_equal(address_parse(&entry.address, "192.0.2.1"), 0);
	event = event_of_session(EVENT_ENDED, &entry);
	event.time = 7;
	event.reason = "caller-closed";
	event.duration = 0;
	event.bytes_in = 1;
	event.bytes_out = 2;
	assert_packed(&event, "{\"time\":7,\"kind\":\"ended\",\"session\":12,"
			      "\"address\":\"192.0.2.1\",\"transport\":\"raw\",\"port\":4711,"
			      "\"service\":\"ws://localhost:8765\",\"reason\":\"caller-closed\","
			      "\"duration\":0,\"bytes_in\":1,\"bytes_out\":2}");
	entry.has_address = false;
	entry.port = 0;
	entry.service = NULL;
	event = event_of_session(EVENT_STARTED, &entry);
	event.time = 7;
	assert_packed(&event, "{\"time\":7,\"kind\":\"started\",\"session\":12,"
			      "\"transport\":\"raw\",\"port\":0}");
}

static void test_every_kind_has_a_name_of_its_own(void **state)
{
	enum event_kind kind;

	(void)state;
	for (int i = 0; i < EVENT_KIND_COUNT; i++) {
		assert_int_equal(event_kind_from_name(&kind, event_kind_name((enum event_kind)i)),
				 0);
		assert_int_equal(kind, i);
	}
	assert_int_equal(event_kind_from_name(&kind, "dance"), -EINVAL);
}

struct kept {
	unsigned count;
	enum event_kind kind;
};

static void keep(void *context, const struct event *event)
{
	struct kept *kept = context;

	kept->count++;
	kept->kind = event->kind;
}

static void test_the_keeper_hears_of_each_event_without_anybody_who_watches(void **state)
{
	const struct event event = event_of(EVENT_CHANNEL_UP);
	struct kept kept = { 0 };
	struct events *events;

	(void)state;
	assert_int_equal(events_new(&events), 0);
	events_publish(events, &event);
	events_set_keeper(events, keep, &kept);
	events_publish(events, &event);
	assert_int_equal(kept.count, 1);
	assert_int_equal(kept.kind, EVENT_CHANNEL_UP);
	assert_int_equal(events_watcher_count(events, ~0), 0);
	events_free(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_does_not_apply_is_left_out),
		cmocka_unit_test(test_an_event_of_a_session_has_its_caller),
		cmocka_unit_test(test_every_kind_has_a_name_of_its_own),
		cmocka_unit_test(test_the_keeper_hears_of_each_event_without_anybody_who_watches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
