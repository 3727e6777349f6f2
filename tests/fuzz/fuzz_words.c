/* links: vdtgwctl */
/*
 * Any text as a time, a duration and a number: a refusal leaves the output alone; what is accepted
 * is within its bounds, and a time is the same when it is written and read again. Any number as
 * each of them: written within its room.
 */
#include "vdtgwctl/words.h"

#include "common/microseconds.h"

#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <time.h>

#define NOW       INT64_C(1790000000123456) /* µs: some day in 2026 */
#define UNTOUCHED INT64_C(-0x5555)
#define DAY       (86400 * US_PER_S)
#define YEAR      (366 * DAY)

static const char *const zones[] = { "UTC", "Europe/Paris", "Asia/Kathmandu", "Pacific/Apia" };

static void check_result(int result, int64_t value)
{
	require(result == 0 ? value >= 0 : (result == -EINVAL && value == UNTOUCHED));
}

static void check_time(const char *text)
{
	char written[WORDS_MAX];
	int64_t time = UNTOUCHED, again = UNTOUCHED;
	int result = words_parse_time(&time, text, NOW);

	check_result(result, time);
	words_clock(written, time);
	words_time(written, time);
	/* An hour that a change of the clock repeats is either of the two; a year of five digits is
	 * not read, nor is 1969, which the first hours of 1970 are in the west. */
	if (result == 0 && time > DAY && time < 8000 * YEAR) {
		require(words_parse_time(&again, written, NOW) == 0);
		require(llabs(time - time % US_PER_S - again) <= 3600 * US_PER_S);
	}
}

static void check_written(int64_t number)
{
	static const char *(*const writers[])(char ret_text[WORDS_MAX], int64_t number) = {
		words_duration, words_duration_exact, words_size,
		words_number,   words_time,           words_clock,
	};

	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		char text[WORDS_MAX];

		require(writers[i](text, number) == text);
		require(strlen(text) > 0 && strlen(text) < sizeof(text) - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	int64_t duration = UNTOUCHED, number = UNTOUCHED, bytes = 0;
	static size_t zone = SIZE_MAX;
	char *text;

	if (size == 0)
		return 0;
	if (zone != input[0] % (sizeof(zones) / sizeof(zones[0]))) {
		zone = input[0] % (sizeof(zones) / sizeof(zones[0]));
		(void)setenv("TZ", zones[zone], 1);
		tzset();
	}
	text = fuzz_text(input + 1, size - 1);
	check_time(text);
	check_result(words_parse_duration(&duration, text), duration);
	require(duration == UNTOUCHED || duration % US_PER_S == 0);
	check_result(words_parse_number(&number, text, 5, 500), number);
	require(number == UNTOUCHED || (number >= 5 && number <= 500));
	memcpy(&bytes, input, size < sizeof(bytes) ? size : sizeof(bytes));
	check_written(bytes);
	free(text);
	return 0;
}
