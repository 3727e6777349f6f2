/* Events as lines: for people (watch, history) and for spreadsheets (history --csv). */
#ifndef VDTGWCTL_EVENT_TEXT_H
#define VDTGWCTL_EVENT_TEXT_H

#include "common/answer.h"

#include <stdio.h>

/* The name of the index-th kind; NULL behind the last one. */
const char *event_text_kind(size_t index);

/* One line: time (with the day or without), kind, who, what. Safe to show. */
void event_text_write(const json_t *event, bool with_day, bool colour, FILE *out,
		      struct answer_fault *fault);

extern const char event_text_csv_head[];
/* One line of TIME,EVENT,FROM,TO,INFO as RFC 4180 has it, ended by a line feed. What a spreadsheet
 * would take for a formula begins with an apostrophe. */
void event_text_write_csv(const json_t *event, FILE *out, struct answer_fault *fault);

#endif
