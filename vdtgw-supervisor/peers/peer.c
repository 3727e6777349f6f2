/*
 * A peer: moves bytes between its socket and the Varlink codec, and sees to it that one peer can
 * take neither memory without bound nor the time of the others.
 */
#include "vdtgw-supervisor/peers/peer.h"

#include "common/microseconds.h"
#include "vdtgw-supervisor/peers/peer_output.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = 4096, /* bytes read at once */
	BYTES_A_TOKEN = 1024,
};

/* An answer that is still to come. */
struct peer_answer {
	struct peer *peer; /* NULL: it has gone */
	bool oneway;       /* nothing is to be sent */
};

struct peer {
	struct watch *watch;
	struct timer *timer;
	const struct peer_options *options;
	void *context;
	struct ucred credentials;
	struct varlink_reader reader;
	struct peer_output output;
	const struct varlink_call *call; /* under way */
	struct peer_answer *answer;      /* awaited; NULL: none */
	char *rest;                      /* read, but not worked off: behind an awaited answer */
	size_t rest_length;
	struct session_entry *session;
	bool had_session;
	bool settled;
	bool serving; /* within a handler of the watch or the timer: freeing waits for its end */
	bool hung_up; /* but its rest is still to be worked off */
	bool ended;
	enum peer_end why;
	uint64_t busy_until;      /* when all that it called is worked off at PEER_RATE */
	uint64_t paused_until;    /* 0: it is read */
	uint64_t unsettled_since; /* its last sign of life, when not settled */
	uint64_t message_since;   /* an incomplete message, 0: none */
};

static const char *const end_texts[] = {
	[PEER_CLOSED] = "closed its connection",
	[PEER_MALFORMED] = "sent what is not a Varlink message",
	[PEER_SLOW] = "does not read what it is sent",
	[PEER_SILENT] = "stayed silent for too long",
	[PEER_REPLACED] = "came back over another connection",
	[PEER_NO_MEMORY] = "needed more memory than there is",
	[PEER_STOPPING] = "was let go at the supervisor's end",
};
static_assert(sizeof(end_texts) / sizeof(end_texts[0]) == PEER_END_COUNT, "a text for each end");

const char *peer_end_text(enum peer_end why)
{
	return end_texts[why];
}

pid_t peer_pid(const struct peer *peer)
{
	return peer->credentials.pid;
}

uid_t peer_uid(const struct peer *peer)
{
	return peer->credentials.uid;
}

const char *peer_format(const struct peer *peer, char ret_text[PEER_TEXT_MAX])
{
	snprintf(ret_text, PEER_TEXT_MAX, "user %lu (pid %ld)",
		 (unsigned long)peer->credentials.uid, (long)peer->credentials.pid);
	return ret_text;
}

bool peer_has_hung_up(const struct peer *peer)
{
	struct pollfd socket = { .fd = watch_descriptor(peer->watch) };

	return peer->hung_up ||
	       (poll(&socket, 1, 0) == 1 && (socket.revents & (POLLHUP | POLLERR)) != 0);
}

int peer_kind(const struct peer *peer)
{
	return peer->options->kind;
}

struct session_entry *peer_session(const struct peer *peer)
{
	return peer->session;
}

void peer_set_session(struct peer *peer, struct session_entry *session)
{
	peer->session = session;
	peer->had_session = peer->had_session || session != NULL;
}

bool peer_had_session(const struct peer *peer)
{
	return peer->had_session;
}

static void free_peer(struct peer *peer)
{
	if (peer->answer != NULL)
		peer->answer->peer = NULL;
	free(peer->rest);
	watch_free(peer->watch);
	timer_free(peer->timer);
	varlink_reader_done(&peer->reader);
	peer_output_done(&peer->output);
	free(peer);
}

static void finish(struct peer *peer)
{
	peer->options->handlers->gone(peer->context, peer, peer->why);
	free_peer(peer);
}

/* Within a handler of the watch or the timer: what ends there is freed at its end. */
static void mark_ended(struct peer *peer, enum peer_end why)
{
	if (peer->ended)
		return;
	peer->ended = true;
	peer->why = why;
}

void peer_end(struct peer *peer, enum peer_end why)
{
	if (peer->ended)
		return;
	mark_ended(peer, why);
	if (!peer->serving)
		finish(peer);
}

/* When something must happen although the peer does nothing, and what: UINT64_MAX for never. */
static uint64_t next_due(const struct peer *peer, enum peer_end *ret_why)
{
	uint64_t due = UINT64_MAX;

	if (!peer->settled && peer->answer == NULL) {
		due = peer->unsettled_since + PEER_PATIENCE * US_PER_S;
		*ret_why = PEER_SILENT;
	}
	if (peer->message_since != 0 && peer->message_since + PEER_PATIENCE * US_PER_S < due) {
		due = peer->message_since + PEER_PATIENCE * US_PER_S;
		*ret_why = PEER_SILENT;
	}
	if (peer->output.stuck_since != 0 &&
	    peer->output.stuck_since + PEER_READ_PATIENCE * US_PER_S < due) {
		due = peer->output.stuck_since + PEER_READ_PATIENCE * US_PER_S;
		*ret_why = PEER_SLOW;
	}
	return due;
}

/* What was read before an awaited answer is worked off before more is read. */
static bool may_work_off_rest(const struct peer *peer)
{
	return peer->rest != NULL && peer->answer == NULL && peer->paused_until == 0;
}

static void set_reading(struct peer *peer)
{
	watch_read(peer->watch,
		   peer->rest == NULL && peer->answer == NULL && peer->paused_until == 0);
}

static void set_timer(struct peer *peer)
{
	enum peer_end why;
	uint64_t due = next_due(peer, &why);

	if (peer->paused_until != 0 && peer->paused_until < due)
		due = peer->paused_until;
	if (may_work_off_rest(peer))
		due = event_loop_now();
	if (due == UINT64_MAX)
		timer_disarm(peer->timer);
	else
		timer_arm(peer->timer, due);
}

/* Ends a handler of the watch or the timer. The peer may be gone afterwards. */
static void end_serving(struct peer *peer)
{
	peer->serving = false;
	if (peer->hung_up && peer->rest == NULL)
		mark_ended(peer, PEER_CLOSED);
	if (peer->ended) {
		finish(peer);
	} else {
		set_reading(peer);
		set_timer(peer);
	}
}

void peer_settle(struct peer *peer, bool settled)
{
	peer->settled = settled;
	peer->unsettled_since = event_loop_now();
}

/* error: what the codec said of a message for this peer. */
static void written(struct peer *peer, int error)
{
	if (error == -ENOBUFS)
		mark_ended(peer, PEER_SLOW);
	else if (error < 0)
		mark_ended(peer, PEER_NO_MEMORY);
	else
		peer_output_flush(&peer->output, peer->watch);
}

void peer_reply(struct peer *peer, json_t *parameters, bool continues)
{
	if (peer->ended || peer->call->oneway)
		json_decref(parameters);
	else
		written(peer, varlink_write_reply(&peer->output.writer, parameters, continues));
}

void peer_reply_with(struct peer *peer, json_t *parameters, bool continues, int descriptor)
{
	peer_output_pass(&peer->output, descriptor);
	peer_reply(peer, parameters, continues);
	/* Nothing waits that it could go with. */
	if (peer->ended || peer->call->oneway)
		peer_output_pass(&peer->output, -1);
}

void peer_error(struct peer *peer, const char *error, json_t *parameters)
{
	if (peer->ended || peer->call->oneway)
		json_decref(parameters);
	else
		written(peer, varlink_write_error(&peer->output.writer, error, parameters));
}

void peer_order(struct peer *peer, json_t *parameters)
{
	bool serving = peer->serving;

	if (peer->ended) {
		json_decref(parameters);
		return;
	}
	peer->serving = true;
	written(peer, varlink_write_reply(&peer->output.writer, parameters, true));
	if (!serving)
		end_serving(peer);
}

struct peer_answer *peer_postpone(struct peer *peer)
{
	struct peer_answer *answer = malloc(sizeof(*answer));

	if (answer == NULL) {
		mark_ended(peer, PEER_NO_MEMORY);
		return NULL;
	}
	*answer = (struct peer_answer) { .peer = peer, .oneway = peer->call->oneway };
	peer->answer = answer;
	return answer;
}

/* error NULL: a reply. */
static void give_answer(struct peer_answer *answer, const char *error, json_t *parameters)
{
	struct peer *peer = answer->peer;
	bool serving = peer != NULL && peer->serving;

	if (peer == NULL || peer->ended || answer->oneway) {
		json_decref(parameters);
	} else {
		peer->serving = true;
		written(peer, error == NULL
				  ? varlink_write_reply(&peer->output.writer, parameters, false)
				  : varlink_write_error(&peer->output.writer, error, parameters));
	}
	free(answer);
	if (peer == NULL)
		return;
	peer->answer = NULL;
	peer->unsettled_since = event_loop_now();
	if (!serving)
		end_serving(peer);
}

void peer_answer_reply(struct peer_answer *answer, json_t *parameters)
{
	give_answer(answer, NULL, parameters);
}

void peer_answer_error(struct peer_answer *answer, const char *error, json_t *parameters)
{
	give_answer(answer, error, parameters);
}

static void handle_message(struct peer *peer, json_t *message)
{
	struct varlink_call call;
	int error = varlink_call_init(&call, message);

	if (error < 0) {
		mark_ended(peer, error == -ENOMEM ? PEER_NO_MEMORY : PEER_MALFORMED);
		return;
	}
	peer->unsettled_since = event_loop_now();
	if (peer->options->settles_by_call)
		peer->settled = true;
	peer->call = &call;
	peer->options->handlers->called(peer->context, peer, &call);
	peer->call = NULL;
	varlink_call_done(&call);
}

/* Accounts for bytes and messages that were worked off, and pauses a peer that is ahead of its
 * rate. */
static void charge(struct peer *peer, size_t bytes, unsigned messages)
{
	uint64_t now = event_loop_now();
	uint64_t token = US_PER_S / PEER_RATE;

	if (peer->busy_until < now)
		peer->busy_until = now;
	peer->busy_until += messages * token + bytes * token / BYTES_A_TOKEN;
	if (peer->busy_until > now + PEER_BURST * token)
		peer->paused_until = peer->busy_until - PEER_BURST * token;
}

/* Keeps what stands behind a call whose answer is awaited: less than was read at once. */
static void keep_rest(struct peer *peer, const char *bytes, size_t length)
{
	if (length == 0)
		return;
	peer->rest = malloc(length);
	if (peer->rest == NULL) {
		mark_ended(peer, PEER_NO_MEMORY);
		return;
	}
	memcpy(peer->rest, bytes, length);
	peer->rest_length = length;
}

static void take(struct peer *peer, const char *bytes, size_t length)
{
	size_t done = 0;
	unsigned messages = 0;

	while (done < length && !peer->ended && peer->answer == NULL) {
		json_t *message;
		long used =
		    varlink_reader_feed(&peer->reader, bytes + done, length - done, &message);

		if (used < 0) {
			mark_ended(peer, used == -ENOMEM ? PEER_NO_MEMORY : PEER_MALFORMED);
			return;
		}
		done += (size_t)used;
		if (message == NULL)
			break;
		messages++;
		handle_message(peer, message);
	}
	if (messages > 0)
		peer->message_since = 0;
	if (peer->reader.length > 0 && peer->message_since == 0)
		peer->message_since = event_loop_now();
	charge(peer, done, messages);
	if (!peer->ended)
		keep_rest(peer, bytes + done, length - done);
}

static void take_rest(struct peer *peer)
{
	char *rest = peer->rest;

	peer->rest = NULL;
	take(peer, rest, peer->rest_length);
	free(rest);
}

static void on_readable(void *context)
{
	struct peer *peer = context;
	char chunk[CHUNK_SIZE];
	ssize_t length = recv(watch_descriptor(peer->watch), chunk, sizeof(chunk), MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	peer->serving = true;
	if (length > 0)
		take(peer, chunk, (size_t)length);
	else
		mark_ended(peer, PEER_CLOSED);
	end_serving(peer);
}

static void on_writable(void *context)
{
	struct peer *peer = context;

	peer->serving = true;
	peer_output_flush(&peer->output, peer->watch);
	end_serving(peer);
}

static void on_hung_up(void *context)
{
	struct peer *peer = context;

	if (peer->rest != NULL)
		peer->hung_up = true;
	else
		peer_end(peer, PEER_CLOSED);
}

static const struct watch_handlers watch_handlers = {
	.readable = on_readable,
	.writable = on_writable,
	.hung_up = on_hung_up,
};

static void on_timer(void *context)
{
	struct peer *peer = context;
	uint64_t now = event_loop_now();
	enum peer_end why = PEER_SILENT;

	peer->serving = true;
	if (peer->paused_until != 0 && peer->paused_until <= now)
		peer->paused_until = 0;
	if (may_work_off_rest(peer))
		take_rest(peer);
	if (next_due(peer, &why) <= now)
		mark_ended(peer, why);
	end_serving(peer);
}

int peer_new(struct peer **ret_peer, struct event_loop *loop, int descriptor,
	     const struct peer_options *options, void *context)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	socklen_t length = sizeof(peer->credentials);
	int error;

	if (peer == NULL)
		return -ENOMEM;
	peer->options = options;
	peer->context = context;
	peer_output_init(&peer->output, options->output_max);
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer->credentials, &length) < 0) {
		error = -errno;
		goto fail;
	}
	error = timer_new(&peer->timer, loop, on_timer, peer);
	if (error < 0)
		goto fail;
	error = watch_new(&peer->watch, loop, descriptor, &watch_handlers, peer);
	if (error < 0)
		goto fail;
	peer_settle(peer, false);
	set_timer(peer);
	*ret_peer = peer;
	return 0;
fail:
	free_peer(peer);
	return error;
}
