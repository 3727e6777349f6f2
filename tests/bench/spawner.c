/*
 * The least that an inetd can be: accepts, and starts the program with the connection on
 * descriptors 0, 1 and 2. What it costs is what any inetd costs at least.
 *
 * usage: spawner PROGRAM [ARGUMENT…]; prints its port.
 */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sigaction children = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };
	uint16_t port;
	int door, descriptor;

	if (argc < 2) {
		fprintf(stderr, "usage: spawner PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	(void)sigaction(SIGCHLD, &children, NULL);
	door = bench_listen(&port);
	printf("%u\n", port);
	(void)fflush(stdout);
	while ((descriptor = accept4(door, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		switch (vfork()) {
		case -1:
			perror("vfork");
			break;
		case 0:
			(void)dup2(descriptor, 0);
			(void)dup2(descriptor, 1);
			(void)dup2(descriptor, 2);
			(void)execv(argv[1], argv + 1);
			_exit(127);
		}
		(void)close(descriptor);
	}
	bench_fail("accept");
}
