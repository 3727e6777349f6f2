/*
 * A row a session, in one of several orders: the numbers grow, or what somebody looks for is on
 * top.
 */
#include "vdtgwctl/session_table.h"

#include "vdtgwctl/words.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const order_names[] = {
	[SESSION_ORDER_NUMBER] = "number",   [SESSION_ORDER_TIME] = "time",
	[SESSION_ORDER_IDLE] = "idle",       [SESSION_ORDER_TRAFFIC] = "traffic",
	[SESSION_ORDER_ADDRESS] = "address",
};
static_assert(sizeof(order_names) / sizeof(order_names[0]) == SESSION_ORDER_COUNT,
	      "each order has its name");

static const struct table_column columns[] = {
	{ .title = "SESSION", .rank = 0, .right = true },
	{ .title = "STATE", .rank = 3 },
	{ .title = "BY", .rank = 5 },
	{ .title = "ADDRESS", .rank = 0, .least = 15 },
	{ .title = "PORT", .rank = 9, .right = true },
	{ .title = "TIME", .rank = 4, .right = true },
	{ .title = "IDLE", .rank = 6, .right = true },
	{ .title = "IN", .rank = 8, .right = true },
	{ .title = "OUT", .rank = 7, .right = true },
	{ .title = "QUEUE", .rank = 10, .right = true },
	{ .title = "REDIR", .rank = 11, .right = true, .left_out_empty = true },
	{ .title = "SERVICE", .rank = 2, .least = 16 },
	{ .title = "TERMINAL", .rank = 12, .least = 8, .left_out_empty = true },
};

/* One session while it is put in its place. */
struct entry {
	json_t *session;
	int64_t number;
	int64_t key; /* the largest comes first; then the smallest number */
	const char *text;
};

const char *session_order_name(enum session_order order)
{
	return order_names[order];
}

enum display_style session_state_style(const char *state)
{
	if (state == NULL)
		return DISPLAY_PLAIN;
	if (strcmp(state, "away") == 0)
		return DISPLAY_GOOD;
	if (strcmp(state, "redirecting") == 0 || strcmp(state, "calling-home") == 0)
		return DISPLAY_WARNING;
	return strcmp(state, "leaving") == 0 ? DISPLAY_FAINT : DISPLAY_PLAIN;
}

static int compare(const void *one, const void *other)
{
	const struct entry *left = one, *right = other;
	int texts = left->text != NULL && right->text != NULL ? strcmp(left->text, right->text) : 0;

	if (texts != 0)
		return texts;
	if (left->key != right->key)
		return left->key > right->key ? -1 : 1;
	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	return 0;
}

static struct entry make_entry(json_t *session, enum session_order order,
			       struct answer_fault *fault)
{
	struct entry entry = {
		.session = session,
		.number = answer_integer(session, "session", fault),
	};

	switch (order) {
	case SESSION_ORDER_NUMBER:
	case SESSION_ORDER_COUNT:
		break;
	case SESSION_ORDER_TIME:
		entry.key = -answer_integer(session, "started", fault);
		break;
	case SESSION_ORDER_IDLE:
		entry.key = answer_integer(session, "idle", fault);
		break;
	case SESSION_ORDER_TRAFFIC:
		entry.key = answer_integer(session, "bytes_in", fault) +
			    answer_integer(session, "bytes_out", fault);
		break;
	case SESSION_ORDER_ADDRESS:
		entry.text = answer_text(session, "address", fault);
		break;
	}
	return entry;
}

static void add_number(struct table *table, const json_t *session, const char *name,
		       const char *(*write)(char ret_text[WORDS_MAX], int64_t number),
		       struct answer_fault *fault)
{
	char text[WORDS_MAX];

	table_add(table, write(text, answer_integer(session, name, fault)));
}

static void add_row(struct table *table, const json_t *session, int64_t now,
		    struct answer_fault *fault)
{
	const char *state = answer_text(session, "state", fault);
	const char *address = answer_text(session, "address", fault);
	int64_t started = answer_integer(session, "started", fault);
	int64_t redirections = answer_integer(session, "redirections", fault);
	char text[WORDS_MAX];

	add_number(table, session, "session", words_number, fault);
	table_add_styled(table, state, session_state_style(state));
	table_add(table, answer_text(session, "transport", fault));
	table_add(table, address != NULL && address[0] != '\0' ? address : "local");
	add_number(table, session, "port", words_number, fault);
	table_add(table, words_duration(text, started < 0 || started > now ? -1 : now - started));
	add_number(table, session, "idle", words_duration, fault);
	add_number(table, session, "bytes_in", words_size, fault);
	add_number(table, session, "bytes_out", words_size, fault);
	add_number(table, session, "queue", words_size, fault);
	table_add(table, redirections > 0 ? words_number(text, redirections) : NULL);
	table_add(table, answer_text(session, "service", fault));
	table_add(table, answer_text(session, "terminal_type", fault));
}

int session_table_make(struct table **ret_table, json_t *sessions, enum session_order order,
		       int64_t now, struct answer_fault *fault)
{
	size_t count = json_array_size(sessions);
	struct entry *entries = calloc(count + 1, sizeof(*entries));
	struct table *table = NULL;

	if (entries == NULL ||
	    table_new(&table, columns, sizeof(columns) / sizeof(columns[0])) < 0) {
		free(entries);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		entries[i] = make_entry(json_array_get(sessions, i), order, fault);
	qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 0; i < count; i++)
		add_row(table, entries[i].session, now, fault);
	free(entries);
	*ret_table = table;
	return 0;
}
