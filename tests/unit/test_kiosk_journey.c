/* links: vdtgw-teletel */
/* The kiosk and redirections, as conversations: what happens when, what the caller sees. */
#include "vdtgw-teletel/kiosk.h"

#include "common/microseconds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ENVOI      "\x13\x41"
#define RETOUR     "\x13\x42"
#define REPETITION "\x13\x43"
#define GUIDE      "\x13\x44"
#define SOMMAIRE   "\x13\x46"
#define CORRECTION "\x13\x47"
#define FIN        "\x13\x49"
#define BEEP       "\x07"
#define ENQROM     "\x1b\x39\x7b"
#define ANSWER                                                                                     \
	"\x01"                                                                                     \
	"Cu5\x04"

/* Small pages, each a letter, so that conversations can be read. */
static const char *const sources[PAGE_ROLE_COUNT] = {
	[PAGE_GUIDE] = "clear\ntext \"G\"\narea field 2 3 6\narea list 5 1 40 2\n",
	[PAGE_SHEET] = "clear\ntext \"S\"\narea name 3 1 20\narea cost 4 1 20\n",
	[PAGE_TERMINAL] = "clear\ntext \"T\"\narea type 3 1 20\n",
	[PAGE_TEST_1] = "clear\ntext \"1\"\n",
	[PAGE_TEST_2] = "clear\ntext \"2\"\n",
	[PAGE_ECHO] = "clear\ntext \"E\"\narea field 2 3 6\narea echo 3 1 20\narea count 4 1 4\n",
	[PAGE_GOODBYE] = "clear\ntext \"B\"\n",
	[PAGE_FULL] = "clear\ntext \"F\"\n",
};

static const char directory_text[] =
    "{\"servers\":[{\"name\":\"xyz\",\"address\":\"ws://x\",\"tarif\":\"T2\",\"cost\":\"0.60\"},"
    "{\"name\":\"c\",\"alias\":\"xyz\"},{\"name\":\"free\",\"address\":\"ws://f\"}]}";

static size_t generations;

static void no_time(struct tm *ret_time)
{
	*ret_time = (struct tm) { 0 };
}

static struct kiosk_house house = { .has_channel = true, .local_time = no_time };

/* What the house offers from now on; the letter is on its first page. 0 or -1. */
static int offer(const char *text, char letter)
{
	char welcome[] = "clear\ntext \"?\"\narea field 2 3 6\n";
	struct generation *generation = NULL;
	struct directory *directory = NULL;
	struct pages pages;
	char error[256];

	*strchr(welcome, '?') = letter;
	for (size_t role = 0; role < PAGE_ROLE_COUNT; role++) {
		const char *source = role == PAGE_WELCOME ? welcome : sources[role];

		if (page_parse(&pages.items[role], "test", source, strlen(source), NULL, NULL,
			       error, sizeof(error)) < 0)
			return -1;
	}
	if (directory_parse(&directory, "test", text, strlen(text), error, sizeof(error)) < 0 ||
	    generation_new(&generation, &pages, directory, NULL, &generations) < 0)
		return -1;
	generation_put(&house.newest, generation);
	generation_release(generation);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return offer(directory_text, 'W');
}

static int tear_down(void **state)
{
	(void)state;
	generation_release(house.newest);
	return generations == 0 ? 0 : -1;
}

/* What happens, before the output that it leads to. */
enum happening {
	TYPED = 1,
	SECONDS,   /* so many pass */
	REACH,     /* becomes this */
	NEWS,      /* comes */
	ORDERS,    /* the address of the order that is taken */
	ORDERS_NO, /* there is none to be taken */
	IS_OVER,
};

struct step {
	enum happening happening;
	const char *text;
	unsigned number;
	const char *output; /* NULL: it does not matter */
};

#define ROW_0(text) "\x1f\x40\x41" text "\x18\x0a"
#define FIELD       "\x1f\x42\x43"
#define SAY(text)   ROW_0(text) FIELD
#define WELCOME     "\x14\x0cW" FIELD "\x11"
#define SHEET_XYZ                                                                                  \
	"\x14\x0cS\x1f\x43\x41xyz\x1f\x44\x41"                                                     \
	"0,60 F/min"
#define UNREACHABLE "Service injoignable pour l'instant"

#define TYPE(text, output)                                                                         \
	{                                                                                          \
		TYPED, text, 0, output                                                             \
	}
#define WAIT(seconds, output)                                                                      \
	{                                                                                          \
		SECONDS, NULL, seconds, output                                                     \
	}
#define REACHES(reach, output)                                                                     \
	{                                                                                          \
		REACH, NULL, reach, output                                                         \
	}
#define TELLS(news, output)                                                                        \
	{                                                                                          \
		NEWS, NULL, news, output                                                           \
	}
#define ORDER(address)                                                                             \
	{                                                                                          \
		ORDERS, address, 0, ""                                                             \
	}
#define NO_ORDER                                                                                   \
	{                                                                                          \
		ORDERS_NO, NULL, 0, ""                                                             \
	}
#define OVER                                                                                       \
	{                                                                                          \
		IS_OVER, NULL, 0, ""                                                               \
	}

#define LEAVE                                                                                      \
	REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),       \
	    ORDER("ws://x"), TELLS(KIOSK_REDIRECTING, ""),                                         \
	    TELLS(KIOSK_REDIRECTED, ROW_0("T2  0,00 F"))

static const struct {
	const char *name;
	struct step steps[20];
} conversations[] = {
	{ "away and back, and the cost of it",
	  { LEAVE, TYPE("abc" ENVOI, ""), WAIT(4, ""), WAIT(1, ROW_0("T2  0,05 F")),
	    WAIT(5, ROW_0("T2  0,10 F")), WAIT(2, ""), TELLS(KIOSK_REQUESTED_CLOSE, ""),
	    TELLS(KIOSK_REDIRECT_ENDED, WELCOME SAY("T2  0,12 F")), TYPE("a", ROW_0("") FIELD "A"),
	    TYPE(SOMMAIRE, WELCOME SAY("Co\x19\x43"
				       "ut virtuel de l'appel : 0,12 F")),
	    TYPE(GUIDE,
		 ROW_0("") FIELD "\x14\x0cG\x1f\x45\x41  1 TERMINAL\x1f\x45\x5bvotre Minitel"
				 "\x1f\x46\x41  2 MIRE\x1f\x46\x5bpage d'essai" FIELD "\x11"),
	    NO_ORDER } },
	{ "the remote service ends it: row 0 keeps the gateway's reason",
	  { LEAVE, WAIT(5, ROW_0("T2  0,05 F")), TELLS(KIOSK_REDIRECT_ENDED, WELCOME),
	    TYPE("a", ROW_0("") FIELD "A") } },
	{ "two journeys are added",
	  { LEAVE, WAIT(5, ROW_0("T2  0,05 F")), TELLS(KIOSK_REDIRECT_ENDED, WELCOME),
	    TYPE("c" ENVOI, ROW_0("") FIELD "C" ROW_0("xyz ...") "\x1f\x42\x44"), ORDER("ws://x"),
	    TELLS(KIOSK_REDIRECTING, ""), TELLS(KIOSK_REDIRECTED, ROW_0("T2  0,00 F")),
	    WAIT(5, ROW_0("T2  0,05 F")), TELLS(KIOSK_REDIRECT_ENDED, WELCOME),
	    TYPE(SOMMAIRE, ROW_0("") FIELD WELCOME SAY("Co\x19\x43"
						       "ut virtuel de l'appel : 0,10 F")) } },
	{ "what costs nothing shows nothing",
	  { REACHES(KIOSK_LINKED, ""), TYPE("free" ENVOI, "FREE" ROW_0("free ...") "\x1f\x42\x47"),
	    ORDER("ws://f"), NO_ORDER, TELLS(KIOSK_REDIRECTING, ""), TELLS(KIOSK_REDIRECTED, ""),
	    WAIT(3600, ""), TELLS(KIOSK_REQUESTED_CLOSE, ""),
	    TELLS(KIOSK_REDIRECT_ENDED, WELCOME) } },
	{ "a service that is not reached leaves the field and the gateway's reason",
	  { REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x"), TELLS(KIOSK_REDIRECTING, ""), TELLS(KIOSK_REDIRECT_ENDED, ""),
	    TYPE(ENVOI, ROW_0("") "\x1f\x42\x46" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x") } },
	{ "an order that is refused",
	  { REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x"), TELLS(KIOSK_REDIRECT_ENDED, ROW_0(UNREACHABLE) "\x1f\x42\x46") } },
	{ "an order that cannot be sent",
	  { REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x"), TELLS(KIOSK_ORDER_FAILED, ROW_0(UNREACHABLE) "\x1f\x42\x46") } },
	{ "a caller who thinks better of it is left in peace",
	  { REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x"), TYPE(FIN "a", ""), TELLS(KIOSK_REDIRECTING, ""),
	    TELLS(KIOSK_REQUESTED_CLOSE, ""), TELLS(KIOSK_REDIRECT_ENDED, ROW_0("") "\x1f\x42\x46"),
	    TYPE("a", "A") } },
	{ "a gateway that does not take the order up",
	  { REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x"), WAIT(14, ""), WAIT(1, ROW_0(UNREACHABLE) "\x1f\x42\x46"),
	    TELLS(KIOSK_REDIRECTING, ""), TELLS(KIOSK_REDIRECTED, ROW_0("T2  0,00 F")),
	    TELLS(KIOSK_REDIRECT_ENDED, WELCOME) } },
	{ "a connection that takes for ever",
	  { REACHES(KIOSK_LINKED, ""), TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
	    ORDER("ws://x"), TELLS(KIOSK_REDIRECTING, ""), WAIT(119, ""),
	    WAIT(1, ROW_0(UNREACHABLE) "\x1f\x42\x46") } },
	{ "no channel: the sheet",
	  { TYPE("c" ENVOI, "C" SHEET_XYZ ROW_0(UNREACHABLE)), NO_ORDER,
	    TYPE(RETOUR, ROW_0("") WELCOME) } },
	{ "nobody says whose caller it is: the sheet, after a question",
	  { REACHES(KIOSK_NOT_LINKED, ""),
	    TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46" ENQROM), NO_ORDER,
	    TYPE(ANSWER "a", ""), WAIT(1, ""), WAIT(1, SHEET_XYZ ROW_0(UNREACHABLE)) } },
	{ "the question is answered",
	  { REACHES(KIOSK_NOT_LINKED, ""),
	    TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46" ENQROM),
	    REACHES(KIOSK_LINKED, ""), ORDER("ws://x") } },
	{ "Connexion/Fin after the question ends nothing but that",
	  { REACHES(KIOSK_NOT_LINKED, ""),
	    TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46" ENQROM),
	    TYPE(FIN, ROW_0("") "\x1f\x42\x46"), REACHES(KIOSK_LINKED, ""), NO_ORDER,
	    TYPE(FIN, "\x14\x0c"
		      "B"),
	    OVER } },
	{ "the channel goes after the question",
	  { REACHES(KIOSK_NOT_LINKED, ""),
	    TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46" ENQROM),
	    REACHES(KIOSK_NO_CHANNEL, SHEET_XYZ ROW_0(UNREACHABLE)) } },
	{ "the channel is cut while the caller is away: a key shows that he is home",
	  { LEAVE, WAIT(5, ROW_0("T2  0,05 F")), REACHES(KIOSK_NO_CHANNEL, ""), WAIT(3600, ""),
	    TYPE(ANSWER, ""), TYPE("a", WELCOME), TYPE("b", ROW_0("") FIELD "B"),
	    TYPE(SOMMAIRE, WELCOME SAY("Co\x19\x43"
				       "ut virtuel de l'appel : 0,05 F")) } },
	{ "the channel returns while the caller is away",
	  { LEAVE, REACHES(KIOSK_NO_CHANNEL, ""), WAIT(60, ""), REACHES(KIOSK_LINKED, ""),
	    WAIT(5, ROW_0("T2  0,05 F")), TELLS(KIOSK_REDIRECT_ENDED, WELCOME) } },
	{ "Connexion/Fin of a caller who came home unnoticed ends the call",
	  { LEAVE, REACHES(KIOSK_NO_CHANNEL, ""),
	    TYPE(FIN, ROW_0("") "\x14\x0c"
				"B"),
	    OVER } },
	{ "nobody who is away is idle, nor just after",
	  { LEAVE, WAIT(3600, ROW_0("T2  35,99 F")), TELLS(KIOSK_REDIRECT_ENDED, WELCOME),
	    WAIT(599, ""),
	    WAIT(1, ROW_0("") "\x14\x0c"
			      "B" ROW_0("Sans r\x19\x42"
					"eponse depuis 10 minutes")),
	    OVER } },
	{ "a caller who has gone",
	  { LEAVE,
	    TELLS(KIOSK_CALLER_GONE, ROW_0("") "\x14\x0c"
					       "B"),
	    OVER } },
	{ "news that nobody waits for",
	  { TELLS(KIOSK_REDIRECTED, ""), TELLS(KIOSK_REDIRECTING, ""),
	    TELLS(KIOSK_REDIRECT_ENDED, ""), TELLS(KIOSK_REQUESTED_CLOSE, ""),
	    TELLS(KIOSK_ORDER_FAILED, ""), TYPE("a", "A") } },
};

static void check_output(struct kiosk *kiosk, const char *name, size_t step, const char *expected)
{
	size_t length;
	const uint8_t *bytes = kiosk_output(kiosk, &length);

	if (expected != NULL &&
	    (length != strlen(expected) || memcmp(bytes, expected, length) != 0)) {
		for (size_t i = 0; i < length; i++)
			print_message(bytes[i] > 0x20 && bytes[i] < 0x7f ? "%c" : " %02X ",
				      bytes[i]);
		print_message("\n");
		fail_msg("%s, step %zu", name, step + 1);
	}
	kiosk_sent(kiosk, length);
}

static void happen(struct kiosk *kiosk, const struct step *step, uint64_t *now)
{
	const struct directory_entry *entry;
	const char *why;

	switch (step->happening) {
	case TYPED:
		assert_int_equal(
		    kiosk_receive(kiosk, *now, (const uint8_t *)step->text, strlen(step->text)),
		    strlen(step->text));
		break;
	case SECONDS:
		*now += step->number * US_PER_S;
		kiosk_expire(kiosk, *now - 1);
		kiosk_expire(kiosk, *now);
		break;
	case REACH:
		kiosk_set_reach(kiosk, *now, (enum kiosk_reach)step->number);
		break;
	case NEWS:
		kiosk_tell(kiosk, *now, (enum kiosk_news)step->number);
		break;
	case ORDERS:
		entry = kiosk_take_order(kiosk);
		assert_non_null(entry);
		assert_string_equal(entry->address, step->text);
		break;
	case ORDERS_NO:
		assert_null(kiosk_take_order(kiosk));
		break;
	case IS_OVER:
		assert_true(kiosk_is_over(kiosk, &why));
		break;
	}
}

static struct kiosk *start(enum kiosk_admission admission, uint64_t now)
{
	static const struct kiosk_facts no_facts;
	struct kiosk *kiosk = NULL;

	assert_int_equal(kiosk_new(&kiosk, &house, &no_facts, admission, now), 0);
	return kiosk;
}

static void play(struct kiosk *kiosk, const char *name, const struct step *steps, size_t most,
		 uint64_t *now)
{
	for (size_t i = 0; i < most && steps[i].happening != 0; i++) {
		happen(kiosk, &steps[i], now);
		check_output(kiosk, name, i, steps[i].output);
	}
}

static void test_journeys(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		uint64_t now = 7 * US_PER_S;
		struct kiosk *kiosk = start(KIOSK_ADMITTED, now);

		check_output(kiosk, conversations[i].name, SIZE_MAX, ENQROM SAY("") WELCOME);
		play(kiosk, conversations[i].name, conversations[i].steps, 20, &now);
		kiosk_free(kiosk);
	}
}

/* Callers keep what they have until they begin anew; then the generation before is freed. */
static void test_new_files_are_found_by_who_begins_anew(void **state)
{
	static const char other[] = "{\"servers\":[{\"name\":\"new\",\"address\":\"ws://new\"},"
				    "{\"name\":\"xyz\",\"address\":\"ws://moved\"}]}";
	static const struct {
		const char *name;
		struct step before[8];
		struct step after[12];
		size_t generations; /* that are left then */
	} cases[] = {
		{ "on the first page the services are new at once, the page when it is drawn",
		  { TYPE("ne", "NE") },
		  { REACHES(KIOSK_LINKED, ""), TYPE("w" ENVOI, "W" ROW_0("new ...") "\x1f\x42\x46"),
		    ORDER("ws://new"),
		    TELLS(KIOSK_REDIRECT_ENDED, ROW_0(UNREACHABLE) "\x1f\x42\x46"),
		    TYPE(SOMMAIRE, ROW_0("") "\x1f\x42\x46\x14\x0cN" FIELD "\x11") },
		  1 },
		{ "who is away is charged by what he was promised",
		  { LEAVE },
		  { WAIT(5, ROW_0("T2  0,05 F")),
		    TELLS(KIOSK_REDIRECT_ENDED, "\x14\x0cN" FIELD "\x11"),
		    TYPE("xyz" ENVOI, ROW_0("") FIELD "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"),
		    ORDER("ws://moved") },
		  1 },
		{ "a late answer to an order that was given up",
		  { REACHES(KIOSK_LINKED, ""),
		    TYPE("xyz" ENVOI, "XYZ" ROW_0("xyz ...") "\x1f\x42\x46"), ORDER("ws://x"),
		    WAIT(15, ROW_0(UNREACHABLE) "\x1f\x42\x46") },
		  { TYPE(SOMMAIRE, ROW_0("") "\x1f\x42\x46\x14\x0cN" FIELD "\x11"),
		    TELLS(KIOSK_REDIRECTED, ROW_0("T2  0,00 F")) },
		  2 },
		{ "a sheet is drawn again as it was, and Retour leads back to what it was of",
		  { TYPE(GUIDE "3" ENVOI, NULL) },
		  { TYPE(REPETITION, ROW_0("") SHEET_XYZ), TYPE(RETOUR, NULL),
		    TYPE("6" ENVOI, NULL), TYPE(SOMMAIRE, NULL) },
		  2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t now = 7 * US_PER_S;
		struct kiosk *kiosk = start(KIOSK_ADMITTED, now);

		check_output(kiosk, cases[i].name, SIZE_MAX, ENQROM SAY("") WELCOME);
		play(kiosk, cases[i].name, cases[i].before, 8, &now);
		assert_int_equal(offer(other, 'N'), 0);
		assert_int_equal(generations, 2);
		play(kiosk, cases[i].name, cases[i].after, 12, &now);
		if (generations != cases[i].generations)
			fail_msg("%s: %zu generations", cases[i].name, generations);
		kiosk_free(kiosk);
		assert_int_equal(generations, 1);
		assert_int_equal(offer(directory_text, 'W'), 0);
	}
}

static void test_an_identification_is_expected_for_10_s(void **state)
{
	struct kiosk *kiosk = start(KIOSK_ADMITTED, 100);

	(void)state;
	assert_true(kiosk_expects_identification(kiosk, 100 + 10 * US_PER_S - 1));
	assert_false(kiosk_expects_identification(kiosk, 100 + 10 * US_PER_S));
	kiosk_free(kiosk);
	kiosk = start(KIOSK_ADMITTED_TO_ECHO, 100);
	assert_false(kiosk_expects_identification(kiosk, 100));
	kiosk_free(kiosk);
}

static void test_a_slow_line_gets_the_page_when_there_is_room(void **state)
{
	static const char keys[] = "xyz" ENVOI;
	struct kiosk *kiosk = start(KIOSK_ADMITTED, 100);
	size_t before = 0;
	size_t length = 1;

	(void)state;
	kiosk_set_reach(kiosk, 100, KIOSK_LINKED);
	(void)kiosk_receive(kiosk, 100, (const uint8_t *)keys, sizeof(keys) - 1);
	while (length != before) {
		before = length;
		kiosk_tell(kiosk, 100, KIOSK_REDIRECTED);
		kiosk_tell(kiosk, 100, KIOSK_REDIRECT_ENDED);
		(void)kiosk_output(kiosk, &length);
		assert_in_range(length, 1, KIOSK_OUTPUT_MAX);
	}
	kiosk_sent(kiosk, length);
	check_output(kiosk, "slow", 0, SAY("") WELCOME);
	kiosk_sent(kiosk, 0);
	check_output(kiosk, "slow", 1, "");
	kiosk_free(kiosk);
}

static void test_the_echo_sends_back_what_it_gets(void **state)
{
	static const struct step steps[] = {
		TYPE("abc" ENVOI, "ABC\x1f\x43\x41"
				  "ABC\x1f\x44\x41"
				  "1" FIELD "..." FIELD),
		TYPE(ENVOI, BEEP),
		TYPE("d" ENVOI, "D\x1f\x43\x41"
				"D  \x1f\x44\x41"
				"2" FIELD "." FIELD),
		TYPE("e" REPETITION, "E\x14\x0c"
				     "E\x1f\x43\x41"
				     "D\x1f\x44\x41"
				     "2" FIELD "E\x11"),
		TYPE(CORRECTION GUIDE, "\x08.\x08" BEEP),
		TYPE(SOMMAIRE, "\x14\x0c"
			       "E\x1f\x43\x41\x1f\x44\x41"
			       "0" FIELD "\x11"),
		TYPE(RETOUR, "\x14\x0c"
			     "B"),
		OVER,
	};
	struct kiosk *kiosk = start(KIOSK_ADMITTED_TO_ECHO, 100);
	uint64_t now = 100;

	(void)state;
	check_output(kiosk, "echo", SIZE_MAX,
		     "\x14\x0c"
		     "E\x1f\x43\x41\x1f\x44\x41"
		     "0" FIELD "\x11");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		happen(kiosk, &steps[i], &now);
		check_output(kiosk, "echo", i, steps[i].output);
	}
	kiosk_free(kiosk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journeys),
		cmocka_unit_test(test_new_files_are_found_by_who_begins_anew),
		cmocka_unit_test(test_an_identification_is_expected_for_10_s),
		cmocka_unit_test(test_a_slow_line_gets_the_page_when_there_is_room),
		cmocka_unit_test(test_the_echo_sends_back_what_it_gets),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
