/*
 * A console: what happens on this gateway, as it happens, for who is on this machine, and a key for
 * each question (PROTOCOLS.md, section 6). It is no call: it joins nobody to a service, and the
 * supervisor counts it apart.
 */
#ifndef VDTGW_SESSION_CONSOLE_H
#define VDTGW_SESSION_CONSOLE_H

#include "common/config.h"
#include "common/event_loop.h"

struct console;

/* descriptor: the connected socket, taken on success only. The configuration is borrowed. The
 * console stops the loop, with status 0, when it is over. Returns 0 or -errno. */
int console_new(struct console **ret_console, struct event_loop *loop, const struct config *config,
		int descriptor);
/* This process is told to stop: who looks on is told, and the console closes. */
void console_terminate(struct console *console);
/* Accepts NULL. */
void console_free(struct console *console);

#endif
