/*
 * Prices and costs as integers: francs have no place for a float's rounding.
 */
#include "vdtgw-teletel/cost.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int cost_parse_price(uint32_t *ret_price, const char *text)
{
	uint32_t unit = COST_UNITS_A_FRANC;
	uint64_t price = 0;
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 4)
		return -EINVAL;
	for (; digits > 0; digits--)
		price = price * 10 + (uint64_t)(*text++ - '0') * COST_UNITS_A_FRANC;
	if (*text == '.' || *text == ',') {
		digits = strspn(++text, "0123456789");
		if (digits == 0 || digits > 4)
			return -EINVAL;
		for (; digits > 0; digits--) {
			unit /= 10;
			price += (uint64_t)(*text++ - '0') * unit;
		}
	}
	text += strspn(text, " ");
	if (*text != '\0' && *text != 'F')
		return -EINVAL;
	*ret_price = (uint32_t)price;
	return 0;
}

uint64_t cost_of(uint32_t price, uint64_t seconds)
{
	return price * (seconds < COST_SECONDS_MAX ? seconds : COST_SECONDS_MAX);
}

void cost_format(uint64_t cost, char ret_text[COST_TEXT_MAX])
{
	uint64_t centimes = cost / (60 * COST_UNITS_A_FRANC / 100);

	snprintf(ret_text, COST_TEXT_MAX, "%" PRIu64 ",%02" PRIu64 " F", centimes / 100,
		 centimes % 100);
}
