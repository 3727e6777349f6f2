/*
 * A caller by telnet. We open with character mode only (WILL ECHO, WILL SGA): six bytes that an
 * emulator which knows no telnet survives. The first command that comes back shows a real telnet
 * client, which is then asked for 8-bit data and for its type, window size and environment. All
 * this runs beside the call and delays nothing; after NEGOTIATION_MAX nothing more is asked.
 */
#include "network/stream.h"
#include "network/telnet_codec.h"
#include "vdtgw-session/abuse.h"
#include "vdtgw-session/caller_transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SILENCE_MAX = 2500000,     /* µs without any answer: it does not speak telnet */
	NEGOTIATION_MAX = 3500000, /* µs in all */
	FACTS_MAX = 64,       /* reports of one call: a client that resizes for ever is cut short */
	ENVIRONMENT_MAX = 16, /* variables of one report */
	ENCODED_MAX = 2,      /* bytes on the wire for one of user data */
};

/* RFC 1091 and RFC 1572. */
enum {
	TTYPE_IS = 0,
	TTYPE_SEND = 1,
	ENVIRON_IS = 0,
	ENVIRON_SEND = 1,
	ENVIRON_INFO = 2,
	ENVIRON_VAR = 0,
	ENVIRON_VALUE = 1,
	ENVIRON_ESC = 2,
	ENVIRON_USERVAR = 3,
};

struct telnet {
	struct caller *caller;
	struct stream *stream;
	struct telnet_codec *codec;
	struct timer *patience;
	unsigned facts;
	bool spoken;    /* the first packet has come */
	bool asked_all; /* the second round is out */
	bool over;      /* of negotiation: nothing more is asked */
	bool freed;
	bool handling; /* telnet_codec_receive() is on the stack */
};

static const struct telnet_policy policies[] = {
	{ .option = TELNET_BINARY, .we_may = true, .peer_may = true },
	{ .option = TELNET_ECHO, .we_may = true },
	{ .option = TELNET_SGA, .we_may = true, .peer_may = true },
	{ .option = TELNET_TTYPE, .peer_may = true },
	{ .option = TELNET_NAWS, .peer_may = true },
	{ .option = TELNET_NEW_ENVIRON, .peer_may = true },
};

static void telnet_destroy(struct telnet *telnet)
{
	stream_free(telnet->stream);
	timer_free(telnet->patience);
	telnet_codec_free(telnet->codec);
	free(telnet);
}

static void report(struct telnet *telnet, enum caller_fact fact, const char *text)
{
	if (telnet->facts >= FACTS_MAX || text[0] == '\0')
		return;
	telnet->facts++;
	telnet->caller->handlers->learned(telnet->caller->context, fact, text);
}

static void learn_type(struct telnet *telnet, const uint8_t *bytes, size_t length)
{
	char text[CALLER_FACT_MAX];

	if (length < 1 || bytes[0] != TTYPE_IS)
		return;
	(void)snprintf(text, sizeof(text), "%.*s", (int)(length - 1), (const char *)bytes + 1);
	report(telnet, CALLER_TERMINAL_TYPE, text);
}

static void learn_size(struct telnet *telnet, const uint8_t *bytes, size_t length)
{
	char text[CALLER_FACT_MAX];

	if (length != 4)
		return;
	(void)snprintf(text, sizeof(text), "%ux%u", bytes[0] * 256U + bytes[1],
		       bytes[2] * 256U + bytes[3]);
	report(telnet, CALLER_WINDOW_SIZE, text);
}

/* RFC 1572: VAR or USERVAR name [VALUE value], again and again; ESC takes the next byte as it
 * is. Each pair becomes "NAME=value", cut to CALLER_FACT_MAX. */
static void learn_environment(struct telnet *telnet, const uint8_t *bytes, size_t length)
{
	char text[CALLER_FACT_MAX];
	size_t used = 0;
	unsigned variables = 0;
	bool open = false;

	if (length < 1 || (bytes[0] != ENVIRON_IS && bytes[0] != ENVIRON_INFO))
		return;
	for (size_t i = 1; i < length && variables < ENVIRONMENT_MAX; i++) {
		uint8_t byte = bytes[i];

		if (byte == ENVIRON_VAR || byte == ENVIRON_USERVAR) {
			if (open && used > 0) {
				text[used] = '\0';
				report(telnet, CALLER_ENVIRONMENT, text);
				variables++;
			}
			open = true;
			used = 0;
			continue;
		}
		if (byte == ENVIRON_VALUE)
			byte = '=';
		else if (byte == ENVIRON_ESC && i + 1 < length)
			byte = bytes[++i];
		/* A zero would cut the text short in silence; logs show this one. */
		if (open && used < sizeof(text) - 1)
			text[used++] = byte == 0 ? '?' : (char)byte;
	}
	if (open && used > 0 && variables < ENVIRONMENT_MAX) {
		text[used] = '\0';
		report(telnet, CALLER_ENVIRONMENT, text);
	}
}

static void on_subnegotiation(struct telnet *telnet, const struct telnet_event *event)
{
	if (event->option == TELNET_TTYPE)
		learn_type(telnet, event->bytes, event->length);
	else if (event->option == TELNET_NAWS)
		learn_size(telnet, event->bytes, event->length);
	else if (event->option == TELNET_NEW_ENVIRON)
		learn_environment(telnet, event->bytes, event->length);
}

/* An option that carries information is on: ask for it. */
static void on_enabled(struct telnet *telnet, uint8_t option)
{
	static const uint8_t send_type[] = { TTYPE_SEND };
	static const uint8_t send_environment[] = { ENVIRON_SEND };

	if (telnet->over)
		return;
	if (option == TELNET_TTYPE)
		telnet_codec_subnegotiate(telnet->codec, option, send_type, sizeof(send_type));
	else if (option == TELNET_NEW_ENVIRON)
		telnet_codec_subnegotiate(telnet->codec, option, send_environment,
					  sizeof(send_environment));
}

static void on_codec_event(void *context, const struct telnet_event *event)
{
	struct telnet *telnet = context;

	if (telnet->freed)
		return;
	switch (event->kind) {
	case TELNET_DATA:
		telnet->caller->handlers->received(telnet->caller->context, event->bytes,
						   event->length);
		break;
	case TELNET_SEND:
		/* Negotiation that a stuck client does not read is lost with that client. */
		(void)stream_send(telnet->stream, event->bytes, event->length);
		break;
	case TELNET_ENABLED:
		if (!event->ours)
			on_enabled(telnet, event->option);
		break;
	case TELNET_REFUSED:
		break;
	case TELNET_SUBNEGOTIATION:
		on_subnegotiation(telnet, event);
		break;
	}
}

/* The second round, once the client has shown that it speaks telnet. */
static void ask_all(struct telnet *telnet)
{
	telnet->asked_all = true;
	telnet_codec_ask(telnet->codec, TELNET_SGA, false, true);
	telnet_codec_ask(telnet->codec, TELNET_BINARY, true, true);
	telnet_codec_ask(telnet->codec, TELNET_BINARY, false, true);
	telnet_codec_ask(telnet->codec, TELNET_TTYPE, false, true);
	telnet_codec_ask(telnet->codec, TELNET_NAWS, false, true);
	telnet_codec_ask(telnet->codec, TELNET_NEW_ENVIRON, false, true);
	timer_arm(telnet->patience, event_loop_now() + (NEGOTIATION_MAX - SILENCE_MAX));
}

static void on_received(void *context, const uint8_t *bytes, size_t length)
{
	struct telnet *telnet = context;
	const char *abuse =
	    telnet->spoken ? NULL : abuse_recognise(TRANSPORT_TELNET, bytes, length);

	telnet->spoken = true;
	if (abuse != NULL) {
		telnet->caller->handlers->ended(telnet->caller->context, CALLER_ABUSE, abuse);
		return;
	}
	telnet->handling = true;
	telnet_codec_receive(telnet->codec, bytes, length);
	telnet->handling = false;
	if (telnet->freed)
		telnet_destroy(telnet);
	else if (!telnet->asked_all && !telnet->over && telnet_codec_commands(telnet->codec) > 0)
		ask_all(telnet);
}

static void on_drained(void *context)
{
	struct telnet *telnet = context;

	telnet->caller->handlers->drained(telnet->caller->context);
}

static void on_ended(void *context, int error)
{
	struct telnet *telnet = context;

	telnet->caller->handlers->ended(telnet->caller->context,
					error == 0 ? CALLER_CLOSED : CALLER_CUT,
					error == 0 ? NULL : strerror(-error));
}

static void on_patience_over(void *context)
{
	struct telnet *telnet = context;

	telnet->over = true;
}

static const struct stream_handlers stream_handlers = {
	.received = on_received,
	.drained = on_drained,
	.ended = on_ended,
};

static int telnet_open(struct caller *caller, struct event_loop *loop, int descriptor)
{
	struct telnet *telnet;
	int result;

	telnet = calloc(1, sizeof(*telnet));
	if (telnet == NULL)
		return -ENOMEM;
	telnet->caller = caller;
	result = timer_new(&telnet->patience, loop, on_patience_over, telnet);
	if (result < 0)
		goto out;
	result = telnet_codec_new(&telnet->codec, policies, sizeof(policies) / sizeof(policies[0]),
				  on_codec_event, telnet);
	if (result < 0)
		goto out;
	result = stream_new(&telnet->stream, loop, descriptor, &stream_handlers, telnet);
	if (result < 0)
		goto out;
	caller->transport = telnet;
	return 0;
out:
	telnet_destroy(telnet);
	return result;
}

static void telnet_start(void *transport)
{
	struct telnet *telnet = transport;

	telnet_codec_ask(telnet->codec, TELNET_ECHO, true, true);
	telnet_codec_ask(telnet->codec, TELNET_SGA, true, true);
	timer_arm(telnet->patience, event_loop_now() + SILENCE_MAX);
	telnet->caller->handlers->ready(telnet->caller->context);
}

static size_t telnet_send(void *transport, const uint8_t *bytes, size_t length)
{
	struct telnet *telnet = transport;
	uint8_t encoded[ENCODED_MAX * CALLER_OUTPUT_MAX];
	size_t taken = length;

	if (taken > stream_room(telnet->stream) / ENCODED_MAX)
		taken = stream_room(telnet->stream) / ENCODED_MAX;
	if (taken > CALLER_OUTPUT_MAX)
		taken = CALLER_OUTPUT_MAX;
	if (taken > 0) {
		size_t size = telnet_codec_encode(telnet->codec, bytes, taken, encoded);

		/* Fits, by the room that was measured. */
		(void)stream_send(telnet->stream, encoded, size);
	}
	return taken;
}

static bool telnet_idle(const void *transport)
{
	const struct telnet *telnet = transport;

	return stream_idle(telnet->stream);
}

static void telnet_pause(void *transport, bool paused)
{
	struct telnet *telnet = transport;

	stream_pause(telnet->stream, paused);
}

static int telnet_descriptor(const void *transport)
{
	const struct telnet *telnet = transport;

	return stream_descriptor(telnet->stream);
}

static void telnet_close(void *transport)
{
	struct telnet *telnet = transport;

	stream_close(telnet->stream);
}

static void telnet_free(void *transport)
{
	struct telnet *telnet = transport;

	/* The codec may be handing out events of one packet: it goes when they are over. */
	telnet->freed = true;
	if (!telnet->handling)
		telnet_destroy(telnet);
}

const struct caller_transport caller_telnet = {
	.open = telnet_open,
	.start = telnet_start,
	.send = telnet_send,
	.idle = telnet_idle,
	.pause = telnet_pause,
	.descriptor = telnet_descriptor,
	.close = telnet_close,
	.free = telnet_free,
};
