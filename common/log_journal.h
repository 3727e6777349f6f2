/*
 * The journal's native protocol (systemd, "Native Journal Protocol"): one datagram an entry, sent
 * without libsystemd, which would cost each session more memory than all of its buffers.
 */
#ifndef VDTGW_COMMON_LOG_JOURNAL_H
#define VDTGW_COMMON_LOG_JOURNAL_H

#include "common/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#define LOG_JOURNAL_PATH "/run/systemd/journal/socket"

struct log_journal {
	int descriptor;
	struct sockaddr_un address;
};

struct log_journal_entry {
	enum log_priority priority;
	const char *identifier;
	pid_t process;          /* whose line it is; 0: this one's */
	const char *message_id; /* left out unless it is 32 hexadecimal digits */
	const char *message;
	const struct log_field *fields;
	size_t field_count;
};

/* True where descriptor is the stream that systemd connected to the journal and named in
 * $JOURNAL_STREAM, whose value is given ("DEVICE:INODE", or NULL). */
bool log_journal_owns(int descriptor, const char *journal_stream);

/* Nothing is connected, so a journal that restarts is found again. Returns 0 or -errno. */
int log_journal_init(struct log_journal *journal, const char *path);
void log_journal_done(struct log_journal *journal);

/* Never blocks. A value is cut at LOG_FIELD_MAX bytes; fields whose name the journal would refuse,
 * and those beyond LOG_FIELDS_MAX, are left out; all are where the system's limit on datagrams is
 * too low for them. Returns 0; -EAGAIN where the journal takes no more for now; or -errno. */
int log_journal_send(const struct log_journal *journal, const struct log_journal_entry *entry);

#endif
