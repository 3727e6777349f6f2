/* links: vdtgw-teletel */
/*
 * A caller who sends anything, at any time, and reads as slowly as the input says, and a gateway
 * that says anything. Each byte that is 80 or above is an event: time passes, output is taken, the
 * gateway has news; the others are input.
 */
#include "vdtgw-teletel/kiosk.h"

#include "tests/fuzz/fuzz.h"

static void fixed_time(struct tm *ret_time)
{
	*ret_time = (struct tm) { .tm_year = 126, .tm_mday = 20, .tm_mon = 10, .tm_wday = 5 };
}

static struct pages pages;
static struct directory *directory;
static struct kiosk_house house = {
	.pages = &pages,
	.has_channel = true,
	.local_time = fixed_time,
};

static void prepare(void)
{
	static const char text[] = "{\"servers\":[{\"name\":\"A\",\"address\":\"ws://a\"},"
				   "{\"name\":\"B\",\"alias\":\"A\"}]}";
	char error[512];

	if (pages_load(&pages, "share/pages", error, sizeof(error)) < 0 ||
	    directory_parse(&directory, "fuzz", text, sizeof(text) - 1, error, sizeof(error)) < 0)
		abort();
	house.directory = directory;
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
	const char *why;

	if (directory == NULL)
		prepare();
	if (kiosk_new(&kiosk, &house, &facts, KIOSK_ADMITTED, now) < 0)
		abort();
	for (size_t i = 0; i < size; i++) {
		size_t length;

		if (data[i] >= 0x80)
			happen(kiosk, data[i], &now);
		else
			(void)kiosk_receive(kiosk, now, &data[i], 1);
		(void)kiosk_output(kiosk, &length);
		if (length > KIOSK_OUTPUT_MAX ||
		    (!kiosk_is_over(kiosk, &why) && kiosk_deadline(kiosk) == UINT64_MAX))
			abort();
	}
	kiosk_free(kiosk);
	return 0;
}
