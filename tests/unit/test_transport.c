/* links: common */
#include "common/transport.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_each_transport_is_found_by_its_name(void **state)
{
	static const char *const expected[] = { "telnet", "raw", "websocket" };

	(void)state;
	assert_int_equal(sizeof(expected) / sizeof(expected[0]), TRANSPORT_COUNT);
	for (unsigned i = 0; i < TRANSPORT_COUNT; i++) {
		enum transport transport = TRANSPORT_COUNT;

		assert_string_equal(transport_name((enum transport)i), expected[i]);
		assert_int_equal(transport_from_name(&transport, expected[i]), 0);
		assert_int_equal(transport, i);
	}
}

static void test_other_words_name_no_transport(void **state)
{
	static const char *const words[] = { "", "Telnet", "tel", "telnets", "ws", "console" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		enum transport transport = TRANSPORT_COUNT;

		assert_int_equal(transport_from_name(&transport, words[i]), -EINVAL);
		assert_int_equal(transport, TRANSPORT_COUNT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_transport_is_found_by_its_name),
		cmocka_unit_test(test_other_words_name_no_transport),
	};

	return cmocka_run_group_tests_name("transport", tests, NULL, NULL);
}
