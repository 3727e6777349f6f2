/*
 * Turns the bytes of a telnet connection into events and back: commands are taken out of the data,
 * options negotiated, data escaped. What a peer can cost is fixed: one subnegotiation buffer,
 * TELNET_ANSWERS_MAX answers in a call, and no answer at all to a command that changes nothing.
 */
#include "network/telnet_codec.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CARRIAGE_RETURN = 0x0d,
	LINE_FEED = 0x0a,
	FIRST_COMMAND = 240,
	SE = 240,
	SB = 250,
	WILL = 251,
	WONT = 252,
	DO = 253,
	DONT = 254,
	IAC = 255,
};

/* RFC 1143, section 7: the state of one side of an option with its queue bit in one word. */
enum option_state {
	OPTION_NO,
	OPTION_YES,
	OPTION_WANT_NO,          /* we said no and await the peer's no */
	OPTION_WANT_NO_OPPOSITE, /* the same, and want it on again afterwards */
	OPTION_WANT_YES,
	OPTION_WANT_YES_OPPOSITE,
	OPTION_STATE_COUNT,
};

enum stimulus {
	PEER_YES, /* WILL for its side, DO for ours */
	PEER_NO,
	ASK_ON,
	ASK_OFF,
	STIMULUS_COUNT,
};

enum reply {
	REPLY_NONE,
	REPLY_YES,
	REPLY_NO,
};

enum outcome {
	OUTCOME_NONE,
	OUTCOME_ENABLED,
	OUTCOME_REFUSED,
};

struct transition {
	enum option_state next;
	enum reply reply;
	enum outcome outcome;
};

/* PEER_YES at OPTION_NO is for what the policy agrees to; the rest is refused before it gets here.
 * A yes to our no (OPTION_WANT_NO) is the peer's error: the option is off all the same. */
static const struct transition transitions[][STIMULUS_COUNT] = {
	[OPTION_NO] = {
		[PEER_YES] = { OPTION_YES, REPLY_YES, OUTCOME_ENABLED },
		[PEER_NO] = { OPTION_NO, REPLY_NONE, OUTCOME_NONE },
		[ASK_ON] = { OPTION_WANT_YES, REPLY_YES, OUTCOME_NONE },
		[ASK_OFF] = { OPTION_NO, REPLY_NONE, OUTCOME_NONE },
	},
	[OPTION_YES] = {
		[PEER_YES] = { OPTION_YES, REPLY_NONE, OUTCOME_NONE },
		[PEER_NO] = { OPTION_NO, REPLY_NO, OUTCOME_REFUSED },
		[ASK_ON] = { OPTION_YES, REPLY_NONE, OUTCOME_NONE },
		[ASK_OFF] = { OPTION_WANT_NO, REPLY_NO, OUTCOME_NONE },
	},
	[OPTION_WANT_NO] = {
		[PEER_YES] = { OPTION_NO, REPLY_NONE, OUTCOME_NONE },
		[PEER_NO] = { OPTION_NO, REPLY_NONE, OUTCOME_NONE },
		[ASK_ON] = { OPTION_WANT_NO_OPPOSITE, REPLY_NONE, OUTCOME_NONE },
		[ASK_OFF] = { OPTION_WANT_NO, REPLY_NONE, OUTCOME_NONE },
	},
	[OPTION_WANT_NO_OPPOSITE] = {
		[PEER_YES] = { OPTION_YES, REPLY_NONE, OUTCOME_ENABLED },
		[PEER_NO] = { OPTION_WANT_YES, REPLY_YES, OUTCOME_NONE },
		[ASK_ON] = { OPTION_WANT_NO_OPPOSITE, REPLY_NONE, OUTCOME_NONE },
		[ASK_OFF] = { OPTION_WANT_NO, REPLY_NONE, OUTCOME_NONE },
	},
	[OPTION_WANT_YES] = {
		[PEER_YES] = { OPTION_YES, REPLY_NONE, OUTCOME_ENABLED },
		[PEER_NO] = { OPTION_NO, REPLY_NONE, OUTCOME_REFUSED },
		[ASK_ON] = { OPTION_WANT_YES, REPLY_NONE, OUTCOME_NONE },
		[ASK_OFF] = { OPTION_WANT_YES_OPPOSITE, REPLY_NONE, OUTCOME_NONE },
	},
	[OPTION_WANT_YES_OPPOSITE] = {
		[PEER_YES] = { OPTION_WANT_NO, REPLY_NO, OUTCOME_NONE },
		[PEER_NO] = { OPTION_NO, REPLY_NONE, OUTCOME_REFUSED },
		[ASK_ON] = { OPTION_WANT_YES, REPLY_NONE, OUTCOME_NONE },
		[ASK_OFF] = { OPTION_WANT_YES_OPPOSITE, REPLY_NONE, OUTCOME_NONE },
	},
};
static_assert(sizeof(transitions) / sizeof(transitions[0]) == OPTION_STATE_COUNT,
	      "each state has its row");

/* Where the received bytes are. */
enum reader {
	READER_DATA,
	READER_IAC,
	READER_OPTION, /* after WILL, WONT, DO or DONT */
	READER_SUBNEGOTIATION,
	READER_SUBNEGOTIATION_IAC,
};

struct telnet_codec {
	const struct telnet_policy *policies;
	size_t policy_count;
	telnet_event_handler *handler;
	void *context;
	unsigned entered; /* public functions under way that raise events */
	bool freed;       /* by the handler: the last of them frees */
	bool client;

	enum reader reader;
	uint8_t command;     /* whose option READER_OPTION awaits */
	bool after_return;   /* a CR was received outside BINARY: NUL or LF may belong to it */
	bool return_unended; /* a CR was sent outside BINARY without its NUL or LF as yet */
	uint64_t commands;
	unsigned answers;
	unsigned awaited;             /* sides of options in one of the WANT states */
	uint8_t options[2][256];      /* enum option_state, of the peer's side and of ours */
	size_t subnegotiation_length; /* the option included; one above the buffer: spoilt */
	uint8_t subnegotiation[1 + TELNET_SUBNEGOTIATION_MAX];
};

int telnet_codec_new(struct telnet_codec **ret_codec, const struct telnet_policy *policies,
		     size_t count, telnet_event_handler *handler, void *context)
{
	struct telnet_codec *codec;

	codec = calloc(1, sizeof(*codec));
	if (codec == NULL)
		return -ENOMEM;
	codec->policies = policies;
	codec->policy_count = count;
	codec->handler = handler;
	codec->context = context;
	*ret_codec = codec;
	return 0;
}

void telnet_codec_free(struct telnet_codec *codec)
{
	if (codec != NULL && codec->entered > 0)
		codec->freed = true;
	else
		free(codec);
}

void telnet_codec_act_as_client(struct telnet_codec *codec)
{
	codec->client = true;
}

/* Between enter() and leave() a handler may free the codec without pulling it from under us. */
static void enter(struct telnet_codec *codec)
{
	codec->entered++;
}

static void leave(struct telnet_codec *codec)
{
	codec->entered--;
	if (codec->entered == 0 && codec->freed)
		free(codec);
}

static void event_raise(struct telnet_codec *codec, const struct telnet_event *event)
{
	if (!codec->freed)
		codec->handler(codec->context, event);
}

static void data_raise(struct telnet_codec *codec, const uint8_t *bytes, size_t length)
{
	if (length > 0)
		event_raise(codec, &(struct telnet_event) {
				       .kind = TELNET_DATA, .bytes = bytes, .length = length });
}

static bool is_awaited(enum option_state state)
{
	return state != OPTION_NO && state != OPTION_YES;
}

static void option_set(struct telnet_codec *codec, uint8_t option, bool ours,
		       enum option_state state)
{
	uint8_t *current = &codec->options[ours][option];

	if (is_awaited(*current))
		codec->awaited--;
	if (is_awaited(state))
		codec->awaited++;
	*current = (uint8_t)state;
}

/* In force is a little longer than on: until the peer has confirmed our no, its side still acts by
 * the option. */
static bool is_in_force(const struct telnet_codec *codec, uint8_t option, bool ours)
{
	enum option_state state = codec->options[ours][option];

	return state == OPTION_YES ||
	       (!ours && (state == OPTION_WANT_NO || state == OPTION_WANT_NO_OPPOSITE));
}

static bool is_welcome(const struct telnet_codec *codec, uint8_t option, bool ours)
{
	for (size_t i = 0; i < codec->policy_count; i++) {
		const struct telnet_policy *policy = &codec->policies[i];

		if (policy->option == option)
			return ours ? policy->we_may : policy->peer_may;
	}
	return false;
}

/* A command never comes between a CR and its NUL: peers differ in what they make of that. */
static size_t return_end(struct telnet_codec *codec, uint8_t *out)
{
	if (!codec->return_unended)
		return 0;
	codec->return_unended = false;
	out[0] = 0;
	return 1;
}

static void reply_send(struct telnet_codec *codec, uint8_t option, bool ours, enum reply reply)
{
	uint8_t bytes[4];
	size_t length;

	if (reply == REPLY_NONE)
		return;
	length = return_end(codec, bytes);
	bytes[length++] = IAC;
	if (ours)
		bytes[length++] = reply == REPLY_YES ? WILL : WONT;
	else
		bytes[length++] = reply == REPLY_YES ? DO : DONT;
	bytes[length++] = option;
	event_raise(codec, &(struct telnet_event) {
			       .kind = TELNET_SEND, .bytes = bytes, .length = length });
}

static void option_advance(struct telnet_codec *codec, uint8_t option, bool ours,
			   enum stimulus stimulus, bool silent)
{
	const struct transition *transition = &transitions[codec->options[ours][option]][stimulus];
	struct telnet_event event = { .option = option, .ours = ours };

	option_set(codec, option, ours, transition->next);
	if (!silent)
		reply_send(codec, option, ours, transition->reply);
	if (transition->outcome == OUTCOME_NONE)
		return;
	event.kind = transition->outcome == OUTCOME_ENABLED ? TELNET_ENABLED : TELNET_REFUSED;
	event_raise(codec, &event);
}

/* What the peer says of its own accord is answered TELNET_ANSWERS_MAX times. After that a yes of
 * its is as if unheard, and a no is obeyed without a word. */
static void peer_obey(struct telnet_codec *codec, uint8_t option, bool ours, enum stimulus stimulus)
{
	enum option_state state = codec->options[ours][option];
	bool proposal = (state == OPTION_NO && stimulus == PEER_YES) ||
			(state == OPTION_YES && stimulus == PEER_NO);
	bool silent = false;

	if (proposal) {
		silent = codec->answers == TELNET_ANSWERS_MAX;
		if (!silent)
			codec->answers++;
		if (stimulus == PEER_YES && (silent || !is_welcome(codec, option, ours))) {
			if (!silent)
				reply_send(codec, option, ours, REPLY_NO);
			return;
		}
	}
	option_advance(codec, option, ours, stimulus, silent);
}

static void subnegotiation_add(struct telnet_codec *codec, uint8_t byte)
{
	if (codec->subnegotiation_length < sizeof(codec->subnegotiation))
		codec->subnegotiation[codec->subnegotiation_length++] = byte;
	else
		codec->subnegotiation_length = sizeof(codec->subnegotiation) + 1;
}

static void subnegotiation_end(struct telnet_codec *codec)
{
	uint8_t option = codec->subnegotiation[0];
	size_t length = codec->subnegotiation_length;

	if (length == 0 || length > sizeof(codec->subnegotiation))
		return;
	if (!is_in_force(codec, option, false) && !is_in_force(codec, option, true))
		return;
	event_raise(codec, &(struct telnet_event) { .kind = TELNET_SUBNEGOTIATION,
						    .bytes = codec->subnegotiation + 1,
						    .length = length - 1,
						    .option = option });
}

static void command_start(struct telnet_codec *codec, uint8_t command)
{
	codec->reader = READER_DATA;
	if (command < FIRST_COMMAND)
		return;
	codec->commands++;
	if (command == SB) {
		codec->subnegotiation_length = 0;
		codec->reader = READER_SUBNEGOTIATION;
	} else if (command >= WILL) {
		codec->command = command;
		codec->reader = READER_OPTION;
	}
}

static void option_receive(struct telnet_codec *codec, uint8_t option)
{
	bool ours = codec->command == DO || codec->command == DONT;
	bool yes = codec->command == WILL || codec->command == DO;

	codec->reader = READER_DATA;
	peer_obey(codec, option, ours, yes ? PEER_YES : PEER_NO);
}

static void subnegotiation_iac_receive(struct telnet_codec *codec, uint8_t byte)
{
	codec->reader = READER_SUBNEGOTIATION;
	if (byte == IAC) {
		subnegotiation_add(codec, byte);
	} else if (byte == SE) {
		codec->reader = READER_DATA;
		subnegotiation_end(codec);
	} else if (byte < FIRST_COMMAND) {
		codec->subnegotiation_length = sizeof(codec->subnegotiation) + 1;
	} else {
		command_start(codec, byte);
	}
}

/* Takes one run of data, or the IAC after it; returns how many bytes that was, at least one. */
static size_t data_receive(struct telnet_codec *codec, const uint8_t *bytes, size_t length)
{
	bool binary = is_in_force(codec, TELNET_BINARY, false);
	size_t run = 0;

	if (bytes[0] == IAC) {
		codec->reader = READER_IAC;
		return 1;
	}
	if (codec->after_return) {
		codec->after_return = false;
		if (!binary && (bytes[0] == 0 || (bytes[0] == LINE_FEED && !codec->client)))
			return 1;
	}
	while (run < length && bytes[run] != IAC && !codec->after_return) {
		codec->after_return = !binary && bytes[run] == CARRIAGE_RETURN;
		run++;
	}
	data_raise(codec, bytes, run);
	return run;
}

static size_t input_take(struct telnet_codec *codec, const uint8_t *bytes, size_t length)
{
	switch (codec->reader) {
	case READER_DATA:
		return data_receive(codec, bytes, length);
	case READER_IAC:
		if (bytes[0] == IAC) {
			codec->reader = READER_DATA;
			codec->after_return = false;
			data_raise(codec, bytes, 1);
		} else {
			command_start(codec, bytes[0]);
		}
		break;
	case READER_OPTION:
		option_receive(codec, bytes[0]);
		break;
	case READER_SUBNEGOTIATION:
		if (bytes[0] == IAC)
			codec->reader = READER_SUBNEGOTIATION_IAC;
		else
			subnegotiation_add(codec, bytes[0]);
		break;
	case READER_SUBNEGOTIATION_IAC:
		subnegotiation_iac_receive(codec, bytes[0]);
		break;
	}
	return 1;
}

void telnet_codec_receive(struct telnet_codec *codec, const uint8_t *bytes, size_t length)
{
	enter(codec);
	for (size_t taken = 0; taken < length && !codec->freed;)
		taken += input_take(codec, bytes + taken, length - taken);
	leave(codec);
}

uint64_t telnet_codec_commands(const struct telnet_codec *codec)
{
	return codec->commands;
}

size_t telnet_codec_encode(struct telnet_codec *codec, const uint8_t *bytes, size_t length,
			   uint8_t *out)
{
	/* A peer that has not shown that it speaks telnet is not sent the NUL that only telnet
	 * takes back out. */
	bool binary = telnet_codec_is_on(codec, TELNET_BINARY, true) || codec->commands == 0;
	size_t written = 0;

	/* What was agreed since the CR makes an end to it a byte of data. */
	if (binary)
		codec->return_unended = false;
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == LINE_FEED || bytes[i] == IAC)
			codec->return_unended = false;
		written += return_end(codec, out + written);
		out[written++] = bytes[i];
		if (bytes[i] == IAC)
			out[written++] = IAC;
		codec->return_unended = bytes[i] == CARRIAGE_RETURN && !binary;
		if (codec->client)
			written += return_end(codec, out + written);
	}
	return written;
}

void telnet_codec_ask(struct telnet_codec *codec, uint8_t option, bool ours, bool on)
{
	enter(codec);
	option_advance(codec, option, ours, on ? ASK_ON : ASK_OFF, false);
	leave(codec);
}

bool telnet_codec_is_on(const struct telnet_codec *codec, uint8_t option, bool ours)
{
	return codec->options[ours][option] == OPTION_YES;
}

bool telnet_codec_pending(const struct telnet_codec *codec)
{
	return codec->awaited > 0;
}

int telnet_codec_subnegotiate(struct telnet_codec *codec, uint8_t option, const uint8_t *bytes,
			      size_t length)
{
	uint8_t out[1 + 2 + 2 * (1 + TELNET_SUBNEGOTIATION_MAX) + 2];
	size_t written;

	if (length > TELNET_SUBNEGOTIATION_MAX)
		return -EMSGSIZE;
	written = return_end(codec, out);
	out[written++] = IAC;
	out[written++] = SB;
	out[written++] = option;
	if (option == IAC)
		out[written++] = IAC;
	for (size_t i = 0; i < length; i++) {
		out[written++] = bytes[i];
		if (bytes[i] == IAC)
			out[written++] = IAC;
	}
	out[written++] = IAC;
	out[written++] = SE;
	enter(codec);
	event_raise(
	    codec, &(struct telnet_event) { .kind = TELNET_SEND, .bytes = out, .length = written });
	leave(codec);
	return 0;
}
