/*
 * Where in the file an entry stands: jansson tells the line of a syntax error only, and whoever
 * keeps the directory needs the line of any other mistake as well.
 */
#include "vdtgw-teletel/directory.h"

#include <string.h>

struct scanner {
	const char *text;
	size_t length;
	size_t position;
	unsigned line;
	unsigned depth;
};

static const char servers_key[] = "servers";

/* Passes over a string's end; returns whether the string was the key "servers". */
static bool pass_string(struct scanner *scanner)
{
	size_t start = ++scanner->position;

	while (scanner->position < scanner->length && scanner->text[scanner->position] != '"') {
		if (scanner->text[scanner->position] == '\\')
			scanner->position++;
		scanner->position++;
	}
	return scanner->position < scanner->length &&
	       scanner->position - start == sizeof(servers_key) - 1 &&
	       memcmp(scanner->text + start, servers_key, sizeof(servers_key) - 1) == 0;
}

void directory_find_lines(const char *text, size_t length, struct directory_entry *entries,
			  size_t count)
{
	struct scanner scanner = { .text = text, .length = length, .line = 1 };
	bool in_servers = false; /* after its key, until the next comma at the same depth */
	bool element_begins = false;
	size_t found = 0;

	for (; scanner.position < length && found < count; scanner.position++) {
		char character = text[scanner.position];

		if (character == '\n')
			scanner.line++;
		if (character == '\0' || strchr(" \t\r\n:", character) != NULL)
			continue;
		if (in_servers && scanner.depth == 2 && element_begins) {
			entries[found++].line = scanner.line;
			element_begins = false;
		}
		if (character == '"') {
			bool is_key = pass_string(&scanner);

			if (scanner.depth == 1 && !in_servers)
				in_servers = is_key;
		} else if (character == '{' || character == '[') {
			scanner.depth++;
			element_begins = scanner.depth == 2;
		} else if (character == '}' || character == ']') {
			scanner.depth--;
		} else if (character == ',') {
			element_begins = scanner.depth == 2;
			if (scanner.depth == 1)
				in_servers = false;
		}
	}
}
