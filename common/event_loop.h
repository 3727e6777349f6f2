/*
 * The one event loop of every program: a libwebsockets context, to which watched descriptors,
 * timers and signals are added. One thread; handlers run from event_loop_run() only and may call
 * anything declared here, the freeing of the very object that called them included.
 */
#ifndef VDTGW_COMMON_EVENT_LOOP_H
#define VDTGW_COMMON_EVENT_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_loop;
struct lws_context;

/* max_connections bounds the WebSocket connections (watches and timers do not count) and costs 16
 * bytes each; 0 takes RLIMIT_NOFILE (and a faster look-up, for programs with many peers). Returns 0
 * or -errno. The library's own log goes to log_debug(). */
int event_loop_new(struct event_loop **ret_loop, unsigned max_connections);
void event_loop_free(struct event_loop *loop);

/* Runs handlers until event_loop_stop(); returns the status that it was given. */
int event_loop_run(struct event_loop *loop);
void event_loop_stop(struct event_loop *loop, int status);

/* For the modules that speak WebSocket. */
struct lws_context *event_loop_context(struct event_loop *loop);

/* CLOCK_MONOTONIC, microseconds. */
uint64_t event_loop_now(void);

/*
 * A watched descriptor. The handlers do the reading and writing themselves; a handler may be
 * called once too often, so descriptors are non-blocking and EAGAIN is ordinary. A peer's
 * shutdown shows as readable with end of file while reading is wanted. hung_up is called at most
 * once, when the descriptor can neither be read nor written any more: the watch is then closed
 * and stays silent until watch_free().
 */
struct watch;
struct watch_handlers {
	void (*readable)(void *context);
	void (*writable)(void *context);
	void (*hung_up)(void *context);
};

/* Takes the descriptor on success only. Reading is wanted from the start. Returns 0 or -errno. */
int watch_new(struct watch **ret_watch, struct event_loop *loop, int descriptor,
	      const struct watch_handlers *handlers, void *context);
void watch_read(struct watch *watch, bool wanted);
/* One call of writable, as soon as the descriptor takes bytes. */
void watch_write_once(struct watch *watch);
int watch_descriptor(const struct watch *watch);
/* Frees the watch and gives its descriptor back, open; -1 after hung_up. */
int watch_release(struct watch *watch);
/* Closes the descriptor. Accepts NULL. Watches and timers are freed before their loop. */
void watch_free(struct watch *watch);

/* A one-shot timer on a timerfd: microsecond arming, no wake-up while disarmed. */
struct timer;
int timer_new(struct timer **ret_timer, struct event_loop *loop, void (*expired)(void *context),
	      void *context);
/* When: event_loop_now() time; one in the past expires at once. Arming again replaces. */
void timer_arm(struct timer *timer, uint64_t when);
void timer_disarm(struct timer *timer);
void timer_free(struct timer *timer);

/* Signals, taken from a signalfd: blocks the ones listed (ended by 0) and calls received(). At
 * most one set a loop; freed with it. */
int event_loop_on_signals(struct event_loop *loop, const int *signals,
			  void (*received)(int signal_number, void *context), void *context);

#endif
