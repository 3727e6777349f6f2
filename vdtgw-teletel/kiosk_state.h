/* What the two halves of the kiosk share: the keys' effects (kiosk.c) and what the screens show
 * (kiosk_screens.c). */
#ifndef VDTGW_TELETEL_KIOSK_STATE_H
#define VDTGW_TELETEL_KIOSK_STATE_H

#include "vdtgw-teletel/kiosk.h"
#include "vdtgw-teletel/terminal_input.h"

enum kiosk_screen {
	KIOSK_WELCOME,
	KIOSK_GUIDE,
	KIOSK_SHEET,
	KIOSK_TERMINAL,
	KIOSK_TEST_1,
	KIOSK_TEST_2,
	KIOSK_OVER,
	KIOSK_SCREEN_COUNT,
};

/* A service of the kiosk's own. */
struct own_service {
	const char *name;
	const char *label;
	enum kiosk_screen screen;
};

/* A line of the guide: one of the two is set. */
struct kiosk_item {
	const struct own_service *own;
	const struct directory_entry *entry;
};

struct kiosk {
	const struct kiosk_house *house;
	struct kiosk_facts facts;
	enum kiosk_screen screen;
	enum kiosk_screen back; /* where Retour leads from a service */
	const char *why_over;
	struct terminal_input input;
	char field[KIOSK_FIELD_MAX + 1];
	size_t field_length;
	size_t guide_page;                   /* from 0 */
	const struct directory_entry *entry; /* whose sheet is shown */
	bool message_shown;                  /* on row 0 */
	uint64_t identify_until;             /* 0: not waiting for the terminal's answer */
	uint64_t idle_until;
	size_t sent; /* bytes of the output that are gone */
	struct composer composer;
	uint8_t output[KIOSK_OUTPUT_MAX];
};

/* Draws the whole screen, the cursor in its field where it has one. */
void kiosk_show(struct kiosk *kiosk);
/* Draws another page of the guide over the one that is shown; erase: characters of the field. */
void kiosk_show_guide_page(struct kiosk *kiosk, size_t erase);
/* The terminal's identification, NULL: it gave none in time. */
void kiosk_show_identity(struct kiosk *kiosk, const struct terminal_identity *identity);
/* A text on row 0, "": none; the cursor goes back to the field. */
void kiosk_say(struct kiosk *kiosk, const char *text);
/* The last character of the field, that one has gone, and the whole field with `erase` characters
 * behind it gone. */
void kiosk_show_typed(struct kiosk *kiosk);
void kiosk_show_deleted(struct kiosk *kiosk);
void kiosk_show_field(struct kiosk *kiosk, size_t erase);
void kiosk_beep(struct kiosk *kiosk);

/* The field of the screen; NULL where it has none. */
const struct page_area *kiosk_field(const struct kiosk *kiosk);
size_t kiosk_guide_pages(const struct kiosk *kiosk);
size_t kiosk_item_count(const struct kiosk *kiosk);
/* index from 0, below kiosk_item_count(). */
struct kiosk_item kiosk_item(const struct kiosk *kiosk, size_t index);
const struct own_service *kiosk_own_service(const char *name);

#endif
