/* The addresses of this machine's interfaces. */
#ifndef VDTGW_SUPERVISOR_BANS_OWN_ADDRESSES_H
#define VDTGW_SUPERVISOR_BANS_OWN_ADDRESSES_H

#include "common/address.h"

#include <stddef.h>

/* Fills in at most max of them; how many is *ret_count. Returns 0 or -errno. */
int own_addresses_read(struct address *ret_addresses, size_t max, size_t *ret_count);

#endif
