/*
 * Lays out one entry of the journal as a list of byte ranges, without copying what the caller
 * holds, and sends it as one datagram.
 */
#include "common/log_journal.h"

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	OWN_FIELDS = 5,
	RANGES_A_FIELD = 5, /* name, separator, size, value, newline */
	FIELD_NAME_MAX = 64,
	MESSAGE_ID_DIGITS = 32,
};

struct layout {
	struct iovec ranges[(OWN_FIELDS + LOG_FIELDS_MAX) * RANGES_A_FIELD];
	uint64_t sizes[OWN_FIELDS + LOG_FIELDS_MAX]; /* little-endian */
	size_t range_count;
	size_t field_count;
};

bool log_journal_owns(int descriptor, const char *journal_stream)
{
	unsigned long long device;
	unsigned long long inode;
	struct stat status;
	int end = 0;

	if (!journal_stream || sscanf(journal_stream, "%llu:%llu%n", &device, &inode, &end) != 2 ||
	    journal_stream[end] != '\0')
		return false;
	return fstat(descriptor, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

int log_journal_init(struct log_journal *journal, const char *path)
{
	struct log_journal new_journal = { .address.sun_family = AF_UNIX };
	size_t length = strlen(path);

	if (length >= sizeof(new_journal.address.sun_path))
		return -ENAMETOOLONG;
	memcpy(new_journal.address.sun_path, path, length);
	new_journal.descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (new_journal.descriptor < 0)
		return -errno;
	*journal = new_journal;
	return 0;
}

void log_journal_done(struct log_journal *journal)
{
	if (journal->descriptor >= 0)
		close(journal->descriptor);
	journal->descriptor = -1;
}

static void add_range(struct layout *layout, const void *start, size_t length)
{
	/* The journal only reads what the ranges point at. */
	layout->ranges[layout->range_count++] = (struct iovec) {
		.iov_base = (void *)(uintptr_t)start,
		.iov_len = length,
	};
}

static void add_field(struct layout *layout, const char *name, const char *value)
{
	size_t length = strnlen(value, LOG_FIELD_MAX);
	uint64_t *size = &layout->sizes[layout->field_count++];

	add_range(layout, name, strlen(name));
	if (memchr(value, '\n', length)) {
		*size = htole64(length);
		add_range(layout, "\n", 1);
		add_range(layout, size, sizeof(*size));
	} else {
		add_range(layout, "=", 1);
	}
	add_range(layout, value, length);
	add_range(layout, "\n", 1);
}

/* A name that the journal would refuse makes it drop that field, or, with a separator in it, read
 * another field than was meant. */
static bool is_field_name(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return length > 0 && length <= FIELD_NAME_MAX && name[length] == '\0' && name[0] >= 'A' &&
	       name[0] <= 'Z';
}

static bool is_message_id(const char *message_id)
{
	return message_id && strlen(message_id) == MESSAGE_ID_DIGITS &&
	       strspn(message_id, "0123456789abcdefABCDEF") == MESSAGE_ID_DIGITS;
}

static int send_ranges(const struct log_journal *journal, struct layout *layout)
{
	struct sockaddr_un address = journal->address;
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = layout->ranges,
		.msg_iovlen = layout->range_count,
	};

	if (sendmsg(journal->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

int log_journal_send(const struct log_journal *journal, const struct log_journal_entry *entry)
{
	struct layout layout;
	const char priority[] = { (char)('0' + entry->priority), '\0' };
	char process[16];
	size_t own_ranges;
	size_t fields_added = 0;
	int r;

	layout.range_count = 0;
	layout.field_count = 0;
	snprintf(process, sizeof(process), "%d",
		 (int)(entry->process != 0 ? entry->process : getpid()));
	add_field(&layout, "PRIORITY", priority);
	add_field(&layout, "SYSLOG_IDENTIFIER", entry->identifier);
	add_field(&layout, "SYSLOG_PID", process);
	if (is_message_id(entry->message_id))
		add_field(&layout, "MESSAGE_ID", entry->message_id);
	add_field(&layout, "MESSAGE", entry->message);
	own_ranges = layout.range_count;
	for (size_t i = 0; i < entry->field_count && fields_added < LOG_FIELDS_MAX; i++) {
		const struct log_field *field = &entry->fields[i];

		if (!field->value || !is_field_name(field->name))
			continue;
		add_field(&layout, field->name, field->value);
		fields_added++;
	}
	r = send_ranges(journal, &layout);
	if (r == -EMSGSIZE && layout.range_count > own_ranges) {
		layout.range_count = own_ranges;
		r = send_ranges(journal, &layout);
	}
	return r;
}
