/*
 * Writes videotex (STUM: France Télécom, "Spécifications Techniques d'Utilisation du Minitel")
 * into a buffer of the caller's. What does not fit is left out whole, never cut inside a sequence,
 * and remembered as an overflow. Pure.
 */
#ifndef VDTGW_TELETEL_COMPOSER_H
#define VDTGW_TELETEL_COMPOSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCREEN_ROWS = 24, /* row 0 is the status line above them */
	SCREEN_COLUMNS = 40,
};

/* In the order of ESC 40–47 and ESC 50–57. */
enum color {
	COLOR_BLACK,
	COLOR_RED,
	COLOR_GREEN,
	COLOR_YELLOW,
	COLOR_BLUE,
	COLOR_MAGENTA,
	COLOR_CYAN,
	COLOR_WHITE,
	COLOR_COUNT,
};

/* In the order of ESC 4C–4F. Tall characters take the row above too. */
enum character_size {
	SIZE_NORMAL,
	SIZE_TALL,
	SIZE_WIDE,
	SIZE_BIG,
	SIZE_COUNT,
};

struct style {
	enum color color;
	enum color background; /* begins at the next space */
	enum character_size size;
	bool flash;
	bool underline; /* begins at the next space */
	bool inverse;
};

/* What a position (US) and a cleared page leave in force. */
extern const struct style style_default;

struct composer {
	uint8_t *bytes;
	size_t size;
	size_t length;
	bool overflowed;
};

void composer_init(struct composer *composer, uint8_t *bytes, size_t size);
void composer_bytes(struct composer *composer, const void *bytes, size_t length);
void composer_byte(struct composer *composer, uint8_t byte);
/* row 0–24, column 1–40. */
void composer_at(struct composer *composer, unsigned row, unsigned column);
/* The differences only. */
void composer_style(struct composer *composer, const struct style *from, const struct style *to);
/* One byte count times, by REP where that is shorter. */
void composer_repeat(struct composer *composer, uint8_t byte, size_t count);
/* UTF-8 text, at most `characters` characters of it: accents by SS2, capitals without theirs,
 * what the terminal cannot show as "?". Returns how many characters were written. */
size_t composer_text(struct composer *composer, const char *text, size_t characters);
/* The bytes of one character; 0 where the terminal has none. */
size_t composer_character(uint32_t code_point, uint8_t ret_bytes[3]);

#endif
