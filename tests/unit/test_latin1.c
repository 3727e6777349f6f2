/* links: common */
#include "common/latin1.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum {
	TEXT_MAX = 16,
};

/* Not ended by a zero: lengths are given, since 00 is a byte like any other. */
struct text {
	const char *bytes;
	size_t length;
};

#define TEXT(literal)                                                                              \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

static const struct {
	const char *name;
	struct text text;
	struct text bytes;
	uint64_t replaced;
} valid[] = {
	{ "empty", TEXT(""), TEXT(""), 0 },
	{ "ASCII with zero and DEL", TEXT("A\0\x1b\x7f"), TEXT("A\0\x1b\x7f"), 0 },
	{ "the first and last of two bytes that are Latin-1", TEXT("\xc2\x80\xc3\xbf"),
	  TEXT("\x80\xff"), 0 },
	{ "the first above Latin-1", TEXT("\xc4\x80"), TEXT("_"), 1 },
	{ "the last of two bytes", TEXT("\xdf\xbf"), TEXT("_"), 1 },
	{ "the euro between letters",
	  TEXT("a\xe2\x82\xac"
	       "b"),
	  TEXT("a_b"), 1 },
	{ "the first of three bytes", TEXT("\xe0\xa0\x80"), TEXT("_"), 1 },
	{ "next to the surrogates", TEXT("\xed\x9f\xbf\xee\x80\x80"), TEXT("__"), 2 },
	{ "the last of three bytes", TEXT("\xef\xbf\xbf"), TEXT("_"), 1 },
	{ "the first of four bytes", TEXT("\xf0\x90\x80\x80"), TEXT("_"), 1 },
	{ "the very last", TEXT("\xf4\x8f\xbf\xbf"), TEXT("_"), 1 },
};

static const struct {
	const char *name;
	struct text text;
} invalid[] = {
	{ "a continuation alone", TEXT("\x80") },
	{ "a continuation too many", TEXT("\xc3\xa9\xa9") },
	{ "a byte alone in Latin-1", TEXT("\xe9t\xe9") },
	{ "two leading bytes", TEXT("\xc3\xc3\xa9") },
	{ "ASCII inside a sequence", TEXT("\xe2\x82"
					  "a") },
	{ "overlong zero", TEXT("\xc0\x80") },
	{ "overlong in two bytes", TEXT("\xc1\xbf") },
	{ "overlong in three bytes", TEXT("\xe0\x9f\xbf") },
	{ "overlong in four bytes", TEXT("\xf0\x8f\xbf\xbf") },
	{ "the first surrogate", TEXT("\xed\xa0\x80") },
	{ "the last surrogate", TEXT("\xed\xbf\xbf") },
	{ "above U+10FFFF", TEXT("\xf4\x90\x80\x80") },
	{ "far above U+10FFFF", TEXT("\xf7\xbf\xbf\xbf") },
	{ "five bytes", TEXT("\xf8\x88\x80\x80\x80") },
	{ "FE", TEXT("\xfe") },
	{ "FF", TEXT("\xff") },
};

static const struct {
	const char *name;
	struct text text;
} incomplete[] = {
	{ "one of two", TEXT("\xc3") },
	{ "one of three", TEXT("\xe2") },
	{ "two of three", TEXT("a\xe2\x82") },
	{ "three of four", TEXT("\xf0\x90\x80") },
};

/* Decodes step bytes at a time. */
static long decode(struct latin1_decoder *decoder, struct text text, size_t step, uint8_t *out)
{
	long written = 0;

	for (size_t done = 0; done < text.length; done += step) {
		size_t left = text.length - done;
		long result = latin1_decode(decoder, (const uint8_t *)text.bytes + done,
					    step < left ? step : left, out + written);

		if (result < 0)
			return result;
		written += result;
	}
	return written;
}

static void test_text_becomes_bytes_however_it_is_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		for (size_t step = 1; step <= 4; step++) {
			struct latin1_decoder decoder = { .missing = 0 };
			uint8_t out[TEXT_MAX];
			long written = decode(&decoder, valid[i].text, step, out);

			if (written != (long)valid[i].bytes.length ||
			    memcmp(out, valid[i].bytes.bytes, valid[i].bytes.length) != 0)
				fail_msg("%s", valid[i].name);
			assert_true(latin1_decoder_complete(&decoder));
			assert_int_equal(decoder.replaced, valid[i].replaced);
		}
	}
}

static void test_what_is_not_utf8_is_an_error_however_it_is_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		for (size_t step = 1; step <= 4; step++) {
			struct latin1_decoder decoder = { .missing = 0 };
			uint8_t out[TEXT_MAX];

			if (decode(&decoder, invalid[i].text, step, out) != -EPROTO)
				fail_msg("%s", invalid[i].name);
		}
	}
}

static void test_an_unfinished_sequence_is_seen_at_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(incomplete) / sizeof(incomplete[0]); i++) {
		struct latin1_decoder decoder = { .missing = 0 };
		uint8_t out[TEXT_MAX];

		if (decode(&decoder, incomplete[i].text, TEXT_MAX, out) < 0 ||
		    latin1_decoder_complete(&decoder))
			fail_msg("%s", incomplete[i].name);
	}
}

static void test_all_bytes_survive_the_way_there_and_back(void **state)
{
	struct latin1_decoder decoder = { .missing = 0 };
	uint8_t all[256];
	uint8_t text[2 * sizeof(all)];
	uint8_t back[sizeof(text)];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	length = latin1_encode(all, sizeof(all), text);
	assert_int_equal(length, 128 + 2 * 128);
	assert_int_equal(latin1_decode(&decoder, text, length, back), sizeof(all));
	assert_memory_equal(back, all, sizeof(all));
	assert_int_equal(decoder.replaced, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_becomes_bytes_however_it_is_split),
		cmocka_unit_test(test_what_is_not_utf8_is_an_error_however_it_is_split),
		cmocka_unit_test(test_an_unfinished_sequence_is_seen_at_the_end),
		cmocka_unit_test(test_all_bytes_survive_the_way_there_and_back),
	};

	return cmocka_run_group_tests_name("latin1", tests, NULL, NULL);
}
