/*
 * Lines of the command channel to structures and back. Whatever a line holds, numbers are bounded
 * and texts are printable when they leave this file.
 */
#include "vdtgw-teletel/gateway_line.h"

#include "common/address.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What has not been read of a line. */
struct rest {
	const char *bytes;
	size_t length;
};

static const struct {
	const char *name;
	enum gateway_verb verb;
} verbs[] = {
	{ "NewTelnetUser", GATEWAY_NEW_USER },
	{ "NewWsUser", GATEWAY_NEW_USER },
	{ "UserGotCommand", GATEWAY_GOT_COMMAND },
	{ "UserRedirecting", GATEWAY_REDIRECTING },
	{ "UserRedirected", GATEWAY_REDIRECTED },
	{ "UserRequestedClose", GATEWAY_REQUESTED_CLOSE },
	{ "UserRedirectEnded", GATEWAY_REDIRECT_ENDED },
	{ "UserGone", GATEWAY_USER_GONE },
};
static_assert(sizeof(verbs) / sizeof(verbs[0]) == GATEWAY_VERB_COUNT + 1,
	      "a row for each verb, two for new users");

/* The next field; an empty one where the line is over. */
static struct rest next_field(struct rest *line)
{
	struct rest field = *line;
	const char *comma = memchr(line->bytes, ',', line->length);

	if (comma != NULL)
		field.length = (size_t)(comma - line->bytes);
	line->bytes += field.length;
	line->length -= field.length;
	if (comma != NULL) {
		line->bytes++;
		line->length--;
	}
	return field;
}

/* Removes a prefix. */
static bool skip(struct rest *field, const char *prefix)
{
	size_t length = strlen(prefix);

	if (field->length < length || strncasecmp(field->bytes, prefix, length) != 0)
		return false;
	field->bytes += length;
	field->length -= length;
	return true;
}

static int read_number(uint64_t *ret_number, struct rest field, uint64_t most)
{
	uint64_t number = 0;

	/* Eighteen digits always fit. */
	if (field.length == 0 || field.length > 18)
		return -EPROTO;
	for (size_t i = 0; i < field.length; i++) {
		if (field.bytes[i] < '0' || field.bytes[i] > '9')
			return -EPROTO;
		number = number * 10 + (uint64_t)(field.bytes[i] - '0');
	}
	if (number > most)
		return -EPROTO;
	*ret_number = number;
	return 0;
}

static int read_address(char ret_address[GATEWAY_ADDRESS_MAX], struct rest field)
{
	if (field.length >= GATEWAY_ADDRESS_MAX)
		return -EPROTO;
	for (size_t i = 0; i < field.length; i++) {
		if (field.bytes[i] <= 0x20 || field.bytes[i] >= 0x7f)
			return -EPROTO;
	}
	memcpy(ret_address, field.bytes, field.length);
	ret_address[field.length] = '\0';
	return 0;
}

static int read_caller(struct gateway_caller *ret_caller, struct rest address, struct rest port,
		       struct rest pid)
{
	struct gateway_caller caller;
	uint64_t number;

	if (read_address(caller.address, address) < 0 ||
	    read_number(&number, port, UINT16_MAX) < 0 ||
	    read_number(&caller.pid, pid, UINT64_MAX) < 0)
		return -EPROTO;
	caller.port = (uint16_t)number;
	*ret_caller = caller;
	return 0;
}

static struct rest whole(const uint8_t *bytes, size_t length)
{
	/* Where a line ends is no matter: with a line feed, with both, with nothing. */
	while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r' ||
			      bytes[length - 1] == ' ' || bytes[length - 1] == '\0'))
		length--;
	return (struct rest) { (const char *)bytes, length };
}

static int read_verb(enum gateway_verb *ret_verb, struct rest field)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strlen(verbs[i].name) == field.length &&
		    strncasecmp(verbs[i].name, field.bytes, field.length) == 0) {
			*ret_verb = verbs[i].verb;
			return 0;
		}
	}
	return -EPROTO;
}

int gateway_line_parse(struct gateway_line *ret_line, const uint8_t *bytes, size_t length)
{
	struct rest rest = whole(bytes, length);
	struct gateway_line line = { .session = 0 };
	struct rest verb = next_field(&rest);
	struct rest address = next_field(&rest);
	struct rest port = next_field(&rest);
	struct rest pid = next_field(&rest);
	int r = read_verb(&line.verb, verb);

	if (r < 0)
		return r;
	switch (line.verb) {
	case GATEWAY_NEW_USER:
		r = read_caller(&line.caller, address, port, pid);
		break;
	case GATEWAY_REDIRECTING:
	case GATEWAY_REDIRECTED:
	case GATEWAY_REQUESTED_CLOSE:
	case GATEWAY_REDIRECT_ENDED:
		r = read_number(&line.caller.pid, pid, UINT64_MAX);
		if (r == 0)
			r = read_number(&line.session, next_field(&rest), UINT64_MAX);
		break;
	case GATEWAY_GOT_COMMAND:
	case GATEWAY_USER_GONE:
		r = read_number(&line.caller.pid, pid, UINT64_MAX);
		break;
	case GATEWAY_VERB_COUNT:
		break;
	}
	if (r == 0)
		*ret_line = line;
	return r;
}

int gateway_line_parse_identification(struct gateway_caller *ret_caller, const uint8_t *bytes,
				      size_t length)
{
	struct rest rest = whole(bytes, length);
	struct rest pid = next_field(&rest);
	struct rest address = next_field(&rest);
	struct rest port = next_field(&rest);

	if (!skip(&pid, "PID=") || !skip(&address, "IP=") || !skip(&port, "PORT="))
		return -EPROTO;
	return read_caller(ret_caller, address, port, pid);
}

bool gateway_address_equal(const char *one, const char *other)
{
	struct address left;
	struct address right;

	if (address_parse(&left, one) == 0 && address_parse(&right, other) == 0)
		return address_equal(&left, &right);
	return strcmp(one, other) == 0;
}

bool gateway_caller_equal(const struct gateway_caller *one, const struct gateway_caller *other)
{
	return one->pid == other->pid && one->port == other->port &&
	       gateway_address_equal(one->address, other->address);
}

/* A comma would end the field. */
static size_t put_uri(char *ret_text, const char *uri)
{
	size_t length = 0;

	for (; *uri != '\0'; uri++) {
		if (*uri == ',') {
			length += (size_t)sprintf(ret_text + length, "%%2C");
		} else {
			ret_text[length++] = *uri;
		}
	}
	return length;
}

/* "binary,tty" as ["binary","tty"]. */
static size_t put_subprotocols(char *ret_text, const char *list)
{
	size_t length = 0;

	ret_text[length++] = '[';
	while (*list != '\0') {
		size_t name = strcspn(list, ",");

		ret_text[length++] = '"';
		memcpy(ret_text + length, list, name);
		length += name;
		ret_text[length++] = '"';
		list += name;
		if (*list == ',')
			ret_text[length++] = *list++;
	}
	ret_text[length++] = ']';
	return length;
}

size_t gateway_line_format_connect(char ret_text[GATEWAY_ORDER_MAX], uint64_t pid, uint64_t session,
				   const struct directory_entry *entry)
{
	char ping[16] = "None";
	size_t length =
	    (size_t)sprintf(ret_text, "PID=%" PRIu64 ",%" PRIu64 ",CONNECT,", pid, session);

	if (entry->ping > 0)
		snprintf(ping, sizeof(ping), "%u", entry->ping);
	length += put_uri(ret_text + length, entry->address);
	length += (size_t)sprintf(ret_text + length, ",%s,", ping);
	length += put_subprotocols(ret_text + length, entry->subprotocols);
	ret_text[length] = '\0';
	return length;
}
