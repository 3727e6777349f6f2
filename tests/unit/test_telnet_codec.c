/* links: network */
/*
 * Telnet conversations as tables. A step is an action and all that the codec says to it:
 *   action  "+ours 1" ask for option 1 on our side, "-peer 0" give the peer's up,
 *           "< ff fd 01" receive these bytes, "> 41 0d" encode these, "sub 24 01" subnegotiate
 *   answer  "send …" to the wire, "data …", "on ours 1", "no peer 24", "sub 31 00 50", "wire …"
 * (the encoded bytes), joined by " | " Each conversation is held twice: with received bytes whole,
 * and one by one.
 */
#include "network/telnet_codec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	STEPS_MAX = 12,
	TRANSCRIPT_MAX = 16384,
	BYTES_MAX = 2048,
};

struct step {
	const char *action;
	const char *answer;
};

struct conversation {
	const char *name;
	bool client;
	struct step steps[STEPS_MAX]; /* up to the first without an action */
	bool pending;                 /* at the end */
};

static const struct telnet_policy policies[] = {
	{ TELNET_BINARY, true, true }, { TELNET_ECHO, true, false },
	{ TELNET_SGA, true, true },    { TELNET_TTYPE, false, true },
	{ TELNET_NAWS, false, true },  { TELNET_NEW_ENVIRON, false, true },
};

/* What a server asks of a videotex caller. */
#define ASK_EVERYTHING                                                                             \
	{ "+ours 1", "send ff fb 01" }, { "+ours 3", "send ff fb 03" },                            \
	    { "+peer 3", "send ff fd 03" }, { "+ours 0", "send ff fb 00" },                        \
	    { "+peer 0", "send ff fd 00" }, { "+peer 24", "send ff fd 18" },                       \
	    { "+peer 31", "send ff fd 1f" },                                                       \
	{                                                                                          \
		"+peer 39", "send ff fd 27"                                                        \
	}

static const struct conversation conversations[] = {
	/* The bytes of the real programs, as they were seen on the wire. */
	{ .name = "Linux telnet answers, on a port other than 23",
	  .steps = { ASK_EVERYTHING,
		     { "< ff fd 01 ff fd 03 ff fb 03 ff fd 00 ff fb 00 ff fb 18 ff fb 1f "
		       "ff fa 1f 00 50 00 19 ff f0 ff fb 27",
		       "on ours 1 | on ours 3 | on peer 3 | on ours 0 | on peer 0 | on peer 24 | "
		       "on peer 31 | sub 31 00 50 00 19 | on peer 39" },
		     { "sub 24 01", "send ff fa 18 01 ff f0" },
		     { "< ff fa 18 00 58 54 45 52 4d ff f0 ff fa 27 00 ff f0 41 0d",
		       "sub 24 00 58 54 45 52 4d | sub 39 00 | data 41 0d" },
		     { "> 41 ff 0d 42", "wire 41 ff ff 0d 42" } } },
	{ .name = "Linux telnet on port 23 starts by itself",
	  .steps = { { "< ff fd 03 ff fb 18 ff fb 1f ff fb 20 ff fb 21 ff fb 22 ff fb 27 ff fd 05",
		       "send ff fb 03 | on ours 3 | send ff fd 18 | on peer 24 | send ff fd 1f | "
		       "on peer 31 | send ff fe 20 | send ff fe 21 | send ff fe 22 | send ff fd 27 "
		       "| "
		       "on peer 39 | send ff fc 05" } } },
	{ .name = "PuTTY opens, its offers crossing our questions",
	  .steps = { ASK_EVERYTHING,
		     { "< ff fb 1f ff fb 20 ff fb 18 ff fb 27 ff fd 01 ff fb 03 ff fd 03",
		       "on peer 31 | send ff fe 20 | on peer 24 | on peer 39 | on ours 1 | "
		       "on peer 3 | on ours 3" },
		     { "< ff fd 00 ff fb 00 ff fa 1f 00 50 00 19 ff f0",
		       "on ours 0 | on peer 0 | sub 31 00 50 00 19" },
		     { "< ff fa 27 00 00 55 53 45 52 01 72 6f 6f 74 ff f0",
		       "sub 39 00 00 55 53 45 52 01 72 6f 6f 74" } } },
	{ .name = "PuTTY opens before anything is asked",
	  .steps = { { "< ff fb 1f ff fb 20 ff fb 18 ff fb 27 ff fd 01 ff fb 03 ff fd 03",
		       "send ff fd 1f | on peer 31 | send ff fe 20 | send ff fd 18 | on peer 24 | "
		       "send ff fd 27 | on peer 39 | send ff fb 01 | on ours 1 | send ff fd 03 | "
		       "on peer 3 | send ff fb 03 | on ours 3" },
		     { "+ours 1", "" },
		     { "+peer 24", "" } } },
	{ .name = "a client that refuses everything",
	  .steps = { ASK_EVERYTHING,
		     { "< ff fe 01 ff fe 03 ff fc 03 ff fe 00 ff fc 00 ff fc 18 ff fc 1f ff fc 27",
		       "no ours 1 | no ours 3 | no peer 3 | no ours 0 | no peer 0 | no peer 24 | "
		       "no peer 31 | no peer 39" },
		     { "< ff fe 01 ff fc 18", "" } } },
	{ .name = "a client that never answers",
	  .steps = { ASK_EVERYTHING, { "< 13 41 33 36 31 35", "data 13 41 33 36 31 35" } },
	  .pending = true },
	{ .name = "an HTTP request is data",
	  .steps = { { "< 47 45 54 20 2f 0d 0a 0d 0a", "data 47 45 54 20 2f 0d 0d" } } },
	{ .name = "a TLS ClientHello is data",
	  .steps = { { "< 16 03 01 02 00 01 00 01 fc 03 03",
		       "data 16 03 01 02 00 01 00 01 fc 03 03" } } },
	{ .name = "garbage after IAC is dropped with it",
	  .steps = { { "< 41 ff 00 42 ff 7f 43 ff ef 44", "data 41 42 43 44" } } },

	{ .name = "all of RFC 854's commands without an option are ignored",
	  .steps = { { "< 41 ff f1 ff f2 ff f3 ff f4 ff f5 ff f6 ff f7 ff f8 ff f9 ff f0 42",
		       "data 41 42" } } },
	{ .name = "IAC IAC is a byte FF",
	  .steps = { { "< 41 ff ff 42 ff ff ff ff", "data 41 ff 42 ff ff" },
		     { "< ff ff 0a", "data ff 0a" } } },
	{ .name = "an unknown option is refused on either side, once per proposal",
	  .steps = { { "< ff fd 55 ff fb 55 ff fe 55 ff fc 55", "send ff fc 55 | send ff fe 55" },
		     { "< ff fd ff ff fb f0", "send ff fc ff | send ff fe f0" } } },
	{ .name = "a policy may agree for one side only",
	  .steps = { { "< ff fb 01 ff fd 18", "send ff fe 01 | send ff fc 18" },
		     { "< ff fd 01 ff fb 18",
		       "send ff fb 01 | on ours 1 | send ff fd 18 | on peer 24" } } },
	{ .name = "what is on and proposed again is not answered",
	  .steps = { { "< ff fd 01", "send ff fb 01 | on ours 1" },
		     { "< ff fd 01 ff fd 01", "" } } },
	{ .name = "the peer may switch off what was on",
	  .steps = { { "< ff fb 00", "send ff fd 00 | on peer 0" },
		     { "< ff fc 00", "send ff fe 00 | no peer 0" },
		     { "< ff fc 00", "" } } },
	{ .name = "what we ask for is on whatever the policy says",
	  .steps = { { "+peer 1", "send ff fd 01" }, { "< ff fb 01", "on peer 1" } } },

	/* RFC 1143. */
	{ .name = "asking twice sends once",
	  .steps = { { "+ours 1", "send ff fb 01" }, { "+ours 1", "" } },
	  .pending = true },
	{ .name = "giving up what is off sends nothing",
	  .steps = { { "-ours 1", "" }, { "-peer 3", "" } } },
	{ .name = "our giving up is confirmed",
	  .steps = { { "+ours 1", "send ff fb 01" },
		     { "< ff fd 01", "on ours 1" },
		     { "-ours 1", "send ff fc 01" },
		     { "-ours 1", "" },
		     { "< ff fe 01", "" } } },
	{ .name = "given up and wanted again before the answer: asked anew after it",
	  .steps = { { "+peer 3", "send ff fd 03" },
		     { "< ff fb 03", "on peer 3" },
		     { "-peer 3", "send ff fe 03" },
		     { "+peer 3", "" },
		     { "+peer 3", "" },
		     { "< ff fc 03", "send ff fd 03" },
		     { "< ff fb 03", "on peer 3" } } },
	{ .name = "wanted again and given up again before the answer",
	  .steps = { { "+peer 3", "send ff fd 03" },
		     { "< ff fb 03", "on peer 3" },
		     { "-peer 3", "send ff fe 03" },
		     { "+peer 3", "" },
		     { "-peer 3", "" },
		     { "< ff fc 03", "" } } },
	{ .name = "asked and given up before the answer: given up once it is on",
	  .steps = { { "+ours 0", "send ff fb 00" },
		     { "-ours 0", "" },
		     { "-ours 0", "" },
		     { "< ff fd 00", "send ff fc 00" },
		     { "< ff fe 00", "" } } },
	{ .name = "asked, given up and asked again before the answer",
	  .steps = { { "+ours 0", "send ff fb 00" },
		     { "-ours 0", "" },
		     { "+ours 0", "" },
		     { "< ff fd 00", "on ours 0" } } },
	{ .name = "asked and given up before a refusal",
	  .steps = { { "+ours 0", "send ff fb 00" },
		     { "-ours 0", "" },
		     { "< ff fe 00", "no ours 0" } } },
	{ .name = "a yes to our no leaves the option off",
	  .steps = { { "+ours 1", "send ff fb 01" },
		     { "< ff fd 01", "on ours 1" },
		     { "-ours 1", "send ff fc 01" },
		     { "< ff fd 01", "" } } },
	{ .name = "a yes to our no, when it is wanted again, leaves it on",
	  .steps = { { "+ours 1", "send ff fb 01" },
		     { "< ff fd 01", "on ours 1" },
		     { "-ours 1", "send ff fc 01" },
		     { "+ours 1", "" },
		     { "< ff fd 01", "on ours 1" } } },
	{ .name = "both ask at once: neither answers",
	  .steps = { { "+ours 3", "send ff fb 03" },
		     { "< ff fd 03", "on ours 3" },
		     { "< ff fd 03", "" } } },
	{ .name = "both give up at once",
	  .steps = { { "< ff fb 00", "send ff fd 00 | on peer 0" },
		     { "-peer 0", "send ff fe 00" },
		     { "< ff fc 00", "" } } },

	/* Subnegotiation. */
	{ .name = "a subnegotiation of an option that is off is dropped",
	  .steps = { { "< 41 ff fa 56 01 ff f0 42", "data 41 42" } } },
	{ .name = "an empty subnegotiation is dropped",
	  .steps = { { "< 41 ff fa ff f0 42", "data 41 42" } } },
	{ .name = "IAC IAC in a subnegotiation is a byte FF",
	  .steps = { { "< ff fb 1f", "send ff fd 1f | on peer 31" },
		     { "< ff fa 1f 00 ff ff 00 18 ff f0", "sub 31 00 ff 00 18" } } },
	{ .name = "a subnegotiation sent is escaped",
	  .steps = { { "sub 24 01 ff 02", "send ff fa 18 01 ff ff 02 ff f0" },
		     { "sub 255 01", "send ff fa ff ff 01 ff f0" } } },
	{ .name = "a command in a subnegotiation ends it unheard and is obeyed",
	  .steps = { { "< ff fb 1f", "send ff fd 1f | on peer 31" },
		     { "< ff fa 1f 00 50 ff fd 01 41", "send ff fb 01 | on ours 1 | data 41" },
		     { "< ff fa 1f 00 ff f1 42", "data 42" } } },
	{ .name = "a subnegotiation in a subnegotiation starts over",
	  .steps = { { "< ff fb 1f", "send ff fd 1f | on peer 31" },
		     { "< ff fa 18 ff fa 1f 00 50 00 19 ff f0", "sub 31 00 50 00 19" } } },
	{ .name = "a window size with a single FF is dropped, and does not leak",
	  .steps = { { "< ff fb 1f", "send ff fd 1f | on peer 31" },
		     { "< ff fa 1f 00 ff 00 18 ff f0 41", "data 41" } } },
	{ .name = "a subnegotiation on its way when we give the option up is heard",
	  .steps = { { "< ff fb 1f", "send ff fd 1f | on peer 31" },
		     { "-peer 31", "send ff fe 1f" },
		     { "< ff fa 1f 00 50 00 19 ff f0", "sub 31 00 50 00 19" },
		     { "< ff fc 1f ff fa 1f 00 50 00 19 ff f0", "" } } },

	/* Carriage returns, towards a terminal. */
	{ .name = "Enter in each of its forms is one CR",
	  .steps = { { "< 0d 41 0d 00 41 0d 0a 41", "data 0d 41 0d 41 0d 41" },
		     { "< 0d", "data 0d" },
		     { "< 00 0a", "data 0a" },
		     { "< 0d 0d 0a 0a", "data 0d 0d 0a" } } },
	{ .name = "a command after CR does not separate it from its NUL",
	  .steps = { { "< 0d ff f1 00 41", "data 0d 41" }, { "< 0d ff ff 00", "data 0d ff 00" } } },
	{ .name = "the peer's BINARY leaves CR alone, from its WILL to its WONT",
	  .steps = { { "< 0d ff fb 00 00 0d 0a 0d 00",
		       "data 0d | send ff fd 00 | on peer 0 | data 00 0d 0a 0d 00" },
		     { "-peer 0", "send ff fe 00" },
		     { "< 0d 0a ff fc 00 0d 0a", "data 0d 0a 0d" } } },
	{ .name = "our BINARY does not change what we receive",
	  .steps = { { "< ff fd 00 0d 0a", "send ff fb 00 | on ours 0 | data 0d" } } },
	{ .name = "a server sends CR LF as it is and CR NUL for the rest",
	  .steps = { { "< ff f1", "" },
		     { "> 0d 0a 41 0d 41 0d 0d 0a 0d ff 0d 00",
		       "wire 0d 0a 41 0d 00 41 0d 00 0d 0a "
		       "0d ff ff 0d 00 00" } } },
	{ .name = "CR and LF in two calls are still CR LF",
	  .steps = { { "< ff f1", "" },
		     { "> 41 0d", "wire 41 0d" },
		     { ">", "wire" },
		     { "> 0a 0d", "wire 0a 0d" },
		     { "> 41 0d", "wire 00 41 0d" },
		     { "> ff", "wire ff ff" } } },
	{ .name = "a command does not come between a CR and its NUL",
	  .steps = { { "< ff f1", "" },
		     { "> 0d", "wire 0d" },
		     { "+ours 1", "send 00 ff fb 01" },
		     { "> 0a 0d", "wire 0a 0d" },
		     { "sub 24 01", "send 00 ff fa 18 01 ff f0" },
		     { "> 41", "wire 41" } },
	  .pending = true },
	{ .name = "in BINARY nothing follows a CR, from the agreement on",
	  .steps = { { "< ff f1", "" },
		     { "+ours 0", "send ff fb 00" },
		     { "> 0d 41 0d", "wire 0d 00 41 0d" },
		     { "< ff fd 00", "on ours 0" },
		     { "> 41 0d", "wire 41 0d" },
		     { "-ours 0", "send ff fc 00" },
		     { "> 41 0d 41", "wire 41 0d 00 41" } },
	  .pending = true },

	/* And towards a service. */
	{ .name = "a client keeps the LF of CR LF and drops the NUL of CR NUL",
	  .client = true,
	  .steps = { { "< 41 0d 0a 42 0d 00 43 0d 44", "data 41 0d 0a 42 0d 43 0d 44" } } },
	{ .name = "a peer that has not spoken telnet gets CR as it is",
	  .steps = { { "> 0d 41 0d 0a 0d 00 ff", "wire 0d 41 0d 0a 0d 00 ff ff" },
		     { "< 41 42", "data 41 42" },
		     { "> 0d 41", "wire 0d 41" } } },
	{ .name = "a client ends CR by NUL at once",
	  .client = true,
	  .steps = { { "< ff f1", "" },
		     { "> 41 0d", "wire 41 0d 00" },
		     { "> 0d 0a", "wire 0d 00 0a" } } },
};

struct recorder {
	char text[TRANSCRIPT_MAX];
	bool data_last;
};

static void record(struct recorder *recorder, const char *word, const uint8_t *bytes, size_t length)
{
	size_t used = strlen(recorder->text);

	if (word != NULL)
		used += (size_t)snprintf(recorder->text + used, sizeof(recorder->text) - used,
					 "%s%s", used > 0 ? " | " : "", word);
	for (size_t i = 0; i < length && used < sizeof(recorder->text); i++)
		used += (size_t)snprintf(recorder->text + used, sizeof(recorder->text) - used,
					 " %02x", bytes[i]);
	assert_true(used < sizeof(recorder->text));
}

static void event_record(void *context, const struct telnet_event *event)
{
	struct recorder *recorder = context;
	char word[32] = "";

	switch (event->kind) {
	case TELNET_DATA:
		assert_true(event->length > 0);
		record(recorder, recorder->data_last ? NULL : "data", event->bytes, event->length);
		break;
	case TELNET_SEND:
		record(recorder, "send", event->bytes, event->length);
		break;
	case TELNET_ENABLED:
	case TELNET_REFUSED:
		snprintf(word, sizeof(word), "%s %s %u",
			 event->kind == TELNET_ENABLED ? "on" : "no", event->ours ? "ours" : "peer",
			 event->option);
		record(recorder, word, NULL, 0);
		break;
	case TELNET_SUBNEGOTIATION:
		snprintf(word, sizeof(word), "sub %u", event->option);
		record(recorder, word, event->bytes, event->length);
		break;
	}
	recorder->data_last = event->kind == TELNET_DATA;
}

static size_t hexadecimal_read(const char *text, uint8_t bytes[BYTES_MAX])
{
	size_t length = 0;
	char *end;

	for (unsigned long byte = strtoul(text, &end, 16); end != text;
	     byte = strtoul(text, &end, 16)) {
		assert_true(byte <= 0xff && length < BYTES_MAX);
		bytes[length++] = (uint8_t)byte;
		text = end;
	}
	return length;
}

static void act(struct telnet_codec *codec, struct recorder *recorder, const char *action,
		size_t step)
{
	uint8_t bytes[BYTES_MAX];
	uint8_t wire[2 * BYTES_MAX];
	size_t length;
	char *rest;

	if (action[0] == '<') {
		length = hexadecimal_read(action + 1, bytes);
		for (size_t done = 0; done < length; done += step)
			telnet_codec_receive(codec, bytes + done,
					     step < length - done ? step : length - done);
	} else if (action[0] == '>') {
		length = hexadecimal_read(action + 1, bytes);
		length = telnet_codec_encode(codec, bytes, length, wire);
		record(recorder, "wire", wire, length);
	} else if (action[0] == 's') {
		uint8_t option = (uint8_t)strtoul(action + 3, &rest, 10);

		length = hexadecimal_read(rest, bytes);
		assert_int_equal(telnet_codec_subnegotiate(codec, option, bytes, length), 0);
	} else {
		telnet_codec_ask(codec, (uint8_t)strtoul(action + 5, NULL, 10), action[1] == 'o',
				 action[0] == '+');
	}
}

static void converse(const struct conversation *conversation, size_t step)
{
	struct telnet_codec *codec = NULL;
	struct recorder recorder;

	assert_int_equal(telnet_codec_new(&codec, policies, sizeof(policies) / sizeof(policies[0]),
					  event_record, &recorder),
			 0);
	if (conversation->client)
		telnet_codec_act_as_client(codec);
	for (size_t i = 0; i < STEPS_MAX && conversation->steps[i].action != NULL; i++) {
		recorder = (struct recorder) { .data_last = false };
		act(codec, &recorder, conversation->steps[i].action, step);
		if (strcmp(recorder.text, conversation->steps[i].answer) != 0)
			fail_msg("%s: %s: expected '%s', got '%s' (%zu bytes at a time)",
				 conversation->name, conversation->steps[i].action,
				 conversation->steps[i].answer, recorder.text, step);
	}
	if (telnet_codec_pending(codec) != conversation->pending)
		fail_msg("%s: pending is wrong at the end", conversation->name);
	telnet_codec_free(codec);
}

static void test_conversations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		converse(&conversations[i], BYTES_MAX);
		converse(&conversations[i], 1);
		converse(&conversations[i], 3);
	}
}

static struct telnet_codec *codec_make(telnet_event_handler *handler, void *context)
{
	struct telnet_codec *codec = NULL;

	assert_int_equal(telnet_codec_new(&codec, policies, sizeof(policies) / sizeof(policies[0]),
					  handler, context),
			 0);
	return codec;
}

static void test_commands_are_counted_and_data_are_not(void **state)
{
	static const struct {
		const char *bytes;
		uint64_t commands;
	} cases[] = {
		{ "41 42 13 41", 0 },    { "ff ff 41", 0 },
		{ "ff 41 ff 00", 0 },    { "ff f1", 1 },
		{ "ff fd 01", 1 },       { "ff fa 18 00 41 ff ff ff f0", 1 },
		{ "ff fd", 1 },          { "ff fa 18 ff fd 01", 2 },
		{ "ff f6 ff f9 ff", 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recorder recorder = { .data_last = false };
		struct telnet_codec *codec = codec_make(event_record, &recorder);
		uint8_t bytes[BYTES_MAX];

		telnet_codec_receive(codec, bytes, hexadecimal_read(cases[i].bytes, bytes));
		assert_int_equal(telnet_codec_commands(codec), cases[i].commands);
		telnet_codec_free(codec);
	}
}

static void test_is_on_is_yes_and_nothing_else(void **state)
{
	struct recorder recorder = { .data_last = false };
	struct telnet_codec *codec = codec_make(event_record, &recorder);

	(void)state;
	telnet_codec_ask(codec, TELNET_BINARY, false, true);
	assert_false(telnet_codec_is_on(codec, TELNET_BINARY, false));
	telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xfb, 0x00 }, 3);
	assert_true(telnet_codec_is_on(codec, TELNET_BINARY, false));
	assert_false(telnet_codec_is_on(codec, TELNET_BINARY, true));
	telnet_codec_ask(codec, TELNET_BINARY, false, false);
	assert_false(telnet_codec_is_on(codec, TELNET_BINARY, false));
	assert_true(telnet_codec_pending(codec));
	telnet_codec_free(codec);
}

/* Lengths of what the handler was given, by kind. */
struct tally {
	size_t bytes[TELNET_SUBNEGOTIATION + 1];
	size_t events[TELNET_SUBNEGOTIATION + 1];
	const uint8_t *data;
};

static void event_tally(void *context, const struct telnet_event *event)
{
	struct tally *tally = context;

	tally->bytes[event->kind] += event->length;
	tally->events[event->kind]++;
	if (event->kind == TELNET_DATA)
		tally->data = event->bytes;
}

static void test_subnegotiation_up_to_the_cap_is_heard_and_a_longer_one_never_leaks(void **state)
{
	static const struct {
		size_t length;
		bool heard;
	} cases[] = {
		{ 0, true },
		{ TELNET_SUBNEGOTIATION_MAX, true },
		{ TELNET_SUBNEGOTIATION_MAX + 1, false },
		{ 3 * TELNET_SUBNEGOTIATION_MAX, false },
		{ 1000000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tally tally = { .data = NULL };
		struct telnet_codec *codec = codec_make(event_tally, &tally);

		telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xfb, 24, 0xff, 0xfa, 24 },
				     6);
		for (size_t j = 0; j < cases[i].length; j++)
			telnet_codec_receive(codec, (const uint8_t[]) { 'x' }, 1);
		telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xf0 }, 2);
		assert_int_equal(tally.events[TELNET_SUBNEGOTIATION], cases[i].heard ? 1 : 0);
		assert_int_equal(tally.bytes[TELNET_SUBNEGOTIATION],
				 cases[i].heard ? cases[i].length : 0);
		assert_int_equal(tally.events[TELNET_DATA], 0);
		telnet_codec_receive(codec, (const uint8_t[]) { 'A' }, 1);
		assert_int_equal(tally.bytes[TELNET_DATA], 1);
		telnet_codec_free(codec);
	}
}

static void test_subnegotiation_above_the_cap_is_not_sent(void **state)
{
	static const uint8_t bytes[TELNET_SUBNEGOTIATION_MAX + 1];
	struct tally tally = { .data = NULL };
	struct telnet_codec *codec = codec_make(event_tally, &tally);

	(void)state;
	assert_int_equal(telnet_codec_subnegotiate(codec, 24, bytes, sizeof(bytes)), -EMSGSIZE);
	assert_int_equal(tally.events[TELNET_SEND], 0);
	assert_int_equal(telnet_codec_subnegotiate(codec, 24, bytes, sizeof(bytes) - 1), 0);
	assert_int_equal(tally.events[TELNET_SEND], 1);
	assert_int_equal(tally.bytes[TELNET_SEND], 5 + TELNET_SUBNEGOTIATION_MAX);
	telnet_codec_free(codec);
}

static void test_answers_to_a_flood_of_proposals_are_bounded(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[6];
		bool on_at_last;
	} floods[] = {
		{ "an option that is refused", { 0xff, 0xfd, 0x55, 0xff, 0xfb, 0x55 }, false },
		{ "on and off", { 0xff, 0xfb, 0x00, 0xff, 0xfc, 0x00 }, false },
		{ "off and on", { 0xff, 0xfe, 0x01, 0xff, 0xfd, 0x01 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		struct tally tally = { .data = NULL };
		struct telnet_codec *codec = codec_make(event_tally, &tally);

		for (size_t j = 0; j < 10000; j++)
			telnet_codec_receive(codec, floods[i].bytes, sizeof(floods[i].bytes));
		assert_int_equal(tally.events[TELNET_SEND], TELNET_ANSWERS_MAX);
		assert_true(tally.events[TELNET_ENABLED] <= TELNET_ANSWERS_MAX);
		/* Our own asking still works. */
		telnet_codec_ask(codec, TELNET_TTYPE, false, true);
		telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xfb, 24 }, 3);
		assert_true(telnet_codec_is_on(codec, TELNET_TTYPE, false));
		telnet_codec_free(codec);
	}
}

static void test_a_no_after_the_last_answer_is_obeyed_in_silence(void **state)
{
	struct tally tally = { .data = NULL };
	struct telnet_codec *codec = codec_make(event_tally, &tally);

	(void)state;
	telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xfb, 0x00 }, 3);
	for (size_t i = 1; i < TELNET_ANSWERS_MAX; i++)
		telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xfb, 0x55 }, 3);
	assert_true(telnet_codec_is_on(codec, TELNET_BINARY, false));
	telnet_codec_receive(codec, (const uint8_t[]) { 0xff, 0xfc, 0x00 }, 3);
	assert_false(telnet_codec_is_on(codec, TELNET_BINARY, false));
	assert_int_equal(tally.events[TELNET_REFUSED], 1);
	assert_int_equal(tally.events[TELNET_SEND], TELNET_ANSWERS_MAX);
	telnet_codec_free(codec);
}

static void test_data_are_given_where_they_lie_in_one_run(void **state)
{
	static const uint8_t input[] = { 0xff, 0xf1, 'a', 0x00, 0x80, 0x0a, 0xf0, 0x13, 0x41 };
	struct tally tally = { .data = NULL };
	struct telnet_codec *codec = codec_make(event_tally, &tally);

	(void)state;
	telnet_codec_receive(codec, input, sizeof(input));
	assert_ptr_equal(tally.data, input + 2);
	assert_int_equal(tally.events[TELNET_DATA], 1);
	assert_int_equal(tally.bytes[TELNET_DATA], sizeof(input) - 2);
	telnet_codec_free(codec);
}

/* All values, both ways, over every combination of BINARY, in calls of every small size. */
static void test_all_values_pass_between_server_and_client(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < 4; mode++) {
		for (size_t step = 1; step <= 5; step++) {
			struct recorder expected = { .data_last = false };
			struct recorder got = { .data_last = false };
			struct recorder ignored = { .data_last = false };
			bool binary = (mode & 1) != 0;
			bool to_server = (mode & 2) != 0;
			struct telnet_codec *sender = codec_make(event_record, &ignored);
			struct telnet_codec *receiver = codec_make(event_record, &got);
			uint8_t all[2 * 256];
			uint8_t wire[2 * 5];

			/* Each value alone after the one before it, and each after a CR. */
			for (size_t i = 0; i < 256; i++) {
				all[2 * i] = i < 128 ? 0x0d : (uint8_t)(i - 128);
				all[2 * i + 1] = (uint8_t)i;
			}
			record(&expected, "data", all, sizeof(all));
			telnet_codec_act_as_client(to_server ? sender : receiver);
			/* NOP: the peer speaks telnet. */
			telnet_codec_receive(sender, (const uint8_t[]) { 0xff, 0xf1 }, 2);
			if (binary) {
				telnet_codec_receive(sender, (const uint8_t[]) { 0xff, 0xfd, 0 },
						     3);
				telnet_codec_receive(receiver, (const uint8_t[]) { 0xff, 0xfb, 0 },
						     3);
				got = (struct recorder) { .data_last = false };
			}
			for (size_t done = 0; done < sizeof(all); done += step) {
				size_t left = sizeof(all) - done;
				size_t length = telnet_codec_encode(
				    sender, all + done, step < left ? step : left, wire);

				assert_true(length <= 2 * step);
				telnet_codec_receive(receiver, wire, length);
			}
			assert_string_equal(got.text, expected.text);
			telnet_codec_free(sender);
			telnet_codec_free(receiver);
		}
	}
}

struct leaver {
	struct telnet_codec *codec;
	unsigned events;
};

static void event_leave(void *context, const struct telnet_event *event)
{
	struct leaver *leaver = context;

	(void)event;
	leaver->events++;
	telnet_codec_free(leaver->codec);
}

static void test_a_handler_may_free_the_codec_and_hears_no_more(void **state)
{
	struct leaver leaver = { .events = 0 };

	(void)state;
	leaver.codec = codec_make(event_leave, &leaver);
	telnet_codec_receive(leaver.codec, (const uint8_t[]) { 'A', 0xff, 0xfd, 0x01, 'B' }, 5);
	assert_int_equal(leaver.events, 1);
	leaver.codec = codec_make(event_leave, &leaver);
	telnet_codec_ask(leaver.codec, TELNET_ECHO, true, true);
	assert_int_equal(leaver.events, 2);
	leaver.codec = codec_make(event_leave, &leaver);
	telnet_codec_receive(leaver.codec, (const uint8_t[]) { 0xff, 0xfd, 0x01 }, 3);
	assert_int_equal(leaver.events, 3);
	telnet_codec_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_commands_are_counted_and_data_are_not),
		cmocka_unit_test(test_is_on_is_yes_and_nothing_else),
		cmocka_unit_test(
		    test_subnegotiation_up_to_the_cap_is_heard_and_a_longer_one_never_leaks),
		cmocka_unit_test(test_subnegotiation_above_the_cap_is_not_sent),
		cmocka_unit_test(test_answers_to_a_flood_of_proposals_are_bounded),
		cmocka_unit_test(test_a_no_after_the_last_answer_is_obeyed_in_silence),
		cmocka_unit_test(test_data_are_given_where_they_lie_in_one_run),
		cmocka_unit_test(test_all_values_pass_between_server_and_client),
		cmocka_unit_test(test_a_handler_may_free_the_codec_and_hears_no_more),
	};

	return cmocka_run_group_tests_name("telnet_codec", tests, NULL, NULL);
}
