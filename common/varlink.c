/*
 * The Varlink codec: it cuts a stream into messages, parses them into calls and replies, and
 * writes calls, replies and errors into a bounded queue. Whoever owns the socket moves the bytes.
 */
#include "common/varlink.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SIZE = 512, /* bytes of a buffer at first: more than most messages */
};

/* The parser recurses; this is what bounds its stack on hostile input. */
static_assert(JSON_PARSER_MAX_DEPTH <= 2048, "the JSON parser may use too much stack");

/* Makes room for needed bytes in *bytes, doubling so that the cost of growing stays linear. */
static int grow(char **bytes, size_t *size, size_t needed)
{
	size_t new_size = *size > 0 ? *size : FIRST_SIZE;
	char *grown;

	if (needed <= *size)
		return 0;
	while (new_size < needed)
		new_size *= 2;
	grown = realloc(*bytes, new_size);
	if (grown == NULL)
		return -ENOMEM;
	*bytes = grown;
	*size = new_size;
	return 0;
}

void varlink_reader_done(struct varlink_reader *reader)
{
	free(reader->bytes);
	*reader = (struct varlink_reader) { 0 };
}

static int parse_message(const char *text, size_t length, json_t **ret_message)
{
	json_error_t error;
	json_t *message = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

	if (message == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EPROTO;
	if (!json_is_object(message)) {
		json_decref(message);
		return -EPROTO;
	}
	*ret_message = message;
	return 0;
}

long varlink_reader_feed(struct varlink_reader *reader, const char *bytes, size_t length,
			 json_t **ret_message)
{
	const char *end = memchr(bytes, 0, length);
	size_t part = end != NULL ? (size_t)(end - bytes) : length;
	json_t *message = NULL;
	int error;

	if (part > VARLINK_MESSAGE_MAX - reader->length)
		return -EPROTO;
	if (end != NULL && reader->length == 0) {
		error = parse_message(bytes, part, &message);
	} else {
		error = grow(&reader->bytes, &reader->size, reader->length + part);
		if (error == 0) {
			memcpy(reader->bytes + reader->length, bytes, part);
			reader->length += part;
			if (end != NULL) {
				error = parse_message(reader->bytes, reader->length, &message);
				varlink_reader_done(reader);
			}
		}
	}
	if (error < 0)
		return error;
	*ret_message = message;
	return (long)(end != NULL ? part + 1 : part);
}

/* An absent or null flag is false. */
static int read_flag(const json_t *message, const char *name, bool *ret_flag)
{
	const json_t *value = json_object_get(message, name);

	if (value != NULL && !json_is_null(value) && !json_is_boolean(value))
		return -EPROTO;
	*ret_flag = json_is_true(value);
	return 0;
}

/* The full name under key; absent or null is NULL. */
static int read_name(const json_t *message, const char *key, const char **ret_name)
{
	const json_t *value = json_object_get(message, key);

	if (value == NULL || json_is_null(value)) {
		*ret_name = NULL;
		return 0;
	}
	if (!json_is_string(value) || json_string_length(value) == 0 ||
	    json_string_length(value) > VARLINK_NAME_MAX)
		return -EPROTO;
	*ret_name = json_string_value(value);
	return 0;
}

/* The parameters; where there are none, an empty object is put in their place. */
static int read_parameters(json_t *message, json_t **ret_parameters)
{
	json_t *value = json_object_get(message, "parameters");

	if (value == NULL || json_is_null(value)) {
		value = json_object();
		if (json_object_set_new(message, "parameters", value) < 0)
			return -ENOMEM;
	}
	if (!json_is_object(value))
		return -EPROTO;
	*ret_parameters = value;
	return 0;
}

int varlink_call_init(struct varlink_call *ret_call, json_t *message)
{
	struct varlink_call call = { .message = message };
	int error = read_name(message, "method", &call.method);

	if (error == 0 && call.method == NULL)
		error = -EPROTO;
	if (error == 0)
		error = read_parameters(message, &call.parameters);
	if (error == 0)
		error = read_flag(message, "more", &call.more);
	if (error == 0)
		error = read_flag(message, "oneway", &call.oneway);
	if (error == 0)
		error = read_flag(message, "upgrade", &call.upgrade);
	if (error == 0 && call.oneway && (call.more || call.upgrade))
		error = -EPROTO;
	if (error < 0) {
		json_decref(message);
		return error;
	}
	*ret_call = call;
	return 0;
}

void varlink_call_done(struct varlink_call *call)
{
	json_decref(call->message);
	*call = (struct varlink_call) { 0 };
}

int varlink_reply_init(struct varlink_reply *ret_reply, json_t *message)
{
	struct varlink_reply reply = { .message = message };
	int error = read_name(message, "error", &reply.error);

	if (error == 0)
		error = read_parameters(message, &reply.parameters);
	if (error == 0)
		error = read_flag(message, "continues", &reply.continues);
	if (error == 0 && reply.error != NULL && reply.continues)
		error = -EPROTO;
	if (error < 0) {
		json_decref(message);
		return error;
	}
	*ret_reply = reply;
	return 0;
}

void varlink_reply_done(struct varlink_reply *reply)
{
	json_decref(reply->message);
	*reply = (struct varlink_reply) { 0 };
}

const char *varlink_name_split(const char *name, size_t *ret_interface_length)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name || dot[1] == 0)
		return NULL;
	*ret_interface_length = (size_t)(dot - name);
	return dot + 1;
}

void varlink_writer_init(struct varlink_writer *writer, size_t max)
{
	*writer = (struct varlink_writer) { .max = max };
}

void varlink_writer_done(struct varlink_writer *writer)
{
	free(writer->bytes);
	varlink_writer_init(writer, writer->max);
}

const char *varlink_writer_pending(const struct varlink_writer *writer, size_t *ret_length)
{
	*ret_length = writer->length;
	return writer->bytes != NULL ? writer->bytes + writer->start : "";
}

void varlink_writer_sent(struct varlink_writer *writer, size_t length)
{
	if (length >= writer->length) {
		varlink_writer_done(writer);
		return;
	}
	writer->start += length;
	writer->length -= length;
}

/* Takes message over; NULL stands for a lack of memory. */
static int write_message(struct varlink_writer *writer, json_t *message)
{
	size_t length;
	int error;

	if (message == NULL)
		return -ENOMEM;
	length = json_dumpb(message, NULL, 0, JSON_COMPACT);
	error = length == 0 ? -ENOMEM : length > VARLINK_MESSAGE_MAX ? -EMSGSIZE : 0;
	if (error == 0 && length + 1 > writer->max - writer->length)
		error = -ENOBUFS;
	if (error == 0 && writer->start > 0) {
		memmove(writer->bytes, writer->bytes + writer->start, writer->length);
		writer->start = 0;
	}
	if (error == 0)
		error = grow(&writer->bytes, &writer->size, writer->length + length + 1);
	if (error == 0) {
		json_dumpb(message, writer->bytes + writer->length, length, JSON_COMPACT);
		writer->bytes[writer->length + length] = 0;
		writer->length += length + 1;
	}
	json_decref(message);
	return error;
}

/* {name: value, "parameters": parameters}, without the first where its value is NULL. */
static json_t *new_message(const char *name, const char *value, json_t *parameters)
{
	if (value == NULL)
		return json_pack("{s:o}", "parameters", parameters);
	return json_pack("{s:s, s:o}", name, value, "parameters", parameters);
}

static json_t *with_flag(json_t *message, const char *name, bool flag)
{
	if (message == NULL || !flag || json_object_set_new(message, name, json_true()) == 0)
		return message;
	json_decref(message);
	return NULL;
}

int varlink_write_call(struct varlink_writer *writer, const char *method, json_t *parameters,
		       unsigned flags)
{
	json_t *message = new_message("method", method, parameters);

	message = with_flag(message, "more", flags & VARLINK_MORE);
	message = with_flag(message, "oneway", flags & VARLINK_ONEWAY);
	return write_message(writer, message);
}

int varlink_write_reply(struct varlink_writer *writer, json_t *parameters, bool continues)
{
	json_t *message = new_message(NULL, NULL, parameters);

	return write_message(writer, with_flag(message, "continues", continues));
}

int varlink_write_error(struct varlink_writer *writer, const char *error, json_t *parameters)
{
	return write_message(writer, new_message("error", error, parameters));
}

size_t varlink_size(const json_t *parameters)
{
	return json_dumpb(parameters, NULL, 0, JSON_COMPACT);
}

static bool continues_character(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The length of text without the character that a cut at `length` leaves incomplete. */
static size_t without_cut_character(const char *text, size_t length)
{
	size_t start = length;

	if (!continues_character(text[length]))
		return length;
	while (start > 0 && length - start < 3 && continues_character(text[start]))
		start--;
	return (unsigned char)text[start] >= 0xc0 ? start : length;
}

json_t *varlink_text(const char *text, size_t max)
{
	size_t length = strnlen(text, max);
	size_t used = 0;
	json_t *value = json_stringn(text, without_cut_character(text, length));
	char *encoded;

	if (value != NULL)
		return value;
	encoded = calloc(1, max + 1);
	if (encoded == NULL)
		return NULL;
	for (size_t i = 0; i < length && max - used >= 2; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte < 0x80) {
			encoded[used++] = (char)byte;
		} else {
			encoded[used++] = (char)(0xc0 | byte >> 6);
			encoded[used++] = (char)(0x80 | (byte & 0x3f));
		}
	}
	value = json_stringn(encoded, used);
	free(encoded);
	return value;
}

/* Stores value at place; false where it is not what the field wants. */
static bool read_field(json_t *value, const struct varlink_field *field, void *place)
{
	switch (field->type) {
	case VARLINK_INT:
		if (!json_is_integer(value) || json_integer_value(value) < field->least ||
		    json_integer_value(value) > field->most)
			return false;
		*(int64_t *)place = json_integer_value(value);
		return true;
	case VARLINK_BOOL:
		if (!json_is_boolean(value))
			return false;
		*(bool *)place = json_is_true(value);
		return true;
	case VARLINK_STRING:
		if (!json_is_string(value) || (int64_t)json_string_length(value) > field->most)
			return false;
		*(const char **)place = json_string_value(value);
		return true;
	case VARLINK_OBJECT:
		if (!json_is_object(value))
			return false;
		*(json_t **)place = value;
		return true;
	case VARLINK_ARRAY:
		if (!json_is_array(value))
			return false;
		*(json_t **)place = value;
		return true;
	}
	return false;
}

static bool is_field(const char *name, const struct varlink_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

int varlink_parameters_read(json_t *parameters, const struct varlink_field *fields, size_t count,
			    void *ret_values, const char **ret_name)
{
	const char *name;
	json_t *value;

	json_object_foreach(parameters, name, value)
	{
		if (!is_field(name, fields, count)) {
			*ret_name = name;
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < count; i++) {
		value = json_object_get(parameters, fields[i].name);
		if ((value == NULL || json_is_null(value)) && !fields[i].required)
			continue;
		if (!read_field(value, &fields[i], (char *)ret_values + fields[i].offset)) {
			*ret_name = fields[i].name;
			return -EINVAL;
		}
	}
	return 0;
}
