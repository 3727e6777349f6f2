/*
 * Text of unknown origin made safe for one line of a log or of a terminal's table. Valid UTF-8
 * (RFC 3629) is kept. Each byte of what would act on a terminal or on a reader's eye appears as
 * \xNN: control characters (C0, DEL, C1), the line and paragraph separators, the bidirectional
 * controls (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), the other characters that
 * nobody sees (U+200B to U+200D, U+2060 to U+206F, U+FEFF, U+FFF9 to U+FFFB, U+E0000 to U+E007F),
 * and bytes that are not UTF-8.
 */
#ifndef VDTGW_COMMON_PRINTABLE_H
#define VDTGW_COMMON_PRINTABLE_H

#include <stddef.h>

/* Writes length bytes of text into ret_text, of size bytes with its final zero. What does not fit
 * is cut between characters and marked "…" (where size leaves no room for the mark, just cut).
 * Returns the length written, without the final zero; 0 and nothing written where size is 0. */
size_t printable(char *ret_text, size_t size, const char *text, size_t length);

#endif
