/* Sockets, clock and limits for the programs of the bench. */
#include "bench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

_Noreturn void bench_fail(const char *what)
{
	perror(what);
	exit(1);
}

uint64_t bench_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

int bench_listen(uint16_t *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int descriptor;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(descriptor, SOMAXCONN) < 0 ||
	    getsockname(descriptor, (struct sockaddr *)&address, &length) < 0)
		bench_fail("listening");
	*ret_port = ntohs(address.sin_port);
	return descriptor;
}

void bench_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		bench_fail("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		bench_fail("setrlimit");
}

void bench_set_nonblocking(int descriptor)
{
	if (fcntl(descriptor, F_SETFL, O_NONBLOCK) < 0)
		bench_fail("fcntl");
}
