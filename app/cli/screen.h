/*
 * screen.h: a terminal's screen as cells: drawn anew each time, and told to the terminal as what has changed, in one piece.
 *
 * Texts are UTF-8 from anywhere: control characters, characters that turn the direction of writing, and what is no UTF-8 are shown as `?`; marks that combine
 * are left out; wide characters take two cells. A screen that is not unicode shows `?` for all but ASCII. Nothing that is put reaches beyond its columns.
 * What is painted is ECMA-48 as every terminal since the VT100 knows it: cursor position and SGR.
 * Memory: screen_resize takes it, screen_fini gives it back. Pure but for that; one thread.
 */
#ifndef WARDGATE_SCREEN_H
#define WARDGATE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

#define SCREEN_ROWS_MAX 300
#define SCREEN_COLS_MAX 500
#define SCREEN_CELL_MAX 40 /* bytes that a cell may take when it is painted */

/* name, with colours, without (SGR): what a colour says is said by a mark, or by the other column, as well. */
#define STYLE_LIST(X)           \
    X(PLAIN, "", "")            \
    X(FAINT, ";90", "")         \
    X(STRONG, ";1", ";1")       \
    X(HEAD, ";7", ";7")         \
    X(TITLE, ";1;36", ";1")     \
    X(HIGH, ";1;97;41", ";1;7") \
    X(MEDIUM, ";30;43", ";1;4") \
    X(LOW, ";30;46", ";4")      \
    X(GOOD, ";32", "")          \
    X(BAD, ";1;31", ";1")       \
    X(CHOSEN, ";7", ";7")

enum style {
#define STYLE_ENUM(name, coloured, plain) STYLE_##name,
    STYLE_LIST(STYLE_ENUM)
#undef STYLE_ENUM
        STYLE_COUNT
};

struct cell {
    uint32_t code; /* Unicode; 0: the right half of a wide character */
    uint8_t style;
};

struct screen {
    int rows, cols;
    bool unicode, coloured;
    bool is_unknown;            /* what the terminal shows: all is painted */
    struct cell *cells, *shown; /* rows * cols of each */
};

/* Blank, of at most SCREEN_ROWS_MAX and SCREEN_COLS_MAX and at least 1 each; what is shown is unknown. */
enum status screen_resize(struct screen *screen, int rows, int cols) MUST_CHECK;
void screen_fini(struct screen *screen);

void screen_clear(struct screen *screen);

/* Writes text into the columns from `col` up to, not including, `end`; returns the column behind it. Rows and columns outside of the screen are passed over. */
int screen_put(struct screen *screen, int row, int col, int end, enum style style, const char *text);
int PRINTF_LIKE(6, 7)
    screen_print(struct screen *screen, int row, int col, int end, enum style style, const char *format, ...);
/* The same, ending before `end`: what does not fit is cut off at its right. */
void screen_put_right(struct screen *screen, int row, int col, int end, enum style style, const char *text);
void screen_fill(struct screen *screen, int row, int col, int end, enum style style, uint32_t code);
void screen_style(struct screen *screen, int row, int col, int end, enum style style); /* of what stands there */

int screen_text_width(const struct screen *screen, const char *text);

/* What turns the terminal's screen from what was painted last into this one, and takes it for shown. size: at least screen_paint_max. */
size_t screen_paint_max(const struct screen *screen);
size_t screen_paint(struct screen *screen, char *out, size_t size);

#endif
