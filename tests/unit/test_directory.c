/* links: vdtgw-teletel */
/* The directory of services: what real files hold, and how mistakes are told. */
#include "vdtgw-teletel/directory.h"
#include "vdtgw-teletel/kiosk.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse(struct directory **ret_directory, const char *text, char *error, size_t error_size)
{
	return directory_parse(ret_directory, "d.json", text, strlen(text), error, error_size);
}

static struct directory *parsed(const char *text)
{
	struct directory *directory = NULL;
	char error[512] = "";

	if (parse(&directory, text, error, sizeof(error)) != 0)
		fail_msg("%s", error);
	return directory;
}

static void test_real_files_are_read(void **state)
{
	struct directory *directory = parsed(
	    "\xef\xbb\xbf{\"version\":1,\"servers\":[\n"
	    "{\"name\":\"3615XYZ\",\"address\":\"ws://host:81/path?echo\",\"ping\":\"None\","
	    "\"subprotocol\":\"\",\"tarif\":\"T2\",\"cost\":\"0.12\",\"note\":{\"x\":[1]}},\n"
	    "{\"name\":\"b\",\"address\":\"wss://b/\",\"ping\":\"10\","
	    "\"subprotocol\":\"[binary,tty]\"},\n"
	    "{\"name\":\"c\",\"address\":\"telnet:c:23\",\"ping\":20,\"cost\":0.5,"
	    "\"subprotocol\":[\"binary\",\"tty\"],\"alias\":\"\"},\n"
	    "{\"name\":\"d\",\"address\":\"ws://d\",\"ping\":null,"
	    "\"subprotocol\":\"[ \\\"binary\\\", \\\"tty\\\" ]\"}]}");
	const struct directory_entry *entries = directory->entries;

	(void)state;
	assert_int_equal(directory->count, 4);
	assert_string_equal(entries[0].name, "3615XYZ");
	assert_string_equal(entries[0].address, "ws://host:81/path?echo");
	assert_string_equal(entries[0].tariff, "T2");
	assert_string_equal(entries[0].cost, "0.12");
	assert_string_equal(entries[0].subprotocols, "");
	assert_int_equal(entries[0].ping, 0);
	assert_int_equal(entries[0].line, 2);
	assert_int_equal(entries[1].ping, 10);
	assert_string_equal(entries[1].subprotocols, "binary,tty");
	assert_string_equal(entries[1].tariff, "");
	assert_int_equal(entries[2].ping, 20);
	assert_string_equal(entries[2].cost, "0.5");
	assert_string_equal(entries[2].subprotocols, "binary,tty");
	assert_string_equal(entries[3].subprotocols, "binary,tty");
	assert_int_equal(entries[3].line, 5);
	directory_free(directory);
}

static void test_names_are_found_whatever_their_case(void **state)
{
	static const char *const names[][2] = {
		{ "3615XYZ", "3615XYZ" },
		{ "3615xyz", "3615XYZ" },
		{ "3615 XYZ", "3615XYZ" },
		{ "M\xc3\xa9t\xc3\xa9o", "M\xc3\xa9t\xc3\xa9o" },
		{ "METEO", "M\xc3\xa9t\xc3\xa9o" },
		{ "court", "3615XYZ" },
		{ "tr\xc3\xa8s COURT", "3615XYZ" },
		{ "XYZ", NULL },
		{ "", NULL },
		{ " ", NULL },
	};
	struct directory *directory =
	    parsed("{\"servers\":[{\"name\":\"Tr\xc3\xa8s court\",\"alias\":\"COURT\"},"
		   "{\"name\":\"court\",\"alias\":\"3615xyz\"},"
		   "{\"name\":\"3615XYZ\",\"address\":\"ws://a\"},"
		   "{\"name\":\"M\xc3\xa9t\xc3\xa9o\",\"address\":\"ws://b\"}]}");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct directory_entry *entry = directory_find(directory, names[i][0]);

		if (names[i][1] == NULL) {
			assert_null(entry);
			continue;
		}
		assert_non_null(entry);
		assert_string_equal(entry->name, names[i][1]);
	}
	directory_free(directory);
	assert_null(directory_find(NULL, "XYZ"));
}

struct refused {
	const char *text;
	const char *error; /* its beginning */
};

static void test_mistakes_are_told_with_their_line(void **state)
{
	static const struct refused cases[] = {
		{ "", "d.json:1: " },
		{ "{\n\"servers\": [\n,]}", "d.json:3: " },
		{ "{\"servers\":[],\n\"servers\":[]}", "d.json:2: duplicate" },
		{ "[]", "d.json:1: the file is an object with a list \"servers\"" },
		{ "{\"servers\":{}}", "d.json:1: the file is an object" },
		{ "{\"x\":[[],{\"a\":1}],\n\"servers\":[\n\n1]}",
		  "d.json:4: an entry is an object" },
		{ "{\"servers\":[\n{\"name\":\"[{,\\\"servers\\\":\",\"address\":\"ws://"
		  "a\"},\n{}]}",
		  "d.json:3: an entry needs a \"name\"" },
		{ "{\"servers\":[{\"name\":5}]}", "d.json:1: \"name\": a text" },
		{ "{\"servers\":[\n{\"name\":\"a\"}]}", "d.json:2: \"a\" needs an \"address\"" },
		{ "{\"servers\":[\n{\"name\":\"a\",\"address\":\"http://a\"}]}",
		  "d.json:2: address of \"a\": " },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"alias\":\"b\"}]}",
		  "d.json:1: \"a\" has both" },
		{ "{\"servers\":[\n{\"name\":\"a\\n\",\"address\":\"ws://a\"}]}",
		  "d.json:2: \"name\": at most 32 characters" },
		{ "{\"servers\":[{\"name\":\"123456789012345678901234567890123\","
		  "\"address\":\"ws://a\"}]}",
		  "d.json:1: \"name\": at most 32 characters" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"tarif\":\"\\u009b1\"}]}",
		  "d.json:1: \"tarif\"" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"ping\":\"3601\"}]}",
		  "d.json:1: \"ping\" is \"3601\"" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"ping\":-1}]}",
		  "d.json:1: \"ping\" is \"-1\"" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"ping\":true}]}",
		  "d.json:1: \"ping\": a text or a number" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"subprotocol\":\"a b\"}]}",
		  "d.json:1: \"subprotocol\": at most 8" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\","
		  "\"subprotocol\":\"[1,2,3,4,5,6,7,8,9]\"}]}",
		  "d.json:1: \"subprotocol\": at most 8" },
		{ "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\",\"subprotocol\":[5]}]}",
		  "d.json:1: \"subprotocol\": at most 8" },
		{ "{\"servers\":[\n{\"name\":\"a\",\"address\":\"ws://a\"},\n"
		  "{\"name\":\"A\",\"address\":\"ws://b\"}]}",
		  "d.json:3: \"A\" is there already, on line 2" },
		{ "{\"servers\":[\n{\"name\":\"a\",\"alias\":\"b\"}]}",
		  "d.json:2: \"a\" is an alias of \"b\", which is not in the file" },
		{ "{\"servers\":[\n{\"name\":\"a\",\"alias\":\"A\"}]}",
		  "d.json:2: the aliases of \"a\" lead round in a loop" },
		{ "{\"servers\":[{\"name\":\"a\",\"alias\":\"b\"},\n"
		  "{\"name\":\"b\",\"alias\":\"c\"},\n{\"name\":\"c\",\"alias\":\"b\"}]}",
		  "d.json:1: the aliases of \"a\" lead into a loop" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct directory *directory = NULL;
		char error[512] = "";

		if (parse(&directory, cases[i].text, error, sizeof(error)) != -EINVAL)
			fail_msg("%s: not refused", cases[i].text);
		assert_null(directory);
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: said %s", cases[i].text, error);
	}
}

/* A file of many entries, each an alias of the next but for the last. */
static char *chain(size_t count, bool aliases)
{
	char *text = malloc(64 * count + 64);
	size_t length;

	assert_non_null(text);
	length = (size_t)sprintf(text, "{\"servers\":[");
	for (size_t i = 0; i < count; i++)
		length += (size_t)sprintf(text + length,
					  aliases && i + 1 < count
					      ? "%s{\"name\":\"n%zu\",\"alias\":\"n%zu\"}"
					      : "%s{\"name\":\"n%zu\",\"address\":\"ws://h:%zu\"}",
					  i == 0 ? "" : ",\n", i, aliases ? i + 1 : 80);
	strcpy(text + length, "]}");
	return text;
}

static void test_entries_and_chains_are_bounded(void **state)
{
	struct directory *directory = NULL;
	char error[512] = "";
	char *text = chain(DIRECTORY_ENTRIES_MAX, false);

	(void)state;
	assert_int_equal(parse(&directory, text, error, sizeof(error)), 0);
	assert_int_equal(directory->entries[DIRECTORY_ENTRIES_MAX - 1].line, DIRECTORY_ENTRIES_MAX);
	directory_free(directory);
	free(text);
	text = chain(DIRECTORY_ENTRIES_MAX + 1, false);
	assert_int_equal(parse(&directory, text, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "d.json:1: 10001 entries: at most 10000 are allowed");
	free(text);
	text = chain(DIRECTORY_ALIASES_MAX + 1, true);
	assert_int_equal(parse(&directory, text, error, sizeof(error)), 0);
	assert_string_equal(directory_find(directory, "N0")->name, "n16");
	directory_free(directory);
	free(text);
	text = chain(1000, true);
	assert_int_equal(parse(&directory, text, error, sizeof(error)), -EINVAL);
	free(text);
}

static void test_the_kiosk_keeps_its_own_names(void **state)
{
	static const char *const names[] = { "Mire", "M I R E", "mir\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct directory *directory;
		char text[256], error[256], expected[256];

		snprintf(text, sizeof(text),
			 "{\"servers\":[{\"name\":\"a\",\"address\":\"ws://a\"},\n"
			 "{\"name\":\"%s\",\"address\":\"ws://a\"}]}",
			 names[i]);
		directory = parsed(text);
		assert_int_equal(kiosk_check_directory(directory, "d.json", error, sizeof(error)),
				 -EINVAL);
		snprintf(expected, sizeof(expected),
			 "d.json:2: \"%s\": MIRE is a service of the kiosk's own: another name is "
			 "allowed",
			 names[i]);
		assert_string_equal(error, expected);
		directory_free(directory);
	}
}

static void test_a_cost_is_a_price_or_words(void **state)
{
	static const struct {
		const char *cost; /* in JSON */
		bool allowed;
	} cases[] = {
		{ "\"0.12\"", true },  { "\"0,12\"", true },     { "0.5", true },
		{ "2", true },         { "\"1 F/min\"", true },  { "\"gratuit\"", true },
		{ "\"\"", true },      { "null", true },         { "\"0.12345\"", false },
		{ "\"12 c\"", false }, { "\"1.234,5\"", false }, { "\"env. 1 F\"", false },
		{ "-1", false },       { "10000", false },       { "1e20", false },
		{ "0.12345", false },  { "\"0..1\"", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct directory *directory = NULL;
		char text[256], error[512] = "";

		snprintf(text, sizeof(text),
			 "{\"servers\":[\n{\"name\":\"a\",\"address\":\"ws://a\",\"cost\":%s}]}",
			 cases[i].cost);
		if ((parse(&directory, text, error, sizeof(error)) == 0) != cases[i].allowed)
			fail_msg("%s: %s", cases[i].cost, error);
		if (!cases[i].allowed)
			assert_memory_equal(error, "d.json:2: \"cost\" is \"", 20);
		directory_free(directory);
	}
}

static struct directory *parsed_entry(const char *text)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "{\"servers\":[{\"name\":\"%s]}", text);
	return parsed(whole);
}

static void test_equal_directories_are_told_from_others(void **state)
{
	/* Behind the name of the first entry. */
	static const char *const texts[] = {
		"a\",\"address\":\"ws://a\"}",
		"A\",\"address\":\"ws://a\"}",
		"a\",\"address\":\"ws://b\"}",
		"a\",\"address\":\"ws://a\",\"ping\":1}",
		"a\",\"address\":\"ws://a\",\"cost\":1}",
		"a\",\"address\":\"ws://a\",\"tarif\":\"T\"}",
		"a\",\"address\":\"ws://a\",\"subprotocol\":\"x\"}",
		"a\",\"address\":\"ws://a\"},{\"name\":\"b\",\"alias\":\"a\"}",
		"a\",\"address\":\"ws://a\"},{\"name\":\"b\",\"alias\":\"A\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct directory *one = parsed_entry(texts[i]);

		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			struct directory *other = parsed_entry(texts[k]);

			assert_int_equal(directory_equal(one, other), i == k);
			directory_free(other);
		}
		assert_false(directory_equal(one, NULL));
		assert_false(directory_equal(NULL, one));
		directory_free(one);
	}
	assert_true(directory_equal(NULL, NULL));
}

static void test_the_example_loads(void **state)
{
	struct directory *directory = NULL;
	char error[512] = "";

	(void)state;
	if (directory_load(&directory, "etc/directory.json", error, sizeof(error)) != 0)
		fail_msg("%s", error);
	assert_int_equal(kiosk_check_directory(directory, "", error, sizeof(error)), 0);
	directory_free(directory);
	assert_int_equal(directory_load(&directory, "etc/none.json", error, sizeof(error)),
			 -ENOENT);
	assert_string_equal(error, "etc/none.json: No such file or directory");
	assert_int_equal(directory_load(&directory, "etc", error, sizeof(error)), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_files_are_read),
		cmocka_unit_test(test_names_are_found_whatever_their_case),
		cmocka_unit_test(test_mistakes_are_told_with_their_line),
		cmocka_unit_test(test_entries_and_chains_are_bounded),
		cmocka_unit_test(test_the_kiosk_keeps_its_own_names),
		cmocka_unit_test(test_a_cost_is_a_price_or_words),
		cmocka_unit_test(test_equal_directories_are_told_from_others),
		cmocka_unit_test(test_the_example_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
