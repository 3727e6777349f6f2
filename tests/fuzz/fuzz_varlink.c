/* links: common */
/*
 * Bytes from a peer, in packets of a size that the first byte chooses: whatever they are, the
 * reader ends in messages or in an error, within its bounds and the same however they are cut, and
 * what it took can be written and read again.
 */
#include "common/varlink.h"

#include "tests/fuzz/fuzz.h"

/* A message that was read can be written, and is then read as the same one. */
static void check_round_trip(const json_t *parameters)
{
	struct varlink_writer writer;
	struct varlink_reader reader = { 0 };
	struct varlink_reply reply;
	json_t *message = NULL;
	const char *bytes;
	size_t length;

	varlink_writer_init(&writer, 4 * VARLINK_MESSAGE_MAX);
	if (varlink_write_reply(&writer, json_deep_copy(parameters), false) == 0) {
		bytes = varlink_writer_pending(&writer, &length);
		if (varlink_reader_feed(&reader, bytes, length, &message) != (long)length ||
		    varlink_reply_init(&reply, message) < 0 ||
		    !json_equal(reply.parameters, parameters))
			abort();
		varlink_reply_done(&reply);
	}
	varlink_reader_done(&reader);
	varlink_writer_done(&writer);
}

static void read_parameters(json_t *parameters)
{
	static const struct varlink_field fields[] = {
		{ "session", 0, VARLINK_INT, true, 1, 1000 },
		{ "text", sizeof(int64_t), VARLINK_STRING, false, 0, 16 },
	};
	struct {
		int64_t session;
		const char *text;
	} values = { 0 };
	const char *name;

	if (varlink_parameters_read(parameters, fields, 2, &values, &name) == 0 &&
	    (values.session < 1 || values.session > 1000))
		abort();
}

static void use_message(json_t *message)
{
	struct varlink_call call;
	struct varlink_reply reply;
	size_t length;

	if (varlink_call_init(&call, json_incref(message)) == 0) {
		if (varlink_name_split(call.method, &length) != NULL && length == 0)
			abort();
		read_parameters(call.parameters);
		check_round_trip(call.parameters);
		varlink_call_done(&call);
	}
	if (varlink_reply_init(&reply, message) == 0)
		varlink_reply_done(&reply);
}

static void check_text(const uint8_t *data, size_t size)
{
	char text[64];
	size_t length = size < sizeof(text) - 1 ? size : sizeof(text) - 1;
	json_t *value;

	for (size_t i = 0; i < length; i++)
		text[i] = (char)data[i];
	text[length] = 0;
	value = varlink_text(text, 32);
	if (value == NULL || json_string_length(value) > 32)
		abort();
	json_decref(value);
}

/* All messages of the bytes, in packets of `step`, as an array; ended by null where one is refused,
 * and by false where one is not complete. */
static json_t *read_all(const char *bytes, size_t size, size_t step)
{
	struct varlink_reader reader = { 0 };
	json_t *messages = json_array();
	long used = 0;

	require(messages != NULL);
	for (size_t done = 0; done < size && used >= 0; done += (size_t)used) {
		size_t part = size - done < step ? size - done : step;
		json_t *message = NULL;

		used = varlink_reader_feed(&reader, bytes + done, part, &message);
		if (used < 0)
			break;
		require(used > 0 && (size_t)used <= part && reader.length <= VARLINK_MESSAGE_MAX);
		if (message != NULL)
			require(json_array_append_new(messages, message) == 0);
	}
	require(json_array_append_new(messages, used < 0 ? json_null()
							 : json_boolean(reader.length == 0)) == 0);
	varlink_reader_done(&reader);
	return messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	json_t *messages, *again;

	if (size == 0)
		return 0;
	check_text(data, size);
	messages = read_all(bytes, size - 1, data[0] + 1U);
	again = read_all(bytes, size - 1, size);
	require(json_equal(messages, again));
	for (size_t i = 0; i + 1 < json_array_size(messages); i++)
		use_message(json_incref(json_array_get(messages, i)));
	json_decref(messages);
	json_decref(again);
	return 0;
}
