/* links: vdtgw-supervisor */
#include "vdtgw-supervisor/interfaces/row_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define FORTY "0123456789012345678901234567890123456789"

static void test_a_line_is_one_to_forty_characters_that_a_terminal_shows(void **state)
{
	static const char *const cases[] = {
		"a",
		" ~",
		FORTY,
		"Arrêt à minuit, ÉTÉ, garçon, Noël, ÿ",
		"éééééééééééééééééééééééééééééééééééééééé",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!row_text_is_valid(cases[i]))
			fail_msg("refused: %s", cases[i]);
}

static void test_other_lines_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"01234567890123456789012345678901234567890",
		"ééééééééééééééééééééééééééééééééééééééééé",
		"a\n",
		"\x1b\x39\x7b",
		"a\x7f",
		"\xc2\x9b[2J", /* CSI of C1 */
		"\xc2\xa0",    /* a space that is none of ASCII */
		"3 × 4",
		"cœur",
		"5 €",
		"\xf0\x9f\x98\x80",
		"\xff",
		"a\xc3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (row_text_is_valid(cases[i]))
			fail_msg("let through: %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_line_is_one_to_forty_characters_that_a_terminal_shows),
		cmocka_unit_test(test_other_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
