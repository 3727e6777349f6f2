/*
 * The directory of services ("Minitel yellow pages", PROTOCOLS.md section 5): a JSON file, read
 * whole and checked whole. Entries keep the file's order.
 */
#ifndef VDTGW_TELETEL_DIRECTORY_H
#define VDTGW_TELETEL_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

enum {
	DIRECTORY_FILE_MAX = 4194304, /* bytes */
	DIRECTORY_ENTRIES_MAX = 10000,
	DIRECTORY_NAME_MAX = 32,    /* characters of a name */
	DIRECTORY_LABEL_MAX = 20,   /* characters of a tariff and of a cost */
	DIRECTORY_ALIASES_MAX = 16, /* that lead one to another */
	DIRECTORY_PING_MAX = 3600,  /* s */
	DIRECTORY_SUBPROTOCOLS_MAX = 8,
	DIRECTORY_SUBPROTOCOL_MAX = 32, /* bytes of each */
};

/* All strings are UTF-8 without control characters, never NULL, owned by the directory. */
struct directory_entry {
	char *name;
	char *key;          /* the name in capitals: what comparisons use */
	char *alias;        /* "": not an alias */
	char *address;      /* a URI that uri_parse() takes; "" for an alias */
	char *subprotocols; /* separated by commas, in order; "": none */
	char *tariff;
	char *cost;
	unsigned ping;                        /* s, 0: none */
	unsigned line;                        /* of the file */
	const struct directory_entry *target; /* itself, or what the alias leads to in the end */
};

struct directory {
	struct directory_entry *entries;
	size_t count;
};

/* Reads a file. Returns 0; -errno where it cannot be read, -ENOMEM, or -EINVAL, with a sentence
 * "FILE:LINE: what is wrong, what is allowed" in error. */
int directory_load(struct directory **ret_directory, const char *path, char *error,
		   size_t error_size);
/* The same from memory; file is the name in errors. */
int directory_parse(struct directory **ret_directory, const char *file, const char *text,
		    size_t length, char *error, size_t error_size);
/* Accepts NULL. */
void directory_free(struct directory *directory);

/* The entry of a name, compared without case; where there is none, compared without accents and
 * spaces too. Aliases are followed. NULL where there is none. directory may be NULL: empty. */
const struct directory_entry *directory_find(const struct directory *directory, const char *name);
/* The same without following aliases. */
const struct directory_entry *directory_look_up(const struct directory *directory,
						const char *name);
/* Whether both offer the same, in the same order. Both may be NULL. */
bool directory_equal(const struct directory *one, const struct directory *other);

/* Sets the line of the first count entries: where each element of the list "servers" begins, in a
 * text that is valid JSON. */
void directory_find_lines(const char *text, size_t length, struct directory_entry *entries,
			  size_t count);

#endif
