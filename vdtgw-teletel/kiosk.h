/*
 * One caller's kiosk: what the terminal sends goes in, what it is to show comes out. The state
 * machine behind the welcome page, the guide of services, the sheet of one, and the kiosk's own
 * services. No descriptor, no clock: time comes from outside, in microseconds.
 */
#ifndef VDTGW_TELETEL_KIOSK_H
#define VDTGW_TELETEL_KIOSK_H

#include "vdtgw-teletel/generation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	KIOSK_OUTPUT_MAX = 16384, /* bytes queued for a caller */
	/* A page with its areas. Input is taken only while there is room for one; an even larger
	 * page would lose the areas that are too much. */
	KIOSK_REACTION_MAX = PAGE_MAX + 4096,
	KIOSK_FIELD_MAX = 20, /* characters of a name that is typed */
	KIOSK_ADDRESS_MAX = 64,
	KIOSK_TRANSPORT_MAX = 16,
};

#define KIOSK_IDLE_US     (600 * UINT64_C(1000000))
#define KIOSK_IDENTIFY_US (3 * UINT64_C(1000000))
/* The waits of a redirection: for an identification that was missing, for the gateway to take up an
 * order, for its connection, and for the caller's return. Gateways are to be quicker; these are for
 * those that fell silent. */
#define KIOSK_ASK_US      (2 * UINT64_C(1000000))
#define KIOSK_ORDER_US    (15 * UINT64_C(1000000))
#define KIOSK_CONNECT_US  (120 * UINT64_C(1000000))
#define KIOSK_AWAY_US     (86400 * UINT64_C(1000000))
/* After an ENQROM an identification is expected for so long. */
#define KIOSK_EXPECT_US   (10 * UINT64_C(1000000))
#define KIOSK_COST_US     (5 * UINT64_C(1000000)) /* between two costs that are shown */

/* The kiosk's own service that callers are redirected to: its name, and its path on the kiosk's
 * port. */
#define KIOSK_ECHO_NAME "ECHO"
#define KIOSK_ECHO_PATH "/echo"

/* What the gateway knows of a caller; printable ASCII, "" where it did not say. */
struct kiosk_facts {
	char address[KIOSK_ADDRESS_MAX];
	char transport[KIOSK_TRANSPORT_MAX]; /* "telnet", "raw", "websocket" */
	bool speed_known;
	unsigned speed; /* bit/s, 0: unlimited */
};

/* Shared by all callers; outlives them. */
struct kiosk_house {
	/* What callers are offered who begin anew: on the first page, or with the guide. */
	struct generation *newest;
	/* Gateways may connect: callers are asked who they are. */
	bool has_channel;
	void (*local_time)(struct tm *ret_time);
};

enum kiosk_admission {
	KIOSK_ADMITTED,
	KIOSK_ADMITTED_TO_ECHO, /* to the kiosk's own remote service, instead of the welcome page */
	KIOSK_NO_PLACE,         /* told so, then over */
};

/* Whether a caller can be redirected. */
enum kiosk_reach {
	KIOSK_NO_CHANNEL, /* no gateway is there to do it */
	KIOSK_NOT_LINKED, /* one is, but it is not known which of its callers this is */
	KIOSK_LINKED,
};

/* What a gateway says of its caller. */
enum kiosk_news {
	KIOSK_REDIRECTING,
	KIOSK_REDIRECTED,
	KIOSK_REQUESTED_CLOSE,
	KIOSK_REDIRECT_ENDED,
	KIOSK_ORDER_FAILED, /* it could not be sent */
	KIOSK_CALLER_GONE,
	KIOSK_NEWS_COUNT,
};

struct kiosk;

/* The first page is in the output at once. facts are copied. Returns 0 or -ENOMEM. */
int kiosk_new(struct kiosk **ret_kiosk, const struct kiosk_house *house,
	      const struct kiosk_facts *facts, enum kiosk_admission admission, uint64_t now);
void kiosk_free(struct kiosk *kiosk);

/* Takes input for as long as the output has room for its effect; returns how many bytes it took.
 * The rest is to be offered again after kiosk_sent(). */
size_t kiosk_receive(struct kiosk *kiosk, uint64_t now, const uint8_t *bytes, size_t length);
/* What is to be sent, and that length bytes of it were. */
const uint8_t *kiosk_output(const struct kiosk *kiosk, size_t *ret_length);
void kiosk_sent(struct kiosk *kiosk, size_t length);
/* When kiosk_expire() is to be called; UINT64_MAX: never. Too early does no harm. */
uint64_t kiosk_deadline(const struct kiosk *kiosk);
void kiosk_expire(struct kiosk *kiosk, uint64_t now);
/* Redirections: what the caller's gateway makes possible, what it says, and the order that it is to
 * be given, once; NULL: none. The entry is good until the kiosk is told something else. */
void kiosk_set_reach(struct kiosk *kiosk, uint64_t now, enum kiosk_reach reach);
void kiosk_tell(struct kiosk *kiosk, uint64_t now, enum kiosk_news news);
const struct directory_entry *kiosk_take_order(struct kiosk *kiosk);
/* Whether an identification that comes now may be an answer. */
bool kiosk_expects_identification(const struct kiosk *kiosk, uint64_t now);
/* Says goodbye: the kiosk is over. */
void kiosk_dismiss(struct kiosk *kiosk);
/* True when nothing but the rest of the output is left to do. why: for the log, static. */
bool kiosk_is_over(const struct kiosk *kiosk, const char **ret_why);

/* Returns 0, or -EINVAL with "FILE:LINE: …" in error where an entry has the name of one of the
 * kiosk's own services, by which callers would never reach it. */
int kiosk_check_directory(const struct directory *directory, const char *file, char *error,
			  size_t error_size);

#endif
