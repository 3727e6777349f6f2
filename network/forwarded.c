/* Reads X-Forwarded-For and Forwarded, from the right. */
#include "network/forwarded.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	PORT_DIGITS_MAX = 5,
};

/* What an element says of one hop. */
enum node_kind {
	NODE_ADDRESS,
	NODE_HIDDEN,
};

static int refuse(const char *why, const char **ret_why)
{
	*ret_why = why;
	return -EPROTO;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void trim(struct http_text *text)
{
	while (text->length > 0 && is_space(text->text[0])) {
		text->text++;
		text->length--;
	}
	while (text->length > 0 && is_space(text->text[text->length - 1]))
		text->length--;
}

/* "4711", or what a proxy says in place of it ("_name"), which is 0. */
static int read_port(uint16_t *ret_port, const char *text, size_t length)
{
	unsigned port = 0;

	if (length > 1 && text[0] == '_') {
		*ret_port = 0;
		return 0;
	}
	if (length == 0 || length > PORT_DIGITS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	if (port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

static int read_address(struct address *ret_address, const char *text, size_t length)
{
	char copy[ADDRESS_TEXT_MAX];

	if (length >= sizeof(copy) || memchr(text, '\0', length) != NULL)
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return address_parse(ret_address, copy);
}

/* "[2001:db8::1]" or "[2001:db8::1]:4711". */
static int read_bracketed(struct forwarded_caller *ret_caller, const struct http_text *node)
{
	const char *close = memchr(node->text, ']', node->length);
	size_t address_length, rest;

	if (close == NULL)
		return -EINVAL;
	address_length = (size_t)(close - node->text) - 1;
	rest = node->length - address_length - 2;
	if (memchr(node->text + 1, ':', address_length) == NULL ||
	    read_address(&ret_caller->address, node->text + 1, address_length) < 0)
		return -EINVAL;
	if (rest == 0)
		return 0;
	if (close[1] != ':')
		return -EINVAL;
	return read_port(&ret_caller->port, close + 2, rest - 1);
}

/* A node of RFC 7239, section 6, or the looser forms of X-Forwarded-For. Returns a node_kind or
 * -EINVAL. */
static int read_node(struct forwarded_caller *ret_caller, const struct http_text *node)
{
	const char *colon = memchr(node->text, ':', node->length);
	size_t host_length;
	int result;

	*ret_caller = (struct forwarded_caller) { .port = 0 };
	if (node->length == 0)
		return -EINVAL;
	if (node->text[0] == '[')
		return read_bracketed(ret_caller, node) < 0 ? -EINVAL : NODE_ADDRESS;
	if (colon != NULL &&
	    memchr(colon + 1, ':', node->length - (size_t)(colon - node->text) - 1) != NULL) {
		/* More than one colon: an IPv6 address without brackets, and so without a port. */
		result = read_address(&ret_caller->address, node->text, node->length);
		return result < 0 ? -EINVAL : NODE_ADDRESS;
	}
	host_length = colon != NULL ? (size_t)(colon - node->text) : node->length;
	if (colon != NULL &&
	    read_port(&ret_caller->port, colon + 1, node->length - host_length - 1) < 0)
		return -EINVAL;
	if ((host_length > 1 && node->text[0] == '_') ||
	    (host_length == strlen("unknown") &&
	     strncasecmp(node->text, "unknown", host_length) == 0))
		return NODE_HIDDEN;
	result = read_address(&ret_caller->address, node->text, host_length);
	return result < 0 ? -EINVAL : NODE_ADDRESS;
}

static bool is_trusted(const struct address *address, const struct forwarded_trust *trust)
{
	for (size_t i = 0; i < trust->count; i++)
		if (network_contains(&trust->networks[i], address))
			return true;
	return false;
}

/* One hop, seen from the right: a result, or -EPROTO. */
static int judge(struct forwarded_caller *ret_caller, const struct http_text *node,
		 const struct forwarded_trust *trust, const char **ret_why)
{
	struct forwarded_caller caller;
	int kind = read_node(&caller, node);

	if (kind < 0)
		return refuse("a hop is neither an address nor hidden", ret_why);
	if (kind == NODE_HIDDEN)
		return FORWARDED_HIDDEN;
	if (is_trusted(&caller.address, trust))
		return FORWARDED_ALL_TRUSTED;
	*ret_caller = caller;
	return FORWARDED_FOUND;
}

/* X-Forwarded-For: a list without quotes, so that it can be cut from the right and what stands to
 * the left of the answer is never looked at. */
static int read_list(struct forwarded_caller *ret_caller, const struct http_text *value,
		     const struct forwarded_trust *trust, const char **ret_why)
{
	size_t end = value->length, hops = 0;

	while (end > 0) {
		const char *comma = memrchr(value->text, ',', end);
		size_t start = comma != NULL ? (size_t)(comma - value->text) + 1 : 0;
		struct http_text node = { value->text + start, end - start };
		int result;

		trim(&node);
		if (node.length > 0) {
			if (++hops > FORWARDED_HOPS_MAX)
				return refuse("it has more than 32 hops", ret_why);
			result = judge(ret_caller, &node, trust, ret_why);
			if (result != FORWARDED_ALL_TRUSTED)
				return result;
		}
		end = comma != NULL ? start - 1 : 0;
	}
	return FORWARDED_ALL_TRUSTED;
}

/* RFC 7239, section 4: elements, apart by commas, of pairs, apart by semicolons. Quotes may hold
 * either, so that it is read from the left, and the hops remembered. */
struct reader {
	struct http_text rest;
	struct http_text hops[FORWARDED_HOPS_MAX]; /* length 0: the element names nobody */
	size_t count;
	/* The value of a quoted string, without its escapes: a node needs none, so that a string
	 * with one is no node. */
	bool escaped;
};

static void skip_spaces(struct reader *reader)
{
	while (reader->rest.length > 0 && is_space(reader->rest.text[0])) {
		reader->rest.text++;
		reader->rest.length--;
	}
}

static void advance(struct reader *reader, size_t length)
{
	reader->rest.text += length;
	reader->rest.length -= length;
}

static bool ends_token(char c)
{
	return is_space(c) || c == ',' || c == ';' || c == '=' || c == '"';
}

static struct http_text take_token(struct reader *reader)
{
	struct http_text token = { reader->rest.text, 0 };

	while (token.length < reader->rest.length && !ends_token(token.text[token.length]))
		token.length++;
	advance(reader, token.length);
	return token;
}

/* Behind the opening quote. -EINVAL where the closing one is missing. */
static int take_quoted(struct reader *reader, struct http_text *ret_text)
{
	size_t length = 0;

	while (length < reader->rest.length && reader->rest.text[length] != '"') {
		if (reader->rest.text[length] == '\\') {
			reader->escaped = true;
			length++;
		}
		length++;
	}
	if (length >= reader->rest.length)
		return -EINVAL;
	*ret_text = (struct http_text) { reader->rest.text, length };
	advance(reader, length + 1);
	return 0;
}

static int take_value(struct reader *reader, struct http_text *ret_text)
{
	reader->escaped = false;
	if (reader->rest.length > 0 && reader->rest.text[0] == '"') {
		advance(reader, 1);
		return take_quoted(reader, ret_text);
	}
	*ret_text = take_token(reader);
	return ret_text->length > 0 ? 0 : -EINVAL;
}

static bool next_is(const struct reader *reader, char c)
{
	return reader->rest.length > 0 && reader->rest.text[0] == c;
}

static int take_pair(struct reader *reader, struct http_text *hop)
{
	struct http_text name = take_token(reader), value;

	if (name.length == 0 || !next_is(reader, '='))
		return -EINVAL;
	advance(reader, 1);
	if (take_value(reader, &value) < 0)
		return -EINVAL;
	if (name.length != strlen("for") || strncasecmp(name.text, "for", name.length) != 0)
		return 0;
	/* No parameter stands twice in an element. */
	if (hop->length > 0 || value.length == 0 || reader->escaped)
		return -EINVAL;
	*hop = value;
	return 0;
}

/* One element and the comma behind it. An empty one is none. */
static int take_element(struct reader *reader)
{
	struct http_text hop = { NULL, 0 };
	bool empty = true;

	for (;;) {
		skip_spaces(reader);
		if (reader->rest.length > 0 && !next_is(reader, ',') && !next_is(reader, ';')) {
			if (take_pair(reader, &hop) < 0)
				return -EINVAL;
			empty = false;
			skip_spaces(reader);
		}
		if (reader->rest.length == 0 || next_is(reader, ','))
			break;
		if (!next_is(reader, ';'))
			return -EINVAL;
		advance(reader, 1);
	}
	if (reader->rest.length > 0)
		advance(reader, 1);
	if (empty)
		return 0;
	if (reader->count == FORWARDED_HOPS_MAX)
		return -E2BIG;
	reader->hops[reader->count++] = hop;
	return 0;
}

static int read_elements(struct forwarded_caller *ret_caller, const struct http_text *value,
			 const struct forwarded_trust *trust, const char **ret_why)
{
	struct reader reader = { .rest = *value };
	int result;

	while (reader.rest.length > 0) {
		result = take_element(&reader);
		if (result == -E2BIG)
			return refuse("it has more than 32 hops", ret_why);
		if (result < 0)
			return refuse("it is not of the form of RFC 7239", ret_why);
	}
	while (reader.count > 0) {
		const struct http_text *hop = &reader.hops[--reader.count];

		if (hop->length == 0)
			return FORWARDED_HIDDEN;
		result = judge(ret_caller, hop, trust, ret_why);
		if (result != FORWARDED_ALL_TRUSTED)
			return result;
	}
	return FORWARDED_ALL_TRUSTED;
}

int forwarded_read(struct forwarded_caller *ret_caller, enum forwarded_kind kind,
		   const struct http_text *value, const struct forwarded_trust *trust,
		   const char **ret_why)
{
	if (value->length > FORWARDED_VALUE_MAX)
		return refuse("it is longer than 4096 bytes", ret_why);
	return kind == FORWARDED_FOR ? read_list(ret_caller, value, trust, ret_why)
				     : read_elements(ret_caller, value, trust, ret_why);
}

/* The fields of one name, in order. */
struct fields {
	struct http_text values[FORWARDED_FIELDS_MAX];
	size_t count;
};

static int collect(struct fields *for_fields, struct fields *rfc_fields, const char *head,
		   size_t length, const char **ret_why)
{
	struct http_field field;
	size_t position = 0;
	int result;

	while ((result = http_head_next(&field, head, length, &position)) > 0) {
		struct fields *fields = http_field_is(&field, "X-Forwarded-For") ? for_fields
					: http_field_is(&field, "Forwarded")     ? rfc_fields
										 : NULL;

		if (fields == NULL)
			continue;
		if (fields->count == FORWARDED_FIELDS_MAX)
			return refuse("it has more than 16 such fields", ret_why);
		fields->values[fields->count++] = field.value;
	}
	return result < 0 ? refuse("a line of the request is no field", ret_why) : 0;
}

static int read_fields(struct forwarded_caller *ret_caller, enum forwarded_kind kind,
		       const struct fields *fields, const struct forwarded_trust *trust,
		       const char **ret_why)
{
	int result = FORWARDED_ALL_TRUSTED;

	for (size_t i = fields->count; i > 0 && result == FORWARDED_ALL_TRUSTED; i--)
		result = forwarded_read(ret_caller, kind, &fields->values[i - 1], trust, ret_why);
	return result;
}

int forwarded_read_head(struct forwarded_caller *ret_caller, const char *head, size_t length,
			const struct forwarded_trust *trust, const char **ret_why)
{
	struct fields for_fields = { .count = 0 }, rfc_fields = { .count = 0 };
	struct forwarded_caller caller = { .port = 0 }, other = { .port = 0 };
	int result, other_result;

	result = collect(&for_fields, &rfc_fields, head, length, ret_why);
	if (result < 0)
		return result;
	result = read_fields(&caller, FORWARDED_FOR, &for_fields, trust, ret_why);
	if (result < 0)
		return result;
	other_result = read_fields(&other, FORWARDED_RFC7239, &rfc_fields, trust, ret_why);
	if (other_result < 0)
		return other_result;
	if (for_fields.count > 0 && rfc_fields.count > 0 &&
	    (result != other_result || !address_equal(&caller.address, &other.address)))
		return refuse("X-Forwarded-For and Forwarded contradict each other", ret_why);
	/* Only Forwarded tells the port as a rule. */
	if (rfc_fields.count > 0 && (for_fields.count == 0 || caller.port == 0)) {
		caller = other;
		result = other_result;
	}
	if (result == FORWARDED_FOUND)
		*ret_caller = caller;
	return result;
}
