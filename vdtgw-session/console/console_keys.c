/*
 * Tells keys from other protocols. All of those that speak first begin with more than a word on
 * their first line: a request with spaces and a path, or bytes that no keyboard has.
 */
#include "vdtgw-session/console/console_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>

enum {
	WORD_MAX = 16,    /* letters of a word that somebody may try: "help" */
	SEQUENCE_MAX = 8, /* bytes of a function key, or of a letter beyond ASCII */
	INTERRUPT = 0x03, /* Ctrl-C, Ctrl-D */
	END_OF_FILE = 0x04,
	ESCAPE = 0x1b,
};

static bool ends_line(uint8_t byte)
{
	/* Behind a carriage return, telnet has a NUL. */
	return byte == '\r' || byte == '\n' || byte == '\0';
}

static bool all(const uint8_t *bytes, size_t length, bool (*is_so)(uint8_t byte))
{
	for (size_t i = 0; i < length; i++)
		if (!is_so(bytes[i]))
			return false;
	return true;
}

static bool is_letter(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_visible(uint8_t byte)
{
	return byte >= ' ' && byte < 0x7f;
}

static bool is_beyond_ascii(uint8_t byte)
{
	return byte >= 0x80;
}

/* A key held down, or pressed twice before the first one was sent. */
static bool is_one_key(const uint8_t *bytes, size_t length)
{
	for (size_t i = 1; i < length; i++)
		if (bytes[i] != bytes[0])
			return false;
	return true;
}

/* What a line means: a key, CONSOLE_KEY_UNKNOWN, or -EPROTO. length > 0. */
static int read_line(const uint8_t *line, size_t length)
{
	if (length == 1 && (line[0] == INTERRUPT || line[0] == END_OF_FILE))
		return CONSOLE_KEY_QUIT;
	if (length <= WORD_MAX && is_visible(line[0]) && is_one_key(line, length))
		return is_letter(line[0]) || line[0] == '?' ? tolower(line[0])
							    : CONSOLE_KEY_UNKNOWN;
	if (length == 1 || (length <= WORD_MAX && all(line, length, is_letter)))
		return CONSOLE_KEY_UNKNOWN;
	if (length <= SEQUENCE_MAX &&
	    ((line[0] == ESCAPE && all(line + 1, length - 1, is_visible)) ||
	     all(line, length, is_beyond_ascii)))
		return CONSOLE_KEY_UNKNOWN;
	return -EPROTO;
}

int console_keys_read(char ret_keys[CONSOLE_KEYS_MAX], const uint8_t *bytes, size_t length)
{
	char keys[CONSOLE_KEYS_MAX];
	int count = 0;

	for (size_t start = 0; start < length;) {
		size_t end = start;
		int key;

		while (end < length && !ends_line(bytes[end]))
			end++;
		if (end > start) {
			key = read_line(bytes + start, end - start);
			if (key < 0 || count == CONSOLE_KEYS_MAX)
				return -EPROTO;
			keys[count++] = (char)key;
		}
		start = end + 1;
	}
	for (int i = 0; i < count; i++)
		ret_keys[i] = keys[i];
	return count;
}
