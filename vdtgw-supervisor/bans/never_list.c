/*
 * The list of who is never banned: a table to look addresses up in, and an array in the order of
 * adding, for administrators.
 */
#include "vdtgw-supervisor/bans/never_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct never_list {
	struct network_table table;
	struct never *entries[NEVER_LIST_MAX + NEVER_CONFIGURED_MAX];
	size_t count;
	size_t kept_count;
	size_t configured_count;
	int64_t next_number;
	struct address own[NEVER_OWN_MAX];
	size_t own_count;
};

int never_list_new(struct never_list **ret_list, uint64_t seed)
{
	struct never_list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	if (network_table_init(&list->table, seed) < 0) {
		free(list);
		return -ENOMEM;
	}
	list->next_number = 1;
	*ret_list = list;
	return 0;
}

static void free_never(struct never *never)
{
	free(never->comment);
	free(never);
}

void never_list_free(struct never_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		free_never(list->entries[i]);
	network_table_done(&list->table);
	free(list);
}

static int set_comment(struct never *never, const char *comment)
{
	char *copy = NULL;

	if (comment != NULL && comment[0] != '\0') {
		copy = strndup(comment, NEVER_COMMENT_MAX);
		if (copy == NULL)
			return -ENOMEM;
	}
	free(never->comment);
	never->comment = copy;
	return 0;
}

/* A new entry, or NULL without memory. There is room: one more is kept, or configured. */
static struct never *new_never(struct never_list *list, const struct network *network)
{
	struct never *never = calloc(1, sizeof(*never));

	if (never == NULL)
		return NULL;
	never->node.network = *network;
	never->number = list->next_number++;
	network_table_add(&list->table, &never->node);
	list->entries[list->count++] = never;
	return never;
}

static void remove_never(struct never_list *list, size_t at)
{
	struct never *never = list->entries[at];

	list->count--;
	memmove(&list->entries[at], &list->entries[at + 1],
		(list->count - at) * sizeof(struct never *));
	network_table_remove(&list->table, &never->node);
	free_never(never);
}

static struct never *find(const struct never_list *list, const struct network *network)
{
	return (struct never *)network_table_find(&list->table, network);
}

int never_list_add(struct never_list *list, const struct network *network, int64_t added,
		   const char *comment)
{
	struct never *never = find(list, network);
	bool is_new = never == NULL;

	if ((is_new || !never->kept) && list->kept_count == NEVER_LIST_MAX)
		return -ENOSPC;
	if (is_new)
		never = new_never(list, network);
	if (never == NULL)
		return -ENOMEM;
	if (set_comment(never, comment) < 0) {
		if (is_new)
			remove_never(list, list->count - 1);
		return -ENOMEM;
	}
	if (!never->kept) {
		never->kept = true;
		never->added = added;
		list->kept_count++;
	}
	return is_new ? 0 : 1;
}

int never_list_configure(struct never_list *list, const struct network *network, const char *key)
{
	struct never *never = find(list, network);

	if (never != NULL && never->configured != NULL)
		return 1;
	if (list->configured_count == NEVER_CONFIGURED_MAX)
		return -ENOSPC;
	if (never == NULL)
		never = new_never(list, network);
	if (never == NULL)
		return -ENOMEM;
	never->configured = key;
	list->configured_count++;
	return 0;
}

void never_list_unconfigure(struct never_list *list)
{
	list->configured_count = 0;
	for (size_t i = list->count; i > 0; i--) {
		list->entries[i - 1]->configured = NULL;
		if (!list->entries[i - 1]->kept)
			remove_never(list, i - 1);
	}
}

int never_list_remove(struct never_list *list, const struct network *network)
{
	struct never *never = find(list, network);
	size_t at = 0;

	if (never == NULL)
		return -ENOENT;
	if (never->configured != NULL)
		return -EPERM;
	while (list->entries[at] != never)
		at++;
	remove_never(list, at);
	list->kept_count--;
	return 0;
}

void never_list_set_own(struct never_list *list, const struct address *addresses, size_t count)
{
	list->own_count = count < NEVER_OWN_MAX ? count : NEVER_OWN_MAX;
	if (list->own_count > 0)
		memcpy(list->own, addresses, list->own_count * sizeof(*addresses));
}

bool never_list_holds(const struct never_list *list, const struct address *address)
{
	if (address_is_loopback(address) || network_table_match(&list->table, address, NULL))
		return true;
	for (size_t i = 0; i < list->own_count; i++)
		if (address_equal(&list->own[i], address))
			return true;
	return false;
}

bool never_list_has(const struct never_list *list, const struct network *network)
{
	return find(list, network) != NULL;
}

bool never_list_touches(const struct never_list *list, const struct network *network)
{
	if (never_list_holds(list, &network->address))
		return true;
	for (size_t i = 0; i < list->count; i++)
		if (network_contains(network, &list->entries[i]->node.network.address))
			return true;
	for (size_t i = 0; i < list->own_count; i++)
		if (network_contains(network, &list->own[i]))
			return true;
	return false;
}

const struct never *never_list_next(const struct never_list *list, int64_t from)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i]->number >= from)
			return list->entries[i];
	return NULL;
}

size_t never_list_count(const struct never_list *list)
{
	return list->count;
}

size_t never_list_own_count(const struct never_list *list)
{
	return list->own_count;
}

const struct address *never_list_own(const struct never_list *list, size_t index)
{
	return &list->own[index];
}
