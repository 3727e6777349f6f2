/* links: network */
/*
 * Service links against real peers: each is a process of its own that runs a script of sends and
 * expectations, written against the standards and not against our code.
 */
#include "network/service_link.h"

#include "common/microseconds.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cmocka.h>

enum {
	GUARD = 30000000, /* µs that a test may take */
	TEXT = 0x81,      /* FIN and opcode, RFC 6455 section 5.2 */
	TEXT_BEGUN = 0x01,
	CONTINUED = 0x00,
	CONTINUED_LAST = 0x80,
	BINARY = 0x82,
	CLOSE = 0x88,
	PING = 0x89,
	PONG = 0x8a,
	BIG = 1000000,
	HUGE = 8000000, /* more than the kernel holds for one connection */
};

/* The peer's side: whatever it does not like ends its process with 1. */

static void require(bool met)
{
	if (!met)
		_exit(1);
}

static void put(int peer, const void *bytes, size_t length)
{
	const uint8_t *next = bytes;

	while (length > 0) {
		ssize_t count = send(peer, next, length, MSG_NOSIGNAL);

		require(count > 0);
		next += count;
		length -= (size_t)count;
	}
}

static void say(int peer, const char *text)
{
	put(peer, text, strlen(text));
}

static void get(int peer, void *bytes, size_t length)
{
	/* Even for no bytes the kernel would wait for one. */
	require(length == 0 || recv(peer, bytes, length, MSG_WAITALL) == (ssize_t)length);
}

static void expect(int peer, const void *bytes, size_t length)
{
	uint8_t got[1024];

	get(peer, got, length);
	require(memcmp(got, bytes, length) == 0);
}

static void expect_end(int peer)
{
	char byte;

	require(recv(peer, &byte, 1, 0) <= 0);
}

static const char *get_request(int peer)
{
	static char request[8192];
	size_t length = 0;

	do {
		require(length < sizeof(request) - 1);
		get(peer, request + length++, 1);
		request[length] = '\0';
	} while (length < 4 || strcmp(request + length - 4, "\r\n\r\n") != 0);
	return request;
}

static void answer_upgrade(int peer, const char *request, const char *headers)
{
	static const char name[] = "Sec-WebSocket-Key: ";
	const char *key = strstr(request, name);
	char joined[64];
	uint8_t hash[SHA_DIGEST_LENGTH];
	char text[64];
	char answer[512];

	require(key != NULL);
	snprintf(joined, sizeof(joined), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
		 key + strlen(name));
	SHA1((const uint8_t *)joined, strlen(joined), hash);
	EVP_EncodeBlock((uint8_t *)text, hash, sizeof(hash));
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
		 text, headers);
	say(peer, answer);
}

static void shake(int peer)
{
	answer_upgrade(peer, get_request(peer), "");
}

static void put_frame(int peer, uint8_t first, const void *bytes, size_t length)
{
	uint8_t header[10] = { first, (uint8_t)length };
	size_t size = 2;

	if (length > 125) {
		header[1] = 127;
		for (int i = 0; i < 8; i++)
			header[2 + i] = (uint8_t)((uint64_t)length >> (56 - 8 * i));
		size = 10;
	}
	put(peer, header, size);
	put(peer, bytes, length);
}

static size_t get_frame(int peer, uint8_t first, uint8_t *bytes, size_t size)
{
	uint8_t header[2];
	uint8_t more[2];
	uint8_t mask[4];
	size_t length;

	get(peer, header, sizeof(header));
	require(header[0] == first && (header[1] & 0x80) && (header[1] & 0x7f) < 127);
	length = header[1] & 0x7f;
	if (length == 126) {
		get(peer, more, sizeof(more));
		length = (size_t)more[0] * 256 + more[1];
	}
	require(length <= size);
	get(peer, mask, sizeof(mask));
	get(peer, bytes, length);
	for (size_t i = 0; i < length; i++)
		bytes[i] ^= mask[i % 4];
	return length;
}

static void expect_frame(int peer, uint8_t first, const char *text)
{
	uint8_t bytes[1024];

	require(get_frame(peer, first, bytes, sizeof(bytes)) == strlen(text) &&
		memcmp(bytes, text, strlen(text)) == 0);
}

static void expect_close(int peer, unsigned code)
{
	uint8_t bytes[125];

	require(get_frame(peer, CLOSE, bytes, sizeof(bytes)) >= 2 &&
		bytes[0] * 256U + bytes[1] == code);
}

static void close_in_order(int peer)
{
	put_frame(peer, CLOSE, "\x03\xe8", 2);
	expect_close(peer, 1000);
	expect_end(peer);
}

/* Our side */

enum {
	FREE_NEVER,
	FREE_CONNECTED,
	FREE_RECEIVED,
	FREE_DRAINED,
	FREE_ENDED,
};

struct fixture {
	struct event_loop *loop;
	struct timer *guard;
	struct timer *step;
	struct service_link *link;
	pid_t peer;
	uint16_t port;
	/* What happened. */
	unsigned connections;
	unsigned drains;
	unsigned ends;
	enum service_failure why;
	char detail[256];
	size_t received;
	size_t received_after_pause;
	size_t sum;
	uint8_t bytes[2048]; /* the first of those received */
	/* What the handlers do. */
	const char *greeting;
	bool close_when_connected;
	bool pause_when_received;
	bool paused;
	size_t to_send;
	bool peer_stops;
	size_t sent;
	int free_when;      /* one of the above */
	const char *denied; /* " ADDRESS ADDRESS ", NULL: none is asked about */
	char asked[128];    /* the same, in the order of the questions */
};

static void free_if(struct fixture *f, int when)
{
	if (f->free_when != when)
		return;
	service_link_free(f->link);
	f->link = NULL;
	event_loop_stop(f->loop, 0);
}

static void send_on(struct fixture *f)
{
	uint8_t bytes[5000];
	size_t taken;

	do {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(f->sent + i);
		taken = f->to_send - f->sent;
		if (taken > sizeof(bytes))
			taken = sizeof(bytes);
		taken = service_link_send(f->link, bytes, taken);
		f->sent += taken;
	} while (taken == sizeof(bytes));
}

static void on_connected(void *context)
{
	struct fixture *f = context;

	f->connections++;
	if (f->greeting != NULL)
		assert_int_equal(
		    service_link_send(f->link, (const uint8_t *)f->greeting, strlen(f->greeting)),
		    strlen(f->greeting));
	if (f->to_send > 0)
		send_on(f);
	if (f->peer_stops) {
		/* Now that the kernel is full. */
		assert_int_equal(waitpid(f->peer, NULL, WUNTRACED), f->peer);
		kill(f->peer, SIGCONT);
	}
	if (f->close_when_connected)
		service_link_close(f->link);
	free_if(f, FREE_CONNECTED);
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct fixture *f = context;

	assert_true(length > 0 && length <= SERVICE_INPUT_MAX);
	for (size_t i = 0; i < length; i++) {
		if (f->received + i < sizeof(f->bytes))
			f->bytes[f->received + i] = bytes[i];
		f->sum += bytes[i];
	}
	f->received += length;
	if (f->paused)
		f->received_after_pause += length;
	if (f->pause_when_received && !f->paused) {
		f->paused = true;
		service_link_pause(f->link, true);
	}
	free_if(f, FREE_RECEIVED);
}

static void on_drained(void *context)
{
	struct fixture *f = context;

	f->drains++;
	if (f->to_send > 0)
		send_on(f);
	free_if(f, FREE_DRAINED);
}

static void on_ended(void *context, enum service_failure why, const char *detail)
{
	struct fixture *f = context;

	f->ends++;
	f->why = why;
	snprintf(f->detail, sizeof(f->detail), "%s", detail);
	free_if(f, FREE_ENDED);
	event_loop_stop(f->loop, 0);
}

static const struct service_link_handlers handlers = {
	.connected = on_connected,
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

static void on_guard(void *context)
{
	struct fixture *f = context;

	event_loop_stop(f->loop, -1);
}

static void on_step(void *context)
{
	struct fixture *f = context;

	event_loop_stop(f->loop, 1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_equal(event_loop_new(&f->loop, 16), 0);
	assert_int_equal(timer_new(&f->guard, f->loop, on_guard, f), 0);
	assert_int_equal(timer_new(&f->step, f->loop, on_step, f), 0);
	timer_arm(f->guard, event_loop_now() + GUARD);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	service_link_free(f->link);
	if (f->peer > 0) {
		kill(f->peer, SIGKILL);
		waitpid(f->peer, NULL, 0);
	}
	timer_free(f->guard);
	timer_free(f->step);
	event_loop_free(f->loop);
	free(f);
	return 0;
}

/* A socket on a free port of the loopback address, which does not listen yet. */
static int bind_peer(struct fixture *f, int family)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} address = { 0 };
	socklen_t length = sizeof(address);
	int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6)
		address.ipv6.sin6_addr = in6addr_loopback;
	else
		address.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, &address.any,
			      family == AF_INET6 ? sizeof(address.ipv6) : sizeof(address.ipv4)),
			 0);
	assert_int_equal(getsockname(listener, &address.any, &length), 0);
	f->port = ntohs(family == AF_INET6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
	return listener;
}

/* The port is free until the script, if any, serves the first connection to it. */
static void start_peer(struct fixture *f, int family, void (*script)(int peer))
{
	int listener = bind_peer(f, family);

	if (script == NULL) {
		close(listener);
		return;
	}
	/* A small window, so that output soon has to wait. */
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &(int) { 4096 }, sizeof(int));
	assert_int_equal(listen(listener, 1), 0);
	f->peer = fork();
	assert_true(f->peer >= 0);
	if (f->peer == 0) {
		int peer = accept(listener, NULL, NULL);

		alarm(GUARD / 1000000);
		require(peer >= 0);
		script(peer);
		_exit(0);
	}
	close(listener);
}

static bool is_acceptable(void *context, const struct address *address)
{
	struct fixture *f = context;
	size_t length = strlen(f->asked);
	char text[ADDRESS_TEXT_MAX];
	char spaced[ADDRESS_TEXT_MAX + 2];

	address_format(address, text);
	snprintf(f->asked + length, sizeof(f->asked) - length, "%s ", text);
	snprintf(spaced, sizeof(spaced), " %s ", text);
	return strstr(f->denied, spaced) == NULL;
}

static int new_link(struct fixture *f, enum uri_scheme scheme, const char *host, unsigned ping,
		    const struct config_list *subprotocols)
{
	struct uri uri = { .scheme = scheme, .port = f->port, .path = "/path?query" };

	snprintf(uri.host, sizeof(uri.host), "%s", host);
	return service_link_new(&f->link, f->loop,
				&(struct service_target) {
				    .uri = &uri,
				    .subprotocols = subprotocols,
				    .ping = ping,
				    .acceptable = f->denied != NULL ? is_acceptable : NULL,
				    .acceptable_context = f,
				},
				&handlers, f);
}

static void start_link(struct fixture *f, enum uri_scheme scheme)
{
	assert_int_equal(new_link(f, scheme, "127.0.0.1", 0, NULL), 0);
	assert_int_equal(f->connections + f->received + f->ends, 0);
}

static void run(struct fixture *f)
{
	assert_int_equal(event_loop_run(f->loop), 0);
}

static void run_for(struct fixture *f, unsigned milliseconds)
{
	timer_arm(f->step, event_loop_now() + (uint64_t)milliseconds * US_PER_MS);
	assert_int_equal(event_loop_run(f->loop), 1);
}

static void assert_peer_content(struct fixture *f)
{
	int status;

	assert_int_equal(waitpid(f->peer, &status, 0), f->peer);
	f->peer = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Conversations by WebSocket */

static void speaks_text(int peer)
{
	shake(peer);
	put_frame(peer, TEXT, "A\xc3\xa9\xc3\xbf", 5);
	close_in_order(peer);
}

static void speaks_binary(int peer)
{
	shake(peer);
	put_frame(peer, BINARY, "\x00\x80\xff", 3);
	close_in_order(peer);
}

static void speaks_in_fragments(int peer)
{
	shake(peer);
	put_frame(peer, TEXT_BEGUN, "a\xc3", 2);
	put_frame(peer, PING, "ping", 4);
	put_frame(peer, CONTINUED, "", 0);
	put_frame(peer, CONTINUED, "\xa9", 1);
	put_frame(peer, PONG, "unasked", 7);
	put_frame(peer, CONTINUED_LAST, "b", 1);
	put_frame(peer, TEXT, "", 0);
	put_frame(peer, TEXT, "c", 1);
	expect_frame(peer, PONG, "ping");
	close_in_order(peer);
}

static void speaks_beyond_latin1(int peer)
{
	shake(peer);
	put_frame(peer, TEXT,
		  "\xc4\x80"
		  "A"
		  "\xe2\x82\xac"
		  "B"
		  "\xf0\x9f\x92\xa9",
		  11);
	close_in_order(peer);
}

static void speaks_with_the_answer(int peer)
{
	int on = 1;

	setsockopt(peer, IPPROTO_TCP, 3 /* TCP_CORK */, &on, sizeof(on));
	shake(peer);
	put_frame(peer, TEXT, "early", 5);
	on = 0;
	setsockopt(peer, IPPROTO_TCP, 3, &on, sizeof(on));
	close_in_order(peer);
}

static void breaks_utf8(int peer)
{
	shake(peer);
	put_frame(peer, TEXT, "ab\xff", 3);
	expect_close(peer, 1007);
}

static void leaves_utf8_unended(int peer)
{
	shake(peer);
	put_frame(peer, TEXT, "ab\xc3", 3);
	expect_close(peer, 1007);
}

static void uses_reserved_opcode(int peer)
{
	shake(peer);
	put_frame(peer, 0x83, "x", 1);
	expect_end(peer);
}

static void uses_reserved_bits(int peer)
{
	shake(peer);
	put_frame(peer, 0xc1, "x", 1);
	expect_end(peer);
}

static void continues_nothing(int peer)
{
	shake(peer);
	put_frame(peer, CONTINUED_LAST, "x", 1);
	expect_end(peer);
}

static void pings_too_long(int peer)
{
	static const uint8_t frame[] = { PING, 126, 0x10, 0x00 };

	shake(peer);
	put(peer, frame, sizeof(frame));
	expect_end(peer);
}

static void claims_too_much(int peer)
{
	static const uint8_t frame[] = {
		TEXT, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};

	shake(peer);
	put(peer, frame, sizeof(frame));
	expect_end(peer);
}

static void closes_with_reason(int peer)
{
	shake(peer);
	put_frame(peer, CLOSE,
		  "\x03\xe9"
		  "bye",
		  5);
	expect_close(peer, 1001);
}

static void closes_without_code(int peer)
{
	shake(peer);
	put_frame(peer, CLOSE, "", 0);
	require(get_frame(peer, CLOSE, (uint8_t[2]) { 0 }, 2) == 0);
}

static void ends_without_close(int peer)
{
	shake(peer);
	put_frame(peer, TEXT, "x", 1);
}

static void resets(int peer)
{
	struct linger now = { .l_onoff = 1 };

	shake(peer);
	setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void answers(int peer, const char *answer)
{
	get_request(peer);
	say(peer, answer);
	expect_end(peer);
}

static void answers_200(int peer)
{
	answers(peer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
}

static void answers_302(int peer)
{
	answers(peer, "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n");
}

static void answers_404(int peer)
{
	answers(peer, "HTTP/1.1 404 Not Found\r\n\r\n");
}

static void answers_no_http(int peer)
{
	answers(peer, "nonsense: yes\r\n\r\n");
}

static void speaks_ssh(int peer)
{
	answers(peer, "SSH-2.0-OpenSSH_9.2\r\n");
}

static void answers_wrong_hash(int peer)
{
	answers(
	    peer,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
}

static void answers_101_without_upgrade(int peer)
{
	answers(peer, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
}

static void chooses_unknown_subprotocol(int peer)
{
	answer_upgrade(peer, get_request(peer), "Sec-WebSocket-Protocol: chat\r\n");
	expect_end(peer);
}

static void chooses_unasked_extension(int peer)
{
	answer_upgrade(peer, get_request(peer), "Sec-WebSocket-Extensions: permessage-deflate\r\n");
	expect_end(peer);
}

static void answers_endless_headers(int peer)
{
	char line[1024];

	get_request(peer);
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	say(peer, "HTTP/1.1 101 Switching Protocols\r\nX-Long: ");
	while (send(peer, line, strlen(line), MSG_NOSIGNAL) > 0)
		;
}

static void hangs_up_at_once(int peer)
{
	(void)peer;
}

static void hangs_up_after_request(int peer)
{
	get_request(peer);
}

struct conversation {
	const char *name;
	void (*script)(int peer);
	unsigned connections;
	const char *received;
	size_t length;
	enum service_failure why;
	const char *detail; /* that it holds */
};

#define BYTES(text) text, sizeof(text) - 1
#define NOTHING     NULL, 0

static const struct conversation conversations[] = {
	{ "text", speaks_text, 1, BYTES("A\xe9\xff"), SERVICE_CLOSED, "1000" },
	{ "binary", speaks_binary, 1, BYTES("\x00\x80\xff"), SERVICE_CLOSED, "1000" },
	{ "fragments", speaks_in_fragments, 1,
	  BYTES("a\xe9"
		"bc"),
	  SERVICE_CLOSED, "1000" },
	{ "above 255", speaks_beyond_latin1, 1, BYTES("_A_B_"), SERVICE_CLOSED, "1000" },
	{ "at once", speaks_with_the_answer, 1, BYTES("early"), SERVICE_CLOSED, "1000" },
	{ "bad UTF-8", breaks_utf8, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "UTF-8" },
	{ "half UTF-8", leaves_utf8_unended, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "UTF-8" },
	{ "opcode", uses_reserved_opcode, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "RFC 6455" },
	{ "RSV", uses_reserved_bits, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "RFC 6455" },
	{ "continuation", continues_nothing, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "RFC 6455" },
	{ "long ping", pings_too_long, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "RFC 6455" },
	{ "2^64-1", claims_too_much, 1, NOTHING, SERVICE_PROTOCOL_ERROR, "RFC 6455" },
	{ "reason", closes_with_reason, 1, NOTHING, SERVICE_CLOSED, "1001: bye" },
	{ "no code", closes_without_code, 1, NOTHING, SERVICE_CLOSED, "close frame" },
	{ "end of file", ends_without_close, 1, BYTES("x"), SERVICE_CUT, "without" },
	{ "reset", resets, 1, NOTHING, SERVICE_CUT, "" },
	{ "200", answers_200, 0, NOTHING, SERVICE_BAD_ANSWER, "HTTP 200" },
	{ "302", answers_302, 0, NOTHING, SERVICE_BAD_ANSWER, "HTTP 302" },
	{ "404", answers_404, 0, NOTHING, SERVICE_BAD_ANSWER, "HTTP 404" },
	{ "no HTTP", answers_no_http, 0, NOTHING, SERVICE_BAD_ANSWER, "" },
	{ "hash", answers_wrong_hash, 0, NOTHING, SERVICE_BAD_ANSWER, "" },
	{ "bare 101", answers_101_without_upgrade, 0, NOTHING, SERVICE_BAD_ANSWER, "" },
	{ "subprotocol", chooses_unknown_subprotocol, 0, NOTHING, SERVICE_BAD_ANSWER, "" },
	{ "extension", chooses_unasked_extension, 0, NOTHING, SERVICE_BAD_ANSWER, "" },
	{ "headers", answers_endless_headers, 0, NOTHING, SERVICE_BAD_ANSWER, "" },
	{ "hang-up", hangs_up_at_once, 0, NOTHING, SERVICE_CUT, "" },
	{ "no answer", hangs_up_after_request, 0, NOTHING, SERVICE_CUT, "" },
};

static void test_websocket_conversations_end_as_they_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		const struct conversation *conversation = &conversations[i];
		struct fixture *f;

		print_message("  %s\n", conversation->name);
		set_up((void **)&f);
		start_peer(f, AF_INET, conversation->script);
		start_link(f, URI_WS);
		run(f);
		assert_int_equal(f->connections, conversation->connections);
		assert_int_equal(f->received, conversation->length);
		assert_memory_equal(f->bytes, conversation->received, conversation->length);
		assert_string_equal(service_failure_name(f->why),
				    service_failure_name(conversation->why));
		assert_non_null(strstr(f->detail, conversation->detail));
		run_for(f, 20); /* for the close frame of a protocol error to leave */
		assert_peer_content(f);
		assert_int_equal(f->ends, 1);
		tear_down((void **)&f);
	}
}

static void checks_request(int peer)
{
	const char *request = get_request(peer);

	require(strncmp(request, "GET /path?query HTTP/1.1\r\n", 26) == 0);
	require(strstr(request, "\r\nHost: [::1]:") != NULL);
	require(strstr(request, "\r\nSec-WebSocket-Protocol: tty,binary\r\n") != NULL);
	require(strstr(request, "\r\nSec-WebSocket-Version: 13\r\n") != NULL);
	require(strstr(request, "Extensions") == NULL);
	answer_upgrade(peer, request, "Sec-WebSocket-Protocol: binary\r\n");
	expect_frame(peer, BINARY, "\xe9\xff!");
	close_in_order(peer);
}

static void test_request_over_ipv6_offers_subprotocols_and_binary_sends_binary(void **state)
{
	char *names[] = { "tty", "binary" };
	const struct config_list subprotocols = { names, 2 };
	struct fixture *f = *state;

	start_peer(f, AF_INET6, checks_request);
	f->greeting = "\xe9\xff!";
	assert_int_equal(new_link(f, URI_WS, "::1", 0, &subprotocols), 0);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_peer_content(f);
}

static void test_hostile_subprotocols_and_names_are_refused(void **state)
{
	static char long_name[600];
	char *injected[] = { "binary\r\nX-Injected: yes" };
	char *comma[] = { "a,b" };
	char *empty[] = { "" };
	char *too_long[] = { long_name };
	const struct config_list lists[] = { { injected, 1 }, { comma, 1 }, { empty, 1 } };
	const struct config_list longest = { too_long, 1 };
	struct fixture *f = *state;
	char host[200];

	memset(long_name, 'a', sizeof(long_name) - 1);
	memset(host, 'a', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	f->port = 80;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_equal(new_link(f, URI_WS, "127.0.0.1", 0, &lists[i]), -EINVAL);
	assert_int_equal(new_link(f, URI_WS, "127.0.0.1", 0, &longest), -E2BIG);
	assert_int_equal(new_link(f, URI_WS, host, 0, NULL), -ENAMETOOLONG);
	assert_null(f->link);
}

static void hears_text_then_close(int peer)
{
	shake(peer);
	expect_frame(peer, TEXT, "caf\xc3\xa9");
	expect_close(peer, 1000);
	put_frame(peer, TEXT, "too late", 8);
	put_frame(peer, CLOSE, "\x03\xe8", 2);
	expect_end(peer);
}

static void test_close_sends_what_was_taken_then_a_close_frame(void **state)
{
	struct fixture *f = *state;

	start_peer(f, AF_INET, hears_text_then_close);
	f->greeting = "caf\xe9";
	f->close_when_connected = true;
	start_link(f, URI_WS);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_int_equal(f->received, 0);
	assert_peer_content(f);
}

static void ignores_close(int peer)
{
	shake(peer);
	expect_close(peer, 1000);
	expect_end(peer);
}

static void test_close_that_is_not_answered_ends_in_time(void **state)
{
	struct fixture *f = *state;
	uint64_t begin = event_loop_now();

	start_peer(f, AF_INET, ignores_close);
	f->close_when_connected = true;
	start_link(f, URI_WS);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_true(event_loop_now() - begin < 3000000);
	assert_peer_content(f);
}

static void floods(int peer)
{
	static uint8_t bytes[BIG];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	shake(peer);
	put_frame(peer, BINARY, bytes, sizeof(bytes));
	close_in_order(peer);
}

static void test_pause_holds_the_service_and_costs_nothing(void **state)
{
	struct fixture *f = *state;
	struct rusage before;
	struct rusage after;
	size_t sum = 0;

	start_peer(f, AF_INET, floods);
	f->pause_when_received = true;
	start_link(f, URI_WS);
	for (int i = 0; i < 50 && !f->paused; i++)
		run_for(f, 100);
	assert_true(f->paused);
	getrusage(RUSAGE_SELF, &before);
	run_for(f, 300);
	getrusage(RUSAGE_SELF, &after);
	assert_true(f->received_after_pause <= SERVICE_INPUT_MAX);
	assert_true(after.ru_nvcsw - before.ru_nvcsw <= 3);
	assert_true(after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec -
			before.ru_utime.tv_sec * 1000000 - before.ru_utime.tv_usec <
		    100000);
	/* Again and again: nothing may be lost, doubled or disordered on the way. */
	for (unsigned i = 0; i < 50; i++) {
		f->paused = false;
		service_link_pause(f->link, false);
		run_for(f, 1);
	}
	f->pause_when_received = false;
	f->paused = false;
	service_link_pause(f->link, false);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_int_equal(f->received, BIG);
	for (size_t i = 0; i < BIG; i++)
		sum += (uint8_t)(i * 7);
	assert_int_equal(f->sum, sum);
	for (size_t i = 0; i < sizeof(f->bytes); i++)
		assert_int_equal(f->bytes[i], (uint8_t)(i * 7));
	assert_peer_content(f);
}

static void reads_slowly(int peer)
{
	static uint8_t frame[2 * SERVICE_OUTPUT_MAX];
	size_t total = 0;

	shake(peer);
	while (total < BIG) {
		size_t length = get_frame(peer, BINARY, frame, sizeof(frame));

		for (size_t i = 0; i < length; i++)
			require(frame[i] == (uint8_t)(total + i));
		total += length;
	}
	close_in_order(peer);
}

static void test_long_output_goes_by_way_of_drained(void **state)
{
	char *names[] = { "binary" };
	const struct config_list subprotocols = { names, 1 };
	struct fixture *f = *state;

	start_peer(f, AF_INET, reads_slowly);
	f->to_send = BIG;
	assert_int_equal(new_link(f, URI_WS, "127.0.0.1", 0, &subprotocols), 0);
	run(f);
	assert_int_equal(f->sent, BIG);
	assert_true(f->drains > 0);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_peer_content(f);
}

static void reads_telnet(int peer)
{
	uint8_t bytes[4096];
	ssize_t length = 0;
	uint8_t twin = 1; /* the byte that must follow FF; 1: any */
	size_t i = 0;

	raise(SIGSTOP);
	while (i < HUGE || twin != 1) {
		length = recv(peer, bytes, sizeof(bytes), 0);
		require(length > 0);
		for (ssize_t next = 0; next < length; next++) {
			if (twin != 1) {
				require(bytes[next] == twin);
				twin = 1;
				continue;
			}
			require(bytes[next] == (uint8_t)i++);
			if (bytes[next] == 0xff)
				twin = 0xff;
		}
	}
	shutdown(peer, SHUT_WR);
	expect_end(peer);
}

static void test_long_output_by_telnet(void **state)
{
	struct fixture *f = *state;

	start_peer(f, AF_INET, reads_telnet);
	f->to_send = HUGE;
	f->peer_stops = true;
	start_link(f, URI_TELNET);
	run(f);
	assert_int_equal(f->sent, HUGE);
	assert_true(f->drains > 0);
	assert_int_equal(f->why, SERVICE_CLOSED);
	service_link_free(f->link);
	f->link = NULL;
	assert_peer_content(f);
}

static void takes_anything(int peer)
{
	uint8_t bytes[4096];

	while (recv(peer, bytes, sizeof(bytes), 0) > 0)
		;
}

static void greets_by_websocket(int peer)
{
	shake(peer);
	put_frame(peer, TEXT, "hello", 5);
	takes_anything(peer);
}

static void greets_by_telnet(int peer)
{
	raise(SIGSTOP);
	say(peer, "\xff\xfb\x01hello\xff\xfb\x03you");
	takes_anything(peer);
}

static void test_link_is_freed_from_within_every_handler(void **state)
{
	(void)state;
	for (int when = FREE_CONNECTED; when <= FREE_ENDED; when++) {
		for (int telnet = 0; telnet < 2; telnet++) {
			struct fixture *f;

			set_up((void **)&f);
			start_peer(f, AF_INET, telnet ? greets_by_telnet : greets_by_websocket);
			f->free_when = when;
			f->to_send = when == FREE_DRAINED ? HUGE : 0;
			f->close_when_connected = when == FREE_ENDED;
			f->peer_stops = telnet;
			start_link(f, telnet ? URI_TELNET : URI_WS);
			run(f);
			assert_null(f->link);
			run_for(f, 5);
			assert_int_equal(f->ends, when == FREE_ENDED ? 1 : 0);
			assert_int_equal(f->drains, when == FREE_DRAINED ? 1 : 0);
			tear_down((void **)&f);
		}
	}
}

static void test_link_is_freed_at_any_time(void **state)
{
	(void)state;
	for (unsigned microseconds = 0; microseconds < 2000; microseconds += 100) {
		struct fixture *f;

		set_up((void **)&f);
		start_peer(f, AF_INET, greets_by_websocket);
		start_link(f, URI_WS);
		timer_arm(f->step, event_loop_now() + microseconds);
		assert_int_equal(event_loop_run(f->loop), 1);
		service_link_free(f->link);
		f->link = NULL;
		run_for(f, 2);
		tear_down((void **)&f);
	}
}

static void test_close_before_connected_ends_from_the_loop(void **state)
{
	struct fixture *f = *state;

	start_peer(f, AF_INET, greets_by_websocket);
	start_link(f, URI_WS);
	service_link_close(f->link);
	assert_int_equal(f->ends, 0);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_int_equal(f->connections, 0);
}

/* Names and addresses */

static void test_nobody_listening_is_refused(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "::1", "localhost" };
	struct fixture *f = *state;

	start_peer(f, AF_INET, NULL);
	for (size_t i = 0; i < 3; i++) {
		for (unsigned scheme = 0; scheme < 2; scheme++) {
			assert_int_equal(
			    new_link(f, scheme == 0 ? URI_WS : URI_TELNET, hosts[i], 0, NULL), 0);
			run(f);
			assert_int_equal(f->why, SERVICE_REFUSED);
			assert_non_null(strstr(f->detail, "refused"));
			service_link_free(f->link);
			f->link = NULL;
		}
	}
}

static void test_localhost_is_either_family(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct fixture *f;

		set_up((void **)&f);
		start_peer(f, i == 0 ? AF_INET : AF_INET6, speaks_text);
		assert_int_equal(new_link(f, URI_WS, "localhost", 0, NULL), 0);
		run(f);
		assert_int_equal(f->why, SERVICE_CLOSED);
		assert_peer_content(f);
		tear_down((void **)&f);
	}
}

static void test_unreachable_address(void **state)
{
	struct fixture *f = *state;

	f->port = 9;
	/* A broadcast address is no peer for TCP, on any machine. */
	assert_int_equal(new_link(f, URI_TELNET, "255.255.255.255", 0, NULL), 0);
	run(f);
	assert_int_equal(f->why, SERVICE_UNREACHABLE);
}

static unsigned thread_count(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned count = 0;

	assert_non_null(tasks);
	for (const struct dirent *task = readdir(tasks); task != NULL; task = readdir(tasks))
		count += task->d_name[0] != '.';
	closedir(tasks);
	return count;
}

/* The resolver's threads, which abandoned questions leave to their fate: a peer that is forked
 * beside them may inherit a lock that nobody gives back. The system's own time-out bounds this. */
static void wait_for_threads(unsigned count)
{
	uint64_t begin = event_loop_now();

	while (thread_count() > count && event_loop_now() - begin < GUARD)
		poll(NULL, 0, 10);
}

static void test_unknown_name_is_told_and_an_abandoned_question_harmless(void **state)
{
	struct fixture *f = *state;
	unsigned threads = thread_count();

	f->port = 80;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(new_link(f, URI_WS, "no-such-name.invalid", 0, NULL), 0);
		service_link_free(f->link);
		f->link = NULL;
	}
	assert_int_equal(new_link(f, URI_WS, "no-such-name.invalid", 0, NULL), 0);
	run(f);
	/* Without a network there is nobody to say that the name does not exist. */
	assert_true(f->why == SERVICE_NAME_UNKNOWN || f->why == SERVICE_RESOLVER_FAILED ||
		    f->why == SERVICE_TIMED_OUT);
	assert_int_equal(f->connections, 0);
	wait_for_threads(threads);
}

/* The kernel holds a connection that was made until it is accepted. */
static bool is_connected_to(int listener)
{
	struct pollfd waiting = { .fd = listener, .events = POLLIN };

	return poll(&waiting, 1, 0) == 1;
}

static void test_only_acceptable_addresses_are_connected_to(void **state)
{
	/* localhost is ::1, then 127.0.0.1. */
	static const struct {
		const char *host;
		const char *denied;
		int family; /* of the service */
		const char *asked;
		bool connected;
		enum service_failure why;
		const char *detail;
	} rows[] = {
		{ "localhost", "", AF_INET6, "::1 ", true, SERVICE_CLOSED, "" },
		{ "localhost", "", AF_INET, "::1 127.0.0.1 ", true, SERVICE_CLOSED, "" },
		{ "localhost", " ::1 ", AF_INET, "::1 127.0.0.1 ", true, SERVICE_CLOSED, "" },
		{ "localhost", " ::1 ", AF_INET6, "::1 127.0.0.1 ", false, SERVICE_REFUSED,
		  "127.0.0.1: " },
		{ "localhost", " 127.0.0.1 ", AF_INET, "::1 127.0.0.1 ", false, SERVICE_REFUSED,
		  "::1: " },
		{ "localhost", " ::1 127.0.0.1 ", AF_INET, "::1 127.0.0.1 ", false, SERVICE_DENIED,
		  "127.0.0.1: not allowed" },
		{ "localhost", " ::1 127.0.0.1 ", AF_INET6, "::1 127.0.0.1 ", false, SERVICE_DENIED,
		  "127.0.0.1: not allowed" },
		{ "127.0.0.1", " ::1 ", AF_INET, "127.0.0.1 ", true, SERVICE_CLOSED, "" },
		{ "127.0.0.1", " 127.0.0.1 ", AF_INET, "127.0.0.1 ", false, SERVICE_DENIED,
		  "127.0.0.1: not allowed" },
		{ "::ffff:127.0.0.1", " 127.0.0.1 ", AF_INET, "127.0.0.1 ", false, SERVICE_DENIED,
		  "127.0.0.1: not allowed" },
		{ "::ffff:127.0.0.1", "", AF_INET, "127.0.0.1 ", true, SERVICE_CLOSED, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f;
		int listener;

		print_message("  row %zu\n", i);
		set_up((void **)&f);
		listener = bind_peer(f, rows[i].family);
		assert_int_equal(listen(listener, 1), 0);
		f->denied = rows[i].denied;
		f->free_when = FREE_CONNECTED;
		assert_int_equal(new_link(f, URI_TELNET, rows[i].host, 0, NULL), 0);
		assert_string_equal(f->asked, "");
		run(f);
		assert_string_equal(f->asked, rows[i].asked);
		assert_int_equal(f->connections, rows[i].connected ? 1 : 0);
		assert_int_equal(is_connected_to(listener), rows[i].connected);
		assert_int_equal(f->ends, rows[i].connected ? 0 : 1);
		assert_string_equal(service_failure_name(f->why),
				    service_failure_name(rows[i].why));
		assert_non_null(strstr(f->detail, rows[i].detail));
		close(listener);
		tear_down((void **)&f);
	}
}

/* Time-outs, all at once */

static void never_answers(int peer)
{
	get_request(peer);
	expect_end(peer);
}

static void drips_headers(int peer)
{
	get_request(peer);
	say(peer, "HTTP/1.1 101 Switching Protocols\r\nX: ");
	while (send(peer, "x", 1, MSG_NOSIGNAL) > 0)
		usleep(100000);
}

static void answers_no_ping(int peer)
{
	shake(peer);
	takes_anything(peer);
}

static void answers_pings(int peer)
{
	shake(peer);
	for (int i = 0; i < 3; i++) {
		expect_frame(peer, PING, "");
		put_frame(peer, PONG, "", 0);
	}
	close_in_order(peer);
}

static void test_pings_are_sent_and_answers_accepted(void **state)
{
	struct fixture *f = *state;
	uint64_t begin = event_loop_now();

	start_peer(f, AF_INET, answers_pings);
	assert_int_equal(new_link(f, URI_WS, "127.0.0.1", 1, NULL), 0);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_in_range(event_loop_now() - begin, 2900000, 4000000);
	assert_peer_content(f);
}

static void test_silent_services_end_in_time(void **state)
{
	static const struct {
		void (*script)(int peer);
		enum uri_scheme scheme;
		unsigned ping;
		enum service_failure why;
		uint64_t seconds;
	} rows[] = {
		{ never_answers, URI_WS, 0, SERVICE_TIMED_OUT, 10 },
		{ takes_anything, URI_WSS, 0, SERVICE_TIMED_OUT, 10 },
		{ drips_headers, URI_WS, 0, SERVICE_BAD_ANSWER, 10 },
		{ speaks_ssh, URI_WS, 0, SERVICE_BAD_ANSWER, 10 },
		{ answers_no_ping, URI_WS, 1, SERVICE_SILENT, 21 },
	};
	enum {
		ROWS = sizeof(rows) / sizeof(rows[0])
	};
	pid_t tests[ROWS];

	(void)state;
	/* Each in a process of its own, so that they take their time together. */
	for (unsigned i = 0; i < ROWS; i++) {
		tests[i] = fork();
		if (tests[i] == 0) {
			uint64_t begin = event_loop_now();
			uint64_t took;
			struct fixture *f;

			set_up((void **)&f);
			start_peer(f, AF_INET, rows[i].script);
			(void)new_link(f, rows[i].scheme, "127.0.0.1", rows[i].ping, NULL);
			require(event_loop_run(f->loop) == 0);
			took = event_loop_now() - begin;
			require(f->why == rows[i].why);
			require(took >= rows[i].seconds * 1000000 - 100000 &&
				took < rows[i].seconds * 1000000 + 2000000);
			kill(f->peer, SIGKILL);
			waitpid(f->peer, NULL, 0);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < ROWS; i++) {
		int status;

		print_message("  row %u\n", i);
		assert_int_equal(waitpid(tests[i], &status, 0), tests[i]);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("row %u: wait status %#x", i, (unsigned)status);
	}
}

/* Conversations by telnet */

static void speaks_no_telnet(int peer)
{
	/* FF doubled, RFC 854; nothing else, and nothing first. */
	expect(peer, "a\r\xff\xff\x80", 5);
	put(peer, "page\r\n\xff\xff\x80", 9);
	shutdown(peer, SHUT_WR);
	expect_end(peer);
}

static void negotiates(int peer)
{
	/* WILL ECHO, WILL SGA, DO TTYPE, DO NAWS, DO 99 */
	put(peer, "\xff\xfb\x01\xff\xfb\x03\xff\xfd\x18\xff\xfd\x1f\xff\xfd\x63", 15);
	/* DO ECHO, DO SGA, WILL TTYPE, WILL NAWS, its size, WONT 99; then WILL and DO BINARY */
	expect(peer, "a\r\xff\xff\x80", 5);
	expect(peer, "\xff\xfd\x01\xff\xfd\x03\xff\xfb\x18\xff\xfb\x1f", 12);
	expect(peer, "\xff\xfa\x1f\x00\x28\x00\x19\xff\xf0\xff\xfc\x63", 12);
	expect(peer, "\xff\xfb\x00\xff\xfd\x00", 6);
	put(peer, "\xff\xfa\x18\x01\xff\xf0", 6);
	expect(peer, "\xff\xfa\x18\x00MINITEL1B\xff\xf0", 15);
	put(peer, "\xff\xfd\x00\xff\xfb\x00", 6);
	put(peer, "page\r\n\xff\xff\x80", 9);
	shutdown(peer, SHUT_WR);
	expect_end(peer);
}

static void floods_negotiation(int peer)
{
	uint8_t requests[3000];

	for (unsigned i = 0; i < sizeof(requests); i += 3) {
		requests[i] = 0xff;
		requests[i + 1] = 0xfd;
		requests[i + 2] = (uint8_t)(i % 200 + 32);
	}
	for (unsigned i = 0; i < 200; i++)
		put(peer, requests, sizeof(requests));
	put(peer, "page\r\n\xff\xff\x80", 9);
	shutdown(peer, SHUT_WR);
	while (recv(peer, requests, sizeof(requests), 0) > 0)
		;
}

static void test_telnet_conversations(void **state)
{
	static void (*const scripts[])(int peer) = {
		speaks_no_telnet,
		negotiates,
		floods_negotiation,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct fixture *f;

		set_up((void **)&f);
		start_peer(f, AF_INET, scripts[i]);
		f->greeting = "a\r\xff\x80";
		start_link(f, URI_TELNET);
		run(f);
		assert_int_equal(f->connections, 1);
		assert_int_equal(f->received, 8);
		assert_memory_equal(f->bytes, "page\r\n\xff\x80", 8);
		assert_int_equal(f->why, SERVICE_CLOSED);
		/* As its half of the connection is closed by the end of the link. */
		service_link_free(f->link);
		f->link = NULL;
		assert_peer_content(f);
		tear_down((void **)&f);
	}
}

static void test_telnet_close_sends_what_was_taken(void **state)
{
	struct fixture *f = *state;

	start_peer(f, AF_INET, speaks_no_telnet);
	f->greeting = "a\r\xff\x80";
	f->close_when_connected = true;
	start_link(f, URI_TELNET);
	run(f);
	assert_int_equal(f->why, SERVICE_CLOSED);
	assert_int_equal(f->received, 0);
	assert_peer_content(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_websocket_conversations_end_as_they_should),
		TEST(test_request_over_ipv6_offers_subprotocols_and_binary_sends_binary),
		TEST(test_hostile_subprotocols_and_names_are_refused),
		TEST(test_close_sends_what_was_taken_then_a_close_frame),
		TEST(test_close_that_is_not_answered_ends_in_time),
		TEST(test_pause_holds_the_service_and_costs_nothing),
		TEST(test_long_output_goes_by_way_of_drained),
		TEST(test_long_output_by_telnet),
		cmocka_unit_test(test_link_is_freed_from_within_every_handler),
		cmocka_unit_test(test_link_is_freed_at_any_time),
		TEST(test_close_before_connected_ends_from_the_loop),
		TEST(test_nobody_listening_is_refused),
		cmocka_unit_test(test_localhost_is_either_family),
		TEST(test_unreachable_address),
		cmocka_unit_test(test_only_acceptable_addresses_are_connected_to),
		TEST(test_unknown_name_is_told_and_an_abandoned_question_harmless),
		TEST(test_pings_are_sent_and_answers_accepted),
		cmocka_unit_test(test_silent_services_end_in_time),
		cmocka_unit_test(test_telnet_conversations),
		TEST(test_telnet_close_sends_what_was_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
