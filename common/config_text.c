/*
 * Makes a file safe for libconfig 1.5, which would otherwise accept in silence what an
 * administrator cannot have meant: a number above 32 bits loses its upper part, a comment or a
 * string that never ends hides the rest of the file, a zero byte ends the text, and @include opens
 * other files. The first is cured by the suffix that asks for 64 bits, the others are refused.
 * This follows libconfig's own lexical rules and leaves the grammar to it.
 */
#include "common/config_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct scanner {
	const char *at;
	const char *end;
	unsigned line;
	char *out; /* the next byte of the prepared text */
	const char *why;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hexadecimal(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool starts_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool continues_name(char c)
{
	return starts_name(c) || is_digit(c) || c == '-' || c == '_';
}

/* The byte that many places on; a zero byte, which no file holds, beyond the end. */
static char peek(const struct scanner *scanner, size_t distance)
{
	return distance < (size_t)(scanner->end - scanner->at) ? scanner->at[distance] : '\0';
}

static void copy(struct scanner *scanner)
{
	if (*scanner->at == '\n')
		scanner->line++;
	*scanner->out++ = *scanner->at++;
}

static void copy_while(struct scanner *scanner, bool (*matches)(char c))
{
	while (scanner->at < scanner->end && matches(*scanner->at))
		copy(scanner);
}

/* libconfig takes a comment for one only where its line ends. */
static void copy_line_comment(struct scanner *scanner)
{
	while (scanner->at < scanner->end && *scanner->at != '\n')
		copy(scanner);
	if (scanner->at == scanner->end)
		*scanner->out++ = '\n';
}

/* The line of an error is the one where the comment or string starts. */
static int copy_comment(struct scanner *scanner)
{
	unsigned start = scanner->line;

	copy(scanner);
	copy(scanner);
	while (scanner->at < scanner->end) {
		if (peek(scanner, 0) == '*' && peek(scanner, 1) == '/') {
			copy(scanner);
			copy(scanner);
			return 0;
		}
		copy(scanner);
	}
	scanner->line = start;
	scanner->why = "this comment has no end; allowed: /* up to the next */";
	return -EINVAL;
}

static int copy_string(struct scanner *scanner)
{
	unsigned start = scanner->line;

	copy(scanner);
	while (scanner->at < scanner->end) {
		char c = *scanner->at;

		if (c == '\\' && peek(scanner, 1) == 'x' && peek(scanner, 2) == '0' &&
		    peek(scanner, 3) == '0') {
			scanner->why = "\\x00 would end the text; allowed: \\x01 to \\xFF";
			return -EINVAL;
		}
		copy(scanner);
		if (c == '"')
			return 0;
		if (c == '\\' && scanner->at < scanner->end)
			copy(scanner);
	}
	scanner->line = start;
	scanner->why = "this text has no end; allowed: \" up to the next \"";
	return -EINVAL;
}

/* A decimal number has a point or an exponent, and takes no suffix. */
static void copy_number(struct scanner *scanner)
{
	bool whole = true;

	if (*scanner->at == '-' || *scanner->at == '+')
		copy(scanner);
	if (peek(scanner, 0) == '0' && (peek(scanner, 1) == 'x' || peek(scanner, 1) == 'X')) {
		copy(scanner);
		copy(scanner);
		copy_while(scanner, is_hexadecimal);
	} else {
		for (char c = peek(scanner, 0); is_digit(c) || c == '.' || c == 'e' || c == 'E';
		     c = peek(scanner, 0)) {
			whole = whole && is_digit(c);
			copy(scanner);
			if (!is_digit(c) && c != '.' &&
			    (peek(scanner, 0) == '-' || peek(scanner, 0) == '+'))
				copy(scanner);
		}
	}
	if (whole && peek(scanner, 0) != 'L')
		*scanner->out++ = 'L';
}

static int scan_token(struct scanner *scanner)
{
	char c = peek(scanner, 0);
	char next = peek(scanner, 1);

	if (c == '@') {
		scanner->why = "@include is not known; allowed: a configuration of one file";
		return -EINVAL;
	}
	if (c == '"')
		return copy_string(scanner);
	if (c == '/' && next == '*')
		return copy_comment(scanner);
	if (c == '#' || (c == '/' && next == '/'))
		copy_line_comment(scanner);
	else if (starts_name(c))
		copy_while(scanner, continues_name);
	else if (is_digit(c) || c == '.' ||
		 ((c == '-' || c == '+') && (is_digit(next) || next == '.')))
		copy_number(scanner);
	else
		copy(scanner);
	return 0;
}

int config_text_prepare(char **ret_text, const char *text, size_t length, unsigned *ret_line,
			const char **ret_why)
{
	struct scanner scanner = { .at = text, .end = text + length, .line = 1 };
	/* A suffix follows at least one digit, so the text at most doubles; and the end of its last
	 * line. */
	char *prepared = malloc(2 * length + 2);
	int r = 0;

	if (!prepared)
		return -ENOMEM;
	scanner.out = prepared;
	if (memchr(text, '\0', length)) {
		const char *zero = memchr(text, '\0', length);

		for (const char *at = text; at < zero; at++)
			scanner.line += *at == '\n';
		scanner.why = "this is a zero byte; allowed: text";
		r = -EINVAL;
		goto out;
	}
	while (r == 0 && scanner.at < scanner.end)
		r = scan_token(&scanner);
out:
	if (r < 0) {
		free(prepared);
		*ret_line = scanner.line;
		*ret_why = scanner.why;
		return r;
	}
	*scanner.out = '\0';
	*ret_text = prepared;
	return 0;
}
