/*
 * What is to be changed in the kernel's sets, sent to the child process one script at a time: the
 * next one holds what has changed meanwhile.
 */
#include "vdtgw-supervisor/bans/kernel_set.h"

#include "common/log.h"
#include "common/microseconds.h"
#include "vdtgw-supervisor/bans/nftables_child.h"
#include "vdtgw-supervisor/bans/pending.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BATCH_MAX = 200,  /* networks of one script */
	LINES_MAX = 512,  /* bytes of what one network takes */
	WHOLE = 128,      /* bits: an IPv4 address */
	SUBSCRIBER = 64,  /* of an IPv6 one */
	ANSWER_WAIT = 60, /* s that a script may take */
};
_Static_assert(BATCH_MAX *LINES_MAX <= NFTABLES_SCRIPT_MAX, "a batch fits");

struct kernel_set {
	struct kernel_set_options options; /* its name is the one below */
	char name[KERNEL_SET_NAME_MAX + 1];
	char left[KERNEL_SET_NAME_MAX + 1]; /* sets that are to be emptied first; empty: none */
	struct event_loop *loop;
	struct watch *watch; /* of the child's socket; NULL: it does not run */
	struct timer *timer; /* of its answer, or of the next try */
	pid_t child;
	struct pending pending;
	bool busy;  /* a script is under way */
	bool told;  /* that it does not work */
	bool works; /* and was told so */
	bool start; /* the sets are to be made, and emptied, first */
};

struct script {
	char text[NFTABLES_SCRIPT_MAX];
	size_t length;
};

static void add_line(struct script *script, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_line(struct script *script, const char *format, ...)
{
	size_t room = sizeof(script->text) - script->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(script->text + script->length, room, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < room)
		script->length += (size_t)length;
}

/* The lines that bring one network up to date. An element's time-out cannot be changed, nor can one
 * be deleted that is not there: it is added, deleted, and added. */
static void add_network(const struct kernel_set *set, struct script *script,
			const struct network *network)
{
	const struct ban *ban = ban_list_find(set->options.bans, network);
	bool ipv4 = address_is_ipv4(&network->address);
	const char *suffix = ipv4 ? "" : "6";
	const char *name = set->options.name;
	int64_t left =
	    ban != NULL ? (ban_ends(ban) - set->options.now(set->options.context)) / 1000000 : 0;
	char address[ADDRESS_TEXT_MAX];

	if (network->prefix != (ipv4 ? WHOLE : SUBSCRIBER))
		return;
	address_format(&network->address, address);
	add_line(script, "add element %s%s { %s }\n", name, suffix, address);
	add_line(script, "delete element %s%s { %s }\n", name, suffix, address);
	if (left > 0 && !never_list_touches(set->options.nevers, network))
		add_line(script, "add element %s%s { %s timeout %llds }\n", name, suffix, address,
			 (long long)left);
}

/* The table's name is what stands before the set's. */
static void add_start(struct script *script, const char *name)
{
	add_line(script, "add table %.*s\n", (int)(strrchr(name, ' ') - name), name);
	add_line(script, "add set %s { type ipv4_addr; flags timeout; }\n", name);
	add_line(script, "add set %s6 { type ipv6_addr; flags timeout; }\n", name);
	add_line(script, "flush set %s\n", name);
	add_line(script, "flush set %s6\n", name);
}

static void stop_child(struct kernel_set *set)
{
	if (set->watch == NULL)
		return;
	watch_free(set->watch);
	set->watch = NULL;
	set->busy = false;
	/* A script is one transaction: it is done or not. */
	kill(set->child, SIGKILL);
	while (waitpid(set->child, NULL, 0) < 0 && errno == EINTR)
		;
}

static void give_up(struct kernel_set *set, const char *why)
{
	stop_child(set);
	pending_done(&set->pending);
	if (set->name[0] == '\0') {
		log_error("bans may still be in the kernel, although none are to be: %s", why);
		return;
	}
	if (!set->told)
		log_error("bans are not in the kernel (bans.nft_set = \"%s\"), and tried again "
			  "every %d s; the supervisor goes on refusing who is banned: %s",
			  set->options.name, KERNEL_SET_RETRY, why);
	set->told = true;
	set->works = false;
	timer_arm(set->timer, event_loop_now() + KERNEL_SET_RETRY * US_PER_S);
}

/* The script of what waits, or of its first part; empty: nothing waits that the kernel holds. */
static void write_script(struct kernel_set *set, struct script *script)
{
	script->length = 0;
	if (set->left[0] != '\0')
		add_start(script, set->left);
	set->left[0] = '\0';
	if (set->start)
		add_start(script, set->name);
	set->start = false;
	while (script->length == 0 && set->pending.count > 0) {
		size_t count = set->pending.count < BATCH_MAX ? set->pending.count : BATCH_MAX;

		for (size_t i = set->pending.count - count; i < set->pending.count; i++)
			add_network(set, script, &set->pending.networks[i]);
		pending_pop(&set->pending, count);
	}
}

/* Sends what waits, unless the child has not done the last script. */
static void send_next(struct kernel_set *set)
{
	static struct script script;

	if (set->watch == NULL || set->busy)
		return;
	write_script(set, &script);
	if (script.length == 0)
		return;
	if (send(watch_descriptor(set->watch), script.text, script.length,
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		give_up(set, strerror(errno));
		return;
	}
	set->busy = true;
	timer_arm(set->timer, event_loop_now() + ANSWER_WAIT * US_PER_S);
}

static void on_answer(void *context)
{
	struct kernel_set *set = context;
	char answer[NFTABLES_ANSWER_MAX + 1];
	ssize_t length =
	    recv(watch_descriptor(set->watch), answer, sizeof(answer) - 1, MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length <= 0) {
		give_up(set, "nftables cannot be spoken to (it needs CAP_NET_ADMIN: see "
			     "vdtgw-supervisor-nftables.conf)");
		return;
	}
	answer[length] = '\0';
	if (answer[0] != NFTABLES_DONE) {
		give_up(set, answer + 1);
		return;
	}
	set->busy = false;
	timer_disarm(set->timer);
	send_next(set);
	if (!set->busy && set->watch != NULL && set->name[0] == '\0') {
		stop_child(set);
		return;
	}
	if (!set->busy && set->watch != NULL && !set->works) {
		log_notice("bans are in the kernel, too (%s)", set->options.name);
		set->works = true;
		set->told = false;
	}
}

static void on_hung_up(void *context)
{
	give_up(context, "its process has ended");
}

static const struct watch_handlers handlers = {
	.readable = on_answer,
	.hung_up = on_hung_up,
};

static void add_all(struct kernel_set *set)
{
	const struct ban *ban = ban_list_next(set->options.bans, 0);

	pending_done(&set->pending);
	set->start = set->name[0] != '\0';
	for (; set->start && ban != NULL; ban = ban_list_next(set->options.bans, ban->number + 1))
		(void)pending_push(&set->pending, &ban->node.network);
}

static int start_child(struct kernel_set *set)
{
	int ends[2];
	int error = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	set->child = fork();
	if (set->child == 0)
		nftables_child_run(ends[1]);
	if (set->child < 0)
		error = -errno;
	close(ends[1]);
	if (error == 0) {
		error = watch_new(&set->watch, set->loop, ends[0], &handlers, set);
		if (error < 0) {
			kill(set->child, SIGKILL);
			waitpid(set->child, NULL, 0);
		}
	}
	if (error < 0) {
		close(ends[0]);
		return error;
	}
	add_all(set);
	send_next(set);
	return 0;
}

static void on_timer(void *context)
{
	struct kernel_set *set = context;
	int error;

	if (set->watch != NULL) {
		give_up(set, "it does not answer");
		return;
	}
	error = start_child(set);
	if (error < 0)
		give_up(set, strerror(-error));
}

void kernel_set_changed(struct kernel_set *set, const struct network *network)
{
	if (set == NULL || set->watch == NULL || set->name[0] == '\0')
		return;
	if (pending_push(&set->pending, network) < 0)
		add_all(set);
	send_next(set);
}

void kernel_set_renew(struct kernel_set *set)
{
	if (set == NULL || set->watch == NULL)
		return;
	add_all(set);
	send_next(set);
}

/* Only sets that the kernel has taken are emptied: what nftables has refused is not there. */
void kernel_set_rename(struct kernel_set *set, const char *name)
{
	if (strcmp(set->name, name) == 0)
		return;
	if (set->works)
		memcpy(set->left, set->name, sizeof(set->left));
	snprintf(set->name, sizeof(set->name), "%s", name);
	set->works = false;
	set->told = false;
	if (set->watch == NULL) {
		if (name[0] != '\0')
			timer_arm(set->timer, event_loop_now());
		else
			timer_disarm(set->timer);
		return;
	}
	add_all(set);
	send_next(set);
	if (!set->busy && set->name[0] == '\0')
		stop_child(set);
}

int kernel_set_new(struct kernel_set **ret_set, struct event_loop *loop,
		   const struct kernel_set_options *options)
{
	struct kernel_set *set = calloc(1, sizeof(*set));
	int error;

	if (set == NULL)
		return -ENOMEM;
	set->options = *options;
	snprintf(set->name, sizeof(set->name), "%s", options->name);
	set->options.name = set->name;
	set->loop = loop;
	error = timer_new(&set->timer, loop, on_timer, set);
	if (error < 0) {
		free(set);
		return error;
	}
	/* From the loop, once all is set up. */
	timer_arm(set->timer, event_loop_now());
	*ret_set = set;
	return 0;
}

void kernel_set_free(struct kernel_set *set)
{
	if (set == NULL)
		return;
	stop_child(set);
	timer_free(set->timer);
	pending_done(&set->pending);
	free(set);
}
