/*
 * The table of sessions: an array sorted by number, to which new sessions are nearly always
 * appended, and chains of the sessions that share an address. It counts; it decides nothing.
 */
#include "vdtgw-supervisor/sessions/session_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIZE_MIN = 64,
	ADDRESS_CHAINS = 4096,      /* a power of two; a longer chain costs time, nothing else */
	IPV6_NETWORK_BYTES = 64 / 8 /* what one subscriber has at least */
};

/* The number stands beside the entry, so that a search does not touch the entries. */
struct slot {
	int64_t number;
	struct session_entry *entry;
};

struct session_table {
	struct slot *slots; /* by number */
	size_t count;
	size_t size;
	size_t by_transport[TRANSPORT_COUNT];
	struct session_entry *by_address[ADDRESS_CHAINS];
	struct session_entry *oldest_half_open;
	struct session_entry *newest_half_open;
	size_t half_open;
};

/* How much of an address tells one caller from another. */
static size_t significant_bytes(const struct address *address)
{
	return address_is_ipv4(address) ? sizeof(address->bytes) : IPV6_NETWORK_BYTES;
}

static bool same_caller(const struct address *one, const struct address *other)
{
	return address_is_ipv4(one) == address_is_ipv4(other) &&
	       memcmp(one->bytes, other->bytes, significant_bytes(one)) == 0;
}

/* FNV-1a. */
static size_t chain_of(const struct address *address)
{
	uint32_t hash = 2166136261U;
	size_t length = significant_bytes(address);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ address->bytes[i]) * 16777619U;
	return (hash ^ hash >> 16) & (ADDRESS_CHAINS - 1);
}

/* The place of the first entry whose number is `number` or above. */
static size_t place_of(const struct session_table *table, int64_t number)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->slots[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *redirection_origin_name(enum redirection_origin origin)
{
	static const char *const names[] = {
		[REDIRECTION_BY_TELETEL] = "teletel",
		[REDIRECTION_BY_ADMINISTRATOR] = "administrator",
	};
	static_assert(sizeof(names) / sizeof(names[0]) == REDIRECTION_ORIGIN_COUNT,
		      "every origin has its name");

	return names[origin];
}

void redirection_clear(struct redirection *redirection)
{
	free(redirection->service);
	json_decref(redirection->subprotocols);
	*redirection = (struct redirection) { .state = REDIRECTION_NONE };
}

static void free_entry(struct session_entry *entry)
{
	free(entry->home);
	free(entry->service);
	free(entry->terminal_type);
	free(entry->window_size);
	redirection_clear(&entry->redirection);
	json_decref(entry->environment);
	free(entry);
}

int session_table_new(struct session_table **ret_table)
{
	struct session_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return -ENOMEM;
	*ret_table = table;
	return 0;
}

void session_table_free(struct session_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++)
		free_entry(table->slots[i].entry);
	free(table->slots);
	free(table);
}

static int resize(struct session_table *table, size_t size)
{
	struct slot *slots = reallocarray(table->slots, size, sizeof(*slots));

	if (slots == NULL)
		return -ENOMEM;
	table->slots = slots;
	table->size = size;
	return 0;
}

static int new_entry(struct session_entry **ret_entry, int64_t number, enum transport transport,
		     const struct address *address)
{
	struct session_entry *entry = calloc(1, sizeof(*entry));

	if (entry == NULL)
		return -ENOMEM;
	entry->environment = json_object();
	if (entry->environment == NULL) {
		free(entry);
		return -ENOMEM;
	}
	entry->number = number;
	entry->transport = transport;
	if (address != NULL) {
		entry->has_address = true;
		entry->address = *address;
	}
	*ret_entry = entry;
	return 0;
}

int session_table_add(struct session_table *table, int64_t number, enum transport transport,
		      const struct address *address, struct session_entry **ret_entry)
{
	size_t place = place_of(table, number);
	struct session_entry *entry;
	int error;

	if (place < table->count && table->slots[place].number == number)
		return -EEXIST;
	if (table->count == table->size) {
		error = resize(table, table->size > 0 ? 2 * table->size : SIZE_MIN);
		if (error < 0)
			return error;
	}
	error = new_entry(&entry, number, transport, address);
	if (error < 0)
		return error;
	memmove(&table->slots[place + 1], &table->slots[place],
		(table->count - place) * sizeof(*table->slots));
	table->slots[place] = (struct slot) { number, entry };
	table->count++;
	table->by_transport[transport]++;
	if (address != NULL) {
		struct session_entry **chain = &table->by_address[chain_of(address)];

		entry->next_at_address = *chain;
		*chain = entry;
	}
	*ret_entry = entry;
	return 0;
}

void session_table_remove(struct session_table *table, struct session_entry *entry)
{
	size_t place = place_of(table, entry->number);

	table->count--;
	memmove(&table->slots[place], &table->slots[place + 1],
		(table->count - place) * sizeof(*table->slots));
	table->by_transport[entry->transport]--;
	session_table_set_half_open(table, entry, false);
	if (entry->has_address) {
		struct session_entry **link = &table->by_address[chain_of(&entry->address)];

		while (*link != entry)
			link = &(*link)->next_at_address;
		*link = entry->next_at_address;
	}
	free_entry(entry);
	/* A failure to shrink costs memory only. */
	if (table->size > SIZE_MIN && table->count < table->size / 4)
		(void)resize(table, table->size / 2);
}

struct session_entry *session_table_next(const struct session_table *table, int64_t from)
{
	size_t place = place_of(table, from);

	return place < table->count ? table->slots[place].entry : NULL;
}

struct session_entry *session_table_find(const struct session_table *table, int64_t number)
{
	struct session_entry *entry = session_table_next(table, number);

	return entry != NULL && entry->number == number ? entry : NULL;
}

size_t session_table_count(const struct session_table *table)
{
	return table->count;
}

size_t session_table_count_transport(const struct session_table *table, enum transport transport)
{
	return table->by_transport[transport];
}

size_t session_table_count_address(const struct session_table *table, const struct address *address)
{
	const struct session_entry *entry = table->by_address[chain_of(address)];
	size_t count = 0;

	for (; entry != NULL; entry = entry->next_at_address)
		if (same_caller(&entry->address, address))
			count++;
	return count;
}

void session_table_set_half_open(struct session_table *table, struct session_entry *entry,
				 bool half_open)
{
	struct session_entry *older = entry->older_half_open;
	struct session_entry *newer = entry->newer_half_open;

	if (entry->half_open == half_open)
		return;
	entry->half_open = half_open;
	if (half_open) {
		older = table->newest_half_open;
		entry->older_half_open = older;
		*(older != NULL ? &older->newer_half_open : &table->oldest_half_open) = entry;
		table->newest_half_open = entry;
		table->half_open++;
		return;
	}
	*(older != NULL ? &older->newer_half_open : &table->oldest_half_open) = newer;
	*(newer != NULL ? &newer->older_half_open : &table->newest_half_open) = older;
	entry->older_half_open = NULL;
	entry->newer_half_open = NULL;
	table->half_open--;
}

size_t session_table_count_half_open(const struct session_table *table)
{
	return table->half_open;
}

struct session_entry *session_table_oldest_half_open(const struct session_table *table)
{
	return table->oldest_half_open;
}

int session_entry_set_text(char **text_place, const char *text)
{
	char *copy = NULL;

	if (text[0] != 0) {
		copy = strdup(text);
		if (copy == NULL)
			return -ENOMEM;
	}
	free(*text_place);
	*text_place = copy;
	return 0;
}

int session_entry_add_environment(struct session_entry *entry, json_t *variables)
{
	const char *name;
	json_t *value;

	json_object_foreach(variables, name, value)
	{
		bool known = json_object_get(entry->environment, name) != NULL;

		if (!known && json_object_size(entry->environment) >= SESSION_ENVIRONMENT_MAX)
			continue;
		if (!json_is_string(value) || json_string_length(value) > SESSION_TEXT_MAX ||
		    strlen(name) > SESSION_ENVIRONMENT_NAME_MAX)
			continue;
		if (json_object_set(entry->environment, name, value) < 0)
			return -ENOMEM;
	}
	return 0;
}
