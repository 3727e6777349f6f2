/* links: vdtgw-teletel */
/* The page language: what each statement sends, and how mistakes are told. */
#include "vdtgw-teletel/page.h"
#include "vdtgw-teletel/pages.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static long read_included(const void *context, const char *name, uint8_t *ret_bytes, size_t size)
{
	static const uint8_t club[] = { 0x0c, 0x0e, 0x7f };

	(void)context;
	if (strcmp(name, "large.vdt") == 0)
		return (long)size;
	if (strcmp(name, "club.vdt") != 0)
		return -ENOENT;
	memcpy(ret_bytes, club, sizeof(club));
	return sizeof(club);
}

static int parse(struct page **ret_page, const char *source, char *error, size_t error_size)
{
	return page_parse(ret_page, "p.page", source, strlen(source), read_included, NULL, error,
			  error_size);
}

struct compiled {
	const char *source;
	const char *bytes;
};

static void test_statements_become_videotex(void **state)
{
	static const struct compiled cases[] = {
		{ "", "" },
		{ "# a comment\n\n   \n", "" },
		{ "clear\n", "\x0c" },
		{ "clear # and why", "\x0c" },
		{ "at 1 1\r\ntext \"A\"\r\n", "\x1f\x41\x41"
					      "A" },
		{ "at 24 40\ntext \"Z\"", "\x1f\x58\x68Z" },
		{ "at 0 1\ntext \"a\"", "\x1f\x40\x41"
					"a" },
		{ "clear\ntext \"\xc3\xa9\xc3\xa0\xc3\xa7\xc3\x89\"", "\x0c\x19\x42"
								      "e\x19\x41"
								      "a\x19\x4b"
								      "cE" },
		{ "clear\ntext \"a \\\"b\\\" \\\\\"", "\x0c"
						      "a \"b\" \\" },
		{ "clear\ncolor cyan\ntext \"a\"\ntext \"b\"", "\x0c\x1b\x46"
							       "ab" },
		/* A position takes the color away, and the compiler brings it back. */
		{ "color red\nat 2 2\ntext \"a\"\nat 3 3\ntext \"b\"", "\x1f\x42\x42\x1b\x41"
								       "a\x1f\x43\x43\x1b\x41"
								       "b" },
		{ "clear\ncolor yellow on blue\ntext \" a\"", "\x0c\x1b\x43\x1b\x54 a" },
		{ "at 2 1\nsize tall\ntext \"a\"\nsize normal\ntext \"b\"", "\x1f\x42\x41\x1b\x4d"
									    "a\x1b\x4c"
									    "b" },
		{ "clear\nflash on\ninverse on\nunderline on\ntext \" \"\nflash off\n"
		  "inverse off\nunderline off\ntext \"b\"",
		  "\x0c\x1b\x48\x1b\x5a\x1b\x5d \x1b\x49\x1b\x59\x1b\x5c"
		  "b" },
		{ "clear\nrepeat 20 \".\"", "\x0c.\x12\x53" },
		{ "clear\nrepeat 2 \"x\"", "\x0c"
					   "xx" },
		{ "clear\nrepeat 2 \"\xc3\xa9\"", "\x0c\x19\x42"
						  "e\x19\x42"
						  "e" },
		{ "clear\ncodes 65 67", "\x0c"
					"ABC" },
		{ "clear\ncolor red\nfill", "\x0c\x1b\x41\x18" },
		{ "bytes 1B 39 7b", "\x1b\x39\x7b" },
		{ "cursor on\ncursor off", "\x11\x14" },
		{ "include \"club.vdt\"", "\x0c\x0e\x7f" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page *page = NULL;
		char error[256] = "";

		if (parse(&page, cases[i].source, error, sizeof(error)) != 0)
			fail_msg("%s: %s", cases[i].source, error);
		if (page->length != strlen(cases[i].bytes) ||
		    memcmp(page->bytes, cases[i].bytes, page->length) != 0)
			fail_msg("%s: other bytes (%zu)", cases[i].source, page->length);
		page_free(page);
	}
}

static void test_drawings_become_mosaics(void **state)
{
	static const struct compiled cases[] = {
		/* One point, in each corner. */
		{ "draw 1 1\nW.\nend", "\x1f\x41\x41\x0e\x21" },
		{ "draw 1 1\n.W\nend", "\x1f\x41\x41\x0e\x22" },
		{ "draw 1 1\n..\nW.\n\nend", "\x1f\x41\x41\x0e\x24" },
		{ "draw 1 1\n..\n..\n.W\nend", "\x1f\x41\x41\x0e\x60" },
		{ "draw 1 1\nWW\nWW\nWW\nend", "\x1f\x41\x41\x0e\x5f" },
		/* Of two colors the cheaper one is the foreground. */
		{ "draw 1 1\nKK\nWW\nKK\nend", "\x1f\x41\x41\x0e\x2c" },
		{ "draw 1 1\nRR\nRR\nRR\nend", "\x1f\x41\x41\x0e\x1b\x41\x5f" },
		/* White is in force, blue comes as the background and serves the next one too. */
		{ "draw 1 1\nWBBB\nBBBB\nBBBB\nend", "\x1f\x41\x41\x0e\x1b\x54\x21\x20" },
		/* Equal characters are repeated; what is untouched is passed over. */
		{ "draw 2 3\nWWWWWWWWWW\nWWWWWWWWWW\nWWWWWWWWWW\nend",
		  "\x1f\x42\x43\x0e\x5f\x12\x44" },
		{ "draw 1 1\nW...W.\nend", "\x1f\x41\x41\x0e\x21\x09\x21" },
		{ "draw 1 1\nW...........W.\nend", "\x1f\x41\x41\x0e\x21\x1f\x41\x47\x0e\x21" },
		{ "draw 1 1\nend", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page *page = NULL;
		char error[256] = "";

		if (parse(&page, cases[i].source, error, sizeof(error)) != 0)
			fail_msg("%s: %s", cases[i].source, error);
		if (page->length != strlen(cases[i].bytes) ||
		    memcmp(page->bytes, cases[i].bytes, page->length) != 0)
			fail_msg("%s: other bytes (%zu)", cases[i].source, page->length);
		page_free(page);
	}
}

struct refused {
	const char *source;
	const char *error; /* its beginning */
};

static void test_mistakes_are_told_with_their_line(void **state)
{
	static const struct refused cases[] = {
		{ "clear\nhello", "p.page:2: \"hello\": area, at, bytes" },
		{ "at 25 1", "p.page:1: row \"25\": a number from 0 to 24" },
		{ "at 1 0", "p.page:1: column \"0\": a number from 1 to 40" },
		{ "at 1", "p.page:1: column \"\": a number" },
		{ "at 1 1 1", "p.page:1: \"1\" is too much" },
		{ "at -1 1", "p.page:1: row \"-1\"" },
		{ "text \"a\"", "p.page:1: say where first" },
		{ "clear\ntext a", "p.page:2: a text between" },
		{ "clear\ntext \"a", "p.page:2: the text's closing" },
		{ "clear\ntext \"\xff\"", "p.page:2: the text is not UTF-8" },
		{ "clear\ntext \"\xe2\x82\xac\"", "p.page:2: the terminal has no character" },
		{ "at 1 40\ntext \"ab\"", "p.page:2: the row ends at column 40: 1 columns" },
		{ "at 1 38\nsize wide\ntext \"ab\"", "p.page:3: the row ends at column 40" },
		{ "clear\nsize tall\ntext \"a\"", "p.page:3: characters of double height" },
		{ "color pink", "p.page:1: color \"pink\": black, red" },
		{ "color red over blue", "p.page:1: \"over\"" },
		{ "size huge", "p.page:1: size \"huge\": normal, tall" },
		{ "flash maybe", "p.page:1: flash \"maybe\": off, on" },
		{ "repeat 41 \".\"", "p.page:1: count \"41\"" },
		{ "clear\nrepeat 3 \"ab\"", "p.page:2: one character is repeated" },
		{ "bytes", "p.page:1: bytes are needed" },
		{ "bytes 1B 3", "p.page:1: \"3\": two hexadecimal digits" },
		{ "bytes +1", "p.page:1: \"+1\": two hexadecimal digits" },
		{ "clear\ncodes 10 20", "p.page:2: first code" },
		{ "include \"none.vdt\"", "p.page:1: none.vdt: No such file" },
		{ "include \"../club.vdt\"", "p.page:1: \"../club.vdt\": the name of a file" },
		{ "include \"large.vdt\"", "p.page:1: large.vdt: at most 8192" },
		{ "include \"club.vdt\"\ntext \"a\"", "p.page:2: say where first" },
		{ "draw 1 1\nWW", "p.page:2: the drawing of line 1 has no \"end\"" },
		{ "draw 1 1\nWX\nend", "p.page:2: a drawing is made of" },
		{ "draw 1 40\nWWW\nend", "p.page:2: the drawing goes beyond column 40" },
		{ "draw 24 1\n\n\n\n\nend", "p.page:5: the drawing goes beyond row 24" },
		{ "draw 1 1\n\n\nWW\nWW\nRC\nend", "p.page:6: points 1 and 2 of lines 5 to 7" },
		{ "area", "p.page:1: row" },
		{ "area averyveryverylongname 1 1 1", "p.page:1: an area's name" },
		{ "area a 1 30 12", "p.page:1: the area goes beyond column 40" },
		{ "area a 20 1 12 6", "p.page:1: the area goes beyond the screen's rows" },
		{ "size tall\narea a 1 1 12", "p.page:2: the area goes beyond the screen's rows" },
		{ "color white on red\narea a 1 1 12", "p.page:2: an area takes a color" },
		{ "area a 1 1 12\narea a 2 1 12", "p.page:2: a second area" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct page *page = NULL;
		char error[256] = "";

		if (parse(&page, cases[i].source, error, sizeof(error)) != -EINVAL)
			fail_msg("%s: not refused", cases[i].source);
		assert_null(page);
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: said %s", cases[i].source, error);
	}
}

static void test_a_page_is_bounded(void **state)
{
	const char *line = "bytes 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41\n";
	size_t lines = PAGE_MAX / 16 + 1;
	char *source = calloc(lines, strlen(line) + 1);
	struct page *page = NULL;
	char error[256];

	(void)state;
	assert_non_null(source);
	for (size_t i = 0; i < lines; i++)
		strcat(source, line);
	assert_int_equal(parse(&page, source, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "p.page:513: a page has at most 8192 bytes");
	free(source);
}

static void test_areas_are_filled_and_cut(void **state)
{
	struct page *page = NULL;
	char error[256];
	uint8_t bytes[128];
	struct composer composer;
	static const char expected[] = "\x1f\x45\x46\x1b\x46"
				       "abc\x1f\x46\x46\x1b\x46"
				       "d\x19\x42"
				       "ef";

	(void)state;
	assert_int_equal(parse(&page, "color cyan\narea a 5 6 3 2", error, sizeof(error)), 0);
	assert_null(page_area(page, "b"));
	composer_init(&composer, bytes, sizeof(bytes));
	page_area_fill(page_area(page, "a"), &composer,
		       "abcd\xc3\xa9"
		       "fgh");
	assert_int_equal(composer.length, sizeof(expected) - 1);
	assert_memory_equal(bytes, expected, sizeof(expected) - 1);
	assert_int_equal(page_role_check(PAGE_GUIDE, page, "p.page", error, sizeof(error)),
			 -EINVAL);
	assert_string_equal(error, "p.page: the page needs an area \"field\": area field ROW "
				   "COLUMN WIDTH");
	page_free(page);
}

static void test_the_pages_that_are_shipped_load(void **state)
{
	struct pages pages = { 0 };
	char error[512] = "";

	(void)state;
	if (pages_load(&pages, "share/pages", error, sizeof(error)) != 0)
		fail_msg("%s", error);
	/* 7.5 s at 1200 bit/s. */
	assert_in_range(pages.items[PAGE_WELCOME]->length, 1, 900);
	pages_done(&pages);
	assert_int_equal(pages_load(&pages, "share/nowhere", error, sizeof(error)), -ENOENT);
	assert_string_equal(error, "share/nowhere/welcome.page: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements_become_videotex),
		cmocka_unit_test(test_drawings_become_mosaics),
		cmocka_unit_test(test_mistakes_are_told_with_their_line),
		cmocka_unit_test(test_a_page_is_bounded),
		cmocka_unit_test(test_areas_are_filled_and_cut),
		cmocka_unit_test(test_the_pages_that_are_shipped_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
