/*
 * The list of bans, held in three orders: by network in a hash table (admission), by end in a heap
 * (expiry, and what is forgotten when the list is full), and by number in an array (pages of it for
 * administrators).
 */
#include "vdtgw-supervisor/bans/ban_list.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIZE_MIN = 64,
};

/* One place of the array in the order of numbers; ban NULL: it has ended. */
struct numbered {
	int64_t number;
	struct ban *ban;
};

struct ban_list {
	struct network_table table;
	struct ban **queue; /* a binary heap: the first one ends first */
	size_t count;
	size_t queue_size;
	struct numbered *numbered;
	size_t numbered_count; /* those that have ended included */
	size_t numbered_size;
	int64_t next_number;
};

static const char *const reason_names[] = {
	[BAN_SHORT_SESSION] = "short_session",   [BAN_TYPING_SPEED] = "typing_speed",
	[BAN_PROTOCOL_ABUSE] = "protocol_abuse", [BAN_NO_HANDSHAKE] = "no_handshake",
	[BAN_ADMINISTRATOR] = "administrator",   [BAN_IMPORTED] = "imported",
};
static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == BAN_REASON_COUNT,
	      "a name for each reason");

const char *ban_reason_name(enum ban_reason reason)
{
	return reason_names[reason];
}

int ban_reason_from_name(enum ban_reason *ret_reason, const char *name)
{
	for (int i = 0; i < BAN_REASON_COUNT; i++) {
		if (strcmp(reason_names[i], name) == 0) {
			*ret_reason = (enum ban_reason)i;
			return 0;
		}
	}
	return -EINVAL;
}

int64_t ban_ends(const struct ban *ban)
{
	return ban->visited + ban->duration;
}

int ban_list_new(struct ban_list **ret_list, uint64_t seed)
{
	struct ban_list *list = calloc(1, sizeof(*list));

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

static void free_ban(struct ban *ban)
{
	if (ban == NULL)
		return;
	free(ban->comment);
	free(ban);
}

void ban_list_free(struct ban_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		free_ban(list->queue[i]);
	free(list->queue);
	free(list->numbered);
	network_table_done(&list->table);
	free(list);
}

/* The heap. */

static void place(struct ban_list *list, size_t at, struct ban *ban)
{
	list->queue[at] = ban;
	ban->in_queue = at;
}

static void move_up(struct ban_list *list, size_t at)
{
	struct ban *ban = list->queue[at];

	while (at > 0 && ban_ends(list->queue[(at - 1) / 2]) > ban_ends(ban)) {
		place(list, at, list->queue[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(list, at, ban);
}

static void move_down(struct ban_list *list, size_t at)
{
	struct ban *ban = list->queue[at];

	for (size_t child = 2 * at + 1; child < list->count; child = 2 * at + 1) {
		if (child + 1 < list->count &&
		    ban_ends(list->queue[child + 1]) < ban_ends(list->queue[child]))
			child++;
		if (ban_ends(list->queue[child]) >= ban_ends(ban))
			break;
		place(list, at, list->queue[child]);
		at = child;
	}
	place(list, at, ban);
}

static void reorder(struct ban_list *list, struct ban *ban)
{
	move_up(list, ban->in_queue);
	move_down(list, ban->in_queue);
}

/* The array of numbers. */

/* The place of the first one whose number is `number` or above. */
static size_t place_of(const struct ban_list *list, int64_t number)
{
	size_t low = 0, high = list->numbered_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->numbered[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Closes the gaps that bans have left, once they are the most of it. */
static void close_gaps(struct ban_list *list)
{
	size_t kept = 0;

	if (list->numbered_count < SIZE_MIN || list->count > list->numbered_count / 2)
		return;
	for (size_t i = 0; i < list->numbered_count; i++)
		if (list->numbered[i].ban != NULL)
			list->numbered[kept++] = list->numbered[i];
	list->numbered_count = kept;
}

/* Memory for one ban more, or for far fewer than there were; a failure to shrink is none. */
static int fit(struct ban_list *list)
{
	size_t size = list->queue_size;
	size_t needed = list->numbered_count + 1;
	struct ban **queue;
	struct numbered *numbered;

	if (size < needed)
		size = size > 0 ? 2 * size : SIZE_MIN;
	else if (size > SIZE_MIN && needed < size / 4)
		size /= 2;
	if (size == list->queue_size)
		return 0;
	queue = reallocarray(list->queue, size, sizeof(*queue));
	if (queue == NULL)
		return size < list->queue_size ? 0 : -ENOMEM;
	list->queue = queue;
	numbered = reallocarray(list->numbered, size, sizeof(*numbered));
	if (numbered == NULL)
		return size < list->queue_size ? 0 : -ENOMEM;
	list->numbered = numbered;
	list->queue_size = size;
	return 0;
}

/* Changes. */

static int set_terms(struct ban *ban, const struct ban_terms *terms)
{
	char *comment = NULL;

	if (terms->comment != NULL && terms->comment[0] != '\0') {
		comment = strndup(terms->comment, BAN_COMMENT_MAX);
		if (comment == NULL)
			return -ENOMEM;
	}
	free(ban->comment);
	ban->comment = comment;
	ban->since = terms->since;
	ban->visited = terms->visited;
	ban->duration = terms->duration;
	ban->reason = terms->reason;
	return 0;
}

static int add_new(struct ban_list *list, const struct network *network,
		   const struct ban_terms *terms, struct ban **ret_ban)
{
	struct ban *ban = calloc(1, sizeof(*ban));

	if (ban == NULL || set_terms(ban, terms) < 0 || fit(list) < 0) {
		free_ban(ban);
		return -ENOMEM;
	}
	ban->node.network = *network;
	ban->number = list->next_number++;
	network_table_add(&list->table, &ban->node);
	list->numbered[list->numbered_count++] = (struct numbered) { ban->number, ban };
	place(list, list->count++, ban);
	move_up(list, ban->in_queue);
	*ret_ban = ban;
	return 0;
}

int ban_list_add(struct ban_list *list, const struct network *network,
		 const struct ban_terms *terms, struct ban **ret_ban)
{
	struct ban *ban = ban_list_find(list, network);

	if (ban == NULL)
		return add_new(list, network, terms, ret_ban);
	if (set_terms(ban, terms) < 0)
		return -ENOMEM;
	reorder(list, ban);
	*ret_ban = ban;
	return 1;
}

void ban_list_remove(struct ban_list *list, struct ban *ban)
{
	size_t at = ban->in_queue;

	network_table_remove(&list->table, &ban->node);
	list->numbered[place_of(list, ban->number)].ban = NULL;
	list->count--;
	if (at < list->count) {
		place(list, at, list->queue[list->count]);
		reorder(list, list->queue[at]);
	}
	free_ban(ban);
	close_gaps(list);
	(void)fit(list);
}

struct ban *ban_list_find(const struct ban_list *list, const struct network *network)
{
	return (struct ban *)network_table_find(&list->table, network);
}

struct ban *ban_list_match(const struct ban_list *list, const struct address *address, int64_t now,
			   size_t *ret_looks)
{
	struct ban *ban = (struct ban *)network_table_match(&list->table, address, ret_looks);

	/* One that is over is still there until it is swept out: what a larger network's ban says
	 * then counts from that moment on. */
	return ban != NULL && ban_ends(ban) > now ? ban : NULL;
}

void ban_list_visit(struct ban_list *list, struct ban *ban, int64_t now)
{
	ban->refusals++;
	if (now <= ban->visited)
		return;
	ban->visited = now;
	move_down(list, ban->in_queue);
}

struct ban *ban_list_first_to_end(const struct ban_list *list)
{
	return list->count > 0 ? list->queue[0] : NULL;
}

size_t ban_list_count(const struct ban_list *list)
{
	return list->count;
}

bool ban_list_is_full(const struct ban_list *list)
{
	return list->count >= BAN_LIST_MAX;
}

struct ban *ban_list_next(const struct ban_list *list, int64_t from)
{
	for (size_t i = place_of(list, from); i < list->numbered_count; i++)
		if (list->numbered[i].ban != NULL)
			return list->numbered[i].ban;
	return NULL;
}
