/* A page of a list: as many entries as one Varlink message holds. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_PAGE_H
#define VDTGW_SUPERVISOR_INTERFACES_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Appends an entry, taken over, to a page whose entries are *size bytes so far, while it fits (the
 * first one always does). False: it does not, or there is no memory, in which case *page is NULL
 * afterwards. */
bool page_append(json_t **page, size_t *size, json_t *entry);

#endif
