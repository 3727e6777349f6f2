/* The errors of org.vdtgw.Admin and of org.varlink.service in words. Pure. */
#ifndef VDTGWCTL_ERRORS_H
#define VDTGWCTL_ERRORS_H

#include <jansson.h>
#include <stddef.h>

/* Writes a sentence without its full stop, safe to show. Returns the exit status. */
int errors_describe(const char *error, const json_t *parameters, char *ret_words, size_t size);

#endif
