/*
 * Compiles the list of system calls that a session is left with into the program that the kernel
 * runs on each of them, and prints that program. It runs once, when vdtgw is built: a session then
 * needs neither libseccomp in its memory nor its milliseconds to compile, and hands the kernel a
 * constant.
 *
 * What is not in the list is refused with EPERM, or ENOSYS where that makes the C library do it in
 * a way that can be looked at. What no library of ours ever does, and someone who took the session
 * over wants first, ends the process; the kernel's audit log tells which call it was.
 */
#include <seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	NUMBER_MAX = 2048, /* of a system call: beyond all that there are */
	MAP_KIND = MAP_SHARED | MAP_PRIVATE,
	SOCKET_KIND = 0xf,   /* of a socket's type; the rest are flags */
	AUTOBIND_LENGTH = 2, /* of the address that asks for an abstract name */
};

/* With whatever arguments. What waits, computes, or works on descriptors that are open. */
static const int allowed[] = {
	SCMP_SYS(access),
	SCMP_SYS(brk),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_gettime64),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_nanosleep_time64),
	SCMP_SYS(close),
	SCMP_SYS(connect),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(faccessat),
	SCMP_SYS(fdatasync),
	SCMP_SYS(fstat),
	SCMP_SYS(fstat64),
	SCMP_SYS(fstatat64),
	SCMP_SYS(fsync),
	SCMP_SYS(futex),
	SCMP_SYS(futex_time64),
	SCMP_SYS(getdents64),
	SCMP_SYS(getegid),
	SCMP_SYS(getegid32),
	SCMP_SYS(geteuid),
	SCMP_SYS(geteuid32),
	SCMP_SYS(getgid),
	SCMP_SYS(getgid32),
	SCMP_SYS(getpeername),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getuid),
	SCMP_SYS(getuid32),
	/* A library connects its WebSockets by way of an abstract socket. Who listens elsewhere is
	 * called by nobody: there is neither bind() to a port nor accept(). */
	SCMP_SYS(listen),
	SCMP_SYS(lseek),
	SCMP_SYS(_llseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(nanosleep),
	SCMP_SYS(newfstatat),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(ppoll_time64),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(recvmmsg_time64),
	SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(send),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(shutdown),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(signalfd4),
	SCMP_SYS(sigreturn),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(sysinfo),
	SCMP_SYS(time),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_settime64),
	SCMP_SYS(uname),
	SCMP_SYS(write),
	SCMP_SYS(writev),
};

/* The C library asks for these first and does without. */
static const int unknown[] = {
	SCMP_SYS(clone3), /* its flags are in memory, where no filter sees them */
	SCMP_SYS(close_range), SCMP_SYS(epoll_pwait2), SCMP_SYS(faccessat2),
	SCMP_SYS(futex_waitv), SCMP_SYS(openat2),
};

static const int fatal[] = {
	/* Programs. */
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(memfd_create),
	SCMP_SYS(memfd_secret),
	/* Other processes. */
	SCMP_SYS(kcmp),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(process_madvise),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(ptrace),
	/* The parts of the kernel that break most often. */
	SCMP_SYS(add_key),
	SCMP_SYS(bpf),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(request_key),
	SCMP_SYS(userfaultfd),
	/* The machine. */
	SCMP_SYS(chroot),
	SCMP_SYS(delete_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(fsmount),
	SCMP_SYS(fsopen),
	SCMP_SYS(init_module),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(kexec_load),
	SCMP_SYS(mount),
	SCMP_SYS(move_mount),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(open_tree),
	SCMP_SYS(pivot_root),
	SCMP_SYS(reboot),
	SCMP_SYS(setns),
	SCMP_SYS(swapon),
	SCMP_SYS(umount2),
	SCMP_SYS(unshare),
};

/* Of the argument of that number, from 0. */
#define IS(number, value)                                                                          \
	{                                                                                          \
		.arg = (number), .op = SCMP_CMP_EQ, .datum_a = (value)                             \
	}
#define IS_BELOW(number, value)                                                                    \
	{                                                                                          \
		.arg = (number), .op = SCMP_CMP_LT, .datum_a = (value)                             \
	}
#define BITS_ARE(number, mask, value)                                                              \
	{                                                                                          \
		.arg = (number), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value)   \
	}

/* On s390 the flags come second. */
#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif
#define NOT_FOR_READING (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* Allowed where all comparisons hold; a call may have several rows. */
static const struct row {
	int call;
	unsigned count;
	struct scmp_arg_cmp comparisons[3];
} rows[] = {
	/* Private memory only, which RLIMIT_DATA counts; and that which is executed is of a file,
	 * and never written to: a plug-in of the resolver or of OpenSSL. */
	{ SCMP_SYS(mmap), 2, { BITS_ARE(2, PROT_EXEC, 0), BITS_ARE(3, MAP_KIND, MAP_PRIVATE) } },
	{ SCMP_SYS(mmap),
	  2,
	  { BITS_ARE(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
	    BITS_ARE(3, MAP_KIND | MAP_ANONYMOUS, MAP_PRIVATE) } },
	{ SCMP_SYS(mmap2), 2, { BITS_ARE(2, PROT_EXEC, 0), BITS_ARE(3, MAP_KIND, MAP_PRIVATE) } },
	{ SCMP_SYS(mmap2),
	  2,
	  { BITS_ARE(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
	    BITS_ARE(3, MAP_KIND | MAP_ANONYMOUS, MAP_PRIVATE) } },
	{ SCMP_SYS(mprotect), 1, { BITS_ARE(2, PROT_EXEC, 0) } },
	/* Threads, for the resolver; no process. */
	{ SCMP_SYS(clone), 1, { BITS_ARE(CLONE_FLAGS, CLONE_THREAD | CLONE_VFORK, CLONE_THREAD) } },
	/* Nothing is opened for writing: what is to be written to comes in open. */
	{ SCMP_SYS(openat), 1, { BITS_ARE(2, NOT_FOR_READING, 0) } },
	{ SCMP_SYS(open), 1, { BITS_ARE(1, NOT_FOR_READING, 0) } },
	/* One's own limits, to read. Another's could be lowered until it dies of them. */
	{ SCMP_SYS(prlimit64), 2, { IS(0, 0), IS(2, 0) } },
	{ SCMP_SYS(socket),
	  3,
	  { IS(0, AF_UNIX), BITS_ARE(1, SOCKET_KIND, SOCK_STREAM), IS(2, 0) } },
	{ SCMP_SYS(socket), 3, { IS(0, AF_UNIX), BITS_ARE(1, SOCKET_KIND, SOCK_DGRAM), IS(2, 0) } },
	{ SCMP_SYS(socket),
	  3,
	  { IS(0, AF_INET), BITS_ARE(1, SOCKET_KIND, SOCK_STREAM), IS(2, 0) } },
	{ SCMP_SYS(socket), 3, { IS(0, AF_INET), BITS_ARE(1, SOCKET_KIND, SOCK_DGRAM), IS(2, 0) } },
	{ SCMP_SYS(socket),
	  3,
	  { IS(0, AF_INET6), BITS_ARE(1, SOCKET_KIND, SOCK_STREAM), IS(2, 0) } },
	{ SCMP_SYS(socket),
	  3,
	  { IS(0, AF_INET6), BITS_ARE(1, SOCKET_KIND, SOCK_DGRAM), IS(2, 0) } },
	/* The resolver asks which kinds of address this machine has. */
	{ SCMP_SYS(socket),
	  3,
	  { IS(0, AF_NETLINK), BITS_ARE(1, SOCKET_KIND, SOCK_RAW), IS(2, 0) } },
	/* Its address, and the wish for an abstract name of the kernel's choice, are shorter than
	 * any address with a port. */
	{ SCMP_SYS(bind), 1, { IS(2, sizeof(struct sockaddr_nl)) } },
	{ SCMP_SYS(bind), 1, { IS(2, AUTOBIND_LENGTH) } },
	/* No filters, no protocols above TCP, nothing of a firewall. */
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_SOCKET), IS_BELOW(2, SO_ATTACH_FILTER) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_TCP), IS_BELOW(2, TCP_NOTSENT_LOWAT + 1) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IP), IS_BELOW(2, IP_MULTICAST_IF) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, IPPROTO_IPV6), IS_BELOW(2, IPV6_V6ONLY + 1) } },
	{ SCMP_SYS(setsockopt), 2, { IS(1, SOL_NETLINK), IS_BELOW(2, NETLINK_EXT_ACK + 1) } },
	/* Not F_SETOWN, nor what does the same by ioctl(): a way to send signals. */
	{ SCMP_SYS(fcntl), 1, { IS(1, F_DUPFD) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_DUPFD_CLOEXEC) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_GETFD) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_SETFD) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_GETFL) } },
	{ SCMP_SYS(fcntl), 1, { IS(1, F_SETFL) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_DUPFD) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_DUPFD_CLOEXEC) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_GETFD) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_SETFD) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_GETFL) } },
	{ SCMP_SYS(fcntl64), 1, { IS(1, F_SETFL) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, FIONREAD) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, FIONBIO) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, TCGETS) } },
	{ SCMP_SYS(ioctl), 1, { IS(1, SIOCGIFINDEX) } },
};

/* -EDOM: this architecture has no such call. */
static int accept_missing(int result)
{
	return result == -EDOM ? 0 : result;
}

static int add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++)
		result = accept_missing(seccomp_rule_add(filter, action, calls[i], 0));
	return result;
}

static int add_rows(scmp_filter_ctx filter)
{
	int result = 0;

	for (size_t i = 0; i < COUNT(rows) && result == 0; i++)
		result = accept_missing(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rows[i].call,
							       rows[i].count, rows[i].comparisons));
	return result;
}

/* To be run before the filter proper: a call younger than the libseccomp of the build is answered
 * as a kernel without it would, since the C library that knows it knows what to do then. */
static int print_beginning(void)
{
	struct sock_filter beginning[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	unsigned last = 0;

	for (int number = 0; number < NUMBER_MAX; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

		if (name != NULL)
			last = (unsigned)number;
		free(name);
	}
	if (last == 0)
		return -ENOSYS;
	beginning[1].k = last;
	return write(STDOUT_FILENO, beginning, sizeof(beginning)) == (ssize_t)sizeof(beginning)
		   ? 0
		   : -EIO;
}

int main(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = -ENOMEM;

	if (filter == NULL)
		goto out;
	/* 32-bit calls, under other numbers. */
	result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (result < 0)
		goto out;
	/* A binary search, not a list that is walked at each call. */
	result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (result < 0)
		goto out;
	result = add_list(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (result < 0)
		goto out;
	result = add_list(filter, SCMP_ACT_ERRNO(ENOSYS), unknown, COUNT(unknown));
	if (result < 0)
		goto out;
	result = add_list(filter, SCMP_ACT_KILL_PROCESS, fatal, COUNT(fatal));
	if (result < 0)
		goto out;
	result = add_rows(filter);
	if (result < 0)
		goto out;
	result = print_beginning();
	if (result < 0)
		goto out;
	result = seccomp_export_bpf(filter, STDOUT_FILENO);
out:
	seccomp_release(filter);
	if (result < 0)
		fprintf(stderr, "the filter of system calls cannot be compiled: %s\n",
			strerror(-result));
	return result < 0;
}
