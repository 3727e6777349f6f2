/* links: vdtgw-teletel */
/* The kiosk as conversations: what the caller's terminal sends, what it gets. */
#include "vdtgw-teletel/caller_facts.h"
#include "vdtgw-teletel/kiosk.h"
#include "vdtgw-teletel/terminal_input.h"

#include <arpa/inet.h>
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
#define ANNULATION "\x13\x45"
#define SOMMAIRE   "\x13\x46"
#define CORRECTION "\x13\x47"
#define SUITE      "\x13\x48"
#define FIN        "\x13\x49"
#define MODEM_GONE "\x13\x59"
#define MODEM_HERE "\x13\x53"
#define BEEP       "\x07"

/* Small pages, each a letter, so that conversations can be read. */
static const char *const sources[PAGE_ROLE_COUNT] = {
	[PAGE_WELCOME] = "clear\ntext \"W\"\narea field 2 3 4\n",
	[PAGE_GUIDE] = "clear\ntext \"G\"\narea field 2 3 20\narea list 5 1 40 2\n",
	[PAGE_SHEET] = "clear\ntext \"S\"\narea name 3 1 20\narea cost 4 1 20\n",
	[PAGE_TERMINAL] = ("clear\ntext \"T\"\narea type 3 1 20\narea maker 4 1 20\n"
			   "area speed 5 1 20\narea address 6 1 20\narea date 7 1 30\n"),
	[PAGE_TEST_1] = "clear\ntext \"1\"\n",
	[PAGE_TEST_2] = "clear\ntext \"2\"\n",
	[PAGE_ECHO] = "clear\ntext \"E\"\narea field 2 3 6\narea echo 3 1 20\narea count 4 1 4\n",
	[PAGE_GOODBYE] = "clear\ntext \"B\"\n",
	[PAGE_FULL] = "clear\ntext \"F\"\n",
};

static const char directory_text[] =
    "{\"servers\":[{\"name\":\"ab\",\"address\":\"ws://h\",\"cost\":\"0.12\"},"
    "{\"name\":\"c\",\"alias\":\"ab\"},{\"name\":\"9\",\"address\":\"ws://n\"}]}";

static size_t generations;

static void fixed_time(struct tm *ret_time)
{
	*ret_time = (struct tm) { .tm_year = 85, .tm_mon = 1, .tm_mday = 1, .tm_wday = 5 };
}

static const struct kiosk_facts no_facts;
static struct kiosk_house house = { .local_time = fixed_time };

static int set_up(void **state)
{
	struct directory *directory = NULL;
	struct pages pages;
	char error[256];

	(void)state;
	for (size_t role = 0; role < PAGE_ROLE_COUNT; role++) {
		if (page_parse(&pages.items[role], "test", sources[role], strlen(sources[role]),
			       NULL, NULL, error, sizeof(error)) < 0)
			return -1;
	}
	if (directory_parse(&directory, "test", directory_text, sizeof(directory_text) - 1, error,
			    sizeof(error)) < 0)
		return -1;
	return generation_new(&house.newest, &pages, directory, NULL, &generations);
}

static int tear_down(void **state)
{
	(void)state;
	generation_release(house.newest);
	return generations == 0 ? 0 : -1;
}

static struct kiosk *start(const struct kiosk_facts *facts, enum kiosk_admission admission)
{
	struct kiosk *kiosk = NULL;

	assert_int_equal(kiosk_new(&kiosk, &house, facts, admission, 1000), 0);
	return kiosk;
}

static void drop_output(struct kiosk *kiosk)
{
	size_t length;

	(void)kiosk_output(kiosk, &length);
	kiosk_sent(kiosk, length);
}

static void print_bytes(const char *what, const uint8_t *bytes, size_t length)
{
	print_message("%s:", what);
	for (size_t i = 0; i < length; i++)
		print_message(bytes[i] > 0x20 && bytes[i] < 0x7f ? " %c" : " %02X", bytes[i]);
	print_message("\n");
}

static void expect(struct kiosk *kiosk, const char *name, size_t step, const char *expected)
{
	size_t length;
	const uint8_t *bytes = kiosk_output(kiosk, &length);

	if (length != strlen(expected) || memcmp(bytes, expected, length) != 0) {
		print_bytes("got", bytes, length);
		print_bytes("not", (const uint8_t *)expected, strlen(expected));
		fail_msg("%s, step %zu", name, step + 1);
	}
	kiosk_sent(kiosk, length);
}

static void type_in(struct kiosk *kiosk, uint64_t now, const char *input)
{
	size_t length = strlen(input);

	assert_int_equal(kiosk_receive(kiosk, now, (const uint8_t *)input, length), length);
}

#define ROW_0(text)   "\x1f\x40\x41" text "\x18\x0a"
#define UNREACHABLE   "Service injoignable pour l'instant"
#define WELCOME_FIELD "\x1f\x42\x43"
#define SHOW_WELCOME  "\x14\x0cW" WELCOME_FIELD "\x11"
#define GUIDE_FIELD   "\x1f\x42\x43"
#define ITEM_1(clear) "\x1f\x45\x41  1 TERMINAL" clear "\x1f\x45\x5bvotre Minitel"
#define ITEM_2(clear) "\x1f\x46\x41  2 MIRE" clear "\x1f\x46\x5bpage d'essai"
#define ITEM_3(clear) "\x1f\x45\x41  3 ab" clear
#define ITEM_4(clear) "\x1f\x46\x41  4 c" clear "\x1f\x46\x5b\x19\x2e ab"
#define ITEM_5(clear) "\x1f\x45\x41  5 9" clear
#define SHOW_GUIDE    "\x14\x0cG" ITEM_1("") ITEM_2("") GUIDE_FIELD "\x11"
#define TURN_END      GUIDE_FIELD "\x11"
#define SHEET_AB                                                                                   \
	"\x14\x0cS\x1f\x43\x41"                                                                    \
	"ab\x1f\x44\x41"                                                                           \
	"0,12 F/min"
#define SHOW_SHEET_AB SHEET_AB ROW_0(UNREACHABLE)
#define SHOW_SHEET_9                                                                               \
	"\x14\x0cS\x1f\x43\x41"                                                                    \
	"9\x1f\x44\x41non indiqu\x19\x42"                                                          \
	"e" ROW_0(UNREACHABLE)
#define SHOW_TERMINAL                                                                              \
	"\x14\x0cT\x1f\x46\x41inconnue\x1f\x45\x41inconnue\x1f\x47\x41vendredi 1er f\x19\x42"      \
	"evrier 1985\x1b\x39\x7b"

struct step {
	const char *input;
	const char *output;
};

struct conversation {
	const char *name;
	struct step steps[8];
};

static const struct conversation conversations[] = {
	{ "typing is echoed in capitals", { { "a", "A" }, { "b9", "B9" }, { "-", "-" } } },
	{ "a full field beeps", { { "abcd", "ABCD" }, { "e", BEEP } } },
	{ "Correction deletes",
	  { { "ab", "AB" },
	    { CORRECTION, "\x08.\x08" },
	    { "c", "C" },
	    { CORRECTION CORRECTION CORRECTION, "\x08.\x08\x08.\x08" BEEP } } },
	{ "Annulation clears",
	  { { ANNULATION, "" },
	    { "ab", "AB" },
	    { ANNULATION, WELCOME_FIELD ".." WELCOME_FIELD },
	    { "c", "C" } } },
	{ "an unknown name is told on row 0 and kept",
	  { { "zz", "ZZ" },
	    { ENVOI, ROW_0("Service inconnu") "\x1f\x42\x45" },
	    { CORRECTION, ROW_0("") "\x1f\x42\x45\x08.\x08" },
	    { "x", "X" } } },
	{ "Envoi needs a name",
	  { { ENVOI, ROW_0("Tapez un nom de service puis ENVOI") WELCOME_FIELD },
	    { " ", ROW_0("") WELCOME_FIELD " " },
	    { ENVOI, ROW_0("Tapez un nom de service puis ENVOI") "\x1f\x42\x44" } } },
	{ "numbers are not names on the welcome page",
	  { { "1", "1" }, { ENVOI, ROW_0("Service inconnu") "\x1f\x42\x44" } } },
	{ "Repetition draws the page with what was typed",
	  { { "ab", "AB" }, { REPETITION, "\x14\x0cW" WELCOME_FIELD "AB\x11" } } },
	{ "Sommaire on the welcome page begins anew",
	  { { "ab", "AB" }, { SOMMAIRE, SHOW_WELCOME } } },
	{ "keys without a meaning beep",
	  { { RETOUR, BEEP }, { SUITE, BEEP }, { "\x13\x6c", "" } } },
	{ "a key may be split", { { "\x13", "" }, { "\x44", SHOW_GUIDE } } },
	{ "a plain keyboard's Return is Envoi, its Backspace and Delete are Correction",
	  { { "zzy", "ZZY" },
	    { "\x08", "\x08.\x08" },
	    { "\x7f", "\x08.\x08" },
	    { "z", "Z" },
	    { "\x0d", ROW_0("Service inconnu") "\x1f\x42\x45" } } },
	{ "parity is ignored", { { "\xc1", "A" }, { "\x93\xc4", SHOW_GUIDE } } },
	{ "the modem's news",
	  { { MODEM_HERE, "" },
	    { MODEM_GONE, "\x14\x0c"
			  "B" },
	    { "a", "" } } },
	{ "Connexion/Fin says goodbye",
	  { { GUIDE, SHOW_GUIDE },
	    { FIN "a" GUIDE, "\x14\x0c"
			     "B" },
	    { "a", "" } } },
	{ "the guide turns its pages",
	  { { GUIDE, SHOW_GUIDE },
	    { "x", "X" },
	    { SUITE, "\x14" ITEM_3("\x18") ITEM_4("\x18") GUIDE_FIELD "." TURN_END },
	    { SUITE, "\x14" ITEM_5("\x18") "\x1f\x46\x41\x18" TURN_END },
	    { SUITE, ROW_0("Fin de la liste") GUIDE_FIELD },
	    { RETOUR, ROW_0("") GUIDE_FIELD "\x14" ITEM_3("\x18") ITEM_4("\x18") TURN_END },
	    { GUIDE, SHOW_GUIDE },
	    { RETOUR, ROW_0("D\x19\x42"
			    "ebut de la liste") GUIDE_FIELD } } },
	{ "the guide takes numbers and names, names first",
	  { { GUIDE, SHOW_GUIDE },
	    { "3" ENVOI, "3" SHOW_SHEET_AB },
	    { RETOUR, ROW_0("") SHOW_GUIDE },
	    { "9" ENVOI, "9" SHOW_SHEET_9 },
	    { SOMMAIRE GUIDE "6" ENVOI,
	      ROW_0("") SHOW_WELCOME SHOW_GUIDE "6" ROW_0("Service inconnu") "\x1f\x42\x44" },
	    { CORRECTION "0" ENVOI, ROW_0("") "\x1f\x42\x44\x08.\x08"
					      "0" ROW_0("Service inconnu") "\x1f\x42\x44" } } },
	{ "a sheet shows where an alias leads",
	  { { " c " ENVOI, " C " SHOW_SHEET_AB },
	    { "z" ENVOI, ROW_0("") BEEP },
	    { REPETITION, SHEET_AB },
	    { RETOUR, SHOW_WELCOME } } },
	{ "the second test page leads back to the first",
	  { { GUIDE "mire" ENVOI, SHOW_GUIDE "MIRE\x14\x0c"
					     "1" },
	    { SUITE, "\x14\x0c"
		     "2" },
	    { SUITE, BEEP },
	    { RETOUR, "\x14\x0c"
		      "1" },
	    { RETOUR, SHOW_GUIDE } } },
	{ "the terminal is asked and its answer shown",
	  { { GUIDE "1" ENVOI, SHOW_GUIDE "1" SHOW_TERMINAL },
	    { "\x01"
	      "Cv",
	      "" },
	    { "5\x04", "\x1f\x44\x41Telic-Alcatel\x1f\x43\x41Minitel 2" },
	    { "\x01"
	      "Cv5\x04",
	      "" },
	    { REPETITION, SHOW_TERMINAL },
	    { "\x01\x7f\x7f\x7f\x04",
	      "\x1f\x44\x41inconnu (code 7F)\x1f\x43\x41inconnu (code 7F)" } } },
	{ "an answer that nobody asked for is no typing",
	  { { "\x01"
	      "Cv5\x04"
	      "a",
	      "A" },
	    { "\x01"
	      "Cv\x13\x47",
	      "\x08.\x08" } } },
	{ "what terminals answer to protocol requests is passed over",
	  { { "\x1b\x3a\x73\x41"
	      "a",
	      "A" },
	    { "\x1b\x3b\x63\x50\x58"
	      "b",
	      "B" },
	    { "\x1b[12;3H"
	      "c",
	      "C" },
	    { "\x1b\x39\x47"
	      "d",
	      "D" },
	    { CORRECTION "\x19\x42"
			 "e",
	      "\x08.\x08"
	      "E" } } },
};

static void test_conversations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(conversations[0]); i++) {
		const struct conversation *conversation = &conversations[i];
		struct kiosk *kiosk = start(&no_facts, KIOSK_ADMITTED);

		expect(kiosk, conversation->name, SIZE_MAX, ROW_0("") WELCOME_FIELD SHOW_WELCOME);
		for (size_t step = 0; step < 8 && conversation->steps[step].input != NULL; step++) {
			type_in(kiosk, 1000, conversation->steps[step].input);
			expect(kiosk, conversation->name, step, conversation->steps[step].output);
		}
		kiosk_free(kiosk);
	}
}

static void test_a_silent_terminal_is_given_up_after_3_s(void **state)
{
	struct kiosk *kiosk = start(&no_facts, KIOSK_ADMITTED);

	(void)state;
	type_in(kiosk, 5000, GUIDE "1" ENVOI);
	drop_output(kiosk);
	assert_int_equal(kiosk_deadline(kiosk), 5000 + 3000000);
	kiosk_expire(kiosk, 5000 + 2999999);
	expect(kiosk, "too early", 0, "");
	kiosk_expire(kiosk, 5000 + 3000000);
	expect(kiosk, "too late", 0,
	       "\x1f\x43\x41pas de r\x19\x42"
	       "eponse");
	assert_int_equal(kiosk_deadline(kiosk), 5000 + KIOSK_IDLE_US);
	kiosk_free(kiosk);
}

static void test_an_idle_caller_is_told_goodbye(void **state)
{
	struct kiosk *kiosk = start(&no_facts, KIOSK_ADMITTED);
	const char *why = NULL;

	(void)state;
	assert_int_equal(kiosk_deadline(kiosk), 1000 + KIOSK_IDLE_US);
	type_in(kiosk, 70000, "a");
	assert_int_equal(kiosk_deadline(kiosk), 70000 + KIOSK_IDLE_US);
	drop_output(kiosk);
	kiosk_expire(kiosk, 1000 + KIOSK_IDLE_US);
	assert_false(kiosk_is_over(kiosk, &why));
	kiosk_expire(kiosk, 70000 + KIOSK_IDLE_US);
	assert_true(kiosk_is_over(kiosk, &why));
	assert_string_equal(why, "caller idle");
	expect(kiosk, "goodbye", 0,
	       "\x14\x0c"
	       "B" ROW_0("Sans r\x19\x42"
			 "eponse depuis 10 minutes"));
	assert_int_equal(kiosk_deadline(kiosk), UINT64_MAX);
	kiosk_free(kiosk);
}

static void test_who_finds_no_place_is_told(void **state)
{
	struct kiosk *kiosk = start(&no_facts, KIOSK_NO_PLACE);
	const char *why = NULL;

	(void)state;
	assert_true(kiosk_is_over(kiosk, &why));
	assert_string_equal(why, "no place left");
	expect(kiosk, "full", 0,
	       "\x0c"
	       "F");
	kiosk_dismiss(kiosk);
	kiosk_expire(kiosk, 5000 + KIOSK_IDLE_US);
	expect(kiosk, "full", 1, "");
	kiosk_free(kiosk);
}

static void test_a_dismissed_caller_is_told(void **state)
{
	struct kiosk *kiosk = start(&no_facts, KIOSK_ADMITTED);
	const char *why = NULL;

	(void)state;
	drop_output(kiosk);
	kiosk_dismiss(kiosk);
	assert_true(kiosk_is_over(kiosk, &why));
	assert_string_equal(why, "shutting down");
	expect(kiosk, "dismissed", 0,
	       "\x14\x0c"
	       "B" ROW_0("Arr\x19\x43"
			 "et du service, \x19\x41"
			 "a bient\x19\x43"
			 "ot"));
	kiosk_free(kiosk);
}

static void test_input_waits_while_the_output_is_full(void **state)
{
	static const char flood[] = GUIDE;
	struct kiosk *kiosk = start(&no_facts, KIOSK_ADMITTED);
	size_t length = 0;
	size_t taken;
	unsigned rounds = 0;

	(void)state;
	do {
		taken = kiosk_receive(kiosk, 1000, (const uint8_t *)flood, 2);
		(void)kiosk_output(kiosk, &length);
		assert_in_range(length, 1, KIOSK_OUTPUT_MAX);
		assert_in_range(rounds++, 0, 1000);
	} while (taken == 2);
	assert_int_equal(taken, 0);
	/* And is taken again as soon as there is room. */
	kiosk_sent(kiosk, length / 2);
	assert_int_equal(kiosk_receive(kiosk, 1000, (const uint8_t *)flood, 2), 2);
	kiosk_free(kiosk);
}

static void test_the_gateways_headers_are_checked(void **state)
{
	static const char *const addresses[][2] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ " 2001:db8::1, 10.0.0.1", "2001:db8::1" },
		{ "unknown", "" },
		{ "192.0.2.7.example", "" },
		{ "", "" },
		{ "192.0.2.7\x1b[2J", "" },
	};
	static const struct {
		const char *value;
		bool known;
		unsigned speed;
	} speeds[] = { { "1200", true, 1200 }, { "0", true, 0 },         { "", false, 0 },
		       { "-1", false, 0 },     { "1200 ", false, 0 },    { "99999999", false, 0 },
		       { "9600", true, 9600 }, { "100000000", false, 0 } };
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct kiosk_facts facts = { 0 };

		caller_facts_set_address(&facts, addresses[i][0]);
		assert_string_equal(facts.address, addresses[i][1]);
		caller_facts_set_transport(&facts, "telnet");
		caller_facts_set_transport(&facts, "carrier pigeon");
		assert_string_equal(facts.transport, "telnet");
	}
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		struct kiosk_facts facts = { 0 };

		caller_facts_set_speed(&facts, speeds[i].value);
		assert_int_equal(facts.speed_known, speeds[i].known);
		assert_int_equal(facts.speed, speeds[i].speed);
	}
	inet_pton(AF_INET, "127.1.2.3", &ipv4.sin_addr);
	assert_true(caller_facts_believed((struct sockaddr *)&ipv4));
	inet_pton(AF_INET, "192.0.2.7", &ipv4.sin_addr);
	assert_false(caller_facts_believed((struct sockaddr *)&ipv4));
	inet_pton(AF_INET6, "::1", &ipv6.sin6_addr);
	assert_true(caller_facts_believed((struct sockaddr *)&ipv6));
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &ipv6.sin6_addr);
	assert_true(caller_facts_believed((struct sockaddr *)&ipv6));
	inet_pton(AF_INET6, "2001:db8::1", &ipv6.sin6_addr);
	assert_false(caller_facts_believed((struct sockaddr *)&ipv6));
}

static void test_what_the_gateway_said_is_shown(void **state)
{
	struct kiosk_facts facts = { .address = "192.0.2.7", .speed_known = true, .speed = 1200 };
	struct kiosk *kiosk = start(&facts, KIOSK_ADMITTED);

	(void)state;
	type_in(kiosk, 1000, GUIDE "1");
	drop_output(kiosk);
	type_in(kiosk, 1000, ENVOI);
	expect(kiosk, "facts", 0,
	       "\x14\x0cT\x1f\x46\x41"
	       "192.0.2.7\x1f\x45\x41"
	       "1200 bit/s\x1f\x47\x41vendredi 1er f\x19\x42"
	       "evrier 1985\x1b\x39\x7b");
	kiosk_free(kiosk);
}

static void test_terminals_have_names(void **state)
{
	(void)state;
	assert_string_equal(terminal_maker_name('A'), "Matra");
	assert_string_equal(terminal_maker_name('L'), "Desmet");
	assert_null(terminal_maker_name('M'));
	assert_null(terminal_maker_name('@'));
	assert_string_equal(terminal_type_name('u'), "Minitel 1B");
	assert_string_equal(terminal_type_name('z'), "Minitel 12");
	assert_null(terminal_type_name('x'));
	assert_null(terminal_type_name('{'));
	assert_null(terminal_type_name('a'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversations),
		cmocka_unit_test(test_a_silent_terminal_is_given_up_after_3_s),
		cmocka_unit_test(test_an_idle_caller_is_told_goodbye),
		cmocka_unit_test(test_who_finds_no_place_is_told),
		cmocka_unit_test(test_a_dismissed_caller_is_told),
		cmocka_unit_test(test_input_waits_while_the_output_is_full),
		cmocka_unit_test(test_the_gateways_headers_are_checked),
		cmocka_unit_test(test_what_the_gateway_said_is_shown),
		cmocka_unit_test(test_terminals_have_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
