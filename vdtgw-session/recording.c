/*
 * Writes what the caller types. The file is the supervisor's: it can only be appended to here, so
 * that whoever takes a session over reads nobody's typing.
 */
#include "vdtgw-session/recording.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

void recording_init(struct recording *recording)
{
	*recording = (struct recording) { .descriptor = -1 };
}

void recording_done(struct recording *recording)
{
	if (recording->descriptor >= 0)
		(void)close(recording->descriptor);
	recording->descriptor = -1;
}

int recording_begin(struct recording *recording, int descriptor, uint64_t room)
{
	struct stat status;
	int result = 0;

	if (recording->descriptor >= 0)
		result = -EALREADY;
	else if (fstat(descriptor, &status) < 0)
		result = -errno;
	else if (!S_ISREG(status.st_mode))
		result = -EINVAL;
	if (result < 0) {
		(void)close(descriptor);
		return result;
	}
	recording->descriptor = descriptor;
	recording->room = room;
	return 0;
}

void recording_write(struct recording *recording, const uint8_t *bytes, size_t length)
{
	if (recording->error != 0)
		recording->lost += length;
	if (recording->descriptor < 0)
		return;
	if (length > recording->room)
		length = (size_t)recording->room;
	while (length > 0) {
		ssize_t written = write(recording->descriptor, bytes, length);

		if (written <= 0) {
			recording->error = written < 0 ? -errno : -EIO;
			recording->lost = length;
			break;
		}
		bytes += written;
		length -= (size_t)written;
		recording->room -= (uint64_t)written;
	}
	if (recording->error != 0 || recording->room == 0)
		recording_done(recording);
}
