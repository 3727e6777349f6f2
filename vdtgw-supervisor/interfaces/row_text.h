/* What people may write on row 0 of a caller's screen. Pure. */
#ifndef VDTGW_SUPERVISOR_INTERFACES_ROW_TEXT_H
#define VDTGW_SUPERVISOR_INTERFACES_ROW_TEXT_H

#include <stdbool.h>

enum {
	ROW_TEXT_COLUMNS = 40,
	ROW_TEXT_BYTES_MAX = 2 * ROW_TEXT_COLUMNS, /* of UTF-8 */
};

/* Whether text, in UTF-8, is 1 to ROW_TEXT_COLUMNS characters that a terminal shows, accents left
 * off: printable ASCII and letters with accents. */
bool row_text_is_valid(const char *text);

#endif
