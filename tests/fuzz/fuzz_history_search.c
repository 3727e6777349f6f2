/* links: vdtgw-supervisor */
/*
 * Any filter, `last`, page size and place in the history, as the bytes of the input say: all pages
 * together are the events that match, each once and in order, or the last ones of them; a place
 * that no page ended with gives events that match all the same, and comes to an end.
 */
#include "vdtgw-supervisor/storage/history_search.h"

#include "vdtgw-supervisor/storage/database_history.h"

#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <unistd.h>

enum {
	EVENTS = 60,
	PAGES_MAX = 2 * EVENTS + 4,
	STEP = 1000, /* µs from one event to the next */
	SESSIONS = 9,
};
#define NOW INT64_C(1790000000000000)

static struct database *database;
static struct event events[EVENTS];

static const char *const networks[] = { "192.0.2.1",   "192.0.2.0/24", "2001:db8::/64",
					"2001:db8::7", "0.0.0.0/0",    "::/0" };
static const char *const services[] = { NULL, "ws://localhost:8765", "telnet://a.example", "ws" };

static struct network network_at(size_t number)
{
	struct network network;

	require(network_parse(&network, networks[number % 6]) == 0);
	return network;
}

static void make_event(struct event *event, size_t i)
{
	*event = (struct event) {
		.kind = (enum event_kind)(i * i % EVENT_KIND_COUNT),
		.time = NOW + (int64_t)(i ^ (i & 8 ? 3 : 0)) * STEP, /* clocks are set back */
		.session = i % 5 == 0 ? -1 : (int64_t)(i % SESSIONS),
		.has_caller = i % 5 != 0,
		.transport = (enum transport)(i % 3),
		.has_network = i % 4 != 0,
		.network = network_at(i / 4),
		.service = services[i % 3],
		.duration = -1,
		.bytes_in = -1,
		.bytes_out = -1,
	};
	if (!event->has_network)
		event->network = (struct network) { .prefix = 0 };
}

/* A database that is in nobody's way, and gone as soon as nobody has it open. */
static void prepare(void)
{
	static const char *const names[] = { "vdtgw.db", "vdtgw.db-wal", "vdtgw.db-shm" };
	char folder[] = "/tmp/vdtgw-fuzz-XXXXXX";
	char path[64];
	char *why = NULL;

	require(mkdtemp(folder) != NULL && database_open(&database, folder, &why) == 0);
	for (size_t i = 0; i < EVENTS; i++)
		make_event(&events[i], i);
	require(database_begin(database, false) == 0 &&
		database_add_events(database, events, EVENTS) == 0 &&
		database_commit(database) == 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	require(rmdir(folder) == 0);
}

struct search {
	const struct history_filter *filter;
	size_t room; /* of the page */
	size_t taken;
	int64_t times[EVENTS];
};

static bool take(void *context, const struct event *event)
{
	struct search *search = context;

	if (search->room == 0)
		return false;
	require(history_filter_matches(search->filter, event));
	require(search->taken < EVENTS);
	search->times[search->taken++] = event->time;
	search->room--;
	return true;
}

/* All pages from a place on; what is taken is in *search. */
static void search_on(struct search *search, int64_t last, int64_t from, size_t page_size)
{
	size_t pages = 0;

	do {
		search->room = page_size;
		require(history_search(database, search->filter, last, from, take, search, &from) ==
			0);
		require(from >= 0 && ++pages < PAGES_MAX);
	} while (from != 0);
}

static void check_all(const struct history_filter *filter, int64_t last, size_t page_size)
{
	struct search search = { .filter = filter };
	int64_t wanted[EVENTS];
	size_t count = 0, skip;

	for (size_t i = 0; i < EVENTS; i++)
		if (history_filter_matches(filter, &events[i]))
			wanted[count++] = events[i].time;
	search_on(&search, last, 0, page_size);
	skip = last > 0 && (size_t)last < count ? count - (size_t)last : 0;
	require(search.taken == count - skip);
	require(memcmp(search.times, wanted + skip, search.taken * sizeof(wanted[0])) == 0);
}

/* What the input is read as. */
struct choice {
	uint8_t bits, network, transport, service, session, since, until, last, page_size;
	uint8_t kinds[4];
	uint8_t place[8];
};

static struct history_filter filter_of(const struct choice *choice)
{
	struct history_filter filter = {
		.since = (choice->bits & 1) != 0 ? NOW + choice->since * STEP : 0,
		.until = (choice->bits & 2) != 0 ? NOW + choice->until * STEP : INT64_MAX,
		.session = (choice->bits & 4) != 0 ? choice->session : -1,
		.has_network = (choice->bits & 8) != 0,
		.network = network_at(choice->network),
		.has_transport = (choice->bits & 16) != 0,
		.transport = (enum transport)(choice->transport % 3),
		.service = services[choice->service % 4],
		.kinds = UINT32_MAX,
	};

	if ((choice->bits & 32) != 0)
		memcpy(&filter.kinds, choice->kinds, sizeof(filter.kinds));
	return filter;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct choice choice = { 0 };
	struct history_filter filter;
	struct search search = { .filter = &filter };
	int64_t place;
	size_t page_size;

	if (database == NULL)
		prepare();
	memcpy(&choice, input, size < sizeof(choice) ? size : sizeof(choice));
	filter = filter_of(&choice);
	page_size = choice.page_size % EVENTS + 1;
	check_all(&filter, choice.last, page_size);
	memcpy(&place, choice.place, sizeof(place));
	search_on(&search, choice.last, place & INT64_MAX, page_size);
	return 0;
}
