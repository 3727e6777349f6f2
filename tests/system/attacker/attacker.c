/*
 * The code of someone who took a session over: shuts the doors as vdtgw-session does, or leaves
 * them open to show what would have been, tries one thing, and prints "done" or the error.
 *
 * usage: attacker open|closed ATTACK [ARGUMENT…]
 *        attacker open|closed victim     holds a secret until its standard input ends
 *        attacker list                   the attacks
 */
#include "tests/system/attacker/attacks.h"
#include "vdtgw-session/sandbox.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Says where it keeps what, for others to try. */
static int be_victim(void)
{
	static char secret[] = "the caller's password";
	char byte;

	printf("%#lx %d\n", (unsigned long)(uintptr_t)secret, STDERR_FILENO);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *doors = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : "";
	int result;

	if (strcmp(doors, "list") == 0) {
		for (const struct attack *attack = attacks; attack->name != NULL; attack++)
			puts(attack->name);
		return 0;
	}
	if (strcmp(doors, "closed") == 0)
		sandbox_close_doors(0);
	else if (strcmp(doors, "open") != 0)
		return 64;
	if (strcmp(name, "victim") == 0)
		return be_victim();
	for (const struct attack *attack = attacks; attack->name != NULL; attack++) {
		if (strcmp(name, attack->name) != 0)
			continue;
		errno = 0;
		result = attack->run(argv + 3);
		puts(result >= 0 ? "done" : strerrorname_np(errno));
		return 0;
	}
	return 64;
}
