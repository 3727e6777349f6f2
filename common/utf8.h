/* Text of files (pages, directory) and of people, character by character (RFC 3629). */
#ifndef VDTGW_COMMON_UTF8_H
#define VDTGW_COMMON_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Takes the next character off the text: *text and *length move past it. Returns the code point,
 * or -1 for a byte that is not UTF-8 (one byte is then taken). length must not be 0. */
int32_t utf8_next(const char **text, size_t *length);
/* Writes the UTF-8 of a code point; returns its length. */
size_t utf8_put(uint32_t code_point, char ret_bytes[4]);
/* The capital of an ASCII or Latin-1 letter, other code points unchanged. */
uint32_t utf8_capital(uint32_t code_point);
/* The ASCII letter under a Latin-1 letter's accent, other code points unchanged. */
uint32_t utf8_plain(uint32_t code_point);

#endif
