/*
 * What the caller reads from the gateway itself: French, 40 columns, in capitals without accents,
 * which every terminal shows.
 */
#ifndef VDTGW_SESSION_TEXTS_H
#define VDTGW_SESSION_TEXTS_H

#include "common/uri.h"
#include "network/service_link.h"

enum {
	TEXTS_MAX = 512
}; /* bytes of any text here, its final zero included */

/* Shown while connecting takes longer than a moment. */
void texts_connecting(const struct uri *uri, char ret_text[TEXTS_MAX]);
/* A page: the home service could not be reached, and why. */
void texts_home_failed(const struct uri *uri, enum service_failure why, char ret_text[TEXTS_MAX]);
/* A line for row 0, in 40 columns: why a service could not be reached, or was lost. */
void texts_service_failed(enum service_failure why, char ret_text[TEXTS_MAX]);
/* A page for a caller who cannot be served at all. */
void texts_refused(const char *reason, char ret_text[TEXTS_MAX]);
/* Brings the terminal back to its usual character sets, whatever a remote service left. */
extern const char texts_sane_state[];
/* One line on row 0, the rest of the screen untouched. */
void texts_row0(const char *line, char ret_text[TEXTS_MAX]);
/* The same with a line that somebody wrote, in UTF-8: accents are left off, and what a terminal
 * has no character for is shown as "?". -EINVAL, and nothing written, where it is not 1 to 40
 * characters or holds a control character. */
int texts_message(const char *line, char ret_text[TEXTS_MAX]);

#endif
