/*
 * The directory file: JSON to checked entries, names to entries. Whatever is wrong in the file is
 * refused here, with its line, so that nothing downstream meets a bad address or an endless alias.
 */
#include "vdtgw-teletel/directory.h"

#include "common/uri.h"
#include "common/utf8.h"
#include "vdtgw-teletel/cost.h"
#include "vdtgw-teletel/file.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a file's errors need. */
struct reading {
	const char *file;
	const char *text;
	size_t length;
	char *error;
	size_t error_size;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct reading *reading,
							unsigned line, const char *format, ...)
{
	va_list arguments;
	int prefix = snprintf(reading->error, reading->error_size, "%s:%u: ", reading->file, line);

	if (prefix < 0 || (size_t)prefix >= reading->error_size)
		return -EINVAL;
	va_start(arguments, format);
	vsnprintf(reading->error + prefix, reading->error_size - (size_t)prefix, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static void free_entry(struct directory_entry *entry)
{
	free(entry->name);
	free(entry->key);
	free(entry->alias);
	free(entry->address);
	free(entry->subprotocols);
	free(entry->tariff);
	free(entry->cost);
}

void directory_free(struct directory *directory)
{
	if (directory == NULL)
		return;
	for (size_t i = 0; i < directory->count; i++)
		free_entry(&directory->entries[i]);
	free(directory->entries);
	free(directory);
}

/* A name in capitals; loosely also without accents and spaces. The result is never longer. */
static void fold(const char *name, bool loosely, char *ret_folded)
{
	size_t length = strlen(name);

	while (length > 0) {
		int32_t code_point = utf8_next(&name, &length);

		if (code_point < 0 || (loosely && code_point == ' '))
			continue;
		if (loosely)
			code_point = (int32_t)utf8_plain((uint32_t)code_point);
		ret_folded += utf8_put(utf8_capital((uint32_t)code_point), ret_folded);
	}
	*ret_folded = '\0';
}

/* Characters of a text; -1 where it holds a control character. */
static long count_characters(const char *text)
{
	size_t length = strlen(text);
	long characters = 0;

	while (length > 0) {
		int32_t code_point = utf8_next(&text, &length);

		if (code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0))
			return -1;
		characters++;
	}
	return characters;
}

/* A field that may be missing, null, text, or (numbers_too) a number. */
static int read_text(const struct reading *reading, const struct directory_entry *entry,
		     const json_t *object, const char *field, size_t characters_max,
		     bool numbers_too, char **ret_text)
{
	const json_t *value = json_object_get(object, field);
	char number[32] = "";
	const char *text = number;
	long characters;

	if (json_is_string(value)) {
		text = json_string_value(value);
	} else if (numbers_too && json_is_number(value)) {
		snprintf(number, sizeof(number), "%.10g", json_number_value(value));
	} else if (value != NULL && !json_is_null(value)) {
		return refuse(reading, entry->line, "\"%s\": %s is allowed", field,
			      numbers_too ? "a text or a number" : "a text");
	}
	characters = count_characters(text);
	if (characters < 0 || (size_t)characters > characters_max)
		return refuse(reading, entry->line,
			      "\"%s\": at most %zu characters are allowed, and no control "
			      "character",
			      field, characters_max);
	*ret_text = strdup(text);
	return *ret_text != NULL ? 0 : -ENOMEM;
}

/* "None", "", or seconds: as a text or as a number. */
static int read_ping(const struct reading *reading, struct directory_entry *entry,
		     const json_t *object)
{
	char *text = NULL;
	char *end;
	unsigned long ping = 0;
	int r = read_text(reading, entry, object, "ping", DIRECTORY_LABEL_MAX, true, &text);

	if (r < 0)
		return r;
	if (*text != '\0' && strcasecmp(text, "none") != 0) {
		ping = strtoul(text, &end, 10);
		if (*text < '0' || *text > '9' || *end != '\0' || ping > DIRECTORY_PING_MAX)
			r = refuse(reading, entry->line,
				   "\"ping\" is \"%s\": \"None\" or seconds from 0 to %d are "
				   "allowed",
				   text, DIRECTORY_PING_MAX);
	}
	free(text);
	if (r == 0)
		entry->ping = (unsigned)ping;
	return r;
}

/* A price, or words ("gratuit") for which nothing is counted. What has digits and is no price would
 * look like one, and count nothing. */
static int read_cost(const struct reading *reading, struct directory_entry *entry,
		     const json_t *object)
{
	uint32_t price;
	int r = read_text(reading, entry, object, "cost", DIRECTORY_LABEL_MAX, true, &entry->cost);

	if (r < 0 || entry->cost[strcspn(entry->cost, "0123456789")] == '\0' ||
	    cost_parse_price(&price, entry->cost) == 0)
		return r;
	return refuse(reading, entry->line,
		      "\"cost\" is \"%s\": francs a minute from 0 to 9999.9999 are allowed, as in "
		      "\"0.12\" or \"0,12 F\", or words without a digit",
		      entry->cost);
}

/* RFC 7230's token, which a subprotocol is (RFC 6455, section 4.1). */
static bool is_token(const char *text, size_t length)
{
	if (length == 0 || length > DIRECTORY_SUBPROTOCOL_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] <= 0x20 || text[i] >= 0x7f ||
		    strchr("()<>@,;:\\\"/[]?={}", text[i]) != NULL)
			return false;
	}
	return true;
}

/* Adds one to a list separated by commas, which has room. */
static int add_subprotocol(const struct reading *reading, const struct directory_entry *entry,
			   const char *text, size_t length, unsigned *count, char *list)
{
	while (length > 0 && strchr(" \"'", text[length - 1]) != NULL)
		length--;
	while (length > 0 && strchr(" \"'", *text) != NULL) {
		text++;
		length--;
	}
	if (!is_token(text, length) || *count == DIRECTORY_SUBPROTOCOLS_MAX)
		return refuse(reading, entry->line,
			      "\"subprotocol\": at most %d names like \"[binary,tty]\" are "
			      "allowed, of at most %d bytes each",
			      DIRECTORY_SUBPROTOCOLS_MAX, DIRECTORY_SUBPROTOCOL_MAX);
	if ((*count)++ > 0)
		strcat(list, ",");
	strncat(list, text, length);
	return 0;
}

/* "[binary,tty]" or "binary,tty". */
static int split_subprotocols(const struct reading *reading, const struct directory_entry *entry,
			      const char *text, char *list)
{
	size_t length = strlen(text);
	unsigned count = 0;
	int r = 0;

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (strspn(text, " ") >= length)
		return 0;
	while (r == 0) {
		size_t cut = strcspn(text, ",");

		if (cut > length)
			cut = length;
		r = add_subprotocol(reading, entry, text, cut, &count, list);
		if (cut == length)
			break;
		text += cut + 1;
		length -= cut + 1;
	}
	return r;
}

static int read_subprotocols(const struct reading *reading, struct directory_entry *entry,
			     const json_t *object)
{
	char list[DIRECTORY_SUBPROTOCOLS_MAX * (DIRECTORY_SUBPROTOCOL_MAX + 1) + 1] = "";
	const json_t *value = json_object_get(object, "subprotocol");
	const json_t *item;
	unsigned count = 0;
	size_t i;
	int r = 0;

	if (json_is_string(value)) {
		r = split_subprotocols(reading, entry, json_string_value(value), list);
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, item)
		{
			const char *text = json_is_string(item) ? json_string_value(item) : "";

			r = add_subprotocol(reading, entry, text, strlen(text), &count, list);
			if (r < 0)
				break;
		}
	} else if (value != NULL && !json_is_null(value)) {
		r = refuse(reading, entry->line, "\"subprotocol\": a text or a list is allowed");
	}
	if (r < 0)
		return r;
	entry->subprotocols = strdup(list);
	return entry->subprotocols != NULL ? 0 : -ENOMEM;
}

static int check_destination(const struct reading *reading, const struct directory_entry *entry)
{
	struct uri uri;
	const char *why;

	if (*entry->alias != '\0' && *entry->address != '\0')
		return refuse(reading, entry->line,
			      "\"%s\" has both an address and an alias: one of them is allowed",
			      entry->name);
	if (*entry->alias != '\0')
		return 0;
	if (*entry->address == '\0')
		return refuse(reading, entry->line, "\"%s\" needs an \"address\" or an \"alias\"",
			      entry->name);
	if (uri_parse(&uri, entry->address, &why) < 0)
		return refuse(reading, entry->line, "address of \"%s\": %s", entry->name, why);
	return 0;
}

static int read_entry(const struct reading *reading, struct directory_entry *entry,
		      const json_t *object)
{
	int r;

	if (!json_is_object(object))
		return refuse(reading, entry->line, "an entry is an object: { \"name\": … }");
	r = read_text(reading, entry, object, "name", DIRECTORY_NAME_MAX, false, &entry->name);
	if (r < 0)
		return r;
	if (strspn(entry->name, " ") == strlen(entry->name))
		return refuse(reading, entry->line, "an entry needs a \"name\"");
	entry->key = malloc(strlen(entry->name) + 1);
	if (entry->key == NULL)
		return -ENOMEM;
	fold(entry->name, false, entry->key);
	r = read_text(reading, entry, object, "alias", DIRECTORY_NAME_MAX, false, &entry->alias);
	if (r == 0)
		r = read_text(reading, entry, object, "address", URI_MAX - 1, false,
			      &entry->address);
	if (r == 0)
		r = read_text(reading, entry, object, "tarif", DIRECTORY_LABEL_MAX, true,
			      &entry->tariff);
	if (r == 0)
		r = read_cost(reading, entry, object);
	if (r == 0)
		r = read_ping(reading, entry, object);
	if (r == 0)
		r = read_subprotocols(reading, entry, object);
	return r < 0 ? r : check_destination(reading, entry);
}

static int compare_keys(const void *left, const void *right)
{
	const struct directory_entry *const *one = left;
	const struct directory_entry *const *other = right;
	int order = strcmp((*one)->key, (*other)->key);

	/* Of two of the same name the later is the one to report: both are in the one array. */
	return order != 0 ? order : (*one > *other) - (*one < *other);
}

static int compare_with_key(const void *key, const void *element)
{
	const struct directory_entry *const *entry = element;

	return strcmp(key, (*entry)->key);
}

/* Follows the aliases from one entry, through the sorted index. */
static int resolve(const struct reading *reading, struct directory_entry *entry,
		   struct directory_entry **index, size_t count)
{
	const struct directory_entry *target = entry;
	char key[4 * DIRECTORY_NAME_MAX + 1];

	for (size_t steps = 0; *target->alias != '\0'; steps++) {
		struct directory_entry **found;

		fold(target->alias, false, key);
		found = bsearch(key, index, count, sizeof(index[0]), compare_with_key);
		if (found == NULL)
			return refuse(reading, target->line,
				      "\"%s\" is an alias of \"%s\", which is not in the file",
				      target->name, target->alias);
		target = *found;
		if (target->target != NULL) {
			target = target->target;
			break;
		}
		if (target == entry)
			return refuse(reading, entry->line,
				      "the aliases of \"%s\" lead round in a loop", entry->name);
		if (steps == DIRECTORY_ALIASES_MAX)
			return refuse(reading, entry->line,
				      "the aliases of \"%s\" lead into a loop, or through more "
				      "than %d entries",
				      entry->name, DIRECTORY_ALIASES_MAX);
	}
	entry->target = target;
	return 0;
}

static int link_entries(const struct reading *reading, struct directory *directory)
{
	struct directory_entry **index = calloc(directory->count + 1, sizeof(*index));
	int r = 0;

	if (index == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < directory->count; i++)
		index[i] = &directory->entries[i];
	qsort(index, directory->count, sizeof(*index), compare_keys);
	for (size_t i = 1; i < directory->count && r == 0; i++) {
		if (strcmp(index[i - 1]->key, index[i]->key) == 0)
			r = refuse(reading, index[i]->line,
				   "\"%s\" is there already, on line %u: names are compared "
				   "without case",
				   index[i]->name, index[i - 1]->line);
	}
	for (size_t i = 0; i < directory->count && r == 0; i++)
		r = resolve(reading, &directory->entries[i], index, directory->count);
	free(index);
	return r;
}

static int read_entries(const struct reading *reading, const json_t *servers,
			struct directory *directory)
{
	size_t count = json_array_size(servers);

	if (count > DIRECTORY_ENTRIES_MAX)
		return refuse(reading, 1, "%zu entries: at most %d are allowed", count,
			      DIRECTORY_ENTRIES_MAX);
	directory->entries = calloc(count + 1, sizeof(*directory->entries));
	if (directory->entries == NULL)
		return -ENOMEM;
	directory_find_lines(reading->text, reading->length, directory->entries, count);
	for (size_t i = 0; i < count; i++) {
		struct directory_entry *entry = &directory->entries[i];
		int r;

		directory->count++;
		r = read_entry(reading, entry, json_array_get(servers, i));
		if (r < 0)
			return r;
	}
	return link_entries(reading, directory);
}

int directory_parse(struct directory **ret_directory, const char *file, const char *text,
		    size_t length, char *error, size_t error_size)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct reading reading = { file, text, length, error, error_size };
	struct directory *directory = calloc(1, sizeof(*directory));
	json_error_t syntax;
	json_t *root = NULL;
	const json_t *servers;
	int r = directory != NULL ? 0 : -ENOMEM;

	/* Some editors put one ahead of the text; JSON knows none. */
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		reading.text = text += 3;
		reading.length = length -= 3;
	}
	if (r == 0) {
		root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &syntax);
		if (root == NULL)
			r = refuse(&reading, syntax.line > 0 ? (unsigned)syntax.line : 1, "%s",
				   syntax.text);
	}
	servers = json_object_get(root, "servers");
	if (r == 0 && !json_is_array(servers))
		r = refuse(&reading, 1,
			   "the file is an object with a list \"servers\": "
			   "{ \"servers\": [ … ] }");
	if (r == 0)
		r = read_entries(&reading, servers, directory);
	if (r == -ENOMEM)
		snprintf(error, error_size, "%s: no memory", file);
	if (r == 0)
		*ret_directory = directory;
	else
		directory_free(directory);
	json_decref(root);
	return r;
}

int directory_load(struct directory **ret_directory, const char *path, char *error,
		   size_t error_size)
{
	char *text = NULL;
	size_t length;
	int r = file_read(path, DIRECTORY_FILE_MAX, &text, &length);

	if (r == -EFBIG)
		snprintf(error, error_size, "%s: at most %d bytes are allowed", path,
			 DIRECTORY_FILE_MAX);
	else if (r < 0)
		snprintf(error, error_size, "%s: %s", path, strerror(-r));
	else
		r = directory_parse(ret_directory, path, text, length, error, error_size);
	free(text);
	return r;
}

const struct directory_entry *directory_look_up(const struct directory *directory, const char *name)
{
	char wanted[4 * DIRECTORY_NAME_MAX + 1];

	if (directory == NULL || strlen(name) >= sizeof(wanted))
		return NULL;
	for (int loosely = 0; loosely <= 1; loosely++) {
		fold(name, loosely, wanted);
		for (size_t i = 0; i < directory->count && *wanted != '\0'; i++) {
			char key[4 * DIRECTORY_NAME_MAX + 1];

			fold(directory->entries[i].key, loosely, key);
			if (strcmp(key, wanted) == 0)
				return &directory->entries[i];
		}
	}
	return NULL;
}

const struct directory_entry *directory_find(const struct directory *directory, const char *name)
{
	const struct directory_entry *entry = directory_look_up(directory, name);

	return entry != NULL ? entry->target : NULL;
}
