#include "app/cli/screen.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/glyph.h"
#include "app/flow/json.h"

#define PAINT_ENDS 64 /* bytes beside the cells */

enum status screen_resize(struct screen *screen, int rows, int cols)
{
    rows = rows < 1 ? 1 : rows > SCREEN_ROWS_MAX ? SCREEN_ROWS_MAX : rows;
    cols = cols < 1 ? 1 : cols > SCREEN_COLS_MAX ? SCREEN_COLS_MAX : cols;
    const size_t count = (size_t)rows * (size_t)cols;
    struct cell *both = malloc(2 * count * sizeof *both);
    if (both == NULL) {
        return STATUS_NO_MEMORY;
    }
    free(screen->cells);
    screen->cells = both;
    screen->shown = both + count;
    screen->rows = rows;
    screen->cols = cols;
    screen->is_unknown = true;
    screen_clear(screen);
    return STATUS_OK;
}

void screen_fini(struct screen *screen)
{
    free(screen->cells);
    screen->cells = screen->shown = NULL;
}

static struct cell *cell_at(struct screen *screen, int row, int col)
{
    return &screen->cells[row * screen->cols + col];
}

void screen_clear(struct screen *screen)
{
    for (int row = 0; row < screen->rows; row++) {
        screen_fill(screen, row, 0, screen->cols, STYLE_PLAIN, ' ');
    }
}

/* True, and both are cut to the screen: there is something to write. */
static bool clip(const struct screen *screen, int row, int *col, int *end)
{
    *col = *col < 0 ? 0 : *col;
    *end = *end > screen->cols ? screen->cols : *end;
    return row >= 0 && row < screen->rows && *col < *end;
}

void screen_fill(struct screen *screen, int row, int col, int end, enum style style, uint32_t code)
{
    if (clip(screen, row, &col, &end)) {
        for (int c = col; c < end; c++) {
            *cell_at(screen, row, c) = (struct cell){.code = code, .style = (uint8_t)style};
        }
    }
}

void screen_style(struct screen *screen, int row, int col, int end, enum style style)
{
    if (clip(screen, row, &col, &end)) {
        for (int c = col; c < end; c++) {
            cell_at(screen, row, c)->style = (uint8_t)style;
        }
    }
}

/* The next character as this screen shows it, moving on; 0 at the end. *width: of 0 it is not shown. */
static uint32_t take_glyph(const struct screen *screen, const char **at, int *width)
{
    const uint32_t code = glyph_take(at);
    *width = glyph_width(code);
    if (code != 0 && !screen->unicode && code > 0x7E && *width > 0) {
        *width = 1;
        return '?';
    }
    return code;
}

int screen_put(struct screen *screen, int row, int col, int end, enum style style, const char *text)
{
    int width = 0;
    if (!clip(screen, row, &col, &end)) {
        return col;
    }
    for (uint32_t code = take_glyph(screen, &text, &width); code != 0 && col + width <= end;
         code = take_glyph(screen, &text, &width)) {
        if (width > 0) {
            *cell_at(screen, row, col) = (struct cell){.code = code, .style = (uint8_t)style};
        }
        if (width > 1) {
            *cell_at(screen, row, col + 1) = (struct cell){.code = 0, .style = (uint8_t)style};
        }
        col += width;
    }
    return col;
}

int screen_print(struct screen *screen, int row, int col, int end, enum style style, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return screen_put(screen, row, col, end, style, text);
}

int screen_text_width(const struct screen *screen, const char *text)
{
    int sum = 0;
    int width = 0;
    while (take_glyph(screen, &text, &width) != 0) {
        sum += width;
    }
    return sum;
}

void screen_put_right(struct screen *screen, int row, int col, int end, enum style style, const char *text)
{
    const int first = end - screen_text_width(screen, text);
    (void)screen_put(screen, row, first > col ? first : col, end, style, text);
}

/* ---- painting ---- */

struct paint {
    char *out;
    size_t length;
    int row, col; /* where the terminal writes next; -1: unknown */
    int style;    /* -1: unknown */
    bool coloured;
};

static void PRINTF_LIKE(2, 3) say(struct paint *paint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(paint->out + paint->length, SCREEN_CELL_MAX, format, arguments);
    va_end(arguments);
    assert(length > 0 && length < SCREEN_CELL_MAX);
    paint->length += (size_t)length;
}

static void say_style(struct paint *paint, int style)
{
    static const char *const coloured[] = {
#define STYLE_COLOURED(name, coloured, plain) coloured,
        STYLE_LIST(STYLE_COLOURED)
#undef STYLE_COLOURED
    };
    static const char *const plain[] = {
#define STYLE_UNCOLOURED(name, coloured, plain) plain,
        STYLE_LIST(STYLE_UNCOLOURED)
#undef STYLE_UNCOLOURED
    };
    if (style != paint->style) {
        say(paint, "\033[0%sm", paint->coloured ? coloured[style] : plain[style]);
        paint->style = style;
    }
}

static void paint_cell(struct paint *paint, int row, int col, const struct cell *cell)
{
    char bytes[GLYPH_BYTES_MAX + 1];
    if (row != paint->row || col != paint->col) {
        say(paint, "\033[%d;%dH", row + 1, col + 1);
    }
    say_style(paint, cell->style);
    bytes[json_utf8_write(cell->code, bytes)] = '\0';
    say(paint, "%s", bytes);
    paint->row = row;
    paint->col = col + glyph_width(cell->code);
}

static bool is_same(const struct cell *a, const struct cell *b)
{
    return a->code == b->code && a->style == b->style;
}

size_t screen_paint_max(const struct screen *screen)
{
    return (size_t)screen->rows * (size_t)screen->cols * SCREEN_CELL_MAX + PAINT_ENDS;
}

size_t screen_paint(struct screen *screen, char *out, size_t size)
{
    struct paint paint = {.out = out, .row = -1, .col = -1, .style = -1, .coloured = screen->coloured};
    const size_t count = (size_t)screen->rows * (size_t)screen->cols;
    assert(size >= screen_paint_max(screen));
    (void)size;
    if (screen->is_unknown) {
        say(&paint, "\033[0m\033[2J");
    }
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &screen->cells[i];
        const bool is_wide = i + 1 < count && cell[1].code == 0;
        const bool is_known = !screen->is_unknown && is_same(cell, &screen->shown[i]) &&
                              (!is_wide || is_same(&cell[1], &screen->shown[i + 1]));
        if (cell->code != 0 && !is_known) {
            paint_cell(&paint, (int)(i / (size_t)screen->cols), (int)(i % (size_t)screen->cols), cell);
        }
    }
    if (paint.style > STYLE_PLAIN) {
        say_style(&paint, STYLE_PLAIN);
    }
    memcpy(screen->shown, screen->cells, count * sizeof *screen->cells);
    screen->is_unknown = false;
    return paint.length;
}
