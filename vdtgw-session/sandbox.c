/*
 * Shuts the doors, in the order in which one needs another: limits, then no new privileges, then
 * files (Landlock), then system calls (seccomp), which forbids all of this.
 */
#include "vdtgw-session/sandbox.h"

#include "common/embed.h"
#include "common/log.h"
#include "vdtgw-session/sandbox_files.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What filter/compile.c printed. */
EMBED(sandbox_filter, "sandbox_filter.bpf");
extern const char sandbox_filter[];
extern const size_t sandbox_filter_length;

enum {
	DATA_MAX = 64 * 1024 * 1024, /* bytes of memory: a call needs less than two million */
};

static void limit(__rlimit_resource_t resource, rlim_t value)
{
	const struct rlimit both = { value, value };

	/* Fails where the limit is lower already. */
	(void)setrlimit(resource, &both);
}

/* VDTGW_NO_SANDBOX is for builds that are tested under valgrind, and for nothing else. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(VDTGW_NO_SANDBOX)

/* RLIMIT_NPROC is left alone: it counts all processes of the user, so that one caller's threads
 * could use up what the resolvers of all others need. The filter allows threads only, and systemd
 * counts them (TasksMax=). */
static void limit_resources(uint64_t file_size)
{
	struct stat status;

	limit(RLIMIT_DATA, DATA_MAX);
	limit(RLIMIT_MEMLOCK, 0);
	/* EFBIG tells the writer; the signal would end the call. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* A log that is a file may be of any size. */
	if (fstat(STDERR_FILENO, &status) < 0 || !S_ISREG(status.st_mode))
		limit(RLIMIT_FSIZE, file_size);
}

static int filter_system_calls(void)
{
	const struct sock_fprog program = {
		.len = (unsigned short)(sandbox_filter_length / sizeof(struct sock_filter)),
		/* The kernel copies it. */
		.filter = (struct sock_filter *)(uintptr_t)sandbox_filter,
	};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}

static void shut(uint64_t file_size)
{
	int result;

	limit_resources(file_size);
	/* Other sessions have the same user: without this they could trace each other and read each
	 * other's memory, descriptors and environment. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warning("this process cannot be closed to others: %s", strerror(errno));
	result = sandbox_files_close();
	/* Old kernels and some containers have none: nothing that a line for each call would mend.
	 */
	if (result < 0)
		log_debug("files are protected by their modes only (Landlock: %s)",
			  strerror(-result));
	result = filter_system_calls();
	if (result < 0)
		log_warning("all system calls stay open (seccomp: %s)", strerror(-result));
}

#else

/* The sanitizers trace their own process, symbolise in another program, write files and reserve
 * terabytes, and valgrind is as free with its process: nothing of the above is for them. */
static void shut(uint64_t file_size)
{
	(void)file_size;
}

#endif

void sandbox_close_doors(uint64_t file_size)
{
	limit(RLIMIT_NOFILE, SANDBOX_DESCRIPTORS_MAX);
	limit(RLIMIT_CORE, 0);
	shut(file_size);
}
