/*
 * glyph.h: characters as a terminal shows them.
 *
 * A character is harmless here: what would move the cursor, turn the direction of writing, or is no UTF-8 is `?` (SAFE_GLYPH). Widths are those of
 * Unicode 15's East Asian Width (W and F are 2) and of combining marks (0), by blocks: a terminal may think otherwise of a rare one.
 * Pure; any thread.
 */
#ifndef WARDGATE_GLYPH_H
#define WARDGATE_GLYPH_H

#include <stddef.h>
#include <stdint.h>

#define GLYPH_BYTES_MAX 4
#define SAFE_GLYPH      ((uint32_t)'?')

/* The character at *at, moving on; 0 at the end of the text. */
uint32_t glyph_take(const char **at);

int glyph_width(uint32_t code); /* 0, 1 or 2 cells */

#endif
