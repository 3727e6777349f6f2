/* links: vdtgw-session */
#include "vdtgw-session/texts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define TEN "0123456789"

static void test_a_message_is_one_line_of_plain_characters(void **state)
{
	static const struct {
		const char *line;
		const char *shown;
	} cases[] = {
		{ "a", "a" },
		{ " ~", " ~" },
		{ TEN TEN TEN TEN, TEN TEN TEN TEN },
		{ "Arrêt à minuit, ÉTÉ", "Arret a minuit, ETE" },
		{ "éééééééééééééééééééééééééééééééééééééééé",
		  "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee" },
		{ "5 € \xe2\x80\xae!", "5 ? ?!" },
		{ "\xf0\x9f\x98\x80", "?" },
	};
	char text[TEXTS_MAX], expected[TEXTS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(texts_message(cases[i].line, text), 0);
		texts_row0(cases[i].shown, expected);
		assert_string_equal(text, expected);
	}
}

static void test_a_message_that_a_terminal_would_obey_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		TEN TEN TEN TEN "x",
		"a\n",
		"\x1b\x39\x7b",
		"\x0c",
		"a\x13I",
		"a\x7f",
		"a\xc2\x9b!J",
		"\xff",
		"\xc3",
		"\x1f\x40\x41",
		"\t",
		"\xc2\x85",
		"a\x0e",
	};
	char text[TEXTS_MAX] = "as it was";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(texts_message(cases[i], text), -EINVAL);
		assert_string_equal(text, "as it was");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_is_one_line_of_plain_characters),
		cmocka_unit_test(test_a_message_that_a_terminal_would_obey_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
