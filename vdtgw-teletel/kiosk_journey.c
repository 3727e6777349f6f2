/*
 * The caller's way to a remote service and back (PROTOCOLS.md section 4): the order, what the
 * gateway says of it, what it costs. The gateway decides where the caller is; the kiosk follows
 * its news, waits for none of them for ever, and keeps its page for the return.
 */
#include "vdtgw-teletel/cost.h"

#include "common/microseconds.h"
#include "vdtgw-teletel/kiosk_state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char unreachable[] = "Service injoignable pour l'instant";

static const uint64_t patience[] = {
	[KIOSK_HOME] = 0,
	[KIOSK_ASKED] = KIOSK_ASK_US,
	[KIOSK_ORDERED] = KIOSK_ORDER_US,
	[KIOSK_CONNECTING] = KIOSK_CONNECT_US,
	[KIOSK_AWAY] = KIOSK_AWAY_US,
};
static_assert(sizeof(patience) / sizeof(patience[0]) == KIOSK_STAGE_COUNT, "of each stage");

/* The one setter. Nobody is idle who was away. */
static void set_stage(struct kiosk *kiosk, enum kiosk_stage stage)
{
	struct kiosk_journey *journey = &kiosk->journey;

	journey->stage = stage;
	journey->unsure = false;
	journey->order = NULL;
	journey->show_at = 0;
	journey->until = kiosk->now + patience[stage];
	if (stage == KIOSK_HOME)
		kiosk->idle_until = kiosk->now + KIOSK_IDLE_US;
}

static uint64_t cost(const struct kiosk_journey *journey)
{
	return cost_of(journey->price, journey->away / US_PER_S);
}

uint64_t kiosk_journey_total(const struct kiosk *kiosk)
{
	return kiosk->journey.total;
}

static void count(struct kiosk *kiosk)
{
	struct kiosk_journey *journey = &kiosk->journey;

	if (journey->since == 0)
		return;
	journey->away += kiosk->now - journey->since;
	journey->since = kiosk->now;
}

static void describe_cost(const struct kiosk_journey *journey,
			  char ret_text[COST_TEXT_MAX + 4 * DIRECTORY_LABEL_MAX])
{
	const struct directory_entry *destination = journey->destination;
	char francs[COST_TEXT_MAX];

	cost_format(cost(journey), francs);
	snprintf(ret_text, COST_TEXT_MAX + 4 * DIRECTORY_LABEL_MAX, "%s%s%s", destination->tariff,
		 *destination->tariff != '\0' ? "  " : "", francs);
}

/* Where the directory says nothing of it, there is nothing to be shown. */
static bool costs(const struct kiosk_journey *journey)
{
	return *journey->destination->tariff != '\0' || *journey->destination->cost != '\0';
}

static void show_cost(struct kiosk *kiosk)
{
	char text[COST_TEXT_MAX + 4 * DIRECTORY_LABEL_MAX];
	size_t waiting;

	(void)kiosk_output(kiosk, &waiting);
	/* A line that is too slow is not given more. */
	if (!costs(&kiosk->journey) || waiting > 0)
		return;
	describe_cost(&kiosk->journey, text);
	kiosk_say_amid(kiosk, text);
	kiosk->journey.shown = cost(&kiosk->journey);
}

static void tick(struct kiosk *kiosk)
{
	char before[COST_TEXT_MAX];
	char after[COST_TEXT_MAX];

	count(kiosk);
	kiosk->journey.show_at = kiosk->now + KIOSK_COST_US;
	cost_format(kiosk->journey.shown, before);
	cost_format(cost(&kiosk->journey), after);
	if (strcmp(before, after) != 0)
		show_cost(kiosk);
}

static void arrive(struct kiosk *kiosk)
{
	struct kiosk_journey *journey = &kiosk->journey;

	set_stage(kiosk, KIOSK_AWAY);
	journey->visited = true;
	journey->close_requested = false;
	journey->away = 0;
	journey->shown = 0;
	journey->since = kiosk->now;
	journey->show_at = kiosk->now + KIOSK_COST_US;
	if (journey->destination == NULL ||
	    cost_parse_price(&journey->price, journey->destination->cost) < 0)
		journey->price = 0;
	show_cost(kiosk);
}

/* Away is over: the page again. Row 0 is left as it is until the next key: there is the gateway's
 * reason, or the cost. */
static void come_home(struct kiosk *kiosk)
{
	struct kiosk_journey *journey = &kiosk->journey;
	char text[COST_TEXT_MAX + 4 * DIRECTORY_LABEL_MAX];

	count(kiosk);
	journey->since = 0;
	journey->total += cost(journey);
	set_stage(kiosk, KIOSK_HOME);
	if (!kiosk_has_room(kiosk)) {
		journey->redraw_due = true;
		return;
	}
	journey->redraw_due = false;
	kiosk->message_shown = false;
	kiosk_enter(kiosk, kiosk->screen);
	kiosk->message_shown = true;
	/* The gateway gives no reason to a caller who wanted it so. */
	if (!journey->close_requested || !costs(journey))
		return;
	describe_cost(journey, text);
	kiosk_say(kiosk, text);
}

void kiosk_journey_redraw(struct kiosk *kiosk)
{
	if (!kiosk->journey.redraw_due || !kiosk_has_room(kiosk))
		return;
	kiosk_make_room(kiosk);
	kiosk->journey.redraw_due = false;
	kiosk_enter(kiosk, kiosk->screen);
}

/* It did not come to a redirection: the field stays as it was. */
static void stay(struct kiosk *kiosk, const char *text)
{
	set_stage(kiosk, KIOSK_HOME);
	kiosk_say(kiosk, text);
}

/* Nobody can redirect the caller: the directory's sheet says where the service is. */
static void show_sheet(struct kiosk *kiosk)
{
	set_stage(kiosk, KIOSK_HOME);
	kiosk->entry = kiosk->journey.destination;
	kiosk->message_shown = false;
	kiosk_enter(kiosk, KIOSK_SHEET);
	kiosk_say(kiosk, unreachable);
}

static void say_calling(struct kiosk *kiosk)
{
	char text[4 * DIRECTORY_NAME_MAX + 8];

	snprintf(text, sizeof(text), "%s ...", kiosk->journey.destination->name);
	kiosk_say(kiosk, text);
}

static void order(struct kiosk *kiosk)
{
	set_stage(kiosk, KIOSK_ORDERED);
	kiosk->journey.close_requested = false;
	kiosk->journey.order = kiosk->journey.destination;
}

void kiosk_journey_begin(struct kiosk *kiosk, const struct directory_entry *destination)
{
	kiosk->journey.destination = destination;
	generation_put(&kiosk->journey.generation, kiosk->generation);
	switch (kiosk->reach) {
	case KIOSK_LINKED:
		say_calling(kiosk);
		order(kiosk);
		break;
	case KIOSK_NOT_LINKED:
		/* It may have come while the channel was down: a gateway answers then now. */
		say_calling(kiosk);
		kiosk_ask(kiosk);
		set_stage(kiosk, KIOSK_ASKED);
		break;
	case KIOSK_NO_CHANNEL:
		show_sheet(kiosk);
		break;
	}
}

const struct directory_entry *kiosk_take_order(struct kiosk *kiosk)
{
	const struct directory_entry *taken = kiosk->journey.order;

	kiosk->journey.order = NULL;
	return taken;
}

bool kiosk_expects_identification(const struct kiosk *kiosk, uint64_t now)
{
	return kiosk->journey.asked_at != 0 && now - kiosk->journey.asked_at < KIOSK_EXPECT_US;
}

static void on_ended(struct kiosk *kiosk)
{
	struct kiosk_journey *journey = &kiosk->journey;

	switch (journey->stage) {
	case KIOSK_ORDERED:
		stay(kiosk, journey->close_requested ? "" : unreachable);
		break;
	case KIOSK_CONNECTING:
		/* The gateway has said why on row 0, but to a caller who wanted it so. */
		if (journey->close_requested)
			stay(kiosk, "");
		else
			set_stage(kiosk, KIOSK_HOME);
		break;
	case KIOSK_AWAY:
		come_home(kiosk);
		break;
	case KIOSK_HOME:
	case KIOSK_ASKED:
	case KIOSK_STAGE_COUNT:
		break;
	}
}

void kiosk_tell(struct kiosk *kiosk, uint64_t now, enum kiosk_news news)
{
	struct kiosk_journey *journey = &kiosk->journey;

	if (kiosk->screen == KIOSK_OVER)
		return;
	kiosk->now = now;
	kiosk_make_room(kiosk);
	switch (news) {
	case KIOSK_REDIRECTING:
		/* Also after the kiosk gave the order up: the gateway knows better. */
		if (journey->stage != KIOSK_AWAY && journey->destination != NULL)
			set_stage(kiosk, KIOSK_CONNECTING);
		break;
	case KIOSK_REDIRECTED:
		if (journey->stage != KIOSK_AWAY && journey->destination != NULL)
			arrive(kiosk);
		break;
	case KIOSK_REQUESTED_CLOSE:
		journey->close_requested = true;
		break;
	case KIOSK_REDIRECT_ENDED:
		on_ended(kiosk);
		break;
	case KIOSK_ORDER_FAILED:
		if (journey->stage == KIOSK_ORDERED)
			stay(kiosk, unreachable);
		break;
	case KIOSK_CALLER_GONE:
		kiosk_end(kiosk, "the caller is gone, says the gateway");
		break;
	case KIOSK_NEWS_COUNT:
		break;
	}
}

void kiosk_set_reach(struct kiosk *kiosk, uint64_t now, enum kiosk_reach reach)
{
	struct kiosk_journey *journey = &kiosk->journey;

	kiosk->reach = reach;
	if (kiosk->screen == KIOSK_OVER)
		return;
	kiosk->now = now;
	kiosk_make_room(kiosk);
	switch (journey->stage) {
	case KIOSK_ASKED:
		if (reach == KIOSK_LINKED)
			order(kiosk);
		else if (reach == KIOSK_NO_CHANNEL)
			show_sheet(kiosk);
		break;
	case KIOSK_ORDERED:
	case KIOSK_CONNECTING:
		journey->unsure = journey->unsure || reach != KIOSK_LINKED;
		break;
	case KIOSK_AWAY:
		/* Nobody says any more when the caller returns: what is not known is not charged.
		 * A link that is back does not say it either, but counts again. */
		journey->unsure = journey->unsure || reach != KIOSK_LINKED;
		count(kiosk);
		journey->since = reach == KIOSK_LINKED ? now : 0;
		journey->show_at = reach == KIOSK_LINKED ? now + KIOSK_COST_US : 0;
		break;
	case KIOSK_HOME:
	case KIOSK_STAGE_COUNT:
		break;
	}
}

void kiosk_journey_input(struct kiosk *kiosk, const struct terminal_event *event)
{
	bool fin = event->kind == TERMINAL_KEY &&
		   (event->byte == KEY_CONNEXION_FIN || event->byte == KEY_MODEM_DISCONNECTED);

	if (event->kind != TERMINAL_KEY && event->kind != TERMINAL_CHARACTER)
		return;
	if (kiosk->journey.stage == KIOSK_ASKED && fin) {
		/* Nothing has been ordered yet: the next one ends the call. */
		stay(kiosk, "");
		return;
	}
	/* What was typed before the gateway took up the order, or goes astray, is not for us. But
	 * where the channel was cut it is the caller who tells that he is home. */
	if (!kiosk->journey.unsure)
		return;
	if (fin)
		kiosk_end(kiosk, "Connexion/Fin");
	else if (kiosk->journey.stage == KIOSK_AWAY)
		come_home(kiosk);
	else
		stay(kiosk, "");
}

uint64_t kiosk_journey_deadline(const struct kiosk *kiosk)
{
	const struct kiosk_journey *journey = &kiosk->journey;

	if (journey->show_at != 0 && journey->show_at < journey->until)
		return journey->show_at;
	return journey->until;
}

void kiosk_journey_expire(struct kiosk *kiosk)
{
	struct kiosk_journey *journey = &kiosk->journey;

	if (journey->show_at != 0 && kiosk->now >= journey->show_at)
		tick(kiosk);
	if (kiosk->now < journey->until)
		return;
	switch (journey->stage) {
	case KIOSK_ASKED:
		show_sheet(kiosk);
		break;
	case KIOSK_ORDERED:
	case KIOSK_CONNECTING:
		stay(kiosk, unreachable);
		break;
	case KIOSK_AWAY:
		come_home(kiosk);
		break;
	case KIOSK_HOME:
	case KIOSK_STAGE_COUNT:
		break;
	}
}
