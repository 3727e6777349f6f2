/*
 * The values of the supervisor's answers, which may be an older or a newer one than we: what is
 * absent is not known, and shown so; what is of another type than org.vdtgw.Admin says is a fault.
 * Pure.
 */
#ifndef VDTGW_COMMON_ANSWER_H
#define VDTGW_COMMON_ANSWER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	ANSWER_NAME_MAX = 64, /* bytes of the name of what is at fault */
};

/* Of any number that an answer may hold: differences of two of them never overflow. */
#define ANSWER_INTEGER_MAX (INT64_C(1) << 60)

/* The first fault; zero-initialised: none. */
struct answer_fault {
	char name[ANSWER_NAME_MAX];
	const char *wanted; /* "a number" */
};

/* Each is what object has under name; strings, objects and arrays are borrowed from it. Where it is
 * absent, null, or at fault: -1, false, NULL. object may be NULL. */
int64_t answer_integer(const json_t *object, const char *name, struct answer_fault *fault);
bool answer_boolean(const json_t *object, const char *name, struct answer_fault *fault);
const char *answer_text(const json_t *object, const char *name, struct answer_fault *fault);
json_t *answer_object(const json_t *object, const char *name, struct answer_fault *fault);
json_t *answer_array(const json_t *object, const char *name, struct answer_fault *fault);

#endif
