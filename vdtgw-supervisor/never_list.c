/*
 * The list of who is never banned: a table to look addresses up in, and an array in the order of
 * adding, for administrators.
 */
#include "vdtgw-supervisor/never_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct never_list {
	struct network_table table;
	struct never *entries[NEVER_LIST_MAX];
	size_t count;
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

int never_list_add(struct never_list *list, const struct network *network, bool configured,
		   int64_t added, const char *comment)
{
	struct never *never = (struct never *)network_table_find(&list->table, network);

	if (never != NULL)
		return !never->configured && set_comment(never, comment) < 0 ? -ENOMEM : 1;
	if (list->count == NEVER_LIST_MAX)
		return -ENOSPC;
	never = calloc(1, sizeof(*never));
	if (never == NULL || set_comment(never, comment) < 0) {
		free(never);
		return -ENOMEM;
	}
	never->node.network = *network;
	never->number = list->next_number++;
	never->added = added;
	never->configured = configured;
	network_table_add(&list->table, &never->node);
	list->entries[list->count++] = never;
	return 0;
}

int never_list_remove(struct never_list *list, const struct network *network)
{
	struct never *never = (struct never *)network_table_find(&list->table, network);
	size_t at = 0;

	if (never == NULL)
		return -ENOENT;
	if (never->configured)
		return -EPERM;
	while (list->entries[at] != never)
		at++;
	list->count--;
	memmove(&list->entries[at], &list->entries[at + 1],
		(list->count - at) * sizeof(struct never *));
	network_table_remove(&list->table, &never->node);
	free_never(never);
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
	return network_table_find(&list->table, network) != NULL;
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
