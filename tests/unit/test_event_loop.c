/* links: common */
/* The event loop: watches, timers and signals, and what a handler may free. */
#include "common/event_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const int GUARD = -110; /* the loop's status when a test took too long */

struct fixture {
	struct event_loop *loop;
	struct timer *guard;
	struct timer *pause;
	struct watch *watches[2];
	int peers[2]; /* the other ends */
	unsigned readable;
	unsigned writable;
	unsigned hung_up;
	unsigned expired;
	char order[8];
	int signal_number;
};

static void give_up(void *context)
{
	struct fixture *f = context;

	event_loop_stop(f->loop, GUARD);
}

static void stop(void *context)
{
	struct fixture *f = context;

	f->expired++;
	event_loop_stop(f->loop, 0);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(event_loop_new(&f->loop, 16), 0);
	assert_int_equal(timer_new(&f->guard, f->loop, give_up, f), 0);
	assert_int_equal(timer_new(&f->pause, f->loop, stop, f), 0);
	timer_arm(f->guard, event_loop_now() + 5000000U);
	f->peers[0] = f->peers[1] = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2; i++) {
		watch_free(f->watches[i]);
		if (f->peers[i] >= 0)
			close(f->peers[i]);
	}
	timer_free(f->guard);
	timer_free(f->pause);
	event_loop_free(f->loop);
	free(f);
	return 0;
}

static void watch_pair(struct fixture *f, int i, const struct watch_handlers *handlers)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends),
			 0);
	f->peers[i] = ends[1];
	assert_int_equal(watch_new(&f->watches[i], f->loop, ends[0], handlers, f), 0);
}

static void run_for(struct fixture *f, uint64_t duration)
{
	timer_arm(f->pause, event_loop_now() + duration);
	assert_int_equal(event_loop_run(f->loop), 0);
}

static void say(struct fixture *f, int i, const char *text)
{
	assert_int_equal(write(f->peers[i], text, strlen(text)), (ssize_t)strlen(text));
}

static void read_and_stop(void *context)
{
	struct fixture *f = context;
	char bytes[16];

	f->readable++;
	assert_true(read(watch_descriptor(f->watches[0]), bytes, sizeof(bytes)) >= 0);
	event_loop_stop(f->loop, 7);
}

static void count_hang_up(void *context)
{
	struct fixture *f = context;

	f->hung_up++;
	assert_int_equal(watch_descriptor(f->watches[0]), -1);
	event_loop_stop(f->loop, 8);
}

static void count_writable(void *context)
{
	struct fixture *f = context;

	f->writable++;
	if (f->writable < 3)
		watch_write_once(f->watches[0]);
	else
		event_loop_stop(f->loop, 9);
}

static const struct watch_handlers plain = {
	.readable = read_and_stop,
	.writable = count_writable,
	.hung_up = count_hang_up,
};

static void test_readable_is_called_and_status_returned(void **state)
{
	struct fixture *f = *state;

	watch_pair(f, 0, &plain);
	say(f, 0, "x");
	assert_int_equal(event_loop_run(f->loop), 7);
	assert_int_equal(f->readable, 1);
}

static void test_end_of_file_is_readable(void **state)
{
	struct fixture *f = *state;

	watch_pair(f, 0, &plain);
	shutdown(f->peers[0], SHUT_WR);
	assert_int_equal(event_loop_run(f->loop), 7);
	assert_int_equal(f->hung_up, 0);
}

static void test_writable_is_called_once_for_each_request_from_within_too(void **state)
{
	struct fixture *f = *state;

	watch_pair(f, 0, &plain);
	watch_write_once(f->watches[0]);
	assert_int_equal(event_loop_run(f->loop), 9);
	run_for(f, 20000);
	assert_int_equal(f->writable, 3);
}

static void test_hang_up_while_paused_is_told_once(void **state)
{
	struct fixture *f = *state;

	watch_pair(f, 0, &plain);
	watch_read(f->watches[0], false);
	close(f->peers[0]);
	f->peers[0] = -1;
	assert_int_equal(event_loop_run(f->loop), 8);
	run_for(f, 20000);
	assert_int_equal(f->hung_up, 1);
	assert_int_equal(f->readable, 0);
}

static void test_hang_up_while_paused_keeps_unread_input(void **state)
{
	struct fixture *f = *state;
	struct rusage before;
	struct rusage after;

	watch_pair(f, 0, &plain);
	watch_read(f->watches[0], false);
	say(f, 0, "last words");
	close(f->peers[0]);
	f->peers[0] = -1;
	getrusage(RUSAGE_SELF, &before);
	run_for(f, 100000);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_nvcsw + after.ru_nivcsw - before.ru_nvcsw - before.ru_nivcsw < 20);
	assert_true(after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec -
			before.ru_utime.tv_sec * 1000000 - before.ru_utime.tv_usec <
		    30000);
	assert_int_equal(f->hung_up, 0);
	watch_read(f->watches[0], true);
	assert_int_equal(event_loop_run(f->loop), 7);
}

static void test_paused_watch_with_input_waiting_costs_no_processor_time(void **state)
{
	struct fixture *f = *state;
	struct rusage before;
	struct rusage after;

	watch_pair(f, 0, &plain);
	watch_read(f->watches[0], false);
	say(f, 0, "x");
	getrusage(RUSAGE_SELF, &before);
	run_for(f, 200000);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(f->readable, 0);
	assert_true(after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec -
			before.ru_utime.tv_sec * 1000000 - before.ru_utime.tv_usec <
		    50000);
	watch_read(f->watches[0], true);
	assert_int_equal(event_loop_run(f->loop), 7);
}

static void free_own(void *context)
{
	struct fixture *f = context;

	f->readable++;
	watch_free(f->watches[0]);
	f->watches[0] = NULL;
}

static void test_watch_freed_inside_its_own_handlers(void **state)
{
	static const struct watch_handlers in_readable = { .readable = free_own };
	static const struct watch_handlers in_writable = { .readable = read_and_stop,
							   .writable = free_own };
	static const struct watch_handlers in_hung_up = { .hung_up = free_own };
	static const struct watch_handlers *const kinds[] = { &in_readable, &in_writable,
							      &in_hung_up };
	struct fixture *f = *state;

	for (unsigned i = 0; i < 3; i++) {
		char byte;

		f->readable = 0;
		watch_pair(f, 0, kinds[i]);
		watch_read(f->watches[0], i < 2);
		if (i == 0)
			say(f, 0, "x");
		if (i == 1)
			watch_write_once(f->watches[0]);
		if (i == 2)
			shutdown(f->peers[0], SHUT_RDWR);
		run_for(f, 10000);
		assert_int_equal(f->readable, 1);
		assert_null(f->watches[0]);
		/* The descriptor was closed with the watch: end of file, or a reset. */
		assert_true(read(f->peers[0], &byte, 1) == 0 || errno == ECONNRESET);
		close(f->peers[0]);
		f->peers[0] = -1;
	}
}

static void free_both(void *context)
{
	struct fixture *f = context;

	f->readable++;
	for (int i = 0; i < 2; i++) {
		watch_free(f->watches[i]);
		f->watches[i] = NULL;
	}
}

static void test_watch_freed_inside_the_handler_of_another(void **state)
{
	static const struct watch_handlers handlers = { .readable = free_both };
	struct fixture *f = *state;

	watch_pair(f, 0, &handlers);
	watch_pair(f, 1, &handlers);
	say(f, 0, "x");
	say(f, 1, "x");
	run_for(f, 10000);
	assert_int_equal(f->readable, 1);
}

static void test_watch_new_leaves_a_refused_descriptor_open(void **state)
{
	struct fixture *f = *state;
	char name[] = "/tmp/vdtgw-test-XXXXXX";
	int descriptor = mkstemp(name);

	/* A regular file cannot be waited for. */
	assert_true(descriptor >= 0);
	unlink(name);
	assert_int_equal(watch_new(&f->watches[0], f->loop, descriptor, &plain, f), -EPERM);
	assert_null(f->watches[0]);
	assert_true(fcntl(descriptor, F_GETFD) >= 0);
	close(descriptor);
	watch_free(NULL);
}

struct ordered {
	struct fixture *fixture;
	struct timer *timer;
	char name;
};

static void note(void *context)
{
	struct ordered *ordered = context;
	size_t length = strlen(ordered->fixture->order);

	ordered->fixture->order[length] = ordered->name;
}

static void test_timers_expire_in_order_and_disarmed_ones_never(void **state)
{
	struct fixture *f = *state;
	uint64_t now = event_loop_now();
	struct ordered timers[5];

	for (unsigned i = 0; i < 5; i++) {
		timers[i] = (struct ordered) { .fixture = f, .name = (char)('a' + i) };
		assert_int_equal(timer_new(&timers[i].timer, f->loop, note, &timers[i]), 0);
	}
	timer_arm(timers[0].timer, now + 30000);
	timer_arm(timers[1].timer, now + 10000);
	timer_arm(timers[2].timer, now + 20000);
	timer_arm(timers[3].timer, now + 5000);
	timer_arm(timers[4].timer, 0);           /* in the past */
	timer_arm(timers[1].timer, now + 25000); /* arming again replaces */
	timer_disarm(timers[3].timer);
	timer_disarm(timers[3].timer);
	run_for(f, 60000);
	assert_string_equal(f->order, "ecba");
	assert_true(event_loop_now() - now >= 60000);
	assert_true(event_loop_now() - now < 160000);
	for (unsigned i = 0; i < 5; i++)
		timer_free(timers[i].timer);
	timer_free(NULL);
}

struct pair_of_timers {
	struct timer *own;
	struct timer *other;
	unsigned calls;
};

static void free_timers(void *context)
{
	struct pair_of_timers *timers = context;

	timers->calls++;
	timer_free(timers->own);
	timer_free(timers->other);
}

static void test_timer_freed_inside_its_own_handler_with_another(void **state)
{
	struct fixture *f = *state;
	struct pair_of_timers timers = { 0 };

	assert_int_equal(timer_new(&timers.own, f->loop, free_timers, &timers), 0);
	assert_int_equal(timer_new(&timers.other, f->loop, free_timers, &timers), 0);
	timer_arm(timers.own, 1);
	timer_arm(timers.other, 1);
	run_for(f, 10000);
	assert_int_equal(timers.calls, 1);
}

static void arm_again(void *context)
{
	struct pair_of_timers *timers = context;

	timers->calls++;
	timer_arm(timers->own, 1);
}

static void test_timer_armed_for_the_past_again_and_again_starves_nobody(void **state)
{
	struct fixture *f = *state;
	struct pair_of_timers timers = { 0 };

	assert_int_equal(timer_new(&timers.own, f->loop, arm_again, &timers), 0);
	timer_arm(timers.own, 1);
	watch_pair(f, 0, &plain);
	say(f, 0, "x");
	assert_int_equal(event_loop_run(f->loop), 7);
	timer_free(timers.own);
}

static void test_idle_loop_does_not_wake(void **state)
{
	struct fixture *f = *state;
	struct rusage before;
	struct rusage after;

	run_for(f, 1000);
	getrusage(RUSAGE_SELF, &before);
	run_for(f, 300000);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_nvcsw - before.ru_nvcsw <= 2);
}

static void take_signal(int signal_number, void *context)
{
	struct fixture *f = context;

	f->signal_number = signal_number;
	event_loop_stop(f->loop, 3);
}

static void test_signals_arrive_from_the_loop(void **state)
{
	static const int signals[] = { SIGUSR1, SIGTERM, 0 };
	struct fixture *f = *state;
	sigset_t set;

	assert_int_equal(event_loop_on_signals(f->loop, signals, take_signal, f), 0);
	assert_int_equal(event_loop_on_signals(f->loop, signals, take_signal, f), -EBUSY);
	kill(getpid(), SIGTERM);
	assert_int_equal(event_loop_run(f->loop), 3);
	assert_int_equal(f->signal_number, SIGTERM);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_readable_is_called_and_status_returned),
		TEST(test_end_of_file_is_readable),
		TEST(test_writable_is_called_once_for_each_request_from_within_too),
		TEST(test_hang_up_while_paused_is_told_once),
		TEST(test_hang_up_while_paused_keeps_unread_input),
		TEST(test_paused_watch_with_input_waiting_costs_no_processor_time),
		TEST(test_watch_freed_inside_its_own_handlers),
		TEST(test_watch_freed_inside_the_handler_of_another),
		TEST(test_watch_new_leaves_a_refused_descriptor_open),
		TEST(test_timers_expire_in_order_and_disarmed_ones_never),
		TEST(test_timer_freed_inside_its_own_handler_with_another),
		TEST(test_timer_armed_for_the_past_again_and_again_starves_nobody),
		TEST(test_idle_loop_does_not_wake),
		TEST(test_signals_arrive_from_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
