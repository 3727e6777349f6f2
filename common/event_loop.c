/*
 * The event loop: a libwebsockets context that waits, and within it one epoll set that holds
 * every descriptor of ours. To libwebsockets the set is a single file that is readable when any
 * of its members is ready, so it keeps no connection object for a watch or a timer, a handler may
 * free whatever it likes, and a paused watch is out of its sight. All timers share one timerfd,
 * armed for the first that expires.
 */
#include "common/event_loop.h"

#include "common/log.h"

#include <libwebsockets.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	BATCH_MAX = 16, /* events taken from the set at once; what is left shows at the next turn */
	LIBRARY_DESCRIPTORS = 4, /* the library's own, and the set */
	HEADER_MAX = 8192,       /* bytes of HTTP headers of one connection */
	READ_MAX = 4096,         /* bytes that the library reads at once */
	/* s; the library's own, for what no module guards: longer than any guard of ours. */
	LIBRARY_TIMEOUT = 30,
};

struct timer {
	struct event_loop *loop;
	struct timer *previous; /* in the order of expiry, while armed */
	struct timer *next;
	uint64_t when;
	bool armed;
	void (*expired)(void *context);
	void *context;
};

struct watch {
	struct event_loop *loop;
	int descriptor;
	bool read_wanted;
	bool write_wanted;
	bool in_set;
	bool broken; /* hung up or failed: the kernel then reports it whatever is wanted */
	const struct watch_handlers *handlers;
	void *context;
};

struct event_loop {
	struct lws_context *context;
	int set;
	struct epoll_event batch[BATCH_MAX];
	int batch_count; /* 0 outside a dispatch */
	bool stopped;
	int status;
	struct watch *timer_watch;
	struct timer *first_timer;
	struct timer *last_timer;
	uint64_t timer_armed_for; /* 0: the timerfd is disarmed */
	struct watch *signal_watch;
	void (*signal_received)(int signal_number, void *context);
	void *signal_context;
};

static void dispatch(struct event_loop *loop);

/* The library's connection objects that are ours: only the set, whose vhost carries the loop. */
static int on_set(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t length)
{
	(void)user;
	(void)in;
	(void)length;
	if (reason == LWS_CALLBACK_RAW_RX_FILE)
		dispatch(lws_vhost_user(lws_get_vhost(wsi)));
	return 0;
}

static const struct lws_protocols set_protocols[] = {
	{ .name = "event-loop", .callback = on_set },
	{ 0 },
};

/* Connections neither ping nor hang up by themselves: 0 s until the hang-up is never. The library
 * copies a policy only where its ping is not 0, else its own stands: 300 and 310 s. */
static const lws_retry_bo_t never_hang_up = { .secs_since_valid_ping = 1 };

static void log_library(int level, const char *line)
{
	int length = (int)strcspn(line, "\n");

	(void)level;
	log_debug("libwebsockets: %.*s", length, line);
}

uint64_t event_loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000U + (uint64_t)now.tv_nsec / 1000U;
}

/* Watches */

static int update_set(struct watch *watch)
{
	struct epoll_event event = { .data.ptr = watch };
	bool wanted;

	if (watch->read_wanted)
		event.events |= EPOLLIN;
	if (watch->write_wanted)
		event.events |= EPOLLOUT;
	/* A broken descriptor is always ready: it is in the set only while somebody listens. */
	wanted = watch->descriptor >= 0 && (event.events != 0 || !watch->broken);
	if (!wanted && !watch->in_set)
		return 0;
	if (epoll_ctl(watch->loop->set,
		      !wanted         ? EPOLL_CTL_DEL
		      : watch->in_set ? EPOLL_CTL_MOD
				      : EPOLL_CTL_ADD,
		      watch->descriptor, &event) < 0)
		return -errno;
	watch->in_set = wanted;
	return 0;
}

static int take_descriptor(struct watch *watch)
{
	int descriptor = watch->descriptor;

	if (watch->in_set)
		epoll_ctl(watch->loop->set, EPOLL_CTL_DEL, descriptor, NULL);
	watch->in_set = false;
	watch->descriptor = -1;
	return descriptor;
}

static void close_watch(struct watch *watch)
{
	int descriptor = take_descriptor(watch);

	if (descriptor >= 0)
		close(descriptor);
}

int watch_new(struct watch **ret_watch, struct event_loop *loop, int descriptor,
	      const struct watch_handlers *handlers, void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (watch == NULL)
		return -ENOMEM;
	watch->loop = loop;
	watch->descriptor = descriptor;
	watch->read_wanted = true;
	watch->handlers = handlers;
	watch->context = context;
	r = update_set(watch);
	if (r < 0) {
		free(watch);
		return r;
	}
	*ret_watch = watch;
	return 0;
}

void watch_read(struct watch *watch, bool wanted)
{
	if (watch->read_wanted == wanted)
		return;
	watch->read_wanted = wanted;
	update_set(watch);
}

void watch_write_once(struct watch *watch)
{
	if (watch->write_wanted)
		return;
	watch->write_wanted = true;
	update_set(watch);
}

int watch_descriptor(const struct watch *watch)
{
	return watch->descriptor;
}

int watch_release(struct watch *watch)
{
	int descriptor = take_descriptor(watch);

	watch_free(watch);
	return descriptor;
}

void watch_free(struct watch *watch)
{
	struct event_loop *loop;

	if (watch == NULL)
		return;
	loop = watch->loop;
	for (int i = 0; i < loop->batch_count; i++)
		if (loop->batch[i].data.ptr == watch)
			loop->batch[i].data.ptr = NULL;
	close_watch(watch);
	free(watch);
}

/* Nobody reads or writes for now and the peer is gone. While unread input waits in the kernel the
 * descriptor can still be read, so that its news must wait until reading is wanted again. */
static void take_hang_up(struct watch *watch)
{
	int unread = 0;

	watch->broken = true;
	if (ioctl(watch->descriptor, FIONREAD, &unread) == 0 && unread > 0) {
		update_set(watch);
		return;
	}
	close_watch(watch);
	if (watch->handlers->hung_up != NULL)
		watch->handlers->hung_up(watch->context);
}

/* Each handler may free the watch, which then has left the batch. */
static void serve(struct event_loop *loop, int i)
{
	uint32_t events = loop->batch[i].events;
	struct watch *watch = loop->batch[i].data.ptr;
	bool failed = events & (EPOLLHUP | EPOLLERR);

	if (watch == NULL || watch->descriptor < 0)
		return;
	if (failed && !watch->read_wanted && !watch->write_wanted) {
		take_hang_up(watch);
		return;
	}
	if (watch->write_wanted && (failed || (events & EPOLLOUT))) {
		watch->write_wanted = false;
		update_set(watch);
		if (watch->handlers->writable != NULL)
			watch->handlers->writable(watch->context);
	}
	watch = loop->batch[i].data.ptr;
	if (watch == NULL || watch->descriptor < 0 || !watch->read_wanted)
		return;
	if ((failed || (events & EPOLLIN)) && watch->handlers->readable != NULL)
		watch->handlers->readable(watch->context);
}

static void dispatch(struct event_loop *loop)
{
	int count = epoll_wait(loop->set, loop->batch, BATCH_MAX, 0);

	loop->batch_count = count > 0 ? count : 0;
	for (int i = 0; i < loop->batch_count; i++)
		serve(loop, i);
	loop->batch_count = 0;
}

/* Timers */

static void arm_timerfd(struct event_loop *loop)
{
	uint64_t when = loop->first_timer == NULL ? 0 : loop->first_timer->when;
	struct itimerspec setting = {
		.it_value = { .tv_sec = (time_t)(when / 1000000U),
			      .tv_nsec = (long)(when % 1000000U) * 1000 },
	};

	if (when == loop->timer_armed_for)
		return;
	loop->timer_armed_for = when;
	timerfd_settime(watch_descriptor(loop->timer_watch), TFD_TIMER_ABSTIME, &setting, NULL);
}

static void unlink_timer(struct timer *timer)
{
	struct event_loop *loop = timer->loop;

	if (!timer->armed)
		return;
	*(timer->previous != NULL ? &timer->previous->next : &loop->first_timer) = timer->next;
	*(timer->next != NULL ? &timer->next->previous : &loop->last_timer) = timer->previous;
	timer->armed = false;
}

int timer_new(struct timer **ret_timer, struct event_loop *loop, void (*expired)(void *context),
	      void *context)
{
	struct timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL)
		return -ENOMEM;
	timer->loop = loop;
	timer->expired = expired;
	timer->context = context;
	*ret_timer = timer;
	return 0;
}

void timer_arm(struct timer *timer, uint64_t when)
{
	struct event_loop *loop = timer->loop;
	struct timer *earlier;

	unlink_timer(timer);
	timer->when = when > 0 ? when : 1; /* 0 would disarm the timerfd */
	for (earlier = loop->last_timer; earlier != NULL && earlier->when > timer->when;)
		earlier = earlier->previous;
	timer->previous = earlier;
	timer->next = earlier != NULL ? earlier->next : loop->first_timer;
	*(timer->previous != NULL ? &timer->previous->next : &loop->first_timer) = timer;
	*(timer->next != NULL ? &timer->next->previous : &loop->last_timer) = timer;
	timer->armed = true;
	arm_timerfd(loop);
}

void timer_disarm(struct timer *timer)
{
	unlink_timer(timer);
	arm_timerfd(timer->loop);
}

void timer_free(struct timer *timer)
{
	if (timer == NULL)
		return;
	timer_disarm(timer);
	free(timer);
}

/* One timer a turn: its handler may free or arm any other, itself included, and a timer that is
 * armed for the past over and over leaves their turn to the descriptors. */
static void on_timerfd(void *context)
{
	struct event_loop *loop = context;
	struct timer *timer = loop->first_timer;
	uint64_t expirations;

	if (read(watch_descriptor(loop->timer_watch), &expirations, sizeof(expirations)) < 0)
		return;
	loop->timer_armed_for = 0;
	if (timer != NULL && timer->when <= event_loop_now()) {
		unlink_timer(timer);
		timer->expired(timer->context);
	}
	arm_timerfd(loop);
}

static const struct watch_handlers timer_handlers = { .readable = on_timerfd };

static int open_timerfd(struct event_loop *loop)
{
	int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	int r;

	if (descriptor < 0)
		return -errno;
	r = watch_new(&loop->timer_watch, loop, descriptor, &timer_handlers, loop);
	if (r < 0)
		close(descriptor);
	return r;
}

/* Signals */

static void on_signalfd(void *context)
{
	struct event_loop *loop = context;
	struct signalfd_siginfo signal_info;

	if (read(watch_descriptor(loop->signal_watch), &signal_info, sizeof(signal_info)) !=
	    (ssize_t)sizeof(signal_info))
		return;
	loop->signal_received((int)signal_info.ssi_signo, loop->signal_context);
}

static const struct watch_handlers signal_handlers = { .readable = on_signalfd };

int event_loop_on_signals(struct event_loop *loop, const int *signals,
			  void (*received)(int signal_number, void *context), void *context)
{
	sigset_t set;
	int descriptor;
	int r;

	if (loop->signal_watch != NULL)
		return -EBUSY;
	sigemptyset(&set);
	for (; *signals != 0; signals++)
		sigaddset(&set, *signals);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (descriptor < 0)
		return -errno;
	loop->signal_received = received;
	loop->signal_context = context;
	r = watch_new(&loop->signal_watch, loop, descriptor, &signal_handlers, loop);
	if (r < 0)
		close(descriptor);
	return r;
}

/* The library */

static int create_context(struct event_loop *loop, unsigned max_connections)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options =
		    LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
		.pt_serv_buf_size = READ_MAX + LWS_PRE,
		.max_http_header_data = HEADER_MAX,
		.timeout_secs = LIBRARY_TIMEOUT,
		.connect_timeout_secs = LIBRARY_TIMEOUT,
		.retry_and_idle_policy = &never_hang_up,
		.user = loop,
	};

	if (max_connections > 0)
		info.fd_limit_per_thread = max_connections + LIBRARY_DESCRIPTORS;
	/* Else the library would send every connection through a proxy. */
	unsetenv("http_proxy");
	loop->context = lws_create_context(&info);
	if (loop->context == NULL)
		return -ENOMEM;
	info.vhost_name = "event-loop";
	info.protocols = set_protocols;
	return lws_create_vhost(loop->context, &info) == NULL ? -ENOMEM : 0;
}

/* The library closes the descriptor that it was given, so that it gets a duplicate: the set must
 * outlive it, for the watches that are freed after it. */
static int adopt_set(struct event_loop *loop)
{
	struct lws_vhost *vhost = lws_get_vhost_by_name(loop->context, "event-loop");
	lws_sock_file_fd_type duplicate;

	duplicate.filefd = dup(loop->set);
	if (duplicate.filefd < 0)
		return -errno;
	if (lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, duplicate,
				       set_protocols[0].name, NULL) == NULL) {
		close(duplicate.filefd);
		return -ENOMEM;
	}
	return 0;
}

int event_loop_new(struct event_loop **ret_loop, unsigned max_connections)
{
	struct event_loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (loop == NULL)
		return -ENOMEM;
	/* Before anything else: stderr may be the caller's socket. */
	lws_set_log_level(LLL_ERR | LLL_WARN, log_library);
	signal(SIGPIPE, SIG_IGN);
	loop->set = epoll_create1(EPOLL_CLOEXEC);
	if (loop->set < 0) {
		r = -errno;
		goto out;
	}
	r = open_timerfd(loop);
	if (r < 0)
		goto out;
	r = create_context(loop, max_connections);
	if (r < 0)
		goto out;
	r = adopt_set(loop);
	if (r < 0)
		goto out;
	*ret_loop = loop;
	loop = NULL;
out:
	event_loop_free(loop);
	return r;
}

void event_loop_free(struct event_loop *loop)
{
	if (loop == NULL)
		return;
	if (loop->context != NULL)
		lws_context_destroy(loop->context);
	watch_free(loop->signal_watch);
	watch_free(loop->timer_watch);
	if (loop->set >= 0)
		close(loop->set);
	free(loop);
}

int event_loop_run(struct event_loop *loop)
{
	loop->stopped = false;
	while (!loop->stopped)
		if (lws_service(loop->context, 0) < 0)
			return -EIO;
	return loop->status;
}

void event_loop_stop(struct event_loop *loop, int status)
{
	loop->stopped = true;
	loop->status = status;
}

struct lws_context *event_loop_context(struct event_loop *loop)
{
	return loop->context;
}
