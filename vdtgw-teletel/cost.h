/*
 * Virtual costs: what a minute of a service costs by the directory, what seconds of it come to.
 * Nobody pays them; they are part of how a Minitel felt. Pure.
 */
#ifndef VDTGW_TELETEL_COST_H
#define VDTGW_TELETEL_COST_H

#include <stddef.h>
#include <stdint.h>

enum {
	COST_UNITS_A_FRANC = 10000,  /* of a price */
	COST_PRICE_MAX = 99999999,   /* 9999.9999 F a minute */
	COST_TEXT_MAX = 32,          /* bytes, the final zero included */
	COST_SECONDS_MAX = 31536000, /* of a cost: longer times count as so many */
};

/* Reads "0.12", "0,12", "1 F" or "0,12 F/min": francs a minute, four decimals at most. Returns 0
 * or -EINVAL. */
int cost_parse_price(uint32_t *ret_price, const char *text);
/* In units of a 60th of a price's, so that sums of short times lose nothing. */
uint64_t cost_of(uint32_t price, uint64_t seconds);
/* "0,12 F", centimes that are not full left out. */
void cost_format(uint64_t cost, char ret_text[COST_TEXT_MAX]);

#endif
