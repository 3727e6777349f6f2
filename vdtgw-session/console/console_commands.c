/*
 * What each key does: a question to the supervisor, and its answer on the screen. Lists are fetched
 * and shown as fast as they are read; another key ends them.
 */
#include "vdtgw-session/console/console_keys.h"
#include "vdtgw-session/console/console_parts.h"

#include "common/log.h"
#include "common/microseconds.h"

#include <unistd.h>

enum {
	ANSWER_TIMEOUT = 10,   /* s */
	CONTROL_TIMEOUT = 180, /* s: systemd may take 90 to stop a unit, and as much to start it */
	YES_TIMEOUT = 5,       /* s to say yes */
	/* A question's number: what it is about, and for lists which of them. */
	KINDS = 16,
};

enum question {
	QUESTION_GREETING,
	QUESTION_HELP,
	QUESTION_ADDRESSES,
	QUESTION_TIMEOUTS,
	QUESTION_PAGE,
	QUESTION_TOTALS,
	QUESTION_CONTROL,
};

/* What is shown entry by entry. */
struct console_list {
	const char *method;
	const char *member; /* of the answer, that holds the entries */
	void (*show_head)(struct console_text *text);
	void (*show_entry)(struct console *console, struct console_text *text, const json_t *entry);
	void (*show_end)(struct console *console);
};

static void show_help(struct console *console);

static bool ask(struct console *console, int question, const char *method, json_t *parameters,
		unsigned seconds)
{
	if (console_supervisor_ask(console->supervisor, question, method, parameters, seconds))
		return true;
	console_say(console, console_supervisor_is_back(console->supervisor)
				 ? "One moment: what you asked before is not answered yet."
				 : "The supervisor is away: only h and q work now.");
	return false;
}

/* Lists. */

static void show_session(struct console *console, struct console_text *text, const json_t *session)
{
	console_text_session(text, console->width, console->listing.count, session);
}

static void end_sessions(struct console *console)
{
	if (console->listing.count == 0)
		console_say(console, "  No sessions.");
	(void)ask(console, QUESTION_TOTALS, "Status", json_object(), ANSWER_TIMEOUT);
}

static const struct console_list sessions = {
	.method = "ListSessions",
	.member = "sessions",
	.show_head = console_text_sessions_head,
	.show_entry = show_session,
	.show_end = end_sessions,
};

static void show_ban(struct console *console, struct console_text *text, const json_t *ban)
{
	console_text_ban(text, console->width, ban);
}

static void end_bans(struct console *console)
{
	console_say(console, "%u banned.", console->listing.count);
}

static const struct console_list bans = {
	.method = "ListBans",
	.member = "bans",
	.show_head = console_text_bans_head,
	.show_entry = show_ban,
	.show_end = end_bans,
};

void console_end_listing(struct console *console)
{
	json_decref(console->listing.page);
	console->listing.page = NULL;
	console->listing.list = NULL;
}

static void ask_page(struct console *console)
{
	struct console_listing *listing = &console->listing;
	int question = (int)(QUESTION_PAGE + KINDS * listing->generation);
	json_t *parameters =
	    listing->from > 0 ? json_pack("{s:I}", "from", listing->from) : json_object();

	if (!ask(console, question, listing->list->method, parameters, ANSWER_TIMEOUT))
		console_end_listing(console);
}

static void start_listing(struct console *console, const struct console_list *list)
{
	struct console_listing *listing = &console->listing;

	listing->list = list;
	listing->generation = (listing->generation + 1) % (2 * CONSOLE_QUESTIONS_MAX);
	listing->at = 0;
	listing->count = 0;
	listing->from = 0;
	ask_page(console);
}

/* The page is done: the next one, or the end. */
static void turn_page(struct console *console)
{
	struct console_listing *listing = &console->listing;
	const struct console_list *list = listing->list;
	json_int_t next = json_integer_value(json_object_get(listing->page, "next"));

	json_decref(listing->page);
	listing->page = NULL;
	if (next > listing->from) {
		listing->from = next;
		listing->at = 0;
		ask_page(console);
		return;
	}
	listing->list = NULL;
	list->show_end(console);
}

void console_continue_listing(struct console *console)
{
	struct console_listing *listing = &console->listing;

	while (listing->page != NULL && console_output_has_room(&console->output)) {
		json_t *entries = json_object_get(listing->page, listing->list->member);
		struct console_text text = { .length = 0 };

		if (listing->at >= json_array_size(entries)) {
			turn_page(console);
			continue;
		}
		listing->count++;
		listing->list->show_entry(console, &text, json_array_get(entries, listing->at++));
		console_show(console, &text);
	}
}

static void on_page(struct console *console, unsigned generation, json_t *answer)
{
	struct console_listing *listing = &console->listing;
	struct console_text text = { .length = 0 };

	/* Of a list that another key has ended. */
	if (listing->list == NULL || listing->generation != generation || listing->page != NULL)
		return;
	if (listing->count == 0 && listing->from == 0) {
		listing->list->show_head(&text);
		console_show(console, &text);
	}
	listing->page = json_incref(answer);
	console_continue_listing(console);
}

/* The Teletel server. */

static void ask_for_yes(struct console *console, char key, const char *what)
{
	if (!console->config->console.control) {
		console_say(console, "This console only shows: console.control was false in the "
				     "configuration when it was opened.");
		return;
	}
	console->asked = key;
	console->asked_until = event_loop_now() + YES_TIMEOUT * US_PER_S;
	console_say(console, "%s the Teletel server? y: yes (within %d s); any other key: no", what,
		    (int)YES_TIMEOUT);
}

static void control(struct console *console, const char *method, const char *what)
{
	log_notice("console (%s port %u): %s", console->address, (unsigned)console->port, method);
	if (ask(console, QUESTION_CONTROL, method, json_object(), CONTROL_TIMEOUT))
		console_say(console, "%s the Teletel server …", what);
}

/* The answer to a question of ours. True: it was one, and the key is used up. */
static bool take_yes(struct console *console, char key)
{
	char asked = console->asked;

	console->asked = 0;
	if (asked == 0 || event_loop_now() > console->asked_until)
		return false;
	if (key != 'y') {
		console_say(console, "No: it is left as it is.");
		/* Whoever presses it again means it no more than the first time; and n is no key.
		 */
		return key == asked || key == 'n';
	}
	if (asked == 'k')
		control(console, "TeletelStop", "Stopping");
	else
		control(console, "TeletelRestart", "Restarting");
	return true;
}

/* Keys. */

static void press_help(struct console *console)
{
	show_help(console);
	if (console_supervisor_is_back(console->supervisor))
		(void)ask(console, QUESTION_HELP, "Status", json_object(), ANSWER_TIMEOUT);
	else
		console_say(console, "The supervisor is away, and tried again every second.");
}

static void press_addresses(struct console *console)
{
	(void)ask(console, QUESTION_ADDRESSES, "Addresses", json_object(), ANSWER_TIMEOUT);
}

static void press_timeouts(struct console *console)
{
	(void)ask(console, QUESTION_TIMEOUTS, "Timeouts", json_object(), ANSWER_TIMEOUT);
}

static void press_sessions(struct console *console)
{
	start_listing(console, &sessions);
}

static void press_bans(struct console *console)
{
	start_listing(console, &bans);
}

static void press_kill(struct console *console)
{
	ask_for_yes(console, 'k', "Stop");
}

static void press_restart(struct console *console)
{
	ask_for_yes(console, 'r', "Restart");
}

static void press_quit(struct console *console)
{
	console_close(console, "quit");
}

static const struct command {
	char key;
	const char *about;
	void (*press)(struct console *console);
} commands[] = {
	{ 'h', "this help, and process ids", press_help },
	{ 'i', "this machine's addresses", press_addresses },
	{ 't', "the time-outs", press_timeouts },
	{ 's', "the sessions, and totals", press_sessions },
	{ 'b', "who is banned", press_bans },
	{ 'k', "stop the Teletel server", press_kill },
	{ 'r', "restart the Teletel server", press_restart },
	{ CONSOLE_KEY_QUIT, "close this console", press_quit },
};

static void show_help(struct console *console)
{
	struct console_text text = { .length = 0 };

	console_text_line(&text, 0,
			  "vdtgw " VDTGW_VERSION ", the console. What happens is shown as "
			  "it happens. Keys:");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		console_text_line(&text, 0, "  %c  %s", commands[i].key, commands[i].about);
	if (!console->config->console.control)
		console_text_line(&text, 0, "k and r are refused: console.control is false.");
	console_text_line(&text, 0, "This console: process %ld", (long)getpid());
	console_show(console, &text);
}

void console_key(struct console *console, char key)
{
	if (take_yes(console, key))
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].key != key && !(key == '?' && commands[i].key == 'h'))
			continue;
		console_end_listing(console);
		commands[i].press(console);
		return;
	}
	console_say(console, "There is no such key. h: help; in lines, one letter each.");
}

void console_greet(struct console *console)
{
	(void)ask(console, QUESTION_GREETING, "Status", json_object(), ANSWER_TIMEOUT);
}

void console_answer(struct console *console, int number, const char *error, json_t *parameters)
{
	struct console_text text = { .length = 0 };
	enum question question = (enum question)(number % KINDS);

	if (error != NULL) {
		console_text_error(&text, error, parameters);
		console_show(console, &text);
		if (question == QUESTION_PAGE)
			console_end_listing(console);
		return;
	}
	switch (question) {
	case QUESTION_GREETING:
	case QUESTION_HELP:
		console_text_supervisor(&text, parameters);
		break;
	case QUESTION_ADDRESSES:
		console_text_addresses(&text, parameters);
		break;
	case QUESTION_TIMEOUTS:
		console_text_timeouts(&text, parameters);
		break;
	case QUESTION_PAGE:
		on_page(console, (unsigned)(number / KINDS), parameters);
		break;
	case QUESTION_TOTALS:
		console_text_totals(&text, parameters);
		break;
	case QUESTION_CONTROL:
		console_text_teletel(&text, parameters);
		break;
	}
	console_show(console, &text);
}
