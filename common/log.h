/*
 * One line an event, to the journal with fields for machines where stderr is the journal's, to
 * stderr where that is a terminal, pipe or file, else to syslog: under inetd stderr is the
 * caller's socket and is never written to.
 *
 * Whatever came from the network is passed as an argument or a field, never as the format; the
 * text is made safe here: control characters and bytes that are not UTF-8 appear as \xNN
 * (common/printable.h). So are the values of fields: journalctl -x shows them on a terminal.
 *
 * A destination that takes no more loses lines rather than delay the caller; how many is said as
 * soon as it takes one again. Before log_open() nothing is written anywhere.
 */
#ifndef VDTGW_COMMON_LOG_H
#define VDTGW_COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As in syslog(3). */
enum log_priority {
	LOG_PRIORITY_ERROR = 3,
	LOG_PRIORITY_WARNING = 4,
	LOG_PRIORITY_NOTICE = 5,
	LOG_PRIORITY_INFO = 6,
	LOG_PRIORITY_DEBUG = 7,
};

/* name: upper case, VDTGW_…; a NULL value leaves the field out. */
struct log_field {
	const char *name;
	const char *value;
};

enum {
	LOG_LINE_MAX = 1024,  /* bytes of a line; what is longer is cut and marked "…" */
	LOG_FIELDS_MAX = 32,  /* fields beyond it are left out */
	LOG_COMMON_MAX = 8,   /* of those, the ones that every line carries */
	LOG_FIELD_MAX = 4096, /* bytes of a field's value; what is longer is cut */
};

/* Chooses the destination; a second call chooses again. program is kept, not copied.
 * stderr_is_peer: never write to it. */
void log_open(const char *program, bool stderr_is_peer);
/* What every line carries from now on, beside fields of its own: LOG_COMMON_MAX fields at most,
 * whose strings are kept, not copied. None: count 0. */
void log_set_fields(const struct log_field *fields, size_t field_count);
/* Debug lines are dropped unless the environment has VDTGW_DEBUG=1. */
void log_write(enum log_priority priority, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* message_id: 32 hexadecimal digits, or NULL. Fields go to the journal only. Both calls leave errno
 * as it was. */
void log_event(enum log_priority priority, const char *message_id, const struct log_field *fields,
	       size_t field_count, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* A line that another program wrote, under that program's own name, made safe as all others. */
void log_line_of(const char *program, pid_t process, const char *text, size_t length);
/* Whether what is logged goes to the journal. */
bool log_is_in_journal(void);

#define log_error(...)   log_write(LOG_PRIORITY_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_PRIORITY_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_PRIORITY_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_PRIORITY_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_PRIORITY_DEBUG, __VA_ARGS__)

#endif
