/*
 * Session numbers: blocks of them are reserved in the database with one durable write each, so
 * that a crash skips numbers rather than repeat them, and an admission costs no write. Without a
 * database the clock's milliseconds are the numbers: they are far above, and only a clock set back
 * could repeat one.
 */
#include "vdtgw-supervisor/sessions/session_numbers.h"

#include <stddef.h>

void session_numbers_init(struct session_numbers *numbers, struct database *database)
{
	*numbers = (struct session_numbers) { .database = database, .next = 1, .end = 1 };
}

static bool from_clock(int64_t number)
{
	return number >= SESSION_NUMBERS_CLOCK;
}

/* Starts a block: of the database's numbers if it can be written, else of the clock's. */
static void start_block(struct session_numbers *numbers, int64_t now, bool *ret_failed)
{
	int64_t least = from_clock(numbers->next) ? 1 : numbers->next;
	int64_t first;

	if (numbers->database != NULL) {
		if (database_reserve_numbers(numbers->database, least, SESSION_NUMBERS_BLOCK,
					     &first) == 0) {
			numbers->next = first;
			numbers->end = first + SESSION_NUMBERS_BLOCK;
			return;
		}
		*ret_failed = true;
	}
	first = now / 1000;
	if (first < SESSION_NUMBERS_CLOCK)
		first = SESSION_NUMBERS_CLOCK;
	if (numbers->next < first)
		numbers->next = first;
	numbers->end = numbers->next + SESSION_NUMBERS_BLOCK;
}

int64_t session_numbers_take(struct session_numbers *numbers, int64_t now, bool *ret_failed)
{
	*ret_failed = false;
	if (numbers->next >= numbers->end)
		start_block(numbers, now, ret_failed);
	return numbers->next++;
}

bool session_numbers_claim(struct session_numbers *numbers, int64_t number)
{
	if (number < 1 || number > SESSION_NUMBERS_MAX)
		return false;
	if (from_clock(number) == from_clock(numbers->next) && number >= numbers->next)
		numbers->next = number + 1;
	return true;
}
