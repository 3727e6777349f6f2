/* links: vdtgw-supervisor */
/* What becomes of the Teletel server, and of orders to it, when the configuration changes. */
#include "vdtgw-supervisor/teletel/teletel_server.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE (UINT64_C(10) * 1000000) /* µs */

#define SHORT "teletel: { command = [ \"/bin/sleep\", \"1000\" ]; };"
#define LONG  "teletel: { command = [ \"/bin/sleep\", \"2000\" ]; };"
#define UNIT  "teletel: { unit = \"vdtgw-teletel.service\"; };"
#define NONE  ""

struct fixture {
	struct event_loop *loop;
	struct events *events;
	struct teletel_server *server;
	struct timer *patience;
	struct config *config;
	int awaited;
	/* The last answer. */
	char kind[16];
	struct teletel_status status;
};

static void on_patience(void *context)
{
	struct fixture *fixture = context;

	event_loop_stop(fixture->loop, 1);
}

static void on_answer(void *context, const struct teletel_answer *answer)
{
	struct fixture *fixture = context;

	snprintf(fixture->kind, sizeof(fixture->kind), "%s",
		 answer->kind != NULL ? answer->kind : "none");
	fixture->status = answer->status;
	if (--fixture->awaited == 0)
		event_loop_stop(fixture->loop, 0);
}

static struct config *parse(const char *text)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	if (config_parse(&config, "FILE", text, strlen(text), error, sizeof(error)) < 0)
		fail_msg("%s", error);
	return config;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->config = parse(SHORT);
	assert_int_equal(event_loop_new(&fixture->loop, 16), 0);
	assert_int_equal(events_new(&fixture->events), 0);
	assert_int_equal(timer_new(&fixture->patience, fixture->loop, on_patience, fixture), 0);
	assert_int_equal(
	    teletel_server_new(&fixture->server, fixture->loop, fixture->config, fixture->events),
	    0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	teletel_server_free(fixture->server);
	timer_free(fixture->patience);
	events_free(fixture->events);
	event_loop_free(fixture->loop);
	config_free(fixture->config);
	free(fixture);
	return 0;
}

/* The old one is of no more use, as after a reload. */
static void reconfigure(struct fixture *fixture, const char *text)
{
	struct config *config = parse(text);

	assert_int_equal(teletel_server_reconfigure(fixture->server, config), 0);
	config_free(fixture->config);
	fixture->config = config;
}

static void order(struct fixture *fixture, enum teletel_order what)
{
	fixture->awaited++;
	assert_int_equal(teletel_server_order(fixture->server, what, on_answer, fixture), 0);
}

/* All that was ordered. */
static void await(struct fixture *fixture)
{
	timer_arm(fixture->patience, event_loop_now() + PATIENCE);
	if (fixture->awaited > 0)
		assert_int_equal(event_loop_run(fixture->loop), 0);
}

static pid_t start(struct fixture *fixture)
{
	order(fixture, TELETEL_START);
	await(fixture);
	assert_string_equal(fixture->kind, "child");
	assert_int_equal(fixture->status.state, TELETEL_RUNNING);
	return fixture->status.pid;
}

static void test_a_child_that_stays_the_same_goes_on(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start(fixture);

	reconfigure(fixture, SHORT "limits: { sessions = 5; };");
	assert_int_equal(start(fixture), pid);
}

static void test_a_stopped_child_stays_stopped(void **state)
{
	struct fixture *fixture = *state;

	order(fixture, TELETEL_STOP);
	reconfigure(fixture, SHORT "limits: { sessions = 5; };");
	await(fixture);
	fixture->awaited = 1;
	assert_int_equal(teletel_server_look(fixture->server, on_answer, fixture), 0);
	await(fixture);
	assert_int_equal(fixture->status.state, TELETEL_STOPPED);
}

static void test_reloads_without_number_leave_room_for_orders(void **state)
{
	struct fixture *fixture = *state;

	start(fixture);
	/* It is still being stopped when the next ones come. */
	for (int i = 0; i < 2 * TELETEL_REQUESTS_MAX; i++)
		reconfigure(fixture, i % 2 == 0 ? LONG : SHORT);
	reconfigure(fixture, LONG);
	start(fixture);
	order(fixture, TELETEL_STOP);
	await(fixture);
	assert_int_equal(fixture->status.state, TELETEL_STOPPED);
}

static void test_another_command_replaces_the_child(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start(fixture);

	reconfigure(fixture, LONG);
	assert_int_not_equal(start(fixture), pid);
	/* It was reaped: there is no such process. */
	assert_int_equal(kill(pid, 0), -1);
	pid = fixture->status.pid;
	reconfigure(fixture, NONE);
	order(fixture, TELETEL_START);
	await(fixture);
	assert_string_equal(fixture->kind, "none");
	assert_int_equal(kill(pid, 0), -1);
}

static void test_orders_keep_their_turn(void **state)
{
	struct fixture *fixture = *state;

	(void)start(fixture);
	order(fixture, TELETEL_RESTART);
	reconfigure(fixture, LONG);
	reconfigure(fixture, SHORT);
	order(fixture, TELETEL_STOP);
	await(fixture);
	assert_string_equal(fixture->kind, "child");
	assert_int_equal(fixture->status.state, TELETEL_STOPPED);
	reconfigure(fixture, LONG);
	reconfigure(fixture, UNIT);
	reconfigure(fixture, NONE);
	reconfigure(fixture, LONG);
	(void)start(fixture);
}

static void test_a_unit_is_only_named(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = start(fixture);

	/* There is no such bus. */
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent", 1);
	reconfigure(fixture, UNIT);
	order(fixture, TELETEL_START);
	await(fixture);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	assert_string_equal(fixture->kind, "unit");
	assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_child_that_stays_the_same_goes_on, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_stopped_child_stays_stopped, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_reloads_without_number_leave_room_for_orders,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_command_replaces_the_child, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_orders_keep_their_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_unit_is_only_named, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
