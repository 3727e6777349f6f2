/*
 * Takes single values out of an answer and remembers the first that is not what it should be, so
 * that a command asks for all that it needs and looks for faults once.
 */
#include "common/answer.h"

#include <stdio.h>

/* The value under name where it is of the wanted type, else NULL. */
static json_t *take(const json_t *object, const char *name, bool (*is_wanted)(const json_t *value),
		    const char *wanted, struct answer_fault *fault)
{
	json_t *value = json_object_get(object, name);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (is_wanted(value))
		return value;
	if (fault->wanted == NULL) {
		snprintf(fault->name, sizeof(fault->name), "%s", name);
		fault->wanted = wanted;
	}
	return NULL;
}

static bool is_number(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0 &&
	       json_integer_value(value) <= ANSWER_INTEGER_MAX;
}

static bool is_boolean(const json_t *value)
{
	return json_is_boolean(value);
}

static bool is_text(const json_t *value)
{
	return json_is_string(value);
}

static bool is_object(const json_t *value)
{
	return json_is_object(value);
}

static bool is_array(const json_t *value)
{
	return json_is_array(value);
}

int64_t answer_integer(const json_t *object, const char *name, struct answer_fault *fault)
{
	const json_t *value = take(object, name, is_number, "a whole number from 0 to 2^60", fault);

	return value != NULL ? json_integer_value(value) : -1;
}

bool answer_boolean(const json_t *object, const char *name, struct answer_fault *fault)
{
	return json_is_true(take(object, name, is_boolean, "true or false", fault));
}

const char *answer_text(const json_t *object, const char *name, struct answer_fault *fault)
{
	return json_string_value(take(object, name, is_text, "a text", fault));
}

json_t *answer_object(const json_t *object, const char *name, struct answer_fault *fault)
{
	return take(object, name, is_object, "an object", fault);
}

json_t *answer_array(const json_t *object, const char *name, struct answer_fault *fault)
{
	return take(object, name, is_array, "a list", fault);
}
