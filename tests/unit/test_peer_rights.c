/* links: vdtgw-supervisor */
/* Other users connect: only root can play them. */
#include "vdtgw-supervisor/peers/peer_rights.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	NOBODY = 65534,
	GROUPS_MAX = 1000,
	/* In Debian for ever (base-passwd). */
	DAEMON = 1,
	BIN = 2,
};

static const struct {
	const char *group; /* that has the right; NULL: everybody has */
	uid_t user;
	gid_t own_group;
	size_t others; /* other groups, the last of which is last_group */
	gid_t last_group;
	bool allowed;
} cases[] = {
	{ NULL, NOBODY, NOBODY, 0, 0, true },
	{ "daemon", 0, 0, 0, 0, true },
	{ "daemon", NOBODY, NOBODY, 0, 0, false },
	{ "daemon", NOBODY, DAEMON, 0, 0, true },
	{ "daemon", NOBODY, NOBODY, 1, DAEMON, true },
	{ "daemon", NOBODY, NOBODY, 1, BIN, false },
	{ "daemon", NOBODY, NOBODY, GROUPS_MAX, DAEMON, true },
	{ "daemon", NOBODY, NOBODY, GROUPS_MAX, BIN, false },
	{ "no-such-group", 0, 0, 0, 0, true },
	{ "no-such-group", NOBODY, NOBODY, 1, DAEMON, false },
	/* What a group that does not exist must not be taken for. */
	{ "no-such-group", NOBODY, 0, 1, 0, false },
};

static void become(size_t i)
{
	gid_t groups[GROUPS_MAX];

	for (size_t j = 0; j < cases[i].others; j++)
		groups[j] = j + 1 < cases[i].others ? (gid_t)(100000 + j) : cases[i].last_group;
	if (setgroups(cases[i].others, groups) < 0 || setgid(cases[i].own_group) < 0 ||
	    setuid(cases[i].user) < 0)
		_exit(1);
}

/* A process of another user that connects and ends; the descriptor of our side. */
static int connection_of(int listener, const struct sockaddr_un *address, socklen_t length,
			 size_t i)
{
	pid_t child = fork();
	int status, descriptor;

	assert_true(child >= 0);
	if (child == 0) {
		int client = socket(AF_UNIX, SOCK_STREAM, 0);

		become(i);
		_exit(connect(client, (const struct sockaddr *)address, length) < 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	descriptor = accept(listener, NULL, NULL);
	assert_true(descriptor >= 0);
	return descriptor;
}

static void test_root_and_the_group_have_the_right_and_nobody_else(void **state)
{
	/* Abstract, so that everybody reaches it; the kernel chooses the name. */
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(sa_family_t);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	if (geteuid() != 0) {
		fputs("skipped: only root can play other users\n", stderr);
		skip();
	}
	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	length = sizeof(address);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(listen(listener, 1), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int descriptor = connection_of(listener, &address, length, i);
		struct peer_rights rights;
		struct ucred peer;

		peer_rights_init(&rights, cases[i].group);
		if (peer_rights_allow(&rights, descriptor, &peer) != cases[i].allowed)
			fail_msg("case %zu", i);
		assert_int_equal(peer.uid, cases[i].user);
		close(descriptor);
	}
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_and_the_group_have_the_right_and_nobody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
