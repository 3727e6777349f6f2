/* The attacks, one function each, by the bare system calls where the C library stands between. */
#include "tests/system/attacker/attacks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SECRET_SIZE = 8,
	PAGE = 4096,
};

static pid_t process_of(char **arguments)
{
	return (pid_t)strtol(arguments[0], NULL, 10);
}

/* Of the process that the first argument names. */
static int open_of_process(char **arguments, const char *file, int flags)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)process_of(arguments), file);
	return open(path, flags | O_CLOEXEC);
}

/* Other processes: their number, then where their secret is */

static int process_memory_file(char **arguments)
{
	char bytes[SECRET_SIZE];
	int memory = open_of_process(arguments, "mem", O_RDONLY);

	return memory < 0
		   ? -1
		   : (int)pread(memory, bytes, sizeof(bytes), strtol(arguments[1], NULL, 16));
}

static int vm_call(long number, char **arguments)
{
	char bytes[SECRET_SIZE] = "changed";
	struct iovec here = { bytes, sizeof(bytes) };
	struct iovec there = { (void *)strtoul(arguments[1], NULL, 16), sizeof(bytes) };

	return (int)syscall(number, process_of(arguments), &here, 1, &there, 1, 0);
}

static int process_vm_read(char **arguments)
{
	return vm_call(SYS_process_vm_readv, arguments);
}

static int process_vm_write(char **arguments)
{
	return vm_call(SYS_process_vm_writev, arguments);
}

static int process_trace(char **arguments)
{
	return (int)ptrace(PTRACE_SEIZE, process_of(arguments), NULL, NULL);
}

static int process_environment(char **arguments)
{
	return open_of_process(arguments, "environ", O_RDONLY);
}

static int process_memory_map(char **arguments)
{
	return open_of_process(arguments, "maps", O_RDONLY);
}

static int process_descriptor_file(char **arguments)
{
	return open_of_process(arguments, "fd/2", O_RDONLY);
}

static int process_descriptor(char **arguments)
{
	int process = (int)syscall(SYS_pidfd_open, process_of(arguments), 0);

	return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, STDERR_FILENO, 0);
}

static int process_kill(char **arguments)
{
	return kill(process_of(arguments), SIGKILL);
}

static int process_thread_kill(char **arguments)
{
	return (int)syscall(SYS_tgkill, process_of(arguments), process_of(arguments), SIGKILL);
}

static int process_queue_signal(char **arguments)
{
	return sigqueue(process_of(arguments), SIGKILL, (union sigval) { 0 });
}

/* A descriptor's news, as a signal of one's choice, to a process of one's choice. */
static int process_signal_by_descriptor(char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int talker = socket(AF_INET, SOCK_DGRAM, 0), listener = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fcntl(listener, F_SETOWN, process_of(arguments)) < 0 ||
	    fcntl(listener, F_SETSIG, SIGKILL) < 0 || fcntl(listener, F_SETFL, O_ASYNC) < 0 ||
	    bind(listener, (struct sockaddr *)&address, length) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		return -1;
	return (int)sendto(talker, "x", 1, 0, (struct sockaddr *)&address, length);
}

static int process_lower_limit(char **arguments)
{
	const struct rlimit none = { 0, 0 };

	return prlimit(process_of(arguments), RLIMIT_NOFILE, &none, NULL);
}

static int process_lower_priority(char **arguments)
{
	return setpriority(PRIO_PROCESS, (id_t)process_of(arguments), 19);
}

static int process_move(char **arguments)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	return sched_setaffinity(process_of(arguments), sizeof(first), &first);
}

/* Files: the path */

static int file_read(char **arguments)
{
	return open(arguments[0], O_RDONLY | O_CLOEXEC);
}

static int file_write(char **arguments)
{
	return open(arguments[0], O_WRONLY | O_CLOEXEC);
}

static int file_create(char **arguments)
{
	return open(arguments[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int file_create_nameless(char **arguments)
{
	return open(arguments[0], O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
}

static int file_remove(char **arguments)
{
	return unlink(arguments[0]);
}

static int file_truncate(char **arguments)
{
	return truncate(arguments[0], 0);
}

static int file_change_mode(char **arguments)
{
	return chmod(arguments[0], 0777);
}

static int file_link(char **arguments)
{
	return symlink("/etc", arguments[0]);
}

static int folder_list(char **arguments)
{
	return open(arguments[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int folder_make(char **arguments)
{
	return mkdir(arguments[0], 0700);
}

/* Sockets */

static int unix_connect(char **arguments)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(address.sun_path, arguments[0], sizeof(address.sun_path) - 1);
	return connect(descriptor, (struct sockaddr *)&address, sizeof(address));
}

static int abstract_connect(char **arguments)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t length = strlen(arguments[0]);

	memcpy(address.sun_path + 1, arguments[0], length);
	return connect(descriptor, (struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
}

static int port_bind(char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET };

	(void)arguments;
	return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof(address));
}

/* Any port: the kernel chooses one for who listens without bind(). Somebody calls. */
static int port_accept(char **arguments)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), caller = socket(AF_INET, SOCK_STREAM, 0);

	(void)arguments;
	if (listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0 ||
	    connect(caller, (struct sockaddr *)&address, length) < 0)
		return -1;
	return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static int socket_raw(char **arguments)
{
	(void)arguments;
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int socket_packet(char **arguments)
{
	(void)arguments;
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int socket_netlink_firewall(char **arguments)
{
	(void)arguments;
	return socket(AF_NETLINK, SOCK_RAW, 12);
}

static int socket_filter(char **arguments)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	struct sock_fprog program = { 1, &all };

	(void)arguments;
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program));
}

/* Programs */

static int program_run(char **arguments)
{
	(void)arguments;
	/* It says so itself. */
	return execve("/bin/echo", (char *[]) { "echo", "done", NULL }, environ);
}

static int ended(pid_t child)
{
	int status = 0;

	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	return status == 0 ? 0 : -1;
}

static int program_fork(char **arguments)
{
	pid_t child = fork();

	(void)arguments;
	if (child == 0)
		_exit(0);
	return ended(child);
}

static int program_clone(char **arguments)
{
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	(void)arguments;
	if (child == 0)
		_exit(0);
	return ended(child);
}

static int program_spawn(char **arguments)
{
	pid_t child;

	(void)arguments;
	errno = posix_spawn(&child, "/bin/true", NULL, NULL, (char *[]) { "true", NULL }, environ);
	return errno == 0 ? ended(child) : -1;
}

static int program_in_memory(char **arguments)
{
	(void)arguments;
	return (int)syscall(SYS_memfd_create, "program", 0);
}

/* Memory */

static int map(int protection, int flags)
{
	return mmap(NULL, PAGE, protection, flags | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int memory_made_executable(char **arguments)
{
	static char page[2 * PAGE] __attribute__((aligned(PAGE)));

	(void)arguments;
	return mprotect(page, PAGE, PROT_READ | PROT_EXEC);
}

static int memory_executable(char **arguments)
{
	(void)arguments;
	return map(PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static int memory_shared(char **arguments)
{
	(void)arguments;
	return map(PROT_READ | PROT_WRITE, MAP_SHARED);
}

/* A file that may be executed, its pages to be changed. */
static int memory_of_file(char **arguments)
{
	int library = open(arguments[0], O_RDONLY | O_CLOEXEC);

	if (library < 0)
		return -1;
	return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, library, 0) ==
		       MAP_FAILED
		   ? -1
		   : 0;
}

static int memory_segment(char **arguments)
{
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);

	(void)arguments;
	return segment < 0 ? -1 : shmctl(segment, IPC_RMID, NULL);
}

static int memory_without_end(char **arguments)
{
	(void)arguments;
	return mmap(NULL, (size_t)1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		   ? -1
		   : 0;
}

/* The kernel */

static int kernel_mount(char **arguments)
{
	return mount("none", arguments[0], "tmpfs", 0, NULL) < 0 ? -1 : umount(arguments[0]);
}

static int kernel_namespace(char **arguments)
{
	(void)arguments;
	return unshare(CLONE_NEWUSER);
}

static int kernel_clone_namespace(char **arguments)
{
	pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	(void)arguments;
	if (child == 0)
		_exit(0);
	return ended(child);
}

static int kernel_bpf(char **arguments)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};

	(void)arguments;
	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes));
}

static int kernel_io_uring(char **arguments)
{
	struct io_uring_params parameters = { 0 };

	(void)arguments;
	return (int)syscall(SYS_io_uring_setup, 1, &parameters);
}

static int kernel_userfaultfd(char **arguments)
{
	(void)arguments;
	return (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
}

static int kernel_perf(char **arguments)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(event),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
	};

	(void)arguments;
	return (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
}

static int kernel_keys(char **arguments)
{
	(void)arguments;
	return (int)syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -2, 1);
}

static int kernel_module(char **arguments)
{
	(void)arguments;
	return (int)syscall(SYS_init_module, "", 0, "");
}

static int kernel_root(char **arguments)
{
	return chroot(arguments[0]);
}

static int kernel_personality(char **arguments)
{
	(void)arguments;
	return (int)syscall(SYS_personality, 0x0400000 /* READ_IMPLIES_EXEC */);
}

static int kernel_host_name(char **arguments)
{
	char name[64];

	(void)arguments;
	return gethostname(name, sizeof(name)) < 0 ? -1 : sethostname(name, strlen(name));
}

static int kernel_dumpable_again(char **arguments)
{
	(void)arguments;
	return (int)syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0, 0);
}

static int kernel_limits_again(char **arguments)
{
	const struct rlimit none = { 0, 0 };

	(void)arguments;
	return setrlimit(RLIMIT_CORE, &none);
}

static int kernel_terminal_input(char **arguments)
{
	(void)arguments;
	/* EBADF tells that it came through. */
	return ioctl(-1, TIOCSTI, "x") < 0 && errno == EBADF ? 0 : -1;
}

#ifdef __x86_64__
/* The 32-bit getpid(), whose number is another call's among the 64-bit ones. */
static int kernel_old_calls(char **arguments)
{
	long result = 20;

	(void)arguments;
	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
	return result > 0 ? 0 : -1;
}
#endif

const struct attack attacks[] = {
	{ "process-memory-file", process_memory_file },
	{ "process-vm-read", process_vm_read },
	{ "process-vm-write", process_vm_write },
	{ "process-trace", process_trace },
	{ "process-environment", process_environment },
	{ "process-memory-map", process_memory_map },
	{ "process-descriptor-file", process_descriptor_file },
	{ "process-descriptor", process_descriptor },
	{ "process-kill", process_kill },
	{ "process-thread-kill", process_thread_kill },
	{ "process-queue-signal", process_queue_signal },
	{ "process-signal-by-descriptor", process_signal_by_descriptor },
	{ "process-lower-limit", process_lower_limit },
	{ "process-lower-priority", process_lower_priority },
	{ "process-move", process_move },
	{ "file-read", file_read },
	{ "file-write", file_write },
	{ "file-create", file_create },
	{ "file-create-nameless", file_create_nameless },
	{ "file-remove", file_remove },
	{ "file-truncate", file_truncate },
	{ "file-change-mode", file_change_mode },
	{ "file-link", file_link },
	{ "folder-list", folder_list },
	{ "folder-make", folder_make },
	{ "unix-connect", unix_connect },
	{ "abstract-connect", abstract_connect },
	{ "port-bind", port_bind },
	{ "port-accept", port_accept },
	{ "socket-raw", socket_raw },
	{ "socket-packet", socket_packet },
	{ "socket-netlink-firewall", socket_netlink_firewall },
	{ "socket-filter", socket_filter },
	{ "program-run", program_run },
	{ "program-fork", program_fork },
	{ "program-clone", program_clone },
	{ "program-spawn", program_spawn },
	{ "program-in-memory", program_in_memory },
	{ "memory-made-executable", memory_made_executable },
	{ "memory-executable", memory_executable },
	{ "memory-shared", memory_shared },
	{ "memory-of-file", memory_of_file },
	{ "memory-segment", memory_segment },
	{ "memory-without-end", memory_without_end },
	{ "kernel-mount", kernel_mount },
	{ "kernel-namespace", kernel_namespace },
	{ "kernel-clone-namespace", kernel_clone_namespace },
	{ "kernel-bpf", kernel_bpf },
	{ "kernel-io-uring", kernel_io_uring },
	{ "kernel-userfaultfd", kernel_userfaultfd },
	{ "kernel-perf", kernel_perf },
	{ "kernel-keys", kernel_keys },
	{ "kernel-module", kernel_module },
	{ "kernel-root", kernel_root },
	{ "kernel-personality", kernel_personality },
	{ "kernel-host-name", kernel_host_name },
	{ "kernel-dumpable-again", kernel_dumpable_again },
	{ "kernel-limits-again", kernel_limits_again },
	{ "kernel-terminal-input", kernel_terminal_input },
#ifdef __x86_64__
	{ "kernel-old-calls", kernel_old_calls },
#endif
	{ NULL, NULL },
};
