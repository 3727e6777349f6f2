/* The files that a folder of dumps holds, the oldest first. */
#ifndef VDTGW_SUPERVISOR_SESSIONS_DUMP_FILES_H
#define VDTGW_SUPERVISOR_SESSIONS_DUMP_FILES_H

#include <stddef.h>
#include <stdint.h>

enum {
	DUMP_NAME_MAX = 64,
	/* At once, when far more are there than allowed: a caller waits for it. */
	DUMP_REMOVED_MAX = 64,
};

/* "DumpData_LAUNCH_NUMBER.dmp"; _SUFFIX behind the number where it is not 0. */
struct dump_file {
	int64_t launch;
	int64_t number;
	unsigned suffix;
	int64_t changed; /* ns since the epoch */
};

/* Zero-initialised: empty. */
struct dump_files {
	struct dump_file *files;
	size_t first; /* those before it are gone */
	size_t end;
	size_t size;
};

void dump_file_name(const struct dump_file *file, char ret_name[DUMP_NAME_MAX]);
/* Reads the folder; whatever else it holds is none of ours. Returns 0 or -errno, with nothing in
 * *ret_files. */
int dump_files_init(struct dump_files *ret_files, int folder);
void dump_files_done(struct dump_files *files);
size_t dump_files_count(const struct dump_files *files);
/* The newest. 0 or -ENOMEM. */
int dump_files_add(struct dump_files *files, const struct dump_file *file);
/* Removes the oldest until there is room for one more of `most`, DUMP_REMOVED_MAX at most. One that
 * somebody else has removed is gone. Returns 0, or -errno where one cannot be. */
int dump_files_make_room(struct dump_files *files, int folder, size_t most);

#endif
