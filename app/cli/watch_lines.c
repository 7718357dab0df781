/* The list of lines and connections: load, what is wrong, and below each the monitors that are silent or have failed, by name of the failure. */
#include <stdio.h>
#include <string.h>

#include "app/cli/watch_text.h"
#include "app/cli/watch_view.h"

#define BAR_MOST 10

/* "[####      ] 41 %" */
static int draw_load(struct screen *screen, int row, int col, int end, const struct watch_bus *bus)
{
    if (bus->planned_permille == 0) {
        return screen_print(screen, row, col, end, STYLE_PLAIN, "%s", bus->state);
    }
    const bool is_over = bus->planned_permille > 1000;
    const unsigned busy = bus->busy_permille > 1000 ? 1000 : bus->busy_permille;
    if (end - col > 50) {
        const int full = (int)(busy * BAR_MOST + 500) / 1000;
        col = screen_put(screen, row, col, end, STYLE_PLAIN, "[");
        screen_fill(screen, row, col, col + full, is_over ? STYLE_BAD : STYLE_GOOD, '#');
        col = screen_put(screen, row, col + BAR_MOST, end, STYLE_PLAIN, "] ");
    }
    col = screen_print(screen, row, col, end, STYLE_PLAIN, "%u %% busy", busy / 10);
    return is_over ? screen_print(screen, row, col, end, STYLE_BAD, ", OVERBOOKED %u %%", bus->planned_permille / 10)
                   : col;
}

static int draw_count(struct screen *screen, int row, int col, int end, const char *what, uint32_t count)
{
    return count > 0 ? screen_print(screen, row, col, end, STYLE_PLAIN, ", %s %u", what, (unsigned)count) : col;
}

/* Of the longest name, within what can be spared. */
static int name_width(const struct watch_ward *w, const struct screen *screen, struct rect rect)
{
    const int most = (rect.right - rect.left) / 3;
    int width = 6;
    for (unsigned b = 0; b < w->bus_count; b++) {
        const int length = screen_text_width(screen, w->buses[b].name);
        width = length > width ? length : width;
    }
    return width > most ? most : width;
}

static void draw_bus(struct screen *screen, struct rect rect, int row, int name_end, const struct watch_bus *bus)
{
    const bool is_good = bus->fault[0] == '\0' && bus->answering_count == bus->monitor_count;
    const int width = rect.right - rect.left;
    (void)screen_put(screen, row, rect.left + 1, name_end, STYLE_STRONG, bus->name);
    int col = screen_print(screen, row, name_end + 2, rect.right, is_good ? STYLE_PLAIN : STYLE_BAD, "%s%u/%u answer  ",
                           is_good ? "" : "! ", bus->answering_count, bus->monitor_count);
    if (bus->fault[0] != '\0') {
        col = screen_put(screen, row, col, rect.right, STYLE_BAD, bus->fault);
        if (bus->speaks[0] != '\0') {
            col = screen_print(screen, row, col, rect.right, STYLE_BAD, " (%s)", bus->speaks);
        }
    } else {
        col = draw_load(screen, row, col, rect.right, bus);
    }
    if (width >= 90) {
        col = screen_print(screen, row, col, rect.right, STYLE_FAINT, "  %s %s", bus->kind, bus->where);
    }
    col = draw_count(screen, row, col, rect.right, "missed", bus->missed);
    col = draw_count(screen, row, col, rect.right, "unasked", bus->unasked);
    col = draw_count(screen, row, col, rect.right, "foreign", bus->foreign);
    col = draw_count(screen, row, col, rect.right, "refused", bus->refused);
    col = draw_count(screen, row, col, rect.right, "repeated", bus->repeated);
    (void)draw_count(screen, row, col, rect.right, "hung up", bus->hang_ups);
}

static void draw_monitor(struct screen *screen, struct rect rect, int row, const struct watch_monitor *monitor)
{
    int col = screen_print(screen, row, rect.left + 3, rect.right, STYLE_PLAIN, "%s", monitor->bed);
    if (monitor->place[0] != '\0') {
        col = screen_print(screen, row, col, rect.right, STYLE_FAINT, " at %s", monitor->place);
    }
    if (rect.right - rect.left >= 100) {
        col = screen_print(screen, row, col, rect.right, STYLE_FAINT, " (%s)", monitor->profile);
    }
    if (!monitor->is_answering) {
        col = screen_put(screen, row, col, rect.right, STYLE_BAD, " SILENT");
    } else if (monitor->is_outdated) {
        col = screen_put(screen, row, col, rect.right, STYLE_BAD, " values not current: check clocks");
    }
    if (monitor->fault[0] != '\0') {
        col = screen_print(screen, row, col, rect.right, STYLE_BAD, " %s", monitor->fault);
    }
    if (monitor->failures[0] != '\0') {
        col = screen_print(screen, row, col, rect.right, STYLE_FAINT, "  so far: %s", monitor->failures);
    }
    if (monitor->missed > 0) {
        (void)screen_print(screen, row, col, rect.right, STYLE_FAINT, ", missed %u", (unsigned)monitor->missed);
    }
}

void watch_draw_lines(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                      struct rect rect, int first, int cursor)
{
    const int name_end = rect.left + 1 + name_width(shown->ward, screen, rect);
    (void)screen_put(screen, rect.top, rect.left + 1, rect.right, STYLE_FAINT,
                     "line, its load or what is wrong; monitors with failures");
    for (int i = first; i < lists->counts[WATCH_LINES] && rect.top + 1 + i - first < rect.bottom; i++) {
        const struct watch_line *line = &lists->lines[i];
        const int row = rect.top + 1 + i - first;
        if (line->monitor < 0) {
            draw_bus(screen, rect, row, name_end, &shown->ward->buses[line->bus]);
        } else {
            draw_monitor(screen, rect, row, &shown->ward->monitors[line->monitor]);
        }
        if (i == cursor) {
            (void)screen_put(screen, row, rect.left, rect.right, STYLE_CHOSEN, ">");
        }
    }
}
