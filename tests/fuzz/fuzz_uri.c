/* links: common */
/*
 * Any text as a service's address: a refusal has a reason and leaves the output alone; what is
 * accepted holds what its header promises, and written out again is the same address.
 */
#include "common/uri.h"

#include "tests/fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

static void accepted_check(const struct uri *uri)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
	size_t length = strlen(uri->host);
	struct in_addr address;

	/* No host that a resolver takes for an address in disguise. */
	require(inet_aton(uri->host, &address) == 0 ||
		inet_pton(AF_INET, uri->host, &address) == 1);
	require(length > 0 && length < URI_HOST_MAX);
	require(strspn(uri->host, allowed) == length);
	require(uri->host[0] != '-' && uri->port > 0);
	require(uri->path[0] == (uri->scheme == URI_TELNET ? '\0' : '/'));
	for (size_t i = 0; uri->path[i] != '\0'; i++)
		require(uri->path[i] > ' ' && uri->path[i] <= '~' && uri->path[i] != '#');
}

static void written_again_check(const struct uri *uri)
{
	char text[2 * URI_MAX];
	char authority[URI_HOST_MAX + 16];
	struct uri again;
	const char *why = NULL;
	size_t length = uri_authority(uri, authority, sizeof(authority));

	require(length == strlen(authority) && length < sizeof(authority) - 1);
	length = (size_t)snprintf(text, sizeof(text), "%s://%s%s", uri_scheme_name(uri->scheme),
				  authority, uri->path);
	/* Written out, the port that was left out may carry it over the limit. */
	if (length >= URI_MAX)
		return;
	require(uri_parse(&again, text, &why) == 0);
	require(again.scheme == uri->scheme && again.port == uri->port);
	require(strcmp(again.host, uri->host) == 0 && strcmp(again.path, uri->path) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct uri uri;
	struct uri before;
	const char *why = NULL;
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, input, size);
	text[size] = '\0';
	memset(&uri, 0x55, sizeof(uri));
	before = uri;
	if (uri_parse(&uri, text, &why) == 0) {
		require(why == NULL);
		accepted_check(&uri);
		written_again_check(&uri);
	} else {
		require(why != NULL && why[0] != '\0');
		require(memcmp(&uri, &before, sizeof(uri)) == 0);
	}
	free(text);
	return 0;
}
