/* links: vdtgw-session */
/* Orders as JSON, and what is carried out of each: a word, or nothing at all. */
#include "vdtgw-session/supervisor_orders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	HEARD_MAX = 256
};

#define LIMITS(idle, typing)                                                                       \
	"{'kind':'reload','limits':{'caller_idle':" idle ",'session':2,'remote':3,"                \
	"'remote_telnet_idle':4,'home':0,'typing_limit':" typing "}}"
#define REDIRECT(tag, ping, subprotocols)                                                          \
	"{'kind':'redirect','redirection':{'tag':" tag ",'uri':'ws://a/','ping':" ping             \
	",'subprotocols':" subprotocols "}}"
#define SEVENTEEN "['a','a','a','a','a','a','a','a','a','a','a','a','a','a','a','a','a']"

static void on_kicked(void *context, const char *text)
{
	(void)snprintf(context, HEARD_MAX, "kick %s", text);
}

static void on_sent_home(void *context, const char *text)
{
	(void)snprintf(context, HEARD_MAX, "home %s", text);
}

static void on_channel(void *context, bool up)
{
	(void)snprintf(context, HEARD_MAX, "channel %d", up);
}

static void on_redirected(void *context, const struct supervisor_redirection *redirection)
{
	(void)snprintf(context, HEARD_MAX, "redirect %s %s %u %zu", redirection->tag,
		       redirection->uri, redirection->ping, redirection->subprotocols.count);
}

static bool on_message(void *context, const char *text)
{
	(void)snprintf(context, HEARD_MAX, "message %s", text);
	return true;
}

static void on_reloaded(void *context, const struct supervisor_limits *limits)
{
	(void)snprintf(context, HEARD_MAX, "reload %u %u %u %u %u %.1f", limits->caller_idle,
		       limits->session, limits->remote, limits->remote_telnet_idle, limits->home,
		       limits->typing_limit);
}

static const struct supervisor_handlers handlers = {
	.kicked = on_kicked,
	.redirected = on_redirected,
	.sent_home = on_sent_home,
	.channel = on_channel,
	.message = on_message,
	.reloaded = on_reloaded,
};

static const struct {
	const char *order; /* with ' for " */
	const char *heard; /* "": nothing is carried out */
} cases[] = {
	{ "{'kind':'kick'}", "kick " },
	{ "{'kind':'kick','reason':'half-open'}", "kick half-open" },
	{ "{'kind':'kick','reason':7}", "kick " },
	{ "{'kind':'home','reason':'x'}", "home x" },
	{ "{'kind':'channel','up':true}", "channel 1" },
	{ "{'kind':'channel'}", "channel 0" },
	{ "{'kind':'message','text':'hello'}", "message hello" },
	{ "{'kind':'message'}", "" },
	{ "{'kind':'message','text':7}", "" },
	{ REDIRECT("'7'", "30", "['a','b']"), "redirect 7 ws://a/ 30 2" },
	{ REDIRECT("'7'", "-1", "[]"), "redirect 7 ws://a/ 0 0" },
	{ REDIRECT("7", "0", "[]"), "" },
	{ REDIRECT("'7'", "0", "['a',1]"), "" },
	{ REDIRECT("'7'", "0", SEVENTEEN), "" },
	{ "{'kind':'redirect'}", "" },
	{ LIMITS("1", "10.5"), "reload 1 2 3 4 0 10.5" },
	{ LIMITS("0", "0"), "reload 0 2 3 4 0 0.0" },
	{ LIMITS("31536000", "1000"), "reload 31536000 2 3 4 0 1000.0" },
	{ LIMITS("31536001", "10"), "" },
	{ LIMITS("-1", "10"), "" },
	{ LIMITS("1.5", "10"), "" },
	{ LIMITS("'1'", "10"), "" },
	{ LIMITS("null", "10"), "" },
	{ LIMITS("9223372036854775807", "10"), "" },
	{ LIMITS("1", "-1"), "" },
	{ LIMITS("1", "0.5"), "" },
	{ LIMITS("1", "1000.5"), "" },
	{ LIMITS("1", "1e300"), "" },
	{ LIMITS("1", "'10'"), "" },
	{ "{'kind':'reload'}", "" },
	{ "{'kind':'reload','limits':[]}", "" },
	{ "{'kind':'reload','limits':{}}", "" },
	{ "{'kind':'dance'}", "" },
	{ "{'kind':7}", "" },
	{ "{}", "" },
	{ "[]", "" },
};

static void test_orders_are_carried_out_or_ignored_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char heard[HEARD_MAX] = "", text[1024];
		json_t *order;

		(void)snprintf(text, sizeof(text), "%s", cases[i].order);
		for (char *mark = text; (mark = strchr(mark, '\'')) != NULL;)
			*mark = '"';
		order = json_loads(text, 0, NULL);
		assert_non_null(order);
		supervisor_order(order, &handlers, heard);
		json_decref(order);
		if (strcmp(heard, cases[i].heard) != 0)
			fail_msg("%s: \"%s\"", cases[i].order, heard);
	}
}

static void test_a_reply_without_an_order_is_ignored(void **state)
{
	char heard[HEARD_MAX] = "";

	(void)state;
	supervisor_order(NULL, &handlers, heard);
	assert_string_equal(heard, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders_are_carried_out_or_ignored_whole),
		cmocka_unit_test(test_a_reply_without_an_order_is_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
