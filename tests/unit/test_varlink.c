/* links: common */
/* The Varlink codec: what is a message, what is refused, and what is sent. */
#include "common/varlink.h"

#include "common/array.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A string's bytes, the zeros within it included. */
#define BYTES(text) text, sizeof(text) - 1

struct stream_case {
	const char *bytes;
	size_t length;
	int messages; /* that come whole */
	long result;  /* of the last feeding, where it is negative */
};

static const struct stream_case streams[] = {
	{ BYTES("{}\0"), 1, 0 },
	{ BYTES("{\"a\":1}\0{\"b\":[{}]}\0"), 2, 0 },
	{ BYTES("{}\0{\"incomplete\":"), 1, 0 },
	{ BYTES(" {\"spaces\" : null}\n\0"), 1, 0 },
	{ BYTES("\0"), 0, -EPROTO },
	{ BYTES("[]\0"), 0, -EPROTO },
	{ BYTES("1\0"), 0, -EPROTO },
	{ BYTES("\"text\"\0"), 0, -EPROTO },
	{ BYTES("{}{}\0"), 0, -EPROTO },
	{ BYTES("{}x\0"), 0, -EPROTO },
	{ BYTES("{\"a\":1,\"a\":2}\0"), 0, -EPROTO },
	{ BYTES("{\"a\":\"\\u0000\"}\0"), 0, -EPROTO },
	{ BYTES("{\"\\u0000\":1}\0"), 0, -EPROTO },
	{ BYTES("{\"a\":\"\xff\"}\0"), 0, -EPROTO },
	{ BYTES("{\"a\":\"\xc0\x80\"}\0"), 0, -EPROTO },
	{ BYTES("{\"a\":\"\xed\xa0\x80\"}\0"), 0, -EPROTO },
	{ BYTES("{\"a\":99999999999999999999}\0"), 0, -EPROTO },
	{ BYTES("{\"a\":\0}\0"), 0, -EPROTO },
	{ BYTES("{}\0GET / HTTP/1.1\r\n\r\n\0"), 1, -EPROTO },
};

/* Feeds bytes in steps; returns the last result, and counts the messages. */
static long feed(struct varlink_reader *reader, const char *bytes, size_t length, size_t step,
		 int *ret_messages)
{
	int messages = 0;
	long used = 0;

	for (size_t done = 0; done < length; done += (size_t)used) {
		json_t *message = NULL;
		size_t part = length - done < step ? length - done : step;

		used = varlink_reader_feed(reader, bytes + done, part, &message);
		if (used < 0)
			break;
		if (message != NULL)
			messages++;
		json_decref(message);
	}
	*ret_messages = messages;
	return used;
}

static void test_streams_are_cut_into_messages_whatever_the_packets(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(streams); i++) {
		for (size_t step = 1; step <= streams[i].length; step++) {
			struct varlink_reader reader = { 0 };
			int messages;
			long result =
			    feed(&reader, streams[i].bytes, streams[i].length, step, &messages);

			assert_int_equal(messages, streams[i].messages);
			if (streams[i].result < 0)
				assert_int_equal(result, streams[i].result);
			else
				assert_true(result > 0);
			varlink_reader_done(&reader);
		}
	}
}

static void test_the_longest_message_is_taken_and_a_longer_one_is_not(void **state)
{
	static char bytes[VARLINK_MESSAGE_MAX + 2];
	struct varlink_reader reader = { 0 };
	int messages;

	(void)state;
	memset(bytes, ' ', sizeof(bytes));
	bytes[0] = '{';
	bytes[VARLINK_MESSAGE_MAX - 1] = '}';
	bytes[VARLINK_MESSAGE_MAX] = 0;
	assert_true(feed(&reader, bytes, VARLINK_MESSAGE_MAX + 1, 4096, &messages) > 0);
	assert_int_equal(messages, 1);
	bytes[VARLINK_MESSAGE_MAX] = '}';
	bytes[VARLINK_MESSAGE_MAX - 1] = ' ';
	assert_int_equal(feed(&reader, bytes, VARLINK_MESSAGE_MAX + 1, 4096, &messages), -EPROTO);
	varlink_reader_done(&reader);
	/* Nor does it have to end to be too long. */
	assert_int_equal(feed(&reader, bytes, VARLINK_MESSAGE_MAX + 1, sizeof(bytes), &messages),
			 -EPROTO);
	varlink_reader_done(&reader);
}

static void test_memory_grows_with_a_message_and_is_given_back(void **state)
{
	struct varlink_reader reader = { 0 };
	json_t *message = NULL;

	(void)state;
	assert_int_equal(varlink_reader_feed(&reader, "{\"a\":1}", 7, &message), 7);
	assert_null(message);
	assert_true(reader.size > 0 && reader.size < 1024);
	assert_int_equal(varlink_reader_feed(&reader, "\0{", 2, &message), 1);
	assert_non_null(message);
	assert_null(reader.bytes);
	assert_int_equal(reader.length, 0);
	json_decref(message);
}

static void test_nesting_without_end_is_refused(void **state)
{
	static char bytes[VARLINK_MESSAGE_MAX];
	struct varlink_reader reader = { 0 };
	json_t *message;

	(void)state;
	memset(bytes, '[', sizeof(bytes));
	memcpy(bytes, "{\"a\":", 5);
	bytes[sizeof(bytes) - 1] = 0;
	assert_int_equal(varlink_reader_feed(&reader, bytes, sizeof(bytes), &message), -EPROTO);
	varlink_reader_done(&reader);
}

struct message_case {
	const char *text;
	const char *name; /* method or error */
	int result;
	bool more; /* or continues */
	bool oneway;
	bool upgrade;
	int parameters;
};

static const struct message_case calls[] = {
	{ "{\"method\":\"a.b.C\"}", "a.b.C", 0, false, false, false, 0 },
	{ "{\"method\":\"a.C\",\"parameters\":{\"x\":1},\"more\":true}", "a.C", 0, true, false,
	  false, 1 },
	{ "{\"method\":\"a.C\",\"parameters\":null,\"oneway\":true}", "a.C", 0, false, true, false,
	  0 },
	{ "{\"method\":\"a.C\",\"more\":false,\"oneway\":null,\"upgrade\":true}", "a.C", 0, false,
	  false, true, 0 },
	{ "{\"method\":\"a.C\",\"later\":{}}", "a.C", 0, false, false, false, 0 },
	{ "{}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":null}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":\"\"}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":7}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":[\"a.C\"]}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":\"a.C\",\"parameters\":[]}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":\"a.C\",\"parameters\":\"\"}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":\"a.C\",\"more\":1}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":\"a.C\",\"oneway\":\"true\"}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"method\":\"a.C\",\"oneway\":true,\"more\":true}", NULL, -EPROTO, false, false, false,
	  0 },
	{ "{\"method\":\"a.C\",\"oneway\":true,\"upgrade\":true}", NULL, -EPROTO, false, false,
	  false, 0 },
};

static void test_calls_are_parsed_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(calls); i++) {
		struct varlink_call call;

		assert_int_equal(varlink_call_init(&call, json_loads(calls[i].text, 0, NULL)),
				 calls[i].result);
		if (calls[i].result < 0)
			continue;
		assert_string_equal(call.method, calls[i].name);
		assert_int_equal(call.more, calls[i].more);
		assert_int_equal(call.oneway, calls[i].oneway);
		assert_int_equal(call.upgrade, calls[i].upgrade);
		assert_int_equal(json_object_size(call.parameters), calls[i].parameters);
		varlink_call_done(&call);
	}
}

static void test_a_method_name_has_a_longest_length(void **state)
{
	char name[VARLINK_NAME_MAX + 2];

	(void)state;
	for (size_t length = VARLINK_NAME_MAX; length <= VARLINK_NAME_MAX + 1; length++) {
		struct varlink_call call;

		memset(name, 'a', length);
		name[length] = 0;
		if (length > VARLINK_NAME_MAX) {
			assert_int_equal(
			    varlink_call_init(&call, json_pack("{s:s}", "method", name)), -EPROTO);
		} else {
			assert_int_equal(
			    varlink_call_init(&call, json_pack("{s:s}", "method", name)), 0);
			varlink_call_done(&call);
		}
	}
}

static const struct message_case replies[] = {
	{ "{}", NULL, 0, false, false, false, 0 },
	{ "{\"parameters\":{\"x\":1},\"continues\":true}", NULL, 0, true, false, false, 1 },
	{ "{\"error\":\"a.E\",\"parameters\":{\"x\":1}}", "a.E", 0, false, false, false, 1 },
	{ "{\"error\":null}", NULL, 0, false, false, false, 0 },
	{ "{\"error\":\"a.E\",\"continues\":true}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"error\":\"\"}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"error\":{}}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"parameters\":[1]}", NULL, -EPROTO, false, false, false, 0 },
	{ "{\"continues\":\"yes\"}", NULL, -EPROTO, false, false, false, 0 },
};

static void test_replies_are_parsed_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(replies); i++) {
		struct varlink_reply reply;

		assert_int_equal(varlink_reply_init(&reply, json_loads(replies[i].text, 0, NULL)),
				 replies[i].result);
		if (replies[i].result < 0)
			continue;
		if (replies[i].name == NULL)
			assert_null(reply.error);
		else
			assert_string_equal(reply.error, replies[i].name);
		assert_int_equal(reply.continues, replies[i].more);
		assert_int_equal(json_object_size(reply.parameters), replies[i].parameters);
		varlink_reply_done(&reply);
	}
}

static void test_names_are_cut_at_their_last_dot(void **state)
{
	static const struct {
		const char *name;
		const char *member;
		size_t interface_length;
	} cases[] = {
		{ "org.example.Interface.Member", "Member", 21 },
		{ "a.B", "B", 1 },
		{ "noname", NULL, 0 },
		{ ".Member", NULL, 0 },
		{ "interface.", NULL, 0 },
		{ ".", NULL, 0 },
		{ "a..B", "B", 2 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t length = 0;
		const char *member = varlink_name_split(cases[i].name, &length);

		if (cases[i].member == NULL)
			assert_null(member);
		else
			assert_string_equal(member, cases[i].member);
		assert_int_equal(length, cases[i].interface_length);
	}
}

static void check_pending(struct varlink_writer *writer, const char *bytes, size_t length)
{
	size_t pending;
	const char *start = varlink_writer_pending(writer, &pending);

	assert_int_equal(pending, length);
	assert_memory_equal(start, bytes, length);
	varlink_writer_sent(writer, length);
	assert_null(writer->bytes);
}

static void test_messages_are_written_to_the_byte(void **state)
{
	struct varlink_writer writer;

	(void)state;
	varlink_writer_init(&writer, 4096);
	assert_int_equal(varlink_write_call(&writer, "a.C", json_object(), 0), 0);
	check_pending(&writer, BYTES("{\"method\":\"a.C\",\"parameters\":{}}\0"));
	assert_int_equal(
	    varlink_write_call(&writer, "a.C", json_pack("{s:i}", "x", 1), VARLINK_MORE), 0);
	check_pending(&writer,
		      BYTES("{\"method\":\"a.C\",\"parameters\":{\"x\":1},\"more\":true}\0"));
	assert_int_equal(varlink_write_call(&writer, "a.C", json_object(), VARLINK_ONEWAY), 0);
	check_pending(&writer, BYTES("{\"method\":\"a.C\",\"parameters\":{},\"oneway\":true}\0"));
	assert_int_equal(varlink_write_reply(&writer, json_object(), false), 0);
	check_pending(&writer, BYTES("{\"parameters\":{}}\0"));
	assert_int_equal(varlink_write_reply(&writer, json_object(), true), 0);
	check_pending(&writer, BYTES("{\"parameters\":{},\"continues\":true}\0"));
	assert_int_equal(varlink_write_error(&writer, "a.E", json_pack("{s:s}", "x", "y")), 0);
	check_pending(&writer, BYTES("{\"error\":\"a.E\",\"parameters\":{\"x\":\"y\"}}\0"));
	assert_int_equal(varlink_write_reply(&writer, NULL, false), -ENOMEM);
	varlink_writer_done(&writer);
}

static void test_a_full_queue_takes_no_part_of_a_message(void **state)
{
	static const char message[] = "{\"parameters\":{}}"; /* 18 bytes with its zero */
	struct varlink_writer writer;
	size_t length;

	(void)state;
	varlink_writer_init(&writer, 3 * sizeof(message) - 1);
	assert_int_equal(varlink_write_reply(&writer, json_object(), false), 0);
	assert_int_equal(varlink_write_reply(&writer, json_object(), false), 0);
	assert_int_equal(varlink_write_reply(&writer, json_object(), false), -ENOBUFS);
	varlink_writer_pending(&writer, &length);
	assert_int_equal(length, 2 * sizeof(message));
	/* What was sent makes room, and what was not stays in order. */
	varlink_writer_sent(&writer, 5);
	assert_int_equal(varlink_write_reply(&writer, json_object(), false), 0);
	varlink_writer_pending(&writer, &length);
	assert_int_equal(length, 3 * sizeof(message) - 5);
	varlink_writer_sent(&writer, sizeof(message) - 5);
	assert_string_equal(varlink_writer_pending(&writer, &length), message);
	varlink_writer_done(&writer);
}

static void test_a_message_that_no_reader_would_take_is_not_written(void **state)
{
	static char text[VARLINK_MESSAGE_MAX];
	struct varlink_writer writer;
	size_t length;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	varlink_writer_init(&writer, 4 * VARLINK_MESSAGE_MAX);
	assert_int_equal(varlink_write_reply(&writer, json_pack("{s:s}", "x", text), false),
			 -EMSGSIZE);
	varlink_writer_pending(&writer, &length);
	assert_int_equal(length, 0);
	varlink_writer_done(&writer);
}

static void test_text_from_the_network_becomes_utf8_of_bounded_length(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *value;
	} cases[] = {
		{ "VT100", 256, "VT100" },
		{ "", 256, "" },
		{ "t\xc3\xa9l\xc3\xa9", 256, "t\xc3\xa9l\xc3\xa9" },
		{ "t\xc3\xa9l\xc3\xa9", 6, "t\xc3\xa9l\xc3\xa9" },
		{ "t\xc3\xa9l\xc3\xa9", 5, "t\xc3\xa9l" }, /* not half a character */
		{ "t\xc3\xa9l\xc3\xa9", 2, "t" },
		{ "\xf0\x9f\x93\xa0", 3, "" },
		{ "t\xe9l", 256, "t\xc3\xa9l" },
		{ "\xe9\xe9\xe9", 5, "\xc3\xa9\xc3\xa9" },
		{ "\x80\x80\x80\x80", 2, "\xc2\x80" },
		{ "abcdef", 3, "abc" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		json_t *value = varlink_text(cases[i].text, cases[i].max);

		assert_non_null(value);
		assert_string_equal(json_string_value(value), cases[i].value);
		json_decref(value);
	}
}

struct values {
	int64_t number;
	bool flag;
	const char *text;
	json_t *object;
	json_t *array;
};

static const struct varlink_field fields[] = {
	{ "number", offsetof(struct values, number), VARLINK_INT, true, -1, 9 },
	{ "flag", offsetof(struct values, flag), VARLINK_BOOL, false, 0, 0 },
	{ "text", offsetof(struct values, text), VARLINK_STRING, false, 0, 3 },
	{ "object", offsetof(struct values, object), VARLINK_OBJECT, false, 0, 0 },
	{ "array", offsetof(struct values, array), VARLINK_ARRAY, false, 0, 0 },
};

static void test_parameters_are_checked_by_their_table(void **state)
{
	static const struct {
		const char *text;
		const char *invalid; /* NULL: none */
	} cases[] = {
		{ "{\"number\":9,\"flag\":true,\"text\":\"abc\",\"object\":{},\"array\":[]}",
		  NULL },
		{ "{\"number\":-1}", NULL },
		{ "{\"number\":0,\"flag\":null,\"text\":null,\"object\":null}", NULL },
		{ "{}", "number" },
		{ "{\"number\":null}", "number" },
		{ "{\"number\":10}", "number" },
		{ "{\"number\":-2}", "number" },
		{ "{\"number\":1.0}", "number" },
		{ "{\"number\":\"1\"}", "number" },
		{ "{\"number\":true}", "number" },
		{ "{\"number\":1,\"flag\":0}", "flag" },
		{ "{\"number\":1,\"text\":\"abcd\"}", "text" },
		{ "{\"number\":1,\"text\":1}", "text" },
		{ "{\"number\":1,\"object\":[]}", "object" },
		{ "{\"number\":1,\"array\":{}}", "array" },
		{ "{\"number\":1,\"unknown\":null}", "unknown" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		json_t *parameters = json_loads(cases[i].text, 0, NULL);
		struct values values = { .number = 5, .text = "kept" };
		const char *name = NULL;
		int result =
		    varlink_parameters_read(parameters, fields, LENGTH(fields), &values, &name);

		assert_int_equal(result, cases[i].invalid == NULL ? 0 : -EINVAL);
		if (cases[i].invalid != NULL)
			assert_string_equal(name, cases[i].invalid);
		else
			assert_int_equal(values.number,
					 json_integer_value(json_object_get(parameters, "number")));
		json_decref(parameters);
	}
}

static void test_an_absent_parameter_leaves_its_place_as_it_was(void **state)
{
	json_t *parameters = json_pack("{s:i, s:n}", "number", 1, "text");
	struct values values = { .flag = true, .text = "kept" };
	const char *name;

	(void)state;
	assert_int_equal(
	    varlink_parameters_read(parameters, fields, LENGTH(fields), &values, &name), 0);
	assert_true(values.flag);
	assert_string_equal(values.text, "kept");
	json_decref(parameters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams_are_cut_into_messages_whatever_the_packets),
		cmocka_unit_test(test_the_longest_message_is_taken_and_a_longer_one_is_not),
		cmocka_unit_test(test_memory_grows_with_a_message_and_is_given_back),
		cmocka_unit_test(test_nesting_without_end_is_refused),
		cmocka_unit_test(test_calls_are_parsed_or_refused),
		cmocka_unit_test(test_a_method_name_has_a_longest_length),
		cmocka_unit_test(test_replies_are_parsed_or_refused),
		cmocka_unit_test(test_names_are_cut_at_their_last_dot),
		cmocka_unit_test(test_messages_are_written_to_the_byte),
		cmocka_unit_test(test_a_full_queue_takes_no_part_of_a_message),
		cmocka_unit_test(test_a_message_that_no_reader_would_take_is_not_written),
		cmocka_unit_test(test_text_from_the_network_becomes_utf8_of_bounded_length),
		cmocka_unit_test(test_parameters_are_checked_by_their_table),
		cmocka_unit_test(test_an_absent_parameter_leaves_its_place_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
