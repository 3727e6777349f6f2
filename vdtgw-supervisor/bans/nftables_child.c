/*
 * Runs scripts by libnftables, which is loaded when it is needed: a machine that has not got it
 * runs all the rest.
 */
#include "vdtgw-supervisor/bans/nftables_child.h"

#include <dlfcn.h>
#include <errno.h>
#include <nftables/libnftables.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIBRARY "libnftables.so.1"

struct library {
	__typeof__(&nft_ctx_new) context_new;
	__typeof__(&nft_ctx_buffer_output) buffer_output;
	__typeof__(&nft_ctx_buffer_error) buffer_error;
	__typeof__(&nft_ctx_get_error_buffer) error_text;
	__typeof__(&nft_run_cmd_from_buffer) run;
	struct nft_ctx *context;
};

/* POSIX lets an object pointer be a function's, ISO C does not say so. */
static bool find(void *handle, const char *name, void *function)
{
	void *found = dlsym(handle, name);

	memcpy(function, &found, sizeof(found));
	return found != NULL;
}

/* Returns NULL, or why it cannot be used. */
static const char *load(struct library *library)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW);

	if (handle == NULL)
		return "the library " LIBRARY " cannot be loaded (Debian package libnftables1)";
	if (!find(handle, "nft_ctx_new", &library->context_new) ||
	    !find(handle, "nft_ctx_buffer_output", &library->buffer_output) ||
	    !find(handle, "nft_ctx_buffer_error", &library->buffer_error) ||
	    !find(handle, "nft_ctx_get_error_buffer", &library->error_text) ||
	    !find(handle, "nft_run_cmd_from_buffer", &library->run))
		return "the library " LIBRARY " is not one that we know";
	/* This may end the process, which is why it is one of its own. */
	library->context = library->context_new(NFT_CTX_DEFAULT);
	if (library->context == NULL || library->buffer_output(library->context) != 0 ||
	    library->buffer_error(library->context) != 0)
		return "nftables cannot be spoken to";
	return NULL;
}

/* The first line of what is said, without the script that follows it. */
static void answer(int descriptor, const char *why)
{
	char text[NFTABLES_ANSWER_MAX] = { NFTABLES_DONE };
	size_t length = 1;

	if (why != NULL) {
		int written = snprintf(text, sizeof(text), "%c%.*s", NFTABLES_FAILED,
				       (int)strcspn(why, "\n"), why);

		length = (size_t)written < sizeof(text) ? (size_t)written : sizeof(text) - 1;
	}
	if (send(descriptor, text, length, MSG_NOSIGNAL) < 0)
		_exit(EXIT_FAILURE);
}

static void run_script(int descriptor, struct library *library, const char *script)
{
	const char *why;

	if (library->run(library->context, script) == 0) {
		answer(descriptor, NULL);
		return;
	}
	why = library->error_text(library->context);
	answer(descriptor, why != NULL && why[0] != '\0' ? why : "nftables refuses it");
}

void nftables_child_run(int descriptor)
{
	static char script[NFTABLES_SCRIPT_MAX + 1];
	struct library library = { .context = NULL };
	const char *why;
	sigset_t none;

	/* The socket alone is ours; what the parent has blocked ends us. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(descriptor, 3) != 3)
		_exit(EXIT_FAILURE);
	(void)close_range(4, ~0U, 0);
	why = load(&library);
	for (;;) {
		ssize_t length = recv(3, script, NFTABLES_SCRIPT_MAX, 0);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			_exit(length < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
		script[length] = '\0';
		if (why != NULL)
			answer(3, why);
		else
			run_script(3, &library, script);
	}
}
