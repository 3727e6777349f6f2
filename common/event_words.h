/*
 * An event of org.vdtgw.Admin in words. Much of it is from the network, and is left as it came:
 * what shows it makes it safe (common/printable.h). Pure.
 */
#ifndef VDTGW_COMMON_EVENT_WORDS_H
#define VDTGW_COMMON_EVENT_WORDS_H

#include "common/answer.h"

enum {
	/* Bytes of these texts; what is longer is cut. */
	EVENT_WORDS_ADDRESS_MAX = 128,
	EVENT_WORDS_WHO_MAX = 256,
	EVENT_WORDS_WHAT_MAX = 8192,
};

/* "192.0.2.1:4711", "[2001:db8::1]:4711", "203.0.113.0/24", "local": empty where there is none. */
void event_words_address(const json_t *event, char ret_text[EVENT_WORDS_ADDRESS_MAX],
			 struct answer_fault *fault);
/* "12 telnet 192.0.2.1:4711" */
void event_words_who(const json_t *event, char ret_text[EVENT_WORDS_WHO_MAX],
		     struct answer_fault *fault);
/* State, reason, service, duration, bytes: those that it has. */
void event_words_what(const json_t *event, char ret_text[EVENT_WORDS_WHAT_MAX],
		      struct answer_fault *fault);

#endif
