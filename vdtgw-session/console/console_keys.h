/*
 * What is typed on a console, as keys. Anyone on this machine can connect to the door, and so can
 * web pages in the administrator's browser (a form sent to port 8999), so that what nobody types at
 * a console is told from what somebody does: what comes in one piece is judged as a whole, before
 * any key in it counts. Pure.
 */
#ifndef VDTGW_SESSION_CONSOLE_KEYS_H
#define VDTGW_SESSION_CONSOLE_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum {
	CONSOLE_KEYS_MAX = 16,   /* of one packet */
	CONSOLE_KEY_UNKNOWN = 0, /* a key, or a word, that means nothing here */
	CONSOLE_KEY_QUIT = 'q',
};

/* A key is a line of its own, or all that there is; letters in lower case; the end-of-file and
 * interrupt characters are CONSOLE_KEY_QUIT. An empty line is no key. Returns how many; or -EPROTO
 * for what is not typed by anyone: then none of it is to be carried out. */
int console_keys_read(char ret_keys[CONSOLE_KEYS_MAX], const uint8_t *bytes, size_t length);

#endif
