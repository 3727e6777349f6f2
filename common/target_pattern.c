/*
 * Reads patterns of services and compares services with them. As strict as the reading of URIs:
 * a pattern that could be meant otherwise is refused, since a list that denies less than its
 * author believes is worse than none.
 */
#include "common/target_pattern.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
	PORT_MIN = 1,
	PORT_MAX = 65535,
};

/* The functions below return NULL, or what is wrong. */

/* Moves *text past the scheme, if there is one. */
static const char *scheme_take(struct target_pattern *pattern, const char **text)
{
	static const enum uri_scheme schemes[] = { URI_WS, URI_WSS, URI_TELNET };
	const char *start = *text;
	const char *end = strstr(start, "://");
	size_t length;

	pattern->any_scheme = true;
	if (end == NULL)
		return NULL;
	*text = end + strlen("://");
	length = (size_t)(end - start);
	if (length == 1 && start[0] == '*')
		return NULL;
	pattern->any_scheme = false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *name = uri_scheme_name(schemes[i]);

		if (length == strlen(name) && strncasecmp(start, name, length) == 0) {
			pattern->scheme = schemes[i];
			return NULL;
		}
	}
	return "the scheme is unknown; ws://, wss://, telnet:// and *:// are allowed";
}

static const char *name_read(struct target_pattern *pattern, const char *text, const char *host)
{
	char name[URI_HOST_MAX];

	pattern->host = TARGET_NAME;
	pattern->name = text;
	pattern->name_length = strlen(host);
	memcpy(name, host, pattern->name_length + 1);
	if (strncmp(host, "*.", 2) == 0) {
		pattern->host = TARGET_NAMES_BELOW;
		pattern->name++;
		pattern->name_length--;
		/* Any label, so that what may stand below it is checked as a host is. */
		name[0] = 'x';
	}
	if (strchr(name, '*') != NULL)
		return "a * stands for the whole host or, as \"*.\", for what its name begins with";
	return uri_host_check(name);
}

/* host is a copy of the text's part. */
static const char *plain_host_read(struct target_pattern *pattern, const char *text,
				   const char *host)
{
	if (host[0] == '\0')
		return "the pattern has no host; * means any";
	if (strcmp(host, "*") == 0) {
		pattern->host = TARGET_ANY_HOST;
		return NULL;
	}
	if (network_parse(&pattern->network, host) == 0) {
		pattern->host = TARGET_NETWORK;
		return NULL;
	}
	if (strchr(host, '/') != NULL)
		return "what has a / is no IPv4 network, and a pattern has no path";
	return name_read(pattern, text, host);
}

static const char *bracketed_host_read(struct target_pattern *pattern, const char *host)
{
	if (strchr(host, ':') == NULL || network_parse(&pattern->network, host) < 0)
		return "what is in brackets is neither an IPv6 address nor an IPv6 network";
	pattern->host = TARGET_NETWORK;
	return NULL;
}

/* Moves *text past the host. */
static const char *host_take(struct target_pattern *pattern, const char **text)
{
	bool bracketed = **text == '[';
	const char *start = *text + (bracketed ? 1 : 0);
	size_t length = strcspn(start, bracketed ? "]" : ":");
	char host[URI_HOST_MAX];

	*text = start + length;
	if (bracketed) {
		if (**text == '\0')
			return "the IPv6 address lacks its closing bracket";
		++*text;
	} else if (**text == ':' && strchr(*text + 1, ':') != NULL) {
		return "the host has several colons; an IPv6 address is wanted in [ ]";
	}
	if (length >= sizeof(host))
		return "the host is too long; at most 253 characters are allowed";
	memcpy(host, start, length);
	host[length] = '\0';
	return bracketed ? bracketed_host_read(pattern, host)
			 : plain_host_read(pattern, start, host);
}

static const char *port_read(struct target_pattern *pattern, const char *text)
{
	static const char why[] = "the port is neither a number from 1 to 65535 nor a range such "
				  "as 1024-65535 nor *";
	size_t length;

	pattern->port_low = PORT_MIN;
	pattern->port_high = PORT_MAX;
	if (text[0] == '\0')
		return NULL;
	if (text[0] == '/')
		return "the prefix of an IPv6 network is wanted inside the brackets, as in "
		       "[2001:db8::/32]";
	if (text[0] != ':')
		return "after an IPv6 address in brackets only :port is allowed";
	text++;
	if (strcmp(text, "*") == 0)
		return NULL;
	length = strcspn(text, "-");
	if (uri_port_parse(&pattern->port_low, text, length) < 0)
		return why;
	pattern->port_high = pattern->port_low;
	text += length;
	if (text[0] == '-' && uri_port_parse(&pattern->port_high, text + 1, strlen(text + 1)) < 0)
		return why;
	if (pattern->port_low > pattern->port_high)
		return "the range of ports ends below its beginning";
	return NULL;
}

int target_pattern_parse(struct target_pattern *ret_pattern, const char *text, const char **ret_why)
{
	struct target_pattern pattern = { .host = TARGET_ANY_HOST };
	const char *why;

	if (text[0] == '\0') {
		*ret_why = "it is empty";
		return -EINVAL;
	}
	why = scheme_take(&pattern, &text);
	if (why == NULL)
		why = host_take(&pattern, &text);
	if (why == NULL)
		why = port_read(&pattern, text);
	if (why != NULL) {
		*ret_why = why;
		return -EINVAL;
	}
	*ret_pattern = pattern;
	return 0;
}

/* Whether host ends as the pattern's name does, from begin on. */
static bool names_match(const struct target_pattern *pattern, const char *host, size_t begin)
{
	return strlen(host + begin) == pattern->name_length &&
	       strncasecmp(host + begin, pattern->name, pattern->name_length) == 0;
}

bool target_pattern_covers(const struct target_pattern *pattern, const struct uri *uri)
{
	return (pattern->any_scheme || pattern->scheme == uri->scheme) &&
	       uri->port >= pattern->port_low && uri->port <= pattern->port_high;
}

bool target_pattern_matches_uri(const struct target_pattern *pattern, const struct uri *uri)
{
	size_t length = strlen(uri->host);

	if (!target_pattern_covers(pattern, uri))
		return false;
	switch (pattern->host) {
	case TARGET_ANY_HOST:
		return true;
	case TARGET_NAME:
		return names_match(pattern, uri->host, 0);
	case TARGET_NAMES_BELOW:
		/* What is below has at least one character more. */
		return length > pattern->name_length &&
		       names_match(pattern, uri->host, length - pattern->name_length);
	case TARGET_NETWORK:
		return false;
	}
	return false;
}

bool target_pattern_matches_address(const struct target_pattern *pattern, const struct uri *uri,
				    const struct address *address)
{
	return pattern->host == TARGET_NETWORK && target_pattern_covers(pattern, uri) &&
	       network_contains(&pattern->network, address);
}

bool target_pattern_is_localhost(const struct target_pattern *pattern)
{
	static const char below[] = ".localhost";
	size_t length = sizeof(below) - 1;

	if (pattern->host != TARGET_NAME && pattern->host != TARGET_NAMES_BELOW)
		return false;
	if (pattern->name_length == length - 1)
		return strncasecmp(pattern->name, below + 1, length - 1) == 0;
	return pattern->name_length >= length &&
	       strncasecmp(pattern->name + pattern->name_length - length, below, length) == 0;
}
