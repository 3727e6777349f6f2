/*
 * The kiosk's state machine: which screen the caller is on, and what each key does there, as a
 * table. Output goes into one bounded buffer; input is taken only while that has room.
 */
#include "vdtgw-teletel/cost.h"
#include "vdtgw-teletel/kiosk_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void key_effect(struct kiosk *kiosk);

/* Only where nothing of the generation before is on the screen any more, or waits to be typed. */
static void begin_anew(struct kiosk *kiosk)
{
	generation_put(&kiosk->generation, kiosk->house->newest);
}

void kiosk_enter(struct kiosk *kiosk, enum kiosk_screen screen)
{
	if (screen == KIOSK_WELCOME)
		begin_anew(kiosk);
	kiosk->screen = screen;
	kiosk->identify_until = 0;
	kiosk->field_length = 0;
	kiosk->field[0] = '\0';
	kiosk_show(kiosk);
}

static void open_welcome(struct kiosk *kiosk)
{
	char cost[COST_TEXT_MAX];
	char text[COST_TEXT_MAX + 32];

	kiosk_enter(kiosk, KIOSK_WELCOME);
	if (!kiosk->journey.visited)
		return;
	cost_format(kiosk_journey_total(kiosk), cost);
	snprintf(text, sizeof(text), "Coût virtuel de l'appel : %s", cost);
	kiosk_say(kiosk, text);
}

static void open_echo(struct kiosk *kiosk)
{
	kiosk->echoes = 0;
	kiosk->echo[0] = '\0';
	kiosk_enter(kiosk, KIOSK_ECHO);
}

static void open_guide(struct kiosk *kiosk)
{
	begin_anew(kiosk);
	kiosk->guide_page = 0;
	kiosk_enter(kiosk, KIOSK_GUIDE);
}

static void go_back(struct kiosk *kiosk)
{
	kiosk_enter(kiosk, kiosk->back);
}

static void open_test_1(struct kiosk *kiosk)
{
	kiosk_enter(kiosk, KIOSK_TEST_1);
}

static void open_test_2(struct kiosk *kiosk)
{
	kiosk_enter(kiosk, KIOSK_TEST_2);
}

void kiosk_end(struct kiosk *kiosk, const char *why)
{
	kiosk->why_over = why;
	kiosk->idle_until = UINT64_MAX;
	kiosk->journey.stage = KIOSK_HOME;
	kiosk->journey.order = NULL;
	kiosk->journey.redraw_due = false;
	kiosk_enter(kiosk, KIOSK_OVER);
}

static void hang_up(struct kiosk *kiosk)
{
	kiosk_end(kiosk, "Connexion/Fin");
}

static void leave(struct kiosk *kiosk)
{
	kiosk_end(kiosk, "the caller left");
}

static void clear_field(struct kiosk *kiosk)
{
	size_t erase = kiosk->field_length;

	kiosk->field_length = 0;
	kiosk->field[0] = '\0';
	if (erase > 0)
		kiosk_show_field(kiosk, erase);
}

static void delete_character(struct kiosk *kiosk)
{
	if (kiosk->field_length == 0) {
		kiosk_beep(kiosk);
		return;
	}
	kiosk->field[--kiosk->field_length] = '\0';
	kiosk_show_deleted(kiosk);
}

static void turn_guide(struct kiosk *kiosk, size_t page)
{
	size_t erase = kiosk->field_length;

	kiosk->guide_page = page;
	kiosk->field_length = 0;
	kiosk->field[0] = '\0';
	kiosk_show_guide_page(kiosk, erase);
}

static void next_guide_page(struct kiosk *kiosk)
{
	if (kiosk->guide_page + 1 < kiosk_guide_pages(kiosk))
		turn_guide(kiosk, kiosk->guide_page + 1);
	else
		kiosk_say(kiosk, "Fin de la liste");
}

static void previous_guide_page(struct kiosk *kiosk)
{
	if (kiosk->guide_page > 0)
		turn_guide(kiosk, kiosk->guide_page - 1);
	else
		kiosk_say(kiosk, "Début de la liste");
}

/* The typed text as a number of the guide, from 1; 0 where it is none. */
static size_t typed_number(const struct kiosk *kiosk, const char *text)
{
	size_t number = 0;

	for (; *text >= '0' && *text <= '9' && number <= kiosk_item_count(kiosk); text++)
		number = number * 10 + (size_t)(*text - '0');
	return *text == '\0' && number <= kiosk_item_count(kiosk) ? number : 0;
}

static bool find(const struct kiosk *kiosk, const char *text, struct kiosk_item *ret_item)
{
	const struct directory_entry *echo = kiosk->generation->echo;
	size_t number;

	ret_item->own = kiosk_own_service(text);
	ret_item->entry = NULL;
	if (ret_item->own == NULL && echo != NULL && strcmp(echo->key, text) == 0)
		ret_item->entry = echo;
	else if (ret_item->own == NULL)
		ret_item->entry = directory_find(kiosk->generation->directory, text);
	if (ret_item->own != NULL || ret_item->entry != NULL)
		return true;
	number = kiosk->screen == KIOSK_GUIDE ? typed_number(kiosk, text) : 0;
	if (number == 0)
		return false;
	*ret_item = kiosk_item(kiosk, number - 1);
	return true;
}

static void go(struct kiosk *kiosk)
{
	struct kiosk_item item;
	const char *text = kiosk->field + strspn(kiosk->field, " ");
	char name[KIOSK_FIELD_MAX + 1];
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == ' ')
		length--;
	memcpy(name, text, length);
	name[length] = '\0';
	if (length == 0) {
		kiosk_say(kiosk, "Tapez un nom de service puis ENVOI");
		return;
	}
	if (!find(kiosk, name, &item)) {
		kiosk_say(kiosk, "Service inconnu");
		return;
	}
	kiosk->back = kiosk->screen;
	if (item.own != NULL)
		kiosk_enter(kiosk, item.own->screen);
	else
		kiosk_journey_begin(kiosk, item.entry->target);
}

/* Sends the text back. */
static void send_back(struct kiosk *kiosk)
{
	size_t erase = strlen(kiosk->echo);

	if (kiosk->field_length == 0) {
		kiosk_beep(kiosk);
		return;
	}
	memcpy(kiosk->echo, kiosk->field, sizeof(kiosk->echo));
	kiosk->echoes++;
	kiosk_show_echo(kiosk, erase);
	clear_field(kiosk);
}

enum {
	KEY_FIRST = KEY_ENVOI,
	KEY_COUNT = KEY_CONNEXION_FIN - KEY_ENVOI + 1,
};

#define EFFECTS(envoi, retour, repetition, guide, annulation, sommaire, correction, suite, fin)    \
	{                                                                                          \
		envoi, retour, repetition, guide, annulation, sommaire, correction, suite, fin     \
	}

/* The caller is told by a beep that a key does nothing on a screen. */
static key_effect *const effects[][KEY_COUNT] = {
	[KIOSK_WELCOME] = EFFECTS(go, kiosk_beep, kiosk_show, open_guide, clear_field, open_welcome,
				  delete_character, kiosk_beep, hang_up),
	[KIOSK_GUIDE] = EFFECTS(go, previous_guide_page, kiosk_show, open_guide, clear_field,
				open_welcome, delete_character, next_guide_page, hang_up),
	[KIOSK_SHEET] = EFFECTS(kiosk_beep, go_back, kiosk_show, open_guide, kiosk_beep,
				open_welcome, kiosk_beep, kiosk_beep, hang_up),
	[KIOSK_TERMINAL] = EFFECTS(kiosk_beep, go_back, kiosk_show, open_guide, kiosk_beep,
				   open_welcome, kiosk_beep, kiosk_beep, hang_up),
	[KIOSK_TEST_1] = EFFECTS(kiosk_beep, go_back, kiosk_show, open_guide, kiosk_beep,
				 open_welcome, kiosk_beep, open_test_2, hang_up),
	[KIOSK_TEST_2] = EFFECTS(kiosk_beep, open_test_1, kiosk_show, open_guide, kiosk_beep,
				 open_welcome, kiosk_beep, kiosk_beep, hang_up),
	[KIOSK_ECHO] = EFFECTS(send_back, leave, kiosk_show, kiosk_beep, clear_field, open_echo,
			       delete_character, kiosk_beep, hang_up),
};
static_assert(sizeof(effects) / sizeof(effects[0]) == KIOSK_OVER,
	      "a row for each screen but the last, which knows no keys");

static void press(struct kiosk *kiosk, uint8_t key)
{
	if (key == KEY_MODEM_DISCONNECTED)
		key = KEY_CONNEXION_FIN;
	if (key < KEY_FIRST || key >= KEY_FIRST + KEY_COUNT)
		return;
	if (kiosk->message_shown)
		kiosk_say(kiosk, "");
	/* The first page names no services: the newest are as good there. */
	if (kiosk->screen == KIOSK_WELCOME)
		begin_anew(kiosk);
	effects[kiosk->screen][key - KEY_FIRST](kiosk);
	/* The terminal page, drawn, has just asked who the terminal is. */
	if (kiosk->screen == KIOSK_TERMINAL)
		kiosk->identify_until = kiosk->now + KIOSK_IDENTIFY_US;
}

static void type(struct kiosk *kiosk, uint8_t character)
{
	const struct page_area *field = kiosk_field(kiosk);

	if (field == NULL)
		return;
	if (kiosk->message_shown)
		kiosk_say(kiosk, "");
	if (kiosk->field_length == KIOSK_FIELD_MAX || kiosk->field_length >= field->width) {
		kiosk_beep(kiosk);
		return;
	}
	if (character >= 'a' && character <= 'z')
		character = (uint8_t)(character - 'a' + 'A');
	kiosk->field[kiosk->field_length++] = (char)character;
	kiosk->field[kiosk->field_length] = '\0';
	kiosk_show_typed(kiosk);
}

static void identify(struct kiosk *kiosk, const struct terminal_identity *identity)
{
	if (kiosk->screen != KIOSK_TERMINAL || kiosk->identify_until == 0)
		return;
	kiosk->identify_until = 0;
	kiosk_show_identity(kiosk, identity);
}

static size_t queued(const struct kiosk *kiosk)
{
	return kiosk->composer.length - kiosk->sent;
}

void kiosk_make_room(struct kiosk *kiosk)
{
	memmove(kiosk->output, kiosk->output + kiosk->sent, queued(kiosk));
	kiosk->composer.length -= kiosk->sent;
	kiosk->sent = 0;
}

bool kiosk_has_room(const struct kiosk *kiosk)
{
	return queued(kiosk) <= KIOSK_OUTPUT_MAX - KIOSK_REACTION_MAX;
}

static void take(struct kiosk *kiosk, const struct terminal_event *event)
{
	if (event->kind == TERMINAL_NOTHING)
		return;
	kiosk_make_room(kiosk);
	if (kiosk->journey.stage != KIOSK_HOME)
		kiosk_journey_input(kiosk, event);
	else if (event->kind == TERMINAL_KEY)
		press(kiosk, event->byte);
	else if (event->kind == TERMINAL_CHARACTER)
		type(kiosk, event->byte);
	else
		identify(kiosk, &event->identity);
}

size_t kiosk_receive(struct kiosk *kiosk, uint64_t now, const uint8_t *bytes, size_t length)
{
	size_t taken = 0;

	/* The input itself is what ends an idle time, also while it waits for room. */
	if (length > 0 && kiosk->screen != KIOSK_OVER)
		kiosk->idle_until = now + KIOSK_IDLE_US;
	kiosk->now = now;
	while (taken < length && kiosk->screen != KIOSK_OVER && kiosk_has_room(kiosk)) {
		struct terminal_event event = terminal_input_feed(&kiosk->input, bytes[taken++]);

		take(kiosk, &event);
	}
	return kiosk->screen == KIOSK_OVER ? length : taken;
}

const uint8_t *kiosk_output(const struct kiosk *kiosk, size_t *ret_length)
{
	*ret_length = queued(kiosk);
	return kiosk->output + kiosk->sent;
}

void kiosk_sent(struct kiosk *kiosk, size_t length)
{
	kiosk->sent += length < queued(kiosk) ? length : queued(kiosk);
	kiosk_journey_redraw(kiosk);
}

uint64_t kiosk_deadline(const struct kiosk *kiosk)
{
	/* Who is away is idle here. */
	uint64_t deadline =
	    kiosk->journey.stage == KIOSK_HOME ? kiosk->idle_until : kiosk_journey_deadline(kiosk);

	if (kiosk->identify_until != 0 && kiosk->identify_until < deadline)
		return kiosk->identify_until;
	return deadline;
}

void kiosk_expire(struct kiosk *kiosk, uint64_t now)
{
	kiosk->now = now;
	kiosk_make_room(kiosk);
	if (kiosk->identify_until != 0 && now >= kiosk->identify_until)
		identify(kiosk, NULL);
	if (kiosk->journey.stage != KIOSK_HOME) {
		kiosk_journey_expire(kiosk);
	} else if (now >= kiosk->idle_until) {
		kiosk_end(kiosk, "caller idle");
		kiosk_say(kiosk, "Sans réponse depuis 10 minutes");
	}
}

void kiosk_dismiss(struct kiosk *kiosk)
{
	if (kiosk->screen == KIOSK_OVER)
		return;
	kiosk_make_room(kiosk);
	kiosk_end(kiosk, "shutting down");
	kiosk_say(kiosk, "Arrêt du service, à bientôt");
}

bool kiosk_is_over(const struct kiosk *kiosk, const char **ret_why)
{
	if (kiosk->screen != KIOSK_OVER)
		return false;
	*ret_why = kiosk->why_over;
	return true;
}

int kiosk_new(struct kiosk **ret_kiosk, const struct kiosk_house *house,
	      const struct kiosk_facts *facts, enum kiosk_admission admission, uint64_t now)
{
	struct kiosk *kiosk = calloc(1, sizeof(*kiosk));

	if (kiosk == NULL)
		return -ENOMEM;
	kiosk->house = house;
	kiosk->generation = generation_keep(house->newest);
	kiosk->shown = generation_keep(house->newest);
	kiosk->facts = *facts;
	kiosk->now = now;
	kiosk->idle_until = now + KIOSK_IDLE_US;
	composer_init(&kiosk->composer, kiosk->output, sizeof(kiosk->output));
	/* A gateway's last words may still be on row 0. */
	kiosk->message_shown = true;
	switch (admission) {
	case KIOSK_ADMITTED:
		if (house->has_channel)
			kiosk_ask(kiosk);
		open_welcome(kiosk);
		break;
	case KIOSK_ADMITTED_TO_ECHO:
		/* Row 0 is the gateway's and the home service's. */
		kiosk->message_shown = false;
		open_echo(kiosk);
		break;
	case KIOSK_NO_PLACE:
		page_draw(kiosk->shown->pages.items[PAGE_FULL], &kiosk->composer);
		kiosk->screen = KIOSK_OVER;
		kiosk->why_over = "no place left";
		kiosk->idle_until = UINT64_MAX;
	}
	*ret_kiosk = kiosk;
	return 0;
}

void kiosk_free(struct kiosk *kiosk)
{
	if (kiosk == NULL)
		return;
	generation_release(kiosk->generation);
	generation_release(kiosk->shown);
	generation_release(kiosk->journey.generation);
	free(kiosk);
}
