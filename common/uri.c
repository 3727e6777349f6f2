/*
 * Reads the address of a service into its parts. Strict on purpose: whoever wrote the address, in
 * the configuration, a directory or a redirection, is told what is wrong with it rather than
 * joined to another host than was meant.
 */
#include "common/uri.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	LABEL_MAX = 63, /* RFC 1035, section 2.3.4 */
	PORT_MAX = 65535,
	PORT_DIGITS_MAX = 5,
};

static const struct scheme {
	const char *name;
	uint16_t port;
	bool has_path;
} schemes[] = {
	[URI_WS] = { "ws", 80, true },
	[URI_WSS] = { "wss", 443, true },
	[URI_TELNET] = { "telnet", 23, false },
};

enum {
	SCHEME_COUNT = sizeof(schemes) / sizeof(schemes[0])
};
static_assert(SCHEME_COUNT == URI_TELNET + 1, "each scheme has its row");

/* A part of the text: not ended by a zero. */
struct span {
	const char *text;
	size_t length;
};

/* Not ctype.h: its answers depend on the locale. */
static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static bool is_letter(char character)
{
	return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

static bool is_hexadecimal(char character)
{
	return is_digit(character) || (character >= 'a' && character <= 'f') ||
	       (character >= 'A' && character <= 'F');
}

/* The functions below return NULL, or what is wrong and what is allowed. */

static const char *characters_check(const char *text)
{
	size_t length = strnlen(text, URI_MAX);

	if (length == 0)
		return "the address is empty; ws://host, wss://host or telnet://host is wanted";
	if (length == URI_MAX)
		return "the address is too long; at most 2047 characters are allowed";
	for (size_t i = 0; i < length; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return "the address has a space, a control or a non-ASCII character; only "
			       "printable ASCII is allowed";
	}
	if (memchr(text, '#', length) != NULL)
		return "the address has a fragment (#); none is allowed";
	return NULL;
}

/* Moves *text past the scheme and what introduces the host. */
static const char *scheme_take(struct uri *uri, const char **text)
{
	const char *rest;

	for (unsigned i = 0; i < SCHEME_COUNT; i++) {
		size_t length = strlen(schemes[i].name);

		if (strncasecmp(*text, schemes[i].name, length) != 0 || (*text)[length] != ':')
			continue;
		uri->scheme = (enum uri_scheme)i;
		rest = *text + length + 1;
		if (strncmp(rest, "//", 2) == 0)
			*text = rest + 2;
		else if (!schemes[i].has_path)
			*text = rest;
		else
			return "the address lacks // after its scheme; ws://host or wss://host is "
			       "wanted";
		return NULL;
	}
	return "the scheme is unknown; ws://, wss:// and telnet:// are allowed";
}

int uri_port_parse(uint16_t *ret_port, const char *text, size_t length)
{
	unsigned value = 0;

	if (length == 0 || length > PORT_DIGITS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return -EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value == 0 || value > PORT_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)value;
	return 0;
}

static const char *port_read(struct uri *uri, struct span port)
{
	if (uri_port_parse(&uri->port, port.text, port.length) < 0)
		return "the port is not a number from 1 to 65535";
	return NULL;
}

static const char *label_check(struct span label)
{
	if (label.length == 0)
		return "the host has an empty label: two dots together, or one at an end";
	if (label.length > LABEL_MAX)
		return "a label of the host is too long; at most 63 characters are allowed between "
		       "dots";
	for (size_t i = 0; i < label.length; i++) {
		char character = label.text[i];

		if (!is_letter(character) && !is_digit(character) && character != '-' &&
		    character != '_')
			return "the host has a character that no name has; letters, digits, '-', "
			       "'.' and '_' are allowed, and IPv6 addresses in [ ]";
	}
	if (label.text[0] == '-' || label.text[label.length - 1] == '-')
		return "a label of the host begins or ends with '-'; letters, digits and '_' are "
		       "allowed there";
	return NULL;
}

/* Resolvers read a host such as 3232235777, 127.1 or 0x7f.1 as an IPv4 address of an old form. */
static bool is_numeric(struct span label)
{
	bool hexadecimal = label.length >= 2 && label.text[0] == '0' &&
			   (label.text[1] == 'x' || label.text[1] == 'X');

	for (size_t i = hexadecimal ? 2 : 0; i < label.length; i++) {
		if (hexadecimal ? !is_hexadecimal(label.text[i]) : !is_digit(label.text[i]))
			return false;
	}
	return true;
}

const char *uri_host_check(const char *host)
{
	struct span label;
	struct in_addr address;
	const char *why;

	for (label.text = host;; label.text += label.length + 1) {
		label.length = strcspn(label.text, ".");
		why = label_check(label);
		if (why != NULL)
			return why;
		if (label.text[label.length] == '\0')
			break;
	}
	if (is_numeric(label) && inet_pton(AF_INET, host, &address) != 1)
		return "the host looks like an IPv4 address but is none; four numbers from 0 to "
		       "255 are wanted";
	return NULL;
}

static const char *host_read(struct uri *uri, struct span host)
{
	if (host.length == 0)
		return "the address has no host";
	if (host.length >= sizeof(uri->host))
		return "the host is too long; at most 253 characters are allowed";
	memcpy(uri->host, host.text, host.length);
	uri->host[host.length] = '\0';
	return NULL;
}

/* Cuts host, host:port, [IPv6] or [IPv6]:port in two: after begins at the colon, if any. */
static const char *authority_split(struct span authority, struct span *host, struct span *after)
{
	const char *end = authority.text + authority.length;
	const char *cut;

	*host = authority;
	if (authority.length > 0 && authority.text[0] == '[') {
		cut = memchr(authority.text, ']', authority.length);
		if (cut == NULL)
			return "the IPv6 address lacks its closing bracket";
		*host = (struct span) { authority.text + 1, (size_t)(cut - authority.text) - 1 };
		cut++;
	} else {
		cut = memchr(authority.text, ':', authority.length);
		if (cut == NULL)
			cut = end;
		else if (memchr(cut + 1, ':', (size_t)(end - cut) - 1) != NULL)
			return "the host has several colons; an IPv6 address is wanted in [ ]";
		host->length = (size_t)(cut - authority.text);
	}
	*after = (struct span) { cut, (size_t)(end - cut) };
	return NULL;
}

static const char *authority_read(struct uri *uri, struct span authority)
{
	struct span host = { NULL, 0 };
	struct span after = { NULL, 0 };
	struct in6_addr address;
	const char *why;

	if (memchr(authority.text, '@', authority.length) != NULL)
		return "the address has a user name (@); none is allowed";
	why = authority_split(authority, &host, &after);
	if (why == NULL)
		why = host_read(uri, host);
	if (why != NULL)
		return why;
	if (authority.text[0] != '[')
		why = uri_host_check(uri->host);
	else if (inet_pton(AF_INET6, uri->host, &address) != 1)
		why = "what is in brackets is no IPv6 address";
	if (why != NULL || after.length == 0)
		return why;
	if (after.text[0] != ':')
		return "after an IPv6 address in brackets only :port is allowed";
	return port_read(uri, (struct span) { after.text + 1, after.length - 1 });
}

/* An empty path is "/", also ahead of a query (RFC 6455, section 3). */
static const char *path_read(struct uri *uri, const char *text)
{
	if (!schemes[uri->scheme].has_path) {
		if (strcmp(text, "") != 0 && strcmp(text, "/") != 0)
			return "a telnet address has no path; telnet://host:port is wanted";
		return NULL;
	}
	snprintf(uri->path, sizeof(uri->path), "%s%s", text[0] == '/' ? "" : "/", text);
	return NULL;
}

int uri_parse(struct uri *ret_uri, const char *text, const char **ret_why)
{
	struct uri uri = { .port = 0 };
	struct span authority = { NULL, 0 };
	const char *why;

	why = characters_check(text);
	if (why == NULL)
		why = scheme_take(&uri, &text);
	if (why == NULL) {
		uri.port = schemes[uri.scheme].port;
		authority = (struct span) { text, strcspn(text, "/?") };
		why = authority_read(&uri, authority);
	}
	if (why == NULL)
		why = path_read(&uri, text + authority.length);
	if (why != NULL) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret_uri = uri;
	return 0;
}

const char *uri_scheme_name(enum uri_scheme scheme)
{
	return schemes[scheme].name;
}

size_t uri_authority(const struct uri *uri, char *ret_text, size_t size)
{
	bool is_ipv6 = strchr(uri->host, ':') != NULL;
	int length;

	if (size == 0)
		return 0;
	length = snprintf(ret_text, size, is_ipv6 ? "[%s]:%u" : "%s:%u", uri->host, uri->port);
	return (size_t)length < size ? (size_t)length : size - 1;
}
