/* links: vdtgw-teletel */
/* Gateways, callers and lines brought together, as conversations: what happens, what is said. */
#include "vdtgw-teletel/switchboard.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	PARTIES = 3
};

static char heard[512];

static void note(const void *context, char what, int value)
{
	size_t length = strlen(heard);

	snprintf(heard + length, sizeof(heard) - length, "line%zu%c%d ",
		 *(const size_t *)context + 1, what, value);
}

static size_t numbers[PARTIES] = { 0, 1, 2 };

static void on_reach(void *context, enum kiosk_reach reach)
{
	note(context, '=', (int)reach);
}

static void on_news(void *context, enum kiosk_news news)
{
	note(context, ':', (int)news);
}

static int on_send(void *context, const char *text, size_t length)
{
	size_t at = strlen(heard);

	snprintf(heard + at, sizeof(heard) - at, "gateway%zu<%.*s ", *(size_t *)context + 1,
		 (int)length, text);
	return 0;
}

static const struct switchboard_line_handlers handlers = { .reach = on_reach, .news = on_news };

/* "+g1" "-g1": a gateway comes, goes; "+l1" "-l1": a line; "g1 …": the gateway says; "l1 …": the
 * line is identified; "o1": an order of the line. */
struct step {
	const char *event;
	const char *heard;
};

#define NO_CHANNEL "=0 "
#define NOT_LINKED "=1 "
#define LINKED     "=2 "
#define ONE        "PID=7,IP=192.0.2.7,PORT=4000"
#define NEW_ONE    "NewTelnetUser,192.0.2.7,4000,7"
#define CONNECT    ",CONNECT,ws://h/,None,[] "

static const struct {
	const char *name;
	struct step steps[16];
} conversations[] = {
	{ "announced, then identified",
	  { { "+l1", "" },
	    { "+g1", "line1" NOT_LINKED },
	    { "g1 " NEW_ONE, "" },
	    { "l1 " ONE, "line1" LINKED },
	    { "o1", "gateway1<PID=7,1" CONNECT },
	    { "g1 UserRedirecting,,,7,1", "line1:0 " },
	    { "g1 UserRedirected,,,7,1", "line1:1 " },
	    { "g1 UserRequestedClose,,,7,1", "line1:2 " },
	    { "g1 UserRedirectEnded,,,7,1", "line1:3 " },
	    { "g1 UserGone,,,7", "line1:5 line1" NOT_LINKED } } },
	{ "identified, then announced",
	  { { "+g1", "" }, { "+l1", "" }, { "l1 " ONE, "" }, { "g1 " NEW_ONE, "line1" LINKED } } },
	{ "announced twice is announced once",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "l1 " ONE, "" },
	    { "g1 " NEW_ONE, "line1" LINKED },
	    { "g1 " NEW_ONE, "" } } },
	{ "another address, port or number is somebody else",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "g1 NewTelnetUser,192.0.2.8,4000,7", "" },
	    { "l1 " ONE, "" },
	    { "g1 NewTelnetUser,192.0.2.7,4001,7", "" },
	    { "g1 NewTelnetUser,192.0.2.7,4000,8", "" },
	    { "g1 UserRedirecting,,,8,1", "" },
	    { "o1", "!" } } },
	{ "one identification a line",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "g1 " NEW_ONE, "" },
	    { "l1 PID=8,IP=192.0.2.7,PORT=4000", "" },
	    { "l1 " ONE, "!" } } },
	{ "nobody is taken for another who is here",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "+l2", "" },
	    { "g1 " NEW_ONE, "" },
	    { "l1 " ONE, "line1" LINKED },
	    { "l2 " ONE, "!" },
	    { "g1 UserRedirecting,,,7,2", "" },
	    { "-l1", "" },
	    { "g1 " NEW_ONE, "" },
	    { "o2", "!" } } },
	{ "of two who say so before it is announced the first is believed",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "+l2", "" },
	    { "l1 " ONE, "" },
	    { "l2 " ONE, "" },
	    { "g1 " NEW_ONE, "line1" LINKED },
	    { "g1 " NEW_ONE, "" } } },
	{ "two gateways may use the same number",
	  { { "+g1", "" },
	    { "+g2", "" },
	    { "+l1", "" },
	    { "+l2", "" },
	    { "g1 " NEW_ONE, "" },
	    { "g2 NewWsUser,::1,4000,7", "" },
	    { "l2 PID=7,IP=::1,PORT=4000", "line2" LINKED },
	    { "l1 " ONE, "line1" LINKED },
	    { "o1", "gateway1<PID=7,1" CONNECT },
	    { "o2", "gateway2<PID=7,2" CONNECT },
	    { "g1 UserRedirected,,,7,2", "" },
	    { "g2 UserRedirected,,,7,2", "line2:1 " },
	    { "-g1", "line1" NOT_LINKED },
	    { "g2 UserGone,,,7", "line2:5 line2" NOT_LINKED } } },
	{ "a channel that is cut takes the links with it, until all is announced again",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "g1 " NEW_ONE, "" },
	    { "l1 " ONE, "line1" LINKED },
	    { "-g1", "line1" NO_CHANNEL "line1" NO_CHANNEL },
	    { "+g2", "line1" NOT_LINKED },
	    { "g2 UserRedirectEnded,,,7,1", "" },
	    { "g2 " NEW_ONE, "line1" LINKED },
	    { "o1", "gateway2<PID=7,1" CONNECT } } },
	{ "a gateway that is back before its end was noticed",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "g1 " NEW_ONE, "" },
	    { "l1 " ONE, "line1" LINKED },
	    { "+g2", "" },
	    { "g2 " NEW_ONE, "line1" LINKED },
	    { "g1 UserRedirected,,,7,1", "" },
	    { "-g1", "" },
	    { "o1", "gateway2<PID=7,1" CONNECT } } },
	{ "the same number for the next caller",
	  { { "+g1", "" },
	    { "+l1", "" },
	    { "g1 " NEW_ONE, "" },
	    { "l1 " ONE, "line1" LINKED },
	    { "g1 NewTelnetUser,192.0.2.9,4000,7", "line1" NOT_LINKED } } },
	{ "what is no line, and whom nobody knows",
	  { { "+g1", "" },
	    { "g1 UserGone,,,1", "" },
	    { "g1 UserRedirected,,,1,1", "" },
	    { "g1 UserGotCommand,,,1,1,CONNECT", "" },
	    { "g1 Nonsense", "!" } } },
};

struct board {
	struct switchboard *switchboard;
	struct switchboard_gateway *gateways[PARTIES];
	struct switchboard_line *lines[PARTIES];
};

static int happen(struct board *board, const char *event)
{
	static const struct directory_entry entry = { .address = "ws://h/", .subprotocols = "" };
	bool changes = *event == '+' || *event == '-';
	size_t who = (size_t)(event[changes ? 2 : 1] - '1');
	struct gateway_caller caller;

	if (changes && event[1] == 'g' && *event == '+')
		return switchboard_add_gateway(board->switchboard, on_send, &numbers[who],
					       &board->gateways[who]);
	if (changes && *event == '+')
		return switchboard_add_line(board->switchboard, &handlers, &numbers[who],
					    &board->lines[who]);
	if (changes && event[1] == 'g') {
		switchboard_remove_gateway(board->gateways[who]);
		board->gateways[who] = NULL;
		return 0;
	}
	if (changes) {
		switchboard_remove_line(board->lines[who]);
		board->lines[who] = NULL;
		return 0;
	}
	if (*event == 'o')
		return switchboard_order(board->lines[who], &entry);
	if (*event == 'g')
		return switchboard_receive(board->gateways[who], (const uint8_t *)event + 3,
					   strlen(event + 3));
	assert_int_equal(gateway_line_parse_identification(&caller, (const uint8_t *)event + 3,
							   strlen(event + 3)),
			 0);
	return switchboard_identify(board->lines[who], &caller);
}

static void test_conversations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		struct board board = { .switchboard = NULL };

		assert_int_equal(switchboard_new(&board.switchboard), 0);
		for (size_t k = 0; k < 16 && conversations[i].steps[k].event != NULL; k++) {
			const struct step *step = &conversations[i].steps[k];

			heard[0] = '\0';
			if (happen(&board, step->event) < 0)
				strcat(heard, "!");
			if (strcmp(heard, step->heard) != 0)
				fail_msg("%s: %s: \"%s\"", conversations[i].name, step->event,
					 heard);
		}
		for (size_t who = 0; who < PARTIES; who++) {
			switchboard_remove_line(board.lines[who]);
			switchboard_remove_gateway(board.gateways[who]);
		}
		switchboard_free(board.switchboard);
	}
}

static void test_gateways_and_callers_are_bounded(void **state)
{
	struct switchboard *switchboard = NULL;
	struct switchboard_gateway *gateways[SWITCHBOARD_GATEWAYS_MAX + 1];
	char text[64];

	(void)state;
	assert_int_equal(switchboard_new(&switchboard), 0);
	for (size_t i = 0; i < SWITCHBOARD_GATEWAYS_MAX; i++)
		assert_int_equal(
		    switchboard_add_gateway(switchboard, on_send, &numbers[0], &gateways[i]), 0);
	assert_int_equal(switchboard_add_gateway(switchboard, on_send, &numbers[0],
						 &gateways[SWITCHBOARD_GATEWAYS_MAX]),
			 -ENOSPC);
	for (int i = 0; i <= SWITCHBOARD_CALLERS_MAX; i++) {
		int length = snprintf(text, sizeof(text), "NewWsUser,::1,1,%d", i);

		assert_int_equal(
		    switchboard_receive(gateways[0], (const uint8_t *)text, (size_t)length),
		    i < SWITCHBOARD_CALLERS_MAX ? 0 : -ENOSPC);
	}
	assert_int_equal(switchboard_gateway_callers(gateways[0]), SWITCHBOARD_CALLERS_MAX);
	assert_int_equal(switchboard_receive(gateways[0], (const uint8_t *)"UserGone,,,5", 12), 0);
	assert_int_equal(switchboard_receive(gateways[0], (const uint8_t *)text, strlen(text)), 0);
	for (size_t i = 0; i < SWITCHBOARD_GATEWAYS_MAX; i++)
		switchboard_remove_gateway(gateways[i]);
	switchboard_free(switchboard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_gateways_and_callers_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
