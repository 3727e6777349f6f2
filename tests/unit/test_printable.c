/* links: common */
#include "common/printable.h"

#include "common/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* A text that may hold zero bytes, and its length. */
#define TEXT(literal) literal, sizeof(literal) - 1

static void test_text_is_kept_and_the_rest_is_escaped(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *shown;
	} cases[] = {
		{ TEXT(""), "" },
		{ TEXT("3615 CODE ~!"), "3615 CODE ~!" },
		{ TEXT("déjà vu € 𝄞"), "déjà vu € 𝄞" },
		{ TEXT("a\nb\r\t\033[2J"), "a\\x0Ab\\x0D\\x09\\x1B[2J" },
		{ TEXT("a\0b"), "a\\x00b" },
		{ TEXT("\x7f"), "\\x7F" },
		{ TEXT("\xc2\x80\xc2\x9f\xc2\xa0"), "\\xC2\\x80\\xC2\\x9F\xc2\xa0" },
		{ TEXT("\x80\xff\xfe"), "\\x80\\xFF\\xFE" },
		{ TEXT("\xc3"), "\\xC3" },
		{ TEXT("\xc3("), "\\xC3(" },
		{ TEXT("\xc0\xaf"), "\\xC0\\xAF" },
		{ TEXT("\xe0\x9f\xbf"), "\\xE0\\x9F\\xBF" },
		{ TEXT("\xed\xa0\x80"), "\\xED\\xA0\\x80" },
		{ TEXT("\xf0\x8f\xbf\xbf"), "\\xF0\\x8F\\xBF\\xBF" },
		{ TEXT("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf" },
		{ TEXT("\xf4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80" },
		{ TEXT("\xf8\x88\x80\x80\x80"), "\\xF8\\x88\\x80\\x80\\x80" },
		{ TEXT("\xe2\x81\xb0"), "\xe2\x81\xb0" },
		{ TEXT("\xd8\x9b\xd8\x9c\xd8\x9d"), "\xd8\x9b\\xD8\\x9C\xd8\x9d" },
		{ TEXT("\xef\xbb\xbf"), "\\xEF\\xBB\\xBF" },
		{ TEXT("\xf3\xa0\x81\x81"), "\\xF3\\xA0\\x81\\x81" },
		{ TEXT("\xf3\xa0\x82\x80"), "\xf3\xa0\x82\x80" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char shown[64];
		size_t length = printable(shown, sizeof(shown), cases[i].text, cases[i].length);

		assert_string_equal(shown, cases[i].shown);
		assert_int_equal(length, strlen(shown));
	}
}

/* They would move or hide what a reader sees, or break a line where the log has none. */
static void test_separators_marks_of_direction_and_invisible_ones_are_escaped(void **state)
{
	(void)state;
	for (unsigned code_point = 0x2000; code_point < 0x2080; code_point++) {
		const uint8_t bytes[] = {
			(uint8_t)(0xe0 | code_point >> 12),
			(uint8_t)(0x80 | (code_point >> 6 & 0x3f)),
			(uint8_t)(0x80 | (code_point & 0x3f)),
		};
		bool escaped = (code_point >= 0x200b && code_point <= 0x200f) ||
			       (code_point >= 0x2028 && code_point <= 0x202e) ||
			       (code_point >= 0x2060 && code_point <= 0x206f);
		char shown[16];
		size_t length = printable(shown, sizeof(shown), (const char *)bytes, sizeof(bytes));

		assert_int_equal(length, escaped ? 12 : 3);
		assert_memory_equal(shown, escaped ? "\\xE2" : "\xe2", escaped ? 4 : 1);
	}
}

static void test_long_text_is_cut_between_characters_and_marked(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *shown;
	} cases[] = {
		{ "abcdef", 7, "abcdef" },
		{ "abcdefg", 7, "abc…" },
		{ "abcdefghij", 7, "abc…" },
		{ "ab€def", 7, "ab…" },
		{ "abé€", 8, "abé€" },
		{ "abé€x", 8, "abé…" },
		{ "ab\001cd", 8, "ab…" },
		{ "ab\001", 7, "ab\\x01" },
		{ "\001\002", 8, "\\x01…" },
		{ "abcd", 4, "…" },
		{ "abc", 4, "abc" },
		{ "abcd", 3, "ab" },
		{ "a", 1, "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		char shown[64];
		size_t length =
		    printable(shown, cases[i].size, cases[i].text, strlen(cases[i].text));

		assert_string_equal(shown, cases[i].shown);
		assert_int_equal(length, strlen(shown));
	}
}

static void test_nothing_is_written_without_room(void **state)
{
	char untouched = 'u';

	(void)state;
	assert_int_equal(printable(&untouched, 0, "a", 1), 0);
	assert_int_equal(untouched, 'u');
}

/* Whatever the bytes and the room, what comes out fits and needs no escape itself. */
static void test_result_is_printable_for_all_pairs_of_bytes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		const char text[] = { (char)(i >> 8), (char)i, 'z' };
		char shown[16];
		char again[64];
		size_t size = 1 + i % sizeof(shown);
		size_t length = printable(shown, size, text, sizeof(text));

		assert_true(length < size);
		assert_int_equal(printable(again, sizeof(again), shown, length), length);
		assert_memory_equal(again, shown, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_kept_and_the_rest_is_escaped),
		cmocka_unit_test(test_separators_marks_of_direction_and_invisible_ones_are_escaped),
		cmocka_unit_test(test_long_text_is_cut_between_characters_and_marked),
		cmocka_unit_test(test_nothing_is_written_without_room),
		cmocka_unit_test(test_result_is_printable_for_all_pairs_of_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
