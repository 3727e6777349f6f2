/* links: vdtgw-session */
/* The queue of a console whose reader is slow. */
#include "vdtgw-session/console/console_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct console_text line(const char *text)
{
	struct console_text result = { .length = 0 };

	console_text_line(&result, 0, "%s", text);
	return result;
}

static struct console_output *new_output(void)
{
	struct console_output *output = calloc(1, sizeof(*output));

	assert_non_null(output);
	return output;
}

/* Sends all, as text. */
static const char *take_all(struct console_output *output, char ret_text[2 * CONSOLE_OUTPUT_MAX])
{
	size_t length, total = 0;
	const char *bytes;

	while (bytes = console_output_pending(output, &length), length > 0) {
		/* In uneven pieces. */
		if (length > 777)
			length = 777;
		assert_true(total + length < 2 * CONSOLE_OUTPUT_MAX);
		memcpy(ret_text + total, bytes, length);
		total += length;
		console_output_sent(output, length);
	}
	ret_text[total] = '\0';
	return ret_text;
}

static void test_what_is_added_is_sent_in_its_order(void **state)
{
	static char text[2 * CONSOLE_OUTPUT_MAX];
	struct console_output *output = new_output();
	struct console_text one = line("one"), two = line("two");

	(void)state;
	console_output_answer(output, &one);
	console_output_event(output, &two);
	assert_string_equal(take_all(output, text), "one\r\ntwo\r\n");
	free(output);
}

static void test_events_that_find_no_room_are_counted_and_told(void **state)
{
	static char text[2 * CONSOLE_OUTPUT_MAX];
	struct console_output *output = new_output();
	struct console_text event = line("an event"), last = line("the last event");
	unsigned kept = 0, missing = 0;
	char expected[128];
	size_t length;

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		console_output_event(output, &event);
	/* Answers have their room all the same. */
	assert_true(console_output_has_room(output));
	(void)console_output_pending(output, &length);
	kept = (unsigned)(length / event.length);
	missing = 10000 - kept;
	assert_true(kept > 100 && missing > 100);
	take_all(output, text);
	(void)snprintf(expected, sizeof(expected),
		       "an event\r\n… %u events were not shown: this console is too slow\r\n",
		       missing);
	assert_string_equal(text + strlen(text) - strlen(expected), expected);
	console_output_event(output, &last);
	assert_string_equal(take_all(output, text), "the last event\r\n");
	free(output);
}

static void test_answers_fill_it_to_the_end_and_no_further(void **state)
{
	static char text[2 * CONSOLE_OUTPUT_MAX];
	struct console_output *output = new_output();
	struct console_text answer = line("an answer"), event = line("an event");
	unsigned count = 0;

	(void)state;
	while (console_output_has_room(output)) {
		console_output_answer(output, &answer);
		assert_true(count++ < CONSOLE_OUTPUT_MAX);
	}
	for (unsigned i = 0; i < CONSOLE_OUTPUT_MAX; i++)
		console_output_answer(output, &answer);
	console_output_event(output, &event);
	take_all(output, text);
	assert_non_null(strstr(text, "… 1 event was not shown"));
	free(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_added_is_sent_in_its_order),
		cmocka_unit_test(test_events_that_find_no_room_are_counted_and_told),
		cmocka_unit_test(test_answers_fill_it_to_the_end_and_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
