/*
 * Says of an event whom it is about and what it is, for people.
 */
#include "common/event_words.h"

#include "common/words.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

void event_words_address(const json_t *event, char ret_text[EVENT_WORDS_ADDRESS_MAX],
			 struct answer_fault *fault)
{
	const char *address = answer_text(event, "address", fault);
	const char *transport = answer_text(event, "transport", fault);
	int64_t port = answer_integer(event, "port", fault);

	if (address == NULL || address[0] == '\0')
		snprintf(ret_text, EVENT_WORDS_ADDRESS_MAX, "%s", transport != NULL ? "local" : "");
	else if (port <= 0)
		snprintf(ret_text, EVENT_WORDS_ADDRESS_MAX, "%s", address);
	else if (strchr(address, ':') != NULL)
		snprintf(ret_text, EVENT_WORDS_ADDRESS_MAX, "[%s]:%lld", address, (long long)port);
	else
		snprintf(ret_text, EVENT_WORDS_ADDRESS_MAX, "%s:%lld", address, (long long)port);
}

void event_words_who(const json_t *event, char ret_text[EVENT_WORDS_WHO_MAX],
		     struct answer_fault *fault)
{
	const char *transport = answer_text(event, "transport", fault);
	int64_t session = answer_integer(event, "session", fault);
	char address[EVENT_WORDS_ADDRESS_MAX], number[WORDS_MAX];

	event_words_address(event, address, fault);
	snprintf(ret_text, EVENT_WORDS_WHO_MAX, "%s%s%s%s%s",
		 session >= 0 ? words_number(number, session) : "", session >= 0 ? " " : "",
		 transport != NULL ? transport : "", transport != NULL ? " " : "", address);
}

struct text {
	char *bytes;
	size_t size;
	size_t length;
};

/* Adds a part, with a comma before it unless it is the first one. */
static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	int written;

	if (text->length > 0 && text->length + 2 < text->size) {
		memcpy(text->bytes + text->length, ", ", 3);
		text->length += 2;
	}
	va_start(arguments, format);
	written =
	    vsnprintf(text->bytes + text->length, text->size - text->length, format, arguments);
	va_end(arguments);
	if (written > 0)
		text->length += (size_t)written;
	if (text->length >= text->size)
		text->length = text->size - 1;
}

void event_words_what(const json_t *event, char ret_text[EVENT_WORDS_WHAT_MAX],
		      struct answer_fault *fault)
{
	struct text what = { ret_text, EVENT_WORDS_WHAT_MAX, 0 };
	const char *service = answer_text(event, "service", fault);
	const char *state = answer_text(event, "state", fault);
	const char *reason = answer_text(event, "reason", fault);
	int64_t duration = answer_integer(event, "duration", fault);
	int64_t in = answer_integer(event, "bytes_in", fault);
	int64_t out = answer_integer(event, "bytes_out", fault);
	char number[WORDS_MAX], other[WORDS_MAX];

	ret_text[0] = '\0';
	if (state != NULL)
		add(&what, "%s", state);
	if (reason != NULL && reason[0] != '\0')
		add(&what, "%s", reason);
	if (service != NULL && service[0] != '\0')
		add(&what, "%s", service);
	if (duration >= 0)
		add(&what, "after %s", words_duration(number, duration));
	if (in >= 0 && out >= 0)
		add(&what, "%s in, %s out", words_size(number, in), words_size(other, out));
}
