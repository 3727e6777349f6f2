/*
 * The least that an inetd can be: accepts, and starts the program with the connection on
 * descriptors 0, 1 and 2. What it costs is what any inetd costs at least.
 *
 * usage: spawner PROGRAM [ARGUMENT…]; prints its port.
 */
#include "bench.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* posix_spawn() copies no page tables: what it costs is the program's own start. */
static void spawn(char **arguments, int descriptor)
{
	posix_spawn_file_actions_t actions;
	int error;

	(void)posix_spawn_file_actions_init(&actions);
	for (int standard = 0; standard <= 2; standard++)
		(void)posix_spawn_file_actions_adddup2(&actions, descriptor, standard);
	error = posix_spawn(NULL, arguments[0], &actions, NULL, arguments, environ);
	if (error != 0)
		fprintf(stderr, "spawner: %s: %s\n", arguments[0], strerror(error));
	(void)posix_spawn_file_actions_destroy(&actions);
}

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
		spawn(argv + 1, descriptor);
		(void)close(descriptor);
	}
	bench_fail("accept");
}
