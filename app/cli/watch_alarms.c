/* The list of alarms of all beds, the most urgent ones first. */
#include <stdio.h>

#include "app/cli/watch_text.h"
#include "app/cli/watch_view.h"

#define AGE_WIDTH  5
#define BED_WIDTH  12
#define NAME_LEAST 18
#define NAME_MOST  30
#define ID_ROOM    96 /* columns from which the id that `acknowledge` asks for is shown */

struct places {
    int mark, bed, name, text, id, age, end;
};

static struct places places_in(struct rect rect)
{
    const int width = rect.right - rect.left;
    struct places p = {.mark = rect.left + 1, .end = rect.right};
    p.bed = p.mark + 4;
    p.name = p.bed + (width < 60 ? 9 : BED_WIDTH + 1);
    p.age = rect.right - AGE_WIDTH;
    p.id = width >= ID_ROOM ? p.age - 23 : p.age;
    const int rest = p.id - p.name;
    const int name = rest / 2 < NAME_LEAST ? NAME_LEAST : rest / 2 > NAME_MOST ? NAME_MOST : rest / 2;
    p.text = rest > NAME_LEAST + 12 ? p.name + name + 1 : p.id;
    return p;
}

static void draw_alarm(const struct watch_shown *shown, struct screen *screen, const struct places *p,
                       const struct watch_alarm *alarm, int row)
{
    char age[WATCH_SHORT_MAX];
    const char *done = alarm->is_latched ? "latched" : alarm->inactivation;
    (void)screen_print(screen, row, p->mark, p->bed, watch_priority_style(alarm->priority), "%-3s",
                       watch_mark(alarm->priority));
    (void)screen_put(screen, row, p->bed, p->name - 1, STYLE_STRONG, shown->ward->beds[alarm->bed].id);
    const enum style style = alarm->inactivation[0] == '\0' ? STYLE_STRONG : STYLE_PLAIN;
    (void)screen_put(screen, row, p->name, p->text - 1, style, alarm->name);
    int col = p->text;
    if (done[0] != '\0') {
        col = screen_print(screen, row, col, p->id - 1, STYLE_FAINT, "(%s) ", done);
    }
    (void)screen_put(screen, row, col, p->id - 1, STYLE_PLAIN, alarm->text);
    if (p->id < p->age) {
        (void)screen_print(screen, row, p->id, p->age, STYLE_FAINT, "%.16s %4u", alarm->id, (unsigned)alarm->rev);
    }
    watch_age_text(alarm->age_ms + shown->since_ms, age);
    screen_put_right(screen, row, p->age + 1, p->end, STYLE_FAINT, age);
}

void watch_draw_alarms(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                       struct rect rect, int first, int cursor)
{
    const struct places p = places_in(rect);
    (void)screen_put(screen, rect.top, p.bed, p.name, STYLE_FAINT, "bed");
    (void)screen_put(screen, rect.top, p.name, p.text, STYLE_FAINT, "alarm");
    (void)screen_put(screen, rect.top, p.text, p.id, STYLE_FAINT, "what it says");
    (void)screen_put(screen, rect.top, p.id, p.age, STYLE_FAINT, p.id < p.age ? "alarm_id          rev" : "");
    screen_put_right(screen, rect.top, p.age, p.end, STYLE_FAINT, "on");
    for (int i = first; i < lists->counts[WATCH_ALARMS] && rect.top + 1 + i - first < rect.bottom; i++) {
        const int row = rect.top + 1 + i - first;
        draw_alarm(shown, screen, &p, &shown->ward->alarms[lists->alarms[i]], row);
        if (i == cursor) {
            (void)screen_put(screen, row, rect.left, rect.right, STYLE_CHOSEN, ">");
        }
    }
    if (lists->counts[WATCH_ALARMS] == 0) {
        (void)screen_put(screen, rect.top + 1, rect.left + 1, rect.right, STYLE_PLAIN,
                         shown->state->filter[0] != '\0' ? "no alarm like that" : "no alarms");
    }
}
