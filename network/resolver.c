/*
 * Names to addresses. getaddrinfo() can take tens of seconds and cannot be interrupted, so that it
 * runs in a detached thread. The question is shared between that thread and the loop and freed by
 * whichever lets go last; an eventfd tells the loop that it is answered.
 */
#include "network/resolver.h"

#include "common/uri.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	/* Address space; the look-up touches a tenth of it, with the name services of Debian. */
	STACK_SIZE = 262144,
};

struct question {
	atomic_int holders; /* the loop, the thread */
	int answered;       /* eventfd, the thread's own descriptor of it */
	char host[URI_HOST_MAX];
	uint16_t port;
	int result; /* of getaddrinfo(), once answered */
	struct resolver_answer answer;
};

struct resolver {
	struct question *question; /* NULL where no thread is needed */
	struct watch *watch;
	struct timer *at_once;
	struct resolver_answer answer;
	void (*answer_to)(void *context, int result, const struct resolver_answer *answer,
			  const char *detail);
	void *context;
};

static atomic_int threads;

socklen_t resolver_address_length(const union resolver_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->ipv6) : sizeof(address->ipv4);
}

static void release(struct question *question)
{
	if (atomic_fetch_sub(&question->holders, 1) == 1)
		free(question);
}

/* Alternates the families, beginning with the one that the system prefers (RFC 8305, section 4),
 * so that a family which leads nowhere costs one attempt and not all. */
static void interleave(struct resolver_answer *ret_answer, const struct addrinfo *list,
		       uint16_t port)
{
	const struct addrinfo *next[2] = { list, list };
	struct resolver_answer answer = { 0 };
	int family[2] = { list->ai_family, list->ai_family == AF_INET6 ? AF_INET : AF_INET6 };
	int turn = 0;

	while (answer.count < RESOLVER_ADDRESSES_MAX && (next[0] != NULL || next[1] != NULL)) {
		while (next[turn] != NULL && next[turn]->ai_family != family[turn])
			next[turn] = next[turn]->ai_next;
		if (next[turn] != NULL) {
			union resolver_address *address = &answer.addresses[answer.count];

			if (family[turn] == AF_INET6) {
				memcpy(&address->ipv6, next[turn]->ai_addr, sizeof(address->ipv6));
				address->ipv6.sin6_port = htons(port);
				answer.count++;
			} else if (family[turn] == AF_INET) {
				memcpy(&address->ipv4, next[turn]->ai_addr, sizeof(address->ipv4));
				address->ipv4.sin_port = htons(port);
				answer.count++;
			}
			next[turn] = next[turn]->ai_next;
		}
		turn = 1 - turn;
	}
	*ret_answer = answer;
}

static void *look_up(void *argument)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct question *question = argument;
	struct addrinfo *list = NULL;
	const uint64_t one = 1;
	int descriptor = question->answered;

	question->result = getaddrinfo(question->host, NULL, &hints, &list);
	if (question->result == 0) {
		interleave(&question->answer, list, question->port);
		freeaddrinfo(list);
	}
	atomic_fetch_sub(&threads, 1);
	/* Never full: it is written once. */
	while (write(descriptor, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	close(descriptor);
	release(question);
	return NULL;
}

static int start_thread(struct question *question)
{
	pthread_attr_t attributes;
	sigset_t all;
	sigset_t before;
	pthread_t thread;
	int r;

	r = pthread_attr_init(&attributes);
	if (r != 0)
		return -r;
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	/* The thread needs no memory pool of its own, which would outlive it. */
	mallopt(M_ARENA_MAX, 1);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attributes, look_up, question);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

/* The resolver may be freed on return. */
static void answer(struct resolver *resolver, int result, const struct resolver_answer *found,
		   const char *detail)
{
	resolver->answer_to(resolver->context, result, found, detail);
}

static void on_answered(void *context)
{
	struct resolver *resolver = context;
	const struct question *question = resolver->question;
	uint64_t count;

	if (read(watch_descriptor(resolver->watch), &count, sizeof(count)) < 0)
		return;
	watch_read(resolver->watch, false);
	switch (question->result) {
	case 0:
		resolver->answer = question->answer;
		if (resolver->answer.count > 0)
			answer(resolver, 0, &resolver->answer, NULL);
		else
			answer(resolver, -ENOENT, NULL, "no Internet address");
		break;
	case EAI_NONAME:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		answer(resolver, -ENOENT, NULL, gai_strerror(question->result));
		break;
	default:
		answer(resolver, -EAGAIN, NULL, gai_strerror(question->result));
		break;
	}
}

static void on_at_once(void *context)
{
	struct resolver *resolver = context;

	answer(resolver, 0, &resolver->answer, NULL);
}

static const struct watch_handlers watch_handlers = { .readable = on_answered };

static int ask_system(struct resolver *resolver, struct event_loop *loop, const char *host,
		      uint16_t port)
{
	struct question *question;
	int descriptor;
	int r;

	if (strlen(host) >= sizeof(question->host))
		return -ENAMETOOLONG;
	if (atomic_load(&threads) >= RESOLVER_THREADS_MAX)
		return -EAGAIN;
	question = calloc(1, sizeof(*question));
	if (question == NULL)
		return -ENOMEM;
	question->holders = 2;
	question->port = port;
	strcpy(question->host, host);
	question->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	descriptor = fcntl(question->answered, F_DUPFD_CLOEXEC, 0);
	r = descriptor < 0
		? -errno
		: watch_new(&resolver->watch, loop, descriptor, &watch_handlers, resolver);
	if (r < 0)
		goto fail;
	descriptor = -1;
	atomic_fetch_add(&threads, 1);
	r = start_thread(question);
	if (r == 0) {
		resolver->question = question;
		return 0;
	}
	atomic_fetch_sub(&threads, 1);
fail:
	if (descriptor >= 0)
		close(descriptor);
	if (question->answered >= 0)
		close(question->answered);
	free(question);
	return r;
}

static bool is_localhost(const char *host)
{
	static const char name[] = "localhost";
	size_t length = strlen(host);

	if (length > 0 && host[length - 1] == '.')
		length--;
	if (length < strlen(name) ||
	    strncasecmp(host + length - strlen(name), name, strlen(name)) != 0)
		return false;
	return length == strlen(name) || host[length - strlen(name) - 1] == '.';
}

static void add_ipv4(struct resolver_answer *list, struct in_addr address, uint16_t port)
{
	list->addresses[list->count++].ipv4 = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = address,
	};
}

static void add_ipv6(struct resolver_answer *list, const struct in6_addr *address, uint16_t port)
{
	list->addresses[list->count++].ipv6 = (struct sockaddr_in6) {
		.sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_addr = *address,
	};
}

/* Without the system: true where host is numeric or local. */
static bool answer_here(struct resolver_answer *ret_answer, const char *host, uint16_t port)
{
	struct in_addr ipv4 = { .s_addr = htonl(INADDR_LOOPBACK) };
	struct in6_addr ipv6;

	if (is_localhost(host)) {
		/* Where IPv6 is off the first attempt fails at once and the second follows. */
		add_ipv6(ret_answer, &in6addr_loopback, port);
		add_ipv4(ret_answer, ipv4, port);
	} else if (inet_pton(AF_INET, host, &ipv4) == 1) {
		add_ipv4(ret_answer, ipv4, port);
	} else if (inet_pton(AF_INET6, host, &ipv6) == 1) {
		add_ipv6(ret_answer, &ipv6, port);
	}
	return ret_answer->count > 0;
}

int resolver_new(struct resolver **ret_resolver, struct event_loop *loop, const char *host,
		 uint16_t port,
		 void (*answered)(void *context, int result, const struct resolver_answer *answer,
				  const char *detail),
		 void *context)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int r;

	if (resolver == NULL)
		return -ENOMEM;
	resolver->answer_to = answered;
	resolver->context = context;
	if (answer_here(&resolver->answer, host, port)) {
		r = timer_new(&resolver->at_once, loop, on_at_once, resolver);
		if (r == 0)
			timer_arm(resolver->at_once, 0);
	} else {
		r = ask_system(resolver, loop, host, port);
	}
	if (r < 0) {
		resolver_free(resolver);
		return r;
	}
	*ret_resolver = resolver;
	return 0;
}

void resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	timer_free(resolver->at_once);
	watch_free(resolver->watch);
	if (resolver->question != NULL)
		release(resolver->question);
	free(resolver);
}
