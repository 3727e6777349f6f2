/* What the parts of the kiosk share: the keys' effects (kiosk.c), what the screens show
 * (kiosk_screens.c), redirections (kiosk_journey.c). */
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
	KIOSK_ECHO,
	KIOSK_OVER,
	KIOSK_SCREEN_COUNT,
};

/* Where a caller of whom a redirection is wanted is. */
enum kiosk_stage {
	KIOSK_HOME,
	KIOSK_ASKED,      /* a gateway is there, but has not said whose the caller is */
	KIOSK_ORDERED,    /* the gateway is to redirect the caller */
	KIOSK_CONNECTING, /* it says that it does */
	KIOSK_AWAY,       /* the caller is with the remote service */
	KIOSK_STAGE_COUNT,
};

struct kiosk_journey {
	enum kiosk_stage stage;
	uint64_t until;
	const struct directory_entry *order;       /* to be taken */
	const struct directory_entry *destination; /* the last that was ordered, */
	struct generation *generation;             /* and whose it is; NULL: none */
	bool close_requested;                      /* by the caller */
	bool unsure;     /* the link was lost: the caller may be home already */
	bool redraw_due; /* the caller is home, and there was no room for the page */
	bool visited;    /* some service, in this call */
	uint32_t price;
	uint64_t away;     /* µs that were counted at the destination */
	uint64_t since;    /* counting; 0: not */
	uint64_t show_at;  /* the next cost; 0: none */
	uint64_t shown;    /* cost */
	uint64_t total;    /* cost of the call's earlier journeys */
	uint64_t asked_at; /* the last ENQROM; 0: none */
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
	struct generation *generation; /* whose services the caller is offered, */
	struct generation *shown;      /* and whose pages are on the screen */
	struct kiosk_facts facts;
	enum kiosk_screen screen;
	enum kiosk_screen back; /* where Retour leads from a service */
	const char *why_over;
	struct terminal_input input;
	char field[KIOSK_FIELD_MAX + 1];
	size_t field_length;
	size_t guide_page;                   /* from 0 */
	const struct directory_entry *entry; /* whose sheet is shown: of the journey */
	bool message_shown;                  /* on row 0 */
	uint64_t identify_until;             /* 0: not waiting for the terminal's answer */
	uint64_t idle_until;
	uint64_t now; /* of what happens */
	enum kiosk_reach reach;
	struct kiosk_journey journey;
	unsigned echoes; /* texts that came back */
	char echo[KIOSK_FIELD_MAX + 1];
	size_t sent; /* bytes of the output that are gone */
	struct composer composer;
	uint8_t output[KIOSK_OUTPUT_MAX];
};

/* The one setter of the screen: what belongs to the one that is left ends here. */
void kiosk_enter(struct kiosk *kiosk, enum kiosk_screen screen);
void kiosk_end(struct kiosk *kiosk, const char *why);
/* Drops what was sent from the output. */
void kiosk_make_room(struct kiosk *kiosk);
bool kiosk_has_room(const struct kiosk *kiosk);

/* Wants the caller redirected. */
void kiosk_journey_begin(struct kiosk *kiosk, const struct directory_entry *destination);
/* What the caller types, while he is not home. */
void kiosk_journey_input(struct kiosk *kiosk, const struct terminal_event *event);
uint64_t kiosk_journey_deadline(const struct kiosk *kiosk);
void kiosk_journey_expire(struct kiosk *kiosk);
/* There is room again. */
void kiosk_journey_redraw(struct kiosk *kiosk);
/* Asks the terminal, and with it the gateway, who they are. */
void kiosk_ask(struct kiosk *kiosk);
/* Of all journeys. */
uint64_t kiosk_journey_total(const struct kiosk *kiosk);

/* Draws the whole screen, the cursor in its field where it has one. */
void kiosk_show(struct kiosk *kiosk);
/* Draws another page of the guide over the one that is shown; erase: characters of the field. */
void kiosk_show_guide_page(struct kiosk *kiosk, size_t erase);
/* The terminal's identification, NULL: it gave none in time. */
void kiosk_show_identity(struct kiosk *kiosk, const struct terminal_identity *identity);
/* A text on row 0, "": none; the cursor goes back to the field. */
void kiosk_say(struct kiosk *kiosk, const char *text);
/* A text on row 0 that may come amid a remote service's: one sequence, and the cursor is left
 * alone. */
void kiosk_say_amid(struct kiosk *kiosk, const char *text);
/* The text that came back, over one of `erase` characters. */
void kiosk_show_echo(struct kiosk *kiosk, size_t erase);
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
