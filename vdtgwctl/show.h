/* The lines "label   value" that describe one thing. */
#ifndef VDTGWCTL_SHOW_H
#define VDTGWCTL_SHOW_H

#include "vdtgwctl/display.h"

/* What is printed becomes safe to show. */
void show_line(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One whole value in a style. */
void show_styled(const char *label, const char *value, enum display_style style, bool colour);

#endif
