#include "app/cli/watch_view.h"

#include <stdio.h>
#include <string.h>

#include "app/cli/watch_text.h"

#define NARROW      60 /* below: no words but the most needed */
#define SMALL_ROWS  4
#define SMALL_COLS  20
#define LIST_HEAD   2 /* title and names of columns */
#define LOWER_LEAST 6

static const struct {
    const char *name;
    void (*draw)(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                 struct rect rect, int first, int cursor);
} LISTS[WATCH_LISTS] = {[WATCH_BEDS] = {"Beds", watch_draw_beds},
                        [WATCH_ALARMS] = {"Alarms", watch_draw_alarms},
                        [WATCH_LINES] = {"Lines", watch_draw_lines}};

static int title_of(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                    struct rect rect, enum watch_list list)
{
    const bool is_active = shown->state->list == list;
    return screen_print(screen, rect.top, rect.left, rect.right, is_active ? STYLE_CHOSEN : STYLE_TITLE, " %s %d ",
                        LISTS[list].name, lists->counts[list]);
}

/* The cursor stays in the middle where there is more above and below. */
static int first_of(int cursor, int count, int height)
{
    const int last = count > height ? count - height : 0;
    const int first = cursor - height / 2;
    return first < 0 ? 0 : first > last ? last : first;
}

static void draw_list(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                      struct rect rect, enum watch_list list)
{
    const int height = rect.bottom - rect.top - LIST_HEAD;
    const int cursor = watch_cursor(shown->ward, shown->state, lists, list);
    const int first = first_of(cursor, lists->counts[list], height);
    const int hidden = lists->counts[list] - first - height;
    LISTS[list].draw(shown, lists, screen, (struct rect){rect.top + 1, rect.left, rect.bottom, rect.right}, first,
                     shown->state->list == list ? cursor : -1);
    if (first > 0 || hidden > 0) {
        char more[48];
        (void)snprintf(more, sizeof more, " %d above, %d below", first, hidden > 0 ? hidden : 0);
        screen_put_right(screen, rect.top, rect.right - 26, rect.right, STYLE_FAINT, more);
    }
}

/* The titles of all lists in one line, as far as there is room, and the chosen one below. */
static void draw_one_list(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                          struct rect rect)
{
    const struct watch_state *state = shown->state;
    int col = rect.left;
    for (int list = 0; list < WATCH_LISTS; list++) {
        if (screen->cols < NARROW && list != (int)state->list) {
            continue;
        }
        col = title_of(shown, lists, screen, (struct rect){rect.top, col, rect.bottom, rect.right},
                       (enum watch_list)list);
        col++;
    }
    if (screen->cols >= NARROW) {
        (void)screen_put(screen, rect.top, col, rect.right, STYLE_FAINT, state->is_by_name ? "by name" : "by severity");
    }
    draw_list(shown, lists, screen, rect, state->list);
}

static void draw_titled(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                        struct rect rect, enum watch_list list)
{
    const int col = title_of(shown, lists, screen, rect, list);
    if (list == WATCH_BEDS) {
        (void)screen_put(screen, rect.top, col + 1, rect.right, STYLE_FAINT,
                         shown->state->is_by_name ? "by name" : "by severity");
    }
    draw_list(shown, lists, screen, rect, list);
}

static int between(int least, int value, int most)
{
    return value < least ? least : value > most ? most : value;
}

/* Beds above; below them alarms and lines, side by side where there is room for both. */
static void draw_all_lists(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                           struct rect rect)
{
    const int height = rect.bottom - rect.top;
    const int alarms = lists->counts[WATCH_ALARMS] + LIST_HEAD + 1, lines = lists->counts[WATCH_LINES] + LIST_HEAD + 1;
    const int beds = lists->counts[WATCH_BEDS] + LIST_HEAD + 1;
    struct rect above = rect, left = rect, right = rect;
    if (screen->cols >= WATCH_WIDE) {
        const int needed = alarms > lines ? alarms : lines;
        const int lower = between(LOWER_LEAST, height - beds > needed ? height - beds : needed, height / 2);
        above.bottom = left.top = right.top = rect.bottom - lower;
        left.right = (rect.left + rect.right) / 2 - 1;
        right.left = left.right + 2;
    } else {
        const int of_lines = between(LOWER_LEAST, lines, height / 4),
                  of_alarms = between(LOWER_LEAST, alarms, height / 4);
        right.top = left.bottom = rect.bottom - of_lines;
        left.top = above.bottom = left.bottom - of_alarms;
    }
    draw_titled(shown, lists, screen, above, WATCH_BEDS);
    draw_titled(shown, lists, screen, left, WATCH_ALARMS);
    draw_titled(shown, lists, screen, right, WATCH_LINES);
}

/* Twice: where nothing of it is seen, for how long it is, then where it belongs. */
static int draw_page(const struct watch_shown *shown, struct screen *screen, struct rect rect,
                     int (*draw)(const struct watch_shown *shown, struct screen *screen, struct rect rect, int first))
{
    const int rows = draw(shown, screen, (struct rect){-1, rect.left, -1, rect.right}, 0);
    const int most = rows > rect.bottom - rect.top ? rows - (rect.bottom - rect.top) : 0;
    (void)draw(shown, screen, rect, shown->state->scroll < most ? shown->state->scroll : most);
    return most;
}

static int draw_body(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                     struct rect rect)
{
    if (shown->state->in_help) {
        return draw_page(shown, screen, rect, watch_draw_help);
    }
    if (shown->has_ward && shown->state->in_detail) {
        return draw_page(shown, screen, rect, watch_draw_detail);
    }
    if (!shown->has_ward) {
        (void)screen_put(screen, rect.top + 1, 1, rect.right, STYLE_PLAIN, "Waiting for the gateway ...");
    } else if (screen->rows >= WATCH_TALL) {
        draw_all_lists(shown, lists, screen, rect);
    } else {
        draw_one_list(shown, lists, screen, rect);
    }
    return 0;
}

int watch_draw(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen)
{
    screen_clear(screen);
    if (screen->rows < SMALL_ROWS || screen->cols < SMALL_COLS) {
        (void)screen_put(screen, 0, 0, screen->cols, STYLE_PLAIN, "too small");
        return 0;
    }
    const int top = watch_draw_header(shown, screen);
    const int most = draw_body(shown, lists, screen, (struct rect){top, 0, screen->rows - 1, screen->cols});
    watch_draw_footer(shown, screen);
    return most;
}
