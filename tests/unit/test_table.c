/* links: vdtgwctl */
#include "vdtgwctl/table.h"

#include "common/array.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct table_column columns[] = {
	{ .title = "N", .right = true },
	{ .title = "STATE", .rank = 2 },
	{ .title = "SERVICE", .rank = 1, .least = 8 },
	{ .title = "NOTE", .rank = 3, .least = 4, .left_out_empty = true },
};

/* Owned by the test that asks. */
static char *write(const struct table *table, struct table_view view)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(table_write(table, out, &view), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_written(const struct table *table, struct table_view view, const char *wanted)
{
	char *text = write(table, view);

	assert_string_equal(text, wanted);
	free(text);
}

static struct table *new_table(void)
{
	struct table *table = NULL;

	assert_int_equal(table_new(&table, columns, LENGTH(columns)), 0);
	return table;
}

static struct table *filled_table(const char *note)
{
	struct table *table = new_table();

	table_add(table, "7");
	table_add(table, "home");
	table_add(table, "ws://localhost:8765");
	table_add(table, note);
	table_add(table, "4711");
	table_add(table, "redirecting");
	table_add(table, NULL);
	table_add(table, NULL);
	return table;
}

static void test_columns_are_as_wide_as_they_need_to_be(void **state)
{
	struct table *table = filled_table(NULL);

	(void)state;
	assert_int_equal(table_row_count(table), 2);
	assert_written(table, (struct table_view) { SIZE_MAX, 0, SIZE_MAX, false },
		       "   N  STATE        SERVICE\n"
		       "   7  home         ws://localhost:8765\n"
		       "4711  redirecting\n");
	table_free(table);
}

static void test_long_cells_are_cut_before_columns_go(void **state)
{
	struct table *table = filled_table("x");

	(void)state;
	assert_written(table, (struct table_view) { 36, 0, SIZE_MAX, false },
		       "   N  STATE        SERVICE      NOTE\n"
		       "   7  home         ws://local…  x\n"
		       "4711  redirecting\n");
	assert_written(table, (struct table_view) { 32, 0, SIZE_MAX, false },
		       "   N  STATE        SERVICE\n"
		       "   7  home         ws://localho…\n"
		       "4711  redirecting\n");
	assert_written(table, (struct table_view) { 25, 0, SIZE_MAX, false },
		       "   N  SERVICE\n"
		       "   7  ws://localhost:8765\n"
		       "4711\n");
	assert_written(table, (struct table_view) { 14, 0, SIZE_MAX, false },
		       "   N  SERVICE\n"
		       "   7  ws://lo…\n"
		       "4711\n");
	assert_written(table, (struct table_view) { 5, 0, SIZE_MAX, false }, "   N\n   7\n4711\n");
	table_free(table);
}

static void test_no_line_is_wider_than_the_terminal(void **state)
{
	struct table *table = filled_table("déjà vu, 日本語のノート");

	(void)state;
	display_init();
	for (size_t width = 1; width < 80; width++) {
		char *text = write(table, (struct table_view) { width, 0, SIZE_MAX, false });
		char *line = strtok(text, "\n");

		for (; line != NULL; line = strtok(NULL, "\n"))
			assert_in_range(display_width(line), 0, width);
		free(text);
	}
	table_free(table);
}

static void test_wide_characters_keep_columns_in_line(void **state)
{
	struct table *table = new_table();

	(void)state;
	display_init();
	table_add(table, "1");
	table_add(table, "日本");
	table_add(table, "x");
	table_add(table, NULL);
	table_add(table, "2");
	table_add(table, "é́t");
	table_add(table, "y");
	table_add(table, NULL);
	assert_written(table, (struct table_view) { SIZE_MAX, 0, SIZE_MAX, false },
		       "N  STATE  SERVICE\n"
		       "1  日本   x\n"
		       "2  é́t     y\n");
	table_free(table);
}

static void test_text_from_the_network_acts_on_nothing(void **state)
{
	struct table *table = new_table();

	(void)state;
	table_add(table, "1\n2");
	table_add(table, "a\033[2Jb");
	table_add(table, "\xe2\x80\xae"
			 "abc");
	table_add(table, "\xc2\x9b"
			 "31m\xff");
	assert_written(table, (struct table_view) { SIZE_MAX, 0, SIZE_MAX, false },
		       "     N  STATE      SERVICE          NOTE\n"
		       "1\\x0A2  a\\x1B[2Jb  \\xE2\\x80\\xAEabc  \\xC2\\x9B31m\\xFF\n");
	table_free(table);
}

static void test_a_page_of_rows_and_colour(void **state)
{
	struct table *table = new_table();

	(void)state;
	for (int i = 0; i < 5; i++) {
		const char number[] = { (char)('0' + i), 0 };

		table_add(table, number);
		table_add_styled(table, "home", DISPLAY_GOOD);
		table_add(table, "s");
		table_add(table, NULL);
	}
	assert_written(table, (struct table_view) { SIZE_MAX, 3, 1, true },
		       "\033[1mN\033[0m  \033[1mSTATE\033[0m  \033[1mSERVICE\033[0m\n"
		       "3  \033[32mhome\033[0m   s\n");
	assert_written(table, (struct table_view) { SIZE_MAX, 9, 2, false }, "N  STATE  SERVICE\n");
	table_free(table);
	table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_as_wide_as_they_need_to_be),
		cmocka_unit_test(test_long_cells_are_cut_before_columns_go),
		cmocka_unit_test(test_no_line_is_wider_than_the_terminal),
		cmocka_unit_test(test_wide_characters_keep_columns_in_line),
		cmocka_unit_test(test_text_from_the_network_acts_on_nothing),
		cmocka_unit_test(test_a_page_of_rows_and_colour),
	};

	display_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
