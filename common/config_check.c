/*
 * The checks of the configuration's texts. Each says in a few words what is wrong; what would be
 * allowed is said by the row of the key.
 */
#include "common/config_check.h"

#include "common/address.h"
#include "common/target_pattern.h"
#include "common/uri.h"

#include <string.h>

enum {
	SUBPROTOCOL_MAX = 64,
	WORD_MAX = 4096,
	NFT_NAME_MAX = 31, /* with a suffix of ours still less than the kernel's limit */
};

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

const char *config_check_service(const char *text, size_t index)
{
	const char *why = NULL;
	struct uri uri;

	(void)index;
	return uri_parse(&uri, text, &why) < 0 ? why : NULL;
}

const char *config_check_teletel(const char *text, size_t index)
{
	const char *why = NULL;
	struct uri uri;

	(void)index;
	if (uri_parse(&uri, text, &why) < 0)
		return why;
	if (uri.scheme != URI_WS && uri.scheme != URI_WSS)
		return "it is neither ws:// nor wss://";
	return NULL;
}

/* A token of RFC 7230, section 3.2.6, as RFC 6455, section 4.1, wants it. */
const char *config_check_subprotocol(const char *text, size_t index)
{
	size_t length = strspn(text, LETTERS DIGITS "!#$%&'*+-.^_`|~");

	(void)index;
	if (text[0] == '\0')
		return "it is empty";
	if (text[length] != '\0')
		return "it holds a character that no subprotocol has";
	return length > SUBPROTOCOL_MAX ? "it is too long" : NULL;
}

const char *config_check_path(const char *text, size_t index)
{
	(void)index;
	return text[0] == '/' ? NULL : "it does not start with /";
}

const char *config_check_unit(const char *text, size_t index)
{
	static const char suffix[] = ".service";
	size_t length = strlen(text);
	size_t suffix_length = sizeof(suffix) - 1;

	(void)index;
	if (length == 0)
		return NULL;
	if (text[strspn(text, LETTERS DIGITS ":-_.\\@")] != '\0')
		return "it holds a character that no unit's name has";
	if (text[0] == '-' || length <= suffix_length ||
	    strcmp(text + length - suffix_length, suffix) != 0)
		return "it is not the name of a service";
	return NULL;
}

const char *config_check_command(const char *text, size_t index)
{
	if (text[0] == '\0')
		return "it is empty";
	if (strlen(text) > WORD_MAX)
		return "it is too long";
	return index == 0 ? config_check_path(text, index) : NULL;
}

const char *config_check_network(const char *text, size_t index)
{
	struct network network;

	(void)index;
	return network_parse(&network, text) < 0 ? "it is neither an address nor a network" : NULL;
}

/* Names as the nft program reads them without quotes. Only a table of family inet holds sets of
 * both IPv4 and IPv6 addresses. */
const char *config_check_nft_set(const char *text, size_t index)
{
	static const char family[] = "inet ";
	const char *name = text + sizeof(family) - 1;

	(void)index;
	if (text[0] == '\0')
		return NULL;
	if (strncmp(text, family, sizeof(family) - 1) != 0)
		return "it does not start with inet and a space";
	for (int i = 0; i < 2; i++) {
		size_t length = strspn(name, LETTERS DIGITS "_");

		if (length == 0 || !strchr(LETTERS, name[0]))
			return "it has no name that starts with a letter for the table or the set";
		if (length > NFT_NAME_MAX)
			return "a name in it is too long";
		if (name[length] != (i == 0 ? ' ' : '\0'))
			return "it is not three words of letters, digits and _";
		name += length + 1;
	}
	return NULL;
}

const char *config_check_pattern(const char *text, size_t index)
{
	const char *why = NULL;
	struct target_pattern pattern;

	(void)index;
	return target_pattern_parse(&pattern, text, &why) < 0 ? why : NULL;
}
