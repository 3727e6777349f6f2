/*
 * What the caller sees: pages with their areas filled, the field, row 0. The French texts that
 * are not on a page are here.
 */
#include "vdtgw-teletel/cost.h"
#include "vdtgw-teletel/kiosk_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	BELL = 0x07,
	BACKSPACE = 0x08,
	LINE_FEED = 0x0a,
	CURSOR_ON = 0x11,
	CURSOR_OFF = 0x14,
	CANCEL = 0x18,  /* clears to the end of the row */
	ROW_0_MAX = 37, /* characters: the terminal's own sign is to the right */
	VALUE_MAX = 2304,
	GUIDE_NAME_AT = 4, /* characters into a line of the guide */
	GUIDE_LABEL_AT = 26,
	EMPTY_FIELD = '.',
};

static const uint8_t enqrom[] = { 0x1b, 0x39, 0x7b };

static const char *const days[] = { "dimanche", "lundi",    "mardi", "mercredi",
				    "jeudi",    "vendredi", "samedi" };
static const char *const months[] = { "janvier",   "février", "mars",     "avril",
				      "mai",       "juin",    "juillet",  "août",
				      "septembre", "octobre", "novembre", "décembre" };

static const enum page_role screen_pages[] = {
	[KIOSK_WELCOME] = PAGE_WELCOME, [KIOSK_GUIDE] = PAGE_GUIDE,
	[KIOSK_SHEET] = PAGE_SHEET,     [KIOSK_TERMINAL] = PAGE_TERMINAL,
	[KIOSK_TEST_1] = PAGE_TEST_1,   [KIOSK_TEST_2] = PAGE_TEST_2,
	[KIOSK_ECHO] = PAGE_ECHO,       [KIOSK_OVER] = PAGE_GOODBYE,
};
static_assert(sizeof(screen_pages) / sizeof(screen_pages[0]) == KIOSK_SCREEN_COUNT,
	      "a page for each screen");

static const struct own_service own_services[] = {
	{ "TERMINAL", "votre Minitel", KIOSK_TERMINAL },
	{ "MIRE", "page d'essai", KIOSK_TEST_1 },
};

enum {
	OWN_SERVICE_COUNT = sizeof(own_services) / sizeof(own_services[0])
};

int kiosk_check_directory(const struct directory *directory, const char *file, char *error,
			  size_t error_size)
{
	for (size_t i = 0; i < OWN_SERVICE_COUNT; i++) {
		const char *name = own_services[i].name;
		const struct directory_entry *entry = directory_look_up(directory, name);

		if (entry == NULL)
			continue;
		snprintf(
		    error, error_size,
		    "%s:%u: \"%s\": %s is a service of the kiosk's own: another name is allowed",
		    file, entry->line, entry->name, name);
		return -EINVAL;
	}
	return 0;
}

const struct own_service *kiosk_own_service(const char *name)
{
	for (size_t i = 0; i < OWN_SERVICE_COUNT; i++) {
		if (strcmp(own_services[i].name, name) == 0)
			return &own_services[i];
	}
	return NULL;
}

static const struct page *page_of(const struct kiosk *kiosk)
{
	return kiosk->shown->pages.items[screen_pages[kiosk->screen]];
}

const struct page_area *kiosk_field(const struct kiosk *kiosk)
{
	if (kiosk->screen != KIOSK_WELCOME && kiosk->screen != KIOSK_GUIDE &&
	    kiosk->screen != KIOSK_ECHO)
		return NULL;
	return page_area(page_of(kiosk), "field");
}

size_t kiosk_item_count(const struct kiosk *kiosk)
{
	const struct directory *directory = kiosk->generation->directory;

	return OWN_SERVICE_COUNT + (size_t)(kiosk->generation->echo != NULL) +
	       (directory != NULL ? directory->count : 0);
}

struct kiosk_item kiosk_item(const struct kiosk *kiosk, size_t index)
{
	if (index < OWN_SERVICE_COUNT)
		return (struct kiosk_item) { .own = &own_services[index] };
	index -= OWN_SERVICE_COUNT;
	if (kiosk->generation->echo != NULL && index-- == 0)
		return (struct kiosk_item) { .entry = kiosk->generation->echo };
	return (struct kiosk_item) { .entry = &kiosk->generation->directory->entries[index] };
}

static size_t items_per_page(const struct kiosk *kiosk)
{
	const struct page *guide = kiosk->shown->pages.items[PAGE_GUIDE];

	return page_area(guide, "list")->height;
}

size_t kiosk_guide_pages(const struct kiosk *kiosk)
{
	size_t per_page = items_per_page(kiosk);

	return (kiosk_item_count(kiosk) + per_page - 1) / per_page;
}

void kiosk_beep(struct kiosk *kiosk)
{
	composer_byte(&kiosk->composer, BELL);
}

/* Pages need not have every area. */
static void fill(struct kiosk *kiosk, const char *name, const char *text)
{
	const struct page_area *area = page_area(page_of(kiosk), name);

	if (area != NULL)
		page_area_fill(area, &kiosk->composer, text);
}

/* Puts the cursor behind what has been typed. */
static void go_to_field(struct kiosk *kiosk)
{
	const struct page_area *field = kiosk_field(kiosk);

	if (field != NULL)
		page_area_at(field, &kiosk->composer, 0, (unsigned)kiosk->field_length);
}

void kiosk_show_field(struct kiosk *kiosk, size_t erase)
{
	const struct page_area *field = kiosk_field(kiosk);

	page_area_at(field, &kiosk->composer, 0, 0);
	composer_text(&kiosk->composer, kiosk->field, SIZE_MAX);
	if (erase > 0) {
		composer_repeat(&kiosk->composer, EMPTY_FIELD, erase);
		go_to_field(kiosk);
	}
}

void kiosk_show_typed(struct kiosk *kiosk)
{
	composer_text(&kiosk->composer, kiosk->field + kiosk->field_length - 1, 1);
}

void kiosk_show_deleted(struct kiosk *kiosk)
{
	const struct page_area *field = kiosk_field(kiosk);

	if (field->style.size == SIZE_WIDE || field->style.size == SIZE_BIG ||
	    field->column + kiosk->field_length >= SCREEN_COLUMNS) {
		/* Back over a wide character, or from the row's end: by a position. */
		go_to_field(kiosk);
		composer_byte(&kiosk->composer, EMPTY_FIELD);
		go_to_field(kiosk);
		return;
	}
	composer_bytes(&kiosk->composer, (uint8_t[]) { BACKSPACE, EMPTY_FIELD, BACKSPACE }, 3);
}

void kiosk_say_amid(struct kiosk *kiosk, const char *text)
{
	composer_at(&kiosk->composer, 0, 1);
	composer_text(&kiosk->composer, text, ROW_0_MAX);
	composer_bytes(&kiosk->composer, (uint8_t[]) { CANCEL, LINE_FEED }, 2);
	kiosk->message_shown = *text != '\0';
}

void kiosk_say(struct kiosk *kiosk, const char *text)
{
	kiosk_say_amid(kiosk, text);
	/* Not every emulator brings the colors back with the cursor. */
	go_to_field(kiosk);
}

void kiosk_ask(struct kiosk *kiosk)
{
	kiosk->journey.asked_at = kiosk->now;
	composer_bytes(&kiosk->composer, enqrom, sizeof(enqrom));
}

static void show_item(struct kiosk *kiosk, const struct page_area *list, unsigned row, size_t index,
		      bool over)
{
	struct kiosk_item item = kiosk_item(kiosk, index);
	struct style name_style = list->style;
	const char *name = item.own != NULL ? item.own->name : item.entry->name;
	char number[24];
	char label[4 * DIRECTORY_NAME_MAX + 8];

	if (item.own != NULL)
		snprintf(label, sizeof(label), "%s", item.own->label);
	else if (*item.entry->alias != '\0')
		snprintf(label, sizeof(label), "→ %s", item.entry->target->name);
	else
		snprintf(label, sizeof(label), "%s", item.entry->tariff);
	snprintf(number, sizeof(number), "%3zu ", index + 1);
	name_style.color = COLOR_WHITE;
	page_area_at(list, &kiosk->composer, row, 0);
	composer_text(&kiosk->composer, number, list->width);
	composer_style(&kiosk->composer, &list->style, &name_style);
	composer_text(&kiosk->composer, name, GUIDE_LABEL_AT - GUIDE_NAME_AT - 1);
	if (over)
		composer_byte(&kiosk->composer, CANCEL);
	if (*label != '\0' && list->width > GUIDE_LABEL_AT) {
		page_area_at(list, &kiosk->composer, row, GUIDE_LABEL_AT);
		composer_text(&kiosk->composer, label, (size_t)list->width - GUIDE_LABEL_AT);
	}
}

/* over: something else is shown there now. */
static void show_list(struct kiosk *kiosk, bool over)
{
	const struct page_area *list = page_area(page_of(kiosk), "list");
	size_t first = kiosk->guide_page * items_per_page(kiosk);
	char text[48];

	for (unsigned row = 0; row < list->height; row++) {
		if (first + row < kiosk_item_count(kiosk)) {
			show_item(kiosk, list, row, first + row, over);
		} else if (over) {
			page_area_at(list, &kiosk->composer, row, 0);
			composer_byte(&kiosk->composer, CANCEL);
		}
	}
	snprintf(text, sizeof(text), "%zu/%zu  ", kiosk->guide_page + 1, kiosk_guide_pages(kiosk));
	fill(kiosk, "page", text);
}

static void show_sheet(struct kiosk *kiosk)
{
	const struct directory_entry *entry = kiosk->entry;
	char text[COST_TEXT_MAX + 4 * DIRECTORY_LABEL_MAX];
	uint32_t price;

	fill(kiosk, "name", entry->name);
	fill(kiosk, "address", entry->address);
	fill(kiosk, "tariff", *entry->tariff != '\0' ? entry->tariff : "non indiqué");
	/* Where it is a price, as prices are written; any other text as it is. */
	if (cost_parse_price(&price, entry->cost) == 0) {
		cost_format(60 * (uint64_t)price, text);
		strcat(text, "/min");
	} else {
		snprintf(text, sizeof(text), "%s",
			 *entry->cost != '\0' ? entry->cost : "non indiqué");
	}
	fill(kiosk, "cost", text);
}

void kiosk_show_echo(struct kiosk *kiosk, size_t erase)
{
	const struct page_area *area = page_area(page_of(kiosk), "echo");
	size_t length = strlen(kiosk->echo);
	char text[48];

	page_area_at(area, &kiosk->composer, 0, 0);
	composer_text(&kiosk->composer, kiosk->echo, SIZE_MAX);
	if (erase > length)
		composer_repeat(&kiosk->composer, ' ', erase - length);
	snprintf(text, sizeof(text), "%u", kiosk->echoes);
	fill(kiosk, "count", text);
}

static void show_time(struct kiosk *kiosk)
{
	struct tm now = { 0 };
	char text[64];

	kiosk->house->local_time(&now);
	if (now.tm_wday < 0 || now.tm_wday > 6 || now.tm_mon < 0 || now.tm_mon > 11)
		return;
	snprintf(text, sizeof(text), "%s %d%s %s %d", days[now.tm_wday], now.tm_mday,
		 now.tm_mday == 1 ? "er" : "", months[now.tm_mon], now.tm_year + 1900);
	fill(kiosk, "date", text);
	snprintf(text, sizeof(text), "%d h %02d min %02d s", now.tm_hour, now.tm_min, now.tm_sec);
	fill(kiosk, "time", text);
}

static void show_terminal(struct kiosk *kiosk)
{
	const struct kiosk_facts *facts = &kiosk->facts;
	const char *transport = facts->transport;
	char speed[32] = "inconnue";

	if (facts->speed_known && facts->speed == 0)
		snprintf(speed, sizeof(speed), "sans limite");
	else if (facts->speed_known)
		snprintf(speed, sizeof(speed), "%u bit/s", facts->speed);
	if (strcmp(transport, "raw") == 0)
		transport = "TCP direct";
	fill(kiosk, "address", *facts->address != '\0' ? facts->address : "inconnue");
	fill(kiosk, "transport", *transport != '\0' ? transport : "inconnu");
	fill(kiosk, "speed", speed);
	show_time(kiosk);
	kiosk_ask(kiosk);
}

/* What a code means, or the code. */
static void describe(char *ret_text, size_t size, const char *meaning, uint8_t code)
{
	if (meaning != NULL)
		snprintf(ret_text, size, "%s", meaning);
	else if (code > 0x20 && code < 0x7f)
		snprintf(ret_text, size, "inconnu (code %c)", code);
	else
		snprintf(ret_text, size, "inconnu (code %02X)", code);
}

void kiosk_show_identity(struct kiosk *kiosk, const struct terminal_identity *identity)
{
	char text[64];

	if (identity == NULL) {
		fill(kiosk, "type", "pas de réponse");
		return;
	}
	describe(text, sizeof(text), terminal_maker_name(identity->maker), identity->maker);
	fill(kiosk, "maker", text);
	describe(text, sizeof(text), terminal_type_name(identity->type), identity->type);
	fill(kiosk, "type", text);
	if (identity->version > 0x20 && identity->version < 0x7f)
		snprintf(text, sizeof(text), "%c", identity->version);
	else
		snprintf(text, sizeof(text), "%02X", identity->version);
	fill(kiosk, "version", text);
}

void kiosk_show_guide_page(struct kiosk *kiosk, size_t erase)
{
	composer_byte(&kiosk->composer, CURSOR_OFF);
	show_list(kiosk, true);
	kiosk_show_field(kiosk, erase);
	composer_byte(&kiosk->composer, CURSOR_ON);
}

void kiosk_show(struct kiosk *kiosk)
{
	/* Drawn anew from the top: new pages are not mixed with old ones. */
	generation_put(&kiosk->shown, kiosk->generation);
	if (kiosk->message_shown)
		kiosk_say(kiosk, "");
	composer_byte(&kiosk->composer, CURSOR_OFF);
	page_draw(page_of(kiosk), &kiosk->composer);
	switch (kiosk->screen) {
	case KIOSK_GUIDE:
		show_list(kiosk, false);
		break;
	case KIOSK_SHEET:
		show_sheet(kiosk);
		break;
	case KIOSK_TERMINAL:
		show_terminal(kiosk);
		break;
	case KIOSK_ECHO:
		kiosk_show_echo(kiosk, 0);
		break;
	case KIOSK_WELCOME:
	case KIOSK_TEST_1:
	case KIOSK_TEST_2:
	case KIOSK_OVER:
	case KIOSK_SCREEN_COUNT:
		break;
	}
	if (kiosk_field(kiosk) != NULL) {
		kiosk_show_field(kiosk, 0);
		composer_byte(&kiosk->composer, CURSOR_ON);
	}
}
