/* links: vdtgw-teletel */
/*
 * A caller who sends anything, at any time, and reads as slowly as the input says, and a gateway
 * that says anything. Each byte that is 80 or above is an event: time passes, output is taken, the
 * gateway has news, the files are read again; the others are input.
 */
#include "vdtgw-teletel/kiosk.h"

#include "tests/fuzz/fuzz.h"

static void fixed_time(struct tm *ret_time)
{
	*ret_time = (struct tm) { .tm_year = 126, .tm_mday = 20, .tm_mon = 10, .tm_wday = 5 };
}

enum {
	READINGS_MAX = 1, /* of the files, in one call: they are read from the disk */
};

static size_t generations;
static struct kiosk_house house = {
	.has_channel = true,
	.local_time = fixed_time,
};

/* Reads the files, which are others each time. The generation before is freed with its last caller.
 */
static void read_files(void)
{
	static const char *const texts[] = {
		"{\"servers\":[{\"name\":\"A\",\"address\":\"ws://a\"},"
		"{\"name\":\"B\",\"alias\":\"A\"}]}",
		"{\"servers\":[{\"name\":\"A\",\"address\":\"ws://b\",\"cost\":\"1\"}]}",
	};
	static size_t readings;
	const char *text = texts[readings++ % 2];
	struct generation *generation = NULL;
	struct directory *directory = NULL;
	struct pages pages;
	char error[512];

	if (pages_load(&pages, "share/pages", error, sizeof(error)) < 0 ||
	    directory_parse(&directory, "fuzz", text, strlen(text), error, sizeof(error)) < 0 ||
	    generation_new(&generation, &pages, directory, NULL, &generations) < 0)
		abort();
	generation_put(&house.newest, generation);
	generation_release(generation);
}

/* An event, by a byte of 80 or above. */
static void happen(struct kiosk *kiosk, uint8_t event, uint64_t *now)
{
	size_t length;

	if (event >= 0xf0) {
		uint8_t what = event & 0xf;

		if (what <= KIOSK_LINKED)
			kiosk_set_reach(kiosk, *now, (enum kiosk_reach)what);
		else if (what - KIOSK_LINKED - 1 < KIOSK_NEWS_COUNT)
			kiosk_tell(kiosk, *now, (enum kiosk_news)(what - KIOSK_LINKED - 1));
		(void)kiosk_take_order(kiosk);
		return;
	}
	if (event < 0xc0) {
		(void)kiosk_output(kiosk, &length);
		kiosk_sent(kiosk, length * (event & 0x3f) / 0x3f);
		return;
	}
	*now += (uint64_t)(event & 0x3f) * 20000000;
	kiosk_expire(kiosk, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kiosk_facts facts = { .address = "192.0.2.1" };
	struct kiosk *kiosk = NULL;
	uint64_t now = 1;
	unsigned readings = 0;
	const char *why;

	if (house.newest == NULL)
		read_files();
	if (kiosk_new(&kiosk, &house, &facts, KIOSK_ADMITTED, now) < 0)
		abort();
	for (size_t i = 0; i < size; i++) {
		size_t length;

		if (data[i] == 0xff && readings++ < READINGS_MAX)
			read_files();
		else if (data[i] >= 0x80)
			happen(kiosk, data[i], &now);
		else
			(void)kiosk_receive(kiosk, now, &data[i], 1);
		(void)kiosk_output(kiosk, &length);
		if (length > KIOSK_OUTPUT_MAX ||
		    (!kiosk_is_over(kiosk, &why) && kiosk_deadline(kiosk) == UINT64_MAX))
			abort();
	}
	kiosk_free(kiosk);
	if (generations != 1)
		abort();
	return 0;
}
