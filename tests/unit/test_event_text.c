/* links: vdtgwctl */
#include "vdtgwctl/event_text.h"

#include "common/array.h"
#include "vdtgwctl/display.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* 2026-11-20 08:54:01 UTC */
#define TIME "\"time\":1795164841000000"

enum {
	CSV = 1,
	DAY = 2,
};

/* The line of an event, or "!" and the name of what is wrong with it; to be freed. */
static char *line_of(const char *json, unsigned how)
{
	struct answer_fault fault = { .wanted = NULL };
	json_t *event = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(event);
	assert_non_null(out);
	if (how & CSV)
		event_text_write_csv(event, out, &fault);
	else
		event_text_write(event, how & DAY, false, out, &fault);
	if (fault.wanted != NULL) {
		rewind(out);
		fprintf(out, "!%s", fault.name);
	}
	assert_int_equal(fclose(out), 0);
	json_decref(event);
	return text;
}

struct expectation {
	const char *json;
	const char *line;
};

static void check(const struct expectation *expectations, size_t count, unsigned how)
{
	for (size_t i = 0; i < count; i++) {
		char *line = line_of(expectations[i].json, how);

		assert_string_equal(line, expectations[i].line);
		free(line);
	}
}

static void test_events_are_lines_for_people(void **state)
{
	static const struct expectation expectations[] = {
		{ "{" TIME ",\"kind\":\"started\",\"session\":12,\"transport\":\"telnet\","
		  "\"address\":\"192.0.2.1\",\"port\":4711}",
		  "08:54:01  started           12 telnet 192.0.2.1:4711\n" },
		{ "{" TIME ",\"kind\":\"ended\",\"session\":12,\"transport\":\"telnet\","
		  "\"address\":\"2001:db8::1\",\"port\":4711,\"reason\":\"caller-closed\","
		  "\"duration\":133000000,\"bytes_in\":12,\"bytes_out\":3456}",
		  "08:54:01  ended             12 telnet [2001:db8::1]:4711       "
		  "caller-closed, after 2m 13s, 12 in, 3.4K out\n" },
		{ "{" TIME ",\"kind\":\"ended\",\"session\":1,\"transport\":\"raw\"}",
		  "08:54:01  ended             1 raw local\n" },
		{ "{" TIME ",\"kind\":\"banned\",\"address\":\"203.0.113.0/24\","
		  "\"reason\":\"administrator\"}",
		  "08:54:01  banned            203.0.113.0/24                     "
		  "administrator\n" },
		{ "{" TIME ",\"kind\":\"channel_up\",\"service\":\"ws://localhost:8764\"}",
		  "08:54:01  channel_up                                           "
		  "ws://localhost:8764\n" },
		{ "{" TIME ",\"kind\":\"reloaded\"}", "08:54:01  reloaded\n" },
		{ "{" TIME ",\"kind\":\"a newer one\\u001b[2J\"}",
		  "08:54:01  a newer one\\x1B[2J\n" },
		{ "{" TIME ",\"kind\":\"ended\",\"session\":null,\"reason\":\"a\\nb\\u202e\"}",
		  "08:54:01  ended                                                "
		  "a\\x0Ab\\xE2\\x80\\xAE\n" },
		{ "{}", "-  ?\n" },
		{ "{" TIME ",\"kind\":7}", "!kind" },
		{ "{" TIME ",\"kind\":\"ended\",\"duration\":\"long\"}", "!duration" },
		{ "{" TIME ",\"kind\":\"ended\",\"bytes_in\":-3}", "!bytes_in" },
		{ "[]", "!event" },
		{ "7", "!event" },
	};

	(void)state;
	check(expectations, LENGTH(expectations), 0);
}

static void test_history_shows_the_day(void **state)
{
	static const struct expectation expectations[] = {
		{ "{" TIME ",\"kind\":\"reloaded\"}", "2026-11-20 08:54:01  reloaded\n" },
	};

	(void)state;
	check(expectations, LENGTH(expectations), DAY);
}

static void test_events_are_lines_of_csv(void **state)
{
	static const struct expectation expectations[] = {
		{ "{" TIME ",\"kind\":\"started\",\"session\":12,\"transport\":\"telnet\","
		  "\"address\":\"192.0.2.1\",\"port\":4711}",
		  "2026-11-20 08:54:01,started,192.0.2.1:4711,,\n" },
		/* At an end the duration, before the reason. */
		{ "{" TIME ",\"kind\":\"ended\",\"address\":\"192.0.2.1\",\"port\":4711,"
		  "\"reason\":\"caller-closed\",\"duration\":133500000}",
		  "2026-11-20 08:54:01,ended,192.0.2.1:4711,,0:02:13.500\n" },
		{ "{" TIME ",\"kind\":\"ended\",\"reason\":\"crash\"}",
		  "2026-11-20 08:54:01,ended,,,crash\n" },
		{ "{" TIME ",\"kind\":\"timed_out\",\"service\":\"ws://a/?b,c\","
		  "\"reason\":\"say \\\"no\\\"\"}",
		  "2026-11-20 08:54:01,timed_out,,\"ws://a/?b,c\",\"say \"\"no\"\"\"\n" },
		/* No formula, no line of its own, no control character. */
		{ "{" TIME ",\"kind\":\"kicked\",\"reason\":\"=cmd|' /C calc'!A0\"}",
		  "2026-11-20 08:54:01,kicked,,,'=cmd|' /C calc'!A0\n" },
		{ "{" TIME ",\"kind\":\"kicked\",\"reason\":\"+1,2\"}",
		  "2026-11-20 08:54:01,kicked,,,\"'+1,2\"\n" },
		{ "{" TIME ",\"kind\":\"kicked\",\"reason\":\"-1\"}",
		  "2026-11-20 08:54:01,kicked,,,'-1\n" },
		{ "{" TIME ",\"kind\":\"@x\",\"reason\":\"a\\r\\n=b\"}",
		  "2026-11-20 08:54:01,'@x,,,a\\x0D\\x0A=b\n" },
	};

	(void)state;
	assert_string_equal(event_text_csv_head, "TIME,EVENT,FROM,TO,INFO\n");
	check(expectations, LENGTH(expectations), CSV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events_are_lines_for_people),
		cmocka_unit_test(test_history_shows_the_day),
		cmocka_unit_test(test_events_are_lines_of_csv),
	};

	display_init();
	(void)setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
