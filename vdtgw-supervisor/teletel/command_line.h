/*
 * The messages of the command channel (PROTOCOLS.md section 4) as text: reads what the Teletel
 * server sends, writes what the gateway says. Pure.
 */
#ifndef VDTGW_SUPERVISOR_TELETEL_COMMAND_LINE_H
#define VDTGW_SUPERVISOR_TELETEL_COMMAND_LINE_H

#include "common/address.h"
#include "common/uri.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COMMAND_LINE_MAX = 65536, /* bytes of a line that is read */
	COMMAND_TAG_MAX = 64,     /* bytes of SESSION, the server's own number for a caller */
	COMMAND_PING_MAX = 3600,  /* s; a longer time is taken for this */
	COMMAND_SUBPROTOCOLS_MAX = 16,
	COMMAND_SUBPROTOCOL_MAX = 64, /* bytes of one */
	COMMAND_MESSAGE_MAX = 160,    /* bytes of a message that is written, its zero included */
};

/* "PID=PID,SESSION,CONNECT,URI,PING,SUBPROTOCOLS", as far as it could be read. */
struct command_line {
	int64_t pid;                   /* the gateway's number for the caller; 0: not read */
	const char *command;           /* within the line: what follows "PID=PID,"; NULL: nothing */
	size_t command_length;         /* without the end of the line */
	char tag[COMMAND_TAG_MAX + 1]; /* SESSION; empty: not read */
	/* The rest is set for a line without fault only. */
	char uri[URI_MAX];
	unsigned ping; /* s, 0: none */
	size_t subprotocol_count;
	char subprotocols[COMMAND_SUBPROTOCOLS_MAX][COMMAND_SUBPROTOCOL_MAX + 1];
};

/* Reads length bytes, of any kind. Returns 0; or -EPROTO with *ret_why a static text that says what
 * is wrong, and in *ret_line what could be read all the same: its pid, command and tag. */
int command_line_parse(struct command_line *ret_line, const char *text, size_t length,
		       const char **ret_why);

/* What the Teletel server can use as SESSION: 1 to COMMAND_TAG_MAX printable characters of ASCII
 * without comma. */
bool command_tag_is_valid(const char *tag);
/* A token of RFC 7230 of at most COMMAND_SUBPROTOCOL_MAX bytes. */
bool command_subprotocol_is_valid(const char *name);

/* What is said of one caller and one redirection: "UserRedirecting,,,PID,SESSION" … */
enum command_event {
	COMMAND_REDIRECTING,
	COMMAND_REDIRECTED,
	COMMAND_REQUESTED_CLOSE,
	COMMAND_REDIRECT_ENDED,
	COMMAND_EVENT_COUNT,
};

/* Each of these returns the length of the message. */
size_t command_format_event(char ret_text[COMMAND_MESSAGE_MAX], enum command_event event,
			    int64_t pid, const char *tag);
/* address is empty for a caller without one. */
size_t command_format_new_user(char ret_text[COMMAND_MESSAGE_MAX], bool websocket,
			       const char *address, uint16_t port, int64_t pid);
/* What the echo of a command begins with: the command itself follows. */
size_t command_format_echo(char ret_text[COMMAND_MESSAGE_MAX], int64_t pid);
size_t command_format_gone(char ret_text[COMMAND_MESSAGE_MAX], int64_t pid);

#endif
