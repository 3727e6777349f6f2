/* links: network */
/*
 * The telnet codec against anything: the same bytes mean the same whole and one by one, and cost
 * no more answers than are allowed; what is encoded is what is decoded, in either direction; and
 * two codecs that ask each other at random come to the same opinion and fall silent.
 */
#include "network/telnet_codec.h"

#include "tests/fuzz/fuzz.h"

enum {
	OPERATIONS_MAX = 100, /* each is a proposal at most: well under TELNET_ANSWERS_MAX */
	PIPE_MAX = 16 * OPERATIONS_MAX,
	COMMAND_LENGTH = 3,
	/* An answer with a NUL before it and a TTYPE SEND for each proposal; some more for the
	 * questions of our own. */
	SENT_MAX = 10 * (TELNET_ANSWERS_MAX + 32),
};

static const struct telnet_policy policies[] = {
	{ TELNET_BINARY, true, true }, { TELNET_ECHO, true, false }, { TELNET_SGA, true, true },
	{ TELNET_TTYPE, false, true }, { TELNET_NAWS, true, true },
};

static struct telnet_codec *codec_make(telnet_event_handler *handler, void *context)
{
	struct telnet_codec *codec = NULL;

	require(telnet_codec_new(&codec, policies, sizeof(policies) / sizeof(policies[0]), handler,
				 context) == 0);
	return codec;
}

/* What a handler heard: data byte by byte, however it was cut, and the rest event by event. */
struct digest {
	struct telnet_codec *codec;
	uint64_t hash;
	size_t data;
	size_t sent;
};

static void digest_add(struct digest *digest, uint8_t byte)
{
	digest->hash = (digest->hash ^ byte) * 0x100000001b3; /* FNV-1a */
}

static void event_digest(void *context, const struct telnet_event *event)
{
	struct digest *digest = context;

	if (event->kind != TELNET_DATA) {
		digest_add(digest, (uint8_t)event->kind);
		digest_add(digest, event->option);
		digest_add(digest, event->ours);
		digest_add(digest, (uint8_t)event->length);
	}
	for (size_t i = 0; i < event->length; i++) {
		if (event->kind == TELNET_DATA)
			digest_add(digest, TELNET_DATA);
		digest_add(digest, event->bytes[i]);
	}
	if (event->kind == TELNET_DATA)
		digest->data += event->length;
	else if (event->kind == TELNET_SEND)
		digest->sent += event->length;
	else if (event->kind == TELNET_SUBNEGOTIATION)
		require(event->length <= TELNET_SUBNEGOTIATION_MAX);
	else if (event->kind == TELNET_ENABLED && event->option == TELNET_TTYPE)
		require(telnet_codec_subnegotiate(digest->codec, TELNET_TTYPE,
						  (const uint8_t[]) { 1 }, 1) == 0);
}

static struct digest received_digest(const uint8_t *input, size_t size, bool client, size_t step)
{
	struct digest digest = { .hash = 0xcbf29ce484222325 };

	digest.codec = codec_make(event_digest, &digest);
	if (client)
		telnet_codec_act_as_client(digest.codec);
	telnet_codec_ask(digest.codec, TELNET_ECHO, true, true);
	telnet_codec_ask(digest.codec, TELNET_BINARY, false, true);
	telnet_codec_ask(digest.codec, TELNET_SGA, false, true);
	telnet_codec_ask(digest.codec, TELNET_SGA, false, false);
	for (size_t done = 0; done < size; done += step)
		telnet_codec_receive(digest.codec, input + done,
				     step < size - done ? step : size - done);
	telnet_codec_free(digest.codec);
	return digest;
}

static void hostile_try(const uint8_t *input, size_t size)
{
	bool client = (input[0] & 1) != 0;
	struct digest whole = received_digest(input + 1, size - 1, client, size);
	struct digest single = received_digest(input + 1, size - 1, client, 1);

	require(whole.hash == single.hash);
	require(whole.data <= size && whole.sent <= SENT_MAX);
}

struct collector {
	uint8_t *bytes;
	size_t length;
	size_t size;
};

static void event_collect(void *context, const struct telnet_event *event)
{
	struct collector *collector = context;

	if (event->kind != TELNET_DATA)
		return;
	require(event->length <= collector->size - collector->length);
	memcpy(collector->bytes + collector->length, event->bytes, event->length);
	collector->length += event->length;
}

/* The first byte is the mode, and the size of the calls. */
static void identity_try(const uint8_t *input, size_t size)
{
	uint8_t wire[2 * 8];
	struct collector ignored = { .size = 0 };
	struct collector collector = { .bytes = malloc(size), .size = size };
	struct telnet_codec *sender = codec_make(event_collect, &ignored);
	struct telnet_codec *receiver = codec_make(event_collect, &collector);
	size_t step = 1 + (input[0] >> 2 & 7);

	require(collector.bytes != NULL);
	telnet_codec_act_as_client((input[0] & 1) != 0 ? sender : receiver);
	if ((input[0] & 2) != 0) {
		telnet_codec_receive(sender, (const uint8_t[]) { 0xff, 0xfd, 0 }, COMMAND_LENGTH);
		telnet_codec_receive(receiver, (const uint8_t[]) { 0xff, 0xfb, 0 }, COMMAND_LENGTH);
	} else {
		/* NOP: the receiver speaks telnet, or it would be sent its carriage returns bare.
		 */
		telnet_codec_receive(sender, (const uint8_t[]) { 0xff, 0xf1 }, 2);
	}
	for (size_t done = 1; done < size; done += step) {
		size_t count = step < size - done ? step : size - done;
		size_t length = telnet_codec_encode(sender, input + done, count, wire);

		require(length <= 2 * count);
		telnet_codec_receive(receiver, wire, length);
	}
	require(collector.length == size - 1);
	require(memcmp(collector.bytes, input + 1, size - 1) == 0);
	require(telnet_codec_commands(receiver) == ((input[0] & 2) != 0 ? 1 : 0));
	telnet_codec_free(sender);
	telnet_codec_free(receiver);
	free(collector.bytes);
}

/* One direction between two codecs. */
struct pipe {
	uint8_t bytes[PIPE_MAX];
	size_t first;
	size_t length;
};

static void event_pipe(void *context, const struct telnet_event *event)
{
	struct pipe *pipe = context;

	require(event->kind != TELNET_DATA);
	if (event->kind != TELNET_SEND)
		return;
	require(event->length <= sizeof(pipe->bytes) - pipe->length);
	memcpy(pipe->bytes + pipe->length, event->bytes, event->length);
	pipe->length += event->length;
}

static void pipe_deliver(struct pipe *pipe, struct telnet_codec *to, size_t most)
{
	size_t length = pipe->length - pipe->first;

	if (length > most)
		length = most;
	pipe->first += length;
	telnet_codec_receive(to, pipe->bytes + pipe->first - length, length);
}

static void agreement_try(const uint8_t *input, size_t size)
{
	static const uint8_t options[] = { TELNET_BINARY, TELNET_ECHO, TELNET_TTYPE, 85 };
	struct pipe pipes[2] = { { .length = 0 }, { .length = 0 } };
	struct telnet_codec *codecs[2];

	for (unsigned i = 0; i < 2; i++)
		codecs[i] = codec_make(event_pipe, &pipes[i]);
	for (size_t i = 0; i < size && i < OPERATIONS_MAX; i++) {
		unsigned side = input[i] & 1;

		if ((input[i] & 2) != 0)
			telnet_codec_ask(codecs[side], options[input[i] >> 2 & 3],
					 (input[i] & 16) != 0, (input[i] & 32) != 0);
		else
			pipe_deliver(&pipes[side], codecs[!side], 1 + (input[i] >> 2));
	}
	while (pipes[0].first < pipes[0].length || pipes[1].first < pipes[1].length) {
		pipe_deliver(&pipes[0], codecs[1], PIPE_MAX);
		pipe_deliver(&pipes[1], codecs[0], PIPE_MAX);
	}
	for (size_t i = 0; i < sizeof(options); i++) {
		for (unsigned side = 0; side < 2; side++)
			require(telnet_codec_is_on(codecs[side], options[i], true) ==
				telnet_codec_is_on(codecs[!side], options[i], false));
	}
	for (unsigned i = 0; i < 2; i++) {
		require(!telnet_codec_pending(codecs[i]));
		telnet_codec_free(codecs[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (size == 0)
		return 0;
	hostile_try(input, size);
	identity_try(input, size);
	agreement_try(input, size);
	return 0;
}
