/* links: vdtgw-teletel */
/* Prices as the directory writes them, costs as the caller reads them. */
#include "vdtgw-teletel/cost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_prices_are_read(void **state)
{
	static const struct {
		const char *text;
		uint32_t price; /* 1: refused */
	} cases[] = {
		{ "0.12", 1200 }, { "0,12", 1200 },
		{ "2", 20000 },   { "2.2345", 22345 },
		{ "0", 0 },       { "9999.9999", COST_PRICE_MAX },
		{ "1 F", 10000 }, { "0,37F/min", 3700 },
		{ "", 1 },        { "F", 1 },
		{ ".5", 1 },      { "1.", 1 },
		{ "1.23456", 1 }, { "10000", 1 },
		{ "-1", 1 },      { "1e3", 1 },
		{ "gratuit", 1 }, { "1 2", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t price = 1;

		if ((cost_parse_price(&price, cases[i].text) == 0) != (cases[i].price != 1) ||
		    price != cases[i].price)
			fail_msg("%s: %u", cases[i].text, (unsigned)price);
	}
}

static void test_costs_are_counted_by_the_second(void **state)
{
	static const struct {
		uint32_t price;
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 1200, 0, "0,00 F" },        { 1200, 4, "0,00 F" },
		{ 1200, 5, "0,01 F" },        { 1200, 60, "0,12 F" },
		{ 3700, 61, "0,37 F" },       { 3700, 3600, "22,20 F" },
		{ 0, 86400, "0,00 F" },       { COST_PRICE_MAX, 86400, "14399999,85 F" },
		{ 1, UINT64_MAX, "52,56 F" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[COST_TEXT_MAX];

		cost_format(cost_of(cases[i].price, cases[i].seconds), text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prices_are_read),
		cmocka_unit_test(test_costs_are_counted_by_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
