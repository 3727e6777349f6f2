/*
 * The callers of the bench, any number of them in one process. Prints one line of JSON.
 *
 * usage: client first-byte raw|websocket PORT CALLS
 *        client hold       raw|websocket PORT CALLERS
 *        client pace       raw|websocket PORT CALLERS SPEED
 *        client bulk       raw|websocket PORT BYTES
 *
 * hold and pace print "ready" once every caller has its service's first byte, and wait for a line
 * of standard input before they go on; pace prints its result and waits again.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 256,
	RECEIVE_MAX = 262144,
	OPENING_MAX = 32,    /* callers whose first byte is awaited at once */
	PATIENCE_MS = 30000, /* for anything that does not come */
	PAUSE_NS = 5000000,  /* between two calls: the last one has gone by then */
	BITS_PER_CHARACTER = 10,
	STEPS_MAX = 4096, /* sizes of steps counted apart; larger ones count as this */
};

/* Where the parser of a connection stands: in the HTTP head, in a frame's header, in payload. */
enum stage {
	HEAD,
	HEADER,
	PAYLOAD
};

struct caller {
	int descriptor;
	bool websocket;
	enum stage stage;
	unsigned newlines; /* of the blank line that ends the head */
	unsigned char header[10];
	unsigned header_length;
	uint64_t payload; /* bytes left of this frame */
	bool greeted;
	uint64_t characters;  /* BENCH_FILLER bytes so far */
	uint64_t first_count; /* of the first step */
	uint64_t first_time;
	uint64_t last_time;
};

static unsigned char received[RECEIVE_MAX];
static uint64_t steps[STEPS_MAX + 1];

static void look_at(struct caller *caller, const unsigned char *bytes, size_t length)
{
	if (!caller->greeted) {
		caller->greeted = memchr(bytes, BENCH_FIRST_BYTE, length) != NULL;
		return;
	}
	for (size_t i = 0; i < length; i++)
		caller->characters += bytes[i] == BENCH_FILLER;
}

/* RFC 6455, section 5.2; a server does not mask. */
static void start_payload(struct caller *caller)
{
	unsigned length = caller->header[1] & 0x7f;
	unsigned extended = length == 127 ? 8 : length == 126 ? 2 : 0;

	if (caller->header_length < 2 + extended)
		return;
	caller->payload = extended == 0 ? length : 0;
	for (unsigned i = 0; i < extended; i++)
		caller->payload = caller->payload << 8 | caller->header[2 + i];
	caller->header_length = 0;
	caller->stage = caller->payload > 0 ? PAYLOAD : HEADER;
}

static void parse(struct caller *caller, const unsigned char *bytes, size_t length)
{
	size_t count;

	while (length > 0) {
		count = 1;
		switch (caller->stage) {
		case HEAD:
			if (*bytes == '\n')
				caller->newlines++;
			else if (*bytes != '\r')
				caller->newlines = 0;
			if (caller->newlines == 2)
				caller->stage = HEADER;
			break;
		case HEADER:
			caller->header[caller->header_length++] = *bytes;
			if (caller->header_length >= 2)
				start_payload(caller);
			break;
		case PAYLOAD:
			count = length < caller->payload ? length : (size_t)caller->payload;
			look_at(caller, bytes, count);
			caller->payload -= count;
			if (caller->payload == 0)
				caller->stage = HEADER;
			break;
		}
		bytes += count;
		length -= count;
	}
}

/* False where there is nothing (more) to read now. */
static bool receive(struct caller *caller)
{
	uint64_t before = caller->characters, now;
	ssize_t count;

	count = recv(caller->descriptor, received, sizeof(received), 0);
	if (count < 0 && errno == EAGAIN)
		return false;
	if (count <= 0) {
		fprintf(stderr, "the call ended\n");
		exit(1);
	}
	now = bench_now();
	if (caller->websocket)
		parse(caller, received, (size_t)count);
	else
		look_at(caller, received, (size_t)count);
	if (caller->characters == before)
		return true;
	if (before == 0) {
		caller->first_time = now;
		caller->first_count = caller->characters;
	}
	caller->last_time = now;
	before = caller->characters - before;
	steps[before < STEPS_MAX ? before : STEPS_MAX]++;
	return true;
}

static void transmit(const struct caller *caller, const void *bytes, size_t length)
{
	if (send(caller->descriptor, bytes, length, MSG_NOSIGNAL) != (ssize_t)length)
		bench_fail("send");
}

static void call(struct caller *caller, bool websocket, uint16_t port)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
				      "Connection: Upgrade\r\n"
				      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
				      "Sec-WebSocket-Version: 13\r\n\r\n";
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*caller = (struct caller) { .websocket = websocket };
	caller->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (caller->descriptor < 0 ||
	    connect(caller->descriptor, (struct sockaddr *)&address, sizeof(address)) < 0)
		bench_fail("connect");
	(void)setsockopt(caller->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (websocket)
		transmit(caller, request, sizeof(request) - 1);
}

static void command(const struct caller *caller, unsigned char word)
{
	/* Binary, since websockify takes no text; a mask of zeros is a mask. */
	const unsigned char frame[] = { 0x82, 0x81, 0, 0, 0, 0, word };
	size_t skip = caller->websocket ? 0 : sizeof(frame) - 1;

	transmit(caller, frame + skip, sizeof(frame) - skip);
}

static void wait_readable(const struct caller *caller)
{
	struct pollfd waiting = { .fd = caller->descriptor, .events = POLLIN };

	if (poll(&waiting, 1, PATIENCE_MS) <= 0) {
		fprintf(stderr, "nothing came in %d ms\n", PATIENCE_MS);
		exit(1);
	}
}

static void wait_greeted(struct caller *caller)
{
	while (!caller->greeted) {
		wait_readable(caller);
		(void)receive(caller);
	}
}

static void wait_line(void)
{
	int character;

	while ((character = getchar()) != '\n' && character != EOF)
		;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void first_byte(bool websocket, uint16_t port, size_t calls)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	double *times = calloc(calls, sizeof(*times));
	struct caller caller;
	uint64_t started;

	if (times == NULL)
		bench_fail("calloc");
	for (size_t i = 0; i < calls; i++) {
		started = bench_now();
		call(&caller, websocket, port);
		wait_greeted(&caller);
		times[i] = (double)(bench_now() - started) / 1e6;
		(void)close(caller.descriptor);
		(void)nanosleep(&pause, NULL);
	}
	qsort(times, calls, sizeof(*times), compare);
	printf("{\"median\": %.3f, \"p95\": %.3f}\n", times[calls / 2], times[calls * 95 / 100]);
	free(times);
}

/* Opens all callers, a few at a time, and has everyone greeted. */
static struct caller *open_all(bool websocket, uint16_t port, size_t count)
{
	struct caller *callers = calloc(count, sizeof(*callers));

	if (callers == NULL)
		bench_fail("calloc");
	for (size_t i = 0; i < count + OPENING_MAX; i++) {
		if (i < count)
			call(&callers[i], websocket, port);
		if (i >= OPENING_MAX)
			wait_greeted(&callers[i - OPENING_MAX]);
	}
	printf("ready\n");
	(void)fflush(stdout);
	wait_line();
	return callers;
}

static void report_pace(const struct caller *callers, size_t count, unsigned speed)
{
	double worst = 0, sum = 0, ideal, elapsed, error;
	double characters_a_second = (double)speed / BITS_PER_CHARACTER;
	uint64_t largest = 0, all = 0, until = 0, median = 0;

	for (size_t i = 0; i < count; i++) {
		ideal =
		    (double)(callers[i].characters - callers[i].first_count) / characters_a_second;
		elapsed = (double)(callers[i].last_time - callers[i].first_time) / 1e9;
		error = ideal > 0 ? (elapsed / ideal - 1) * 100 : -100;
		if (error < 0)
			error = -error;
		sum += error;
		if (error > worst)
			worst = error;
	}
	for (uint64_t i = 0; i <= STEPS_MAX; i++) {
		all += steps[i];
		if (steps[i] > 0)
			largest = i;
	}
	while (median < STEPS_MAX && (until += steps[median]) * 2 < all)
		median++;
	printf("{\"mean_error\": %.3f, \"worst_error\": %.3f, \"median_step\": %llu, "
	       "\"largest_step\": %llu}\n",
	       sum / (double)count, worst, (unsigned long long)median, (unsigned long long)largest);
}

static void pace(bool websocket, uint16_t port, size_t count, unsigned speed)
{
	struct caller *callers = open_all(websocket, port, count);
	struct epoll_event event, events[EVENTS_MAX];
	size_t unfinished = count;
	int descriptor = epoll_create1(EPOLL_CLOEXEC), ready;

	for (size_t i = 0; i < count; i++) {
		bench_set_nonblocking(callers[i].descriptor);
		event = (struct epoll_event) { .events = EPOLLIN, .data.ptr = &callers[i] };
		if (epoll_ctl(descriptor, EPOLL_CTL_ADD, callers[i].descriptor, &event) < 0)
			bench_fail("epoll_ctl");
		command(&callers[i], BENCH_PACED);
	}
	while (unfinished > 0) {
		ready = epoll_wait(descriptor, events, EVENTS_MAX, PATIENCE_MS);
		if (ready <= 0) {
			fprintf(stderr, "%zu callers wait in vain\n", unfinished);
			exit(1);
		}
		for (int i = 0; i < ready; i++) {
			struct caller *caller = events[i].data.ptr;

			(void)receive(caller);
			if (caller->characters < BENCH_PACED_CHARACTERS)
				continue;
			unfinished--;
			(void)epoll_ctl(descriptor, EPOLL_CTL_DEL, caller->descriptor, NULL);
		}
	}
	report_pace(callers, count, speed);
	(void)fflush(stdout);
	wait_line();
	free(callers);
}

static void transfer(bool websocket, uint16_t port, uint64_t bytes)
{
	struct caller caller;
	uint64_t started;

	call(&caller, websocket, port);
	wait_greeted(&caller);
	started = bench_now();
	command(&caller, BENCH_BULK);
	while (caller.characters < bytes) {
		wait_readable(&caller);
		(void)receive(&caller);
	}
	printf("{\"megabytes_a_second\": %.1f}\n",
	       (double)bytes / 1e6 / ((double)(bench_now() - started) / 1e9));
}

int main(int argc, char **argv)
{
	bool websocket;
	uint16_t port;
	uint64_t count;

	if (argc < 5) {
		fprintf(stderr, "usage: client first-byte|hold|pace|bulk raw|websocket PORT COUNT "
				"[SPEED]\n");
		return 2;
	}
	websocket = strcmp(argv[2], "websocket") == 0;
	port = (uint16_t)strtoul(argv[3], NULL, 10);
	count = strtoull(argv[4], NULL, 10);
	bench_raise_descriptor_limit();
	if (strcmp(argv[1], "first-byte") == 0)
		first_byte(websocket, port, count);
	else if (strcmp(argv[1], "hold") == 0)
		free(open_all(websocket, port, count));
	else if (strcmp(argv[1], "pace") == 0 && argc == 6)
		pace(websocket, port, count, (unsigned)strtoul(argv[5], NULL, 10));
	else if (strcmp(argv[1], "bulk") == 0)
		transfer(websocket, port, count);
	else
		return 2;
	return 0;
}
