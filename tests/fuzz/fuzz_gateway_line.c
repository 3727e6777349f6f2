/* links: vdtgw-teletel */
/*
 * What a gateway says on its command channel, and what comes on its callers' connections. The first
 * byte of each line of the input says who says it: a gateway, or a line, in a text or binary frame.
 */
#include "vdtgw-teletel/identification.h"
#include "vdtgw-teletel/switchboard.h"

#include "tests/fuzz/fuzz.h"

enum {
	LINES = 2
};

struct caller {
	struct switchboard_line *line;
	struct identification identification;
	bool goes_on;
};

static void on_reach(void *context, enum kiosk_reach reach)
{
	(void)context;
	if (reach > KIOSK_LINKED)
		abort();
}

static void on_news(void *context, enum kiosk_news news)
{
	/* Only who is linked gets any. */
	if (news >= KIOSK_NEWS_COUNT ||
	    switchboard_line_reach(*(struct switchboard_line **)context) != KIOSK_LINKED)
		abort();
}

static int on_send(void *context, const char *text, size_t length)
{
	(void)context;
	if (length >= GATEWAY_ORDER_MAX || text[length] != '\0' || strncmp(text, "PID=", 4) != 0)
		abort();
	return 0;
}

static const struct switchboard_line_handlers handlers = { .reach = on_reach, .news = on_news };

static void receive(struct caller *caller, uint8_t kind, const uint8_t *bytes, size_t length)
{
	static const struct directory_entry entry = { .address = "ws://h/?,",
						      .subprotocols = "a,b" };
	struct identification_piece piece = {
		.binary = kind & 1,
		.first = !caller->goes_on,
		.last = (kind & 2) == 0,
		.bytes = bytes,
		.length = length < 1024 ? length : 1024,
	};
	uint8_t input[1024 + IDENTIFICATION_HELD_MAX];
	struct gateway_caller who;
	bool found;

	caller->goes_on = !piece.last;
	if (identification_read(&caller->identification, &piece, input, &found, &who) >
	    sizeof(input))
		abort();
	if (found)
		(void)switchboard_identify(caller->line, &who);
	(void)switchboard_order(caller->line, &entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct switchboard *switchboard = NULL;
	struct switchboard_gateway *gateway = NULL;
	struct caller callers[LINES] = { 0 };

	if (switchboard_new(&switchboard) < 0 ||
	    switchboard_add_gateway(switchboard, on_send, NULL, &gateway) < 0)
		abort();
	for (size_t i = 0; i < LINES; i++) {
		if (switchboard_add_line(switchboard, &handlers, &callers[i].line,
					 &callers[i].line) < 0)
			abort();
	}
	while (size > 0) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end != NULL ? (size_t)(end - data) + 1 : size;

		if (*data == 'g')
			(void)switchboard_receive(gateway, data + 1, length - 1);
		else
			receive(&callers[*data >> 2 & 1], *data, data + 1,
				length - 1 - (end != NULL && length > 1));
		data += length;
		size -= length;
	}
	switchboard_remove_gateway(gateway);
	for (size_t i = 0; i < LINES; i++)
		switchboard_remove_line(callers[i].line);
	switchboard_free(switchboard);
	return 0;
}
