/* One bed: who, alarms, each vital with its limits, scores, pauses, monitors; and the page of help. Both scroll by lines. */
#include <stdio.h>
#include <string.h>

#include "app/cli/watch_text.h"
#include "app/cli/watch_view.h"
#include "app/engine/entry.h"

#define INDENT 3

/* Lines that go on below what the screen shows, and begin above it. */
struct pager {
    struct screen *screen;
    struct rect rect;
    int line; /* the next one, from 0 */
    int first;
};

/* Where the line stands; -1, where nothing is drawn, for one that is not seen. */
static int row_of(const struct pager *p, int line)
{
    const int row = p->rect.top + line - p->first;
    return row >= p->rect.top && row < p->rect.bottom ? row : -1;
}

static int next_row(struct pager *p)
{
    return row_of(p, p->line++);
}

static void draw_section(struct pager *p, const char *title)
{
    p->line++;
    (void)screen_put(p->screen, next_row(p), 1, p->rect.right, STYLE_TITLE, title);
}

static const struct watch_bed *find_bed(const struct watch_ward *w, const char *id)
{
    for (unsigned b = 0; b < w->bed_count; b++) {
        if (strcmp(w->beds[b].id, id) == 0) {
            return &w->beds[b];
        }
    }
    return NULL;
}

static void draw_who(struct pager *p, const struct watch_shown *shown, const struct watch_bed *bed)
{
    char span[WATCH_SHORT_MAX];
    const int row = next_row(p);
    int col = screen_print(p->screen, row, 1, p->rect.right, STYLE_STRONG, "%s", bed->id);
    col = screen_print(p->screen, row, col, p->rect.right, STYLE_PLAIN, "  %s, ", bed->class);
    if (bed->state == WARD_not_monitored) {
        col = screen_put(p->screen, row, col, p->rect.right, STYLE_BAD, "NOT MONITORED");
    } else {
        col = screen_put(p->screen, row, col, p->rect.right, STYLE_PLAIN, ward_state_word((enum ward_state)bed->state));
    }
    if (bed->stay_age_ms > 0) {
        watch_span_text((bed->stay_age_ms + shown->since_ms) / 1000, span);
        col = screen_print(p->screen, row, col, p->rect.right, STYLE_PLAIN, ", stay of %s", span);
    }
    if (bed->away_left_ms > 0) {
        watch_span_text(bed->away_left_ms / 1000, span);
        (void)screen_print(p->screen, row, col, p->rect.right, STYLE_PLAIN, ", back in %s", span);
    }
}

static void draw_alarms(struct pager *p, const struct watch_shown *shown, const struct watch_bed *bed)
{
    draw_section(p, "Alarms");
    for (unsigned i = 0; i < bed->alarms_told; i++) {
        const struct watch_alarm *alarm = &shown->ward->alarms[bed->alarm_first + i];
        char age[WATCH_SHORT_MAX];
        const char *done = alarm->is_latched ? "latched" : alarm->inactivation;
        const int row = next_row(p);
        watch_age_text(alarm->age_ms + shown->since_ms, age);
        (void)screen_print(p->screen, row, INDENT, p->rect.right, watch_priority_style(alarm->priority), "%-3s",
                           watch_mark(alarm->priority));
        int col = screen_print(p->screen, row, INDENT + 4, p->rect.right, STYLE_STRONG, "%s", alarm->name);
        col = screen_print(p->screen, row, col + 1, p->rect.right, STYLE_PLAIN, "for %s%s%s%s", age,
                           done[0] != '\0' ? " (" : "", done, done[0] != '\0' ? ")" : "");
        (void)screen_print(p->screen, row, col + 2, p->rect.right, STYLE_FAINT, "alarm_id=%s rev=%u", alarm->id,
                           (unsigned)alarm->rev);
        if (alarm->text[0] != '\0') {
            (void)screen_put(p->screen, next_row(p), INDENT + 4, p->rect.right, STYLE_PLAIN, alarm->text);
        }
    }
    if (bed->alarm_count > bed->alarms_told) {
        (void)screen_print(p->screen, next_row(p), INDENT, p->rect.right, STYLE_PLAIN, "and %u more",
                           (unsigned)bed->alarm_count - bed->alarms_told);
    } else if (bed->alarm_count == 0) {
        (void)screen_put(p->screen, next_row(p), INDENT, p->rect.right, STYLE_PLAIN, "none");
    }
}

/* "spo2_low 90 !!, ...", on as many lines as it takes. */
static void draw_limits(struct pager *p, const struct watch_ward *w, const struct watch_vital *v, int line, int indent)
{
    const int places = vital_info((enum vital)v->vital)->places;
    int col = indent;
    for (unsigned i = 0; i < w->limit_count; i++) {
        const struct watch_limit *limit = &w->limits[i];
        char text[160], value[WATCH_SHORT_MAX];
        if (limit->vital != v->vital) {
            continue;
        }
        const bool is_limit = strcmp(limit->parameter, "limit") == 0;
        watch_milli_text(limit->value_milli, limit->value_milli % 1000 != 0 ? 3 : is_limit ? places : 0, value);
        (void)snprintf(text, sizeof text, "%s%s%s %s %s", limit->rule, is_limit ? "" : ".",
                       is_limit ? "" : limit->parameter, value, watch_mark(limit->priority));
        if (col > indent && col + screen_text_width(p->screen, text) > p->rect.right) {
            line++;
            col = indent;
        }
        col = screen_put(p->screen, row_of(p, line), col, p->rect.right, STYLE_PLAIN, text) + 2;
        col = row_of(p, line) < 0 ? col + screen_text_width(p->screen, text) : col;
    }
    p->line = line + (col > indent || indent > 2 * INDENT ? 1 : 0); /* below a value no line is left empty */
}

/* Of a coded value, where others have their limits: it has none. */
static void draw_word(struct pager *p, const struct watch_vital *v, int line, int indent)
{
    const char *word = entry_word((enum vital)v->vital, v->value_milli);
    (void)screen_put(p->screen, row_of(p, line), indent, p->rect.right, STYLE_STRONG, word != NULL ? word : "");
    p->line = line + 1;
}

static void draw_vital(struct pager *p, const struct watch_shown *shown, const struct watch_vital *v)
{
    const struct vital_info *info = vital_info((enum vital)v->vital);
    const bool is_narrow = p->rect.right < 60, is_short = p->rect.right < 110;
    const bool is_live = watch_is_live(v, shown->since_ms);
    const int line = p->line, row = row_of(p, line), value_end = INDENT + (is_short ? 22 : 40);
    char text[WATCH_SHORT_MAX];
    (void)screen_put(p->screen, row, INDENT, value_end - 8, STYLE_PLAIN, is_short ? info->name : info->title);
    if (is_live) {
        watch_milli_text(v->value_milli, info->places, text);
        screen_put_right(p->screen, row, value_end - 8, value_end, STYLE_STRONG, text);
        (void)screen_put(p->screen, row, value_end + 1, value_end + 7, STYLE_PLAIN,
                         watch_unit_text((enum vital)v->vital, p->screen->unicode));
        watch_age_text(v->age_ms < 0 ? v->age_ms : v->age_ms + shown->since_ms, text);
        screen_put_right(p->screen, row, value_end + 7, value_end + 12, STYLE_FAINT, text);
    } else {
        (void)screen_put(p->screen, row, value_end - 7, value_end + 12, STYLE_FAINT,
                         v->is_valid ? "expired" : v->invalid);
    }
    if (is_live && entry_words((enum vital)v->vital)[0] != '\0') {
        draw_word(p, v, is_narrow ? line + 1 : line, is_narrow ? INDENT + 2 : value_end + 14);
        return;
    }
    draw_limits(p, shown->ward, v, is_narrow ? line + 1 : line, is_narrow ? INDENT + 2 : value_end + 14);
}

static void draw_scores(struct pager *p, const struct watch_ward *w)
{
    for (unsigned i = 0; i < w->score_count; i++) {
        const struct watch_score *score = &w->scores[i];
        char total[WATCH_SHORT_MAX];
        const int row = next_row(p);
        watch_milli_text(score->total_milli, score->total_milli % 1000 != 0 ? 2 : 0, total);
        int col = screen_print(p->screen, row, INDENT, p->rect.right, STYLE_PLAIN, "%-21s", score->name);
        col = screen_print(p->screen, row, col, p->rect.right, STYLE_STRONG, " %s%s",
                           score->is_complete ? ""
                           : score->has_total ? "at least "
                                              : "",
                           score->has_total ? total : "-");
        col = screen_print(p->screen, row, col, p->rect.right, STYLE_PLAIN, "  %s", score->band);
        if (score->missing[0] != '\0') {
            (void)screen_print(p->screen, row, col, p->rect.right, STYLE_FAINT, "  missing: %s", score->missing);
        }
    }
}

static void draw_pauses(struct pager *p, const struct watch_shown *shown)
{
    const struct watch_ward *w = shown->ward;
    for (unsigned i = 0; i < w->pause_count; i++) {
        char span[WATCH_SHORT_MAX];
        const int64_t left_ms = w->pauses[i].left_ms - shown->since_ms;
        watch_span_text(left_ms > 0 ? left_ms / 1000 : 0, span);
        (void)screen_print(p->screen, next_row(p), INDENT, p->rect.right, STYLE_MEDIUM, "%s of %s, %s left",
                           w->pauses[i].what, w->pauses[i].rule[0] != '\0' ? w->pauses[i].rule : "the whole bed", span);
    }
}

static void draw_monitors(struct pager *p, const struct watch_ward *w, const char *bed)
{
    for (unsigned b = 0; b < w->bus_count; b++) {
        for (unsigned i = 0; i < w->buses[b].monitors_told; i++) {
            const struct watch_monitor *m = &w->monitors[w->buses[b].monitor_first + i];
            if (strcmp(m->bed, bed) != 0) {
                continue;
            }
            const int row = next_row(p);
            int col = screen_print(p->screen, row, INDENT, p->rect.right, STYLE_PLAIN, "%s on %s%s%s", m->profile,
                                   w->buses[b].name, m->place[0] != '\0' ? " at " : "", m->place);
            col = screen_print(p->screen, row, col, p->rect.right, m->is_answering ? STYLE_PLAIN : STYLE_BAD, ", %s",
                               m->is_answering ? "answers" : "SILENT");
            if (m->is_answering && m->answer_us > 0) {
                (void)screen_print(p->screen, row, col, p->rect.right, STYLE_FAINT, " in %u ms",
                                   (unsigned)(m->answer_us + 500) / 1000);
            }
            if (m->failures[0] != '\0') {
                (void)screen_print(p->screen, next_row(p), INDENT + 2, p->rect.right, STYLE_FAINT, "so far: %s",
                                   m->failures);
            }
        }
    }
}

int watch_draw_detail(const struct watch_shown *shown, struct screen *screen, struct rect rect, int first)
{
    const struct watch_ward *w = shown->ward;
    const struct watch_bed *bed = find_bed(w, shown->state->bed);
    struct pager p = {.screen = screen, .rect = rect, .first = first};
    if (bed == NULL) {
        (void)screen_print(screen, next_row(&p), 1, rect.right, STYLE_PLAIN, "%s is no bed of this gateway any more",
                           shown->state->bed);
        return p.line;
    }
    draw_who(&p, shown, bed);
    draw_alarms(&p, shown, bed);
    draw_section(&p, "Vitals: value, unit, age, limits in force");
    for (unsigned i = 0; i < bed->vital_count; i++) {
        draw_vital(&p, shown, &w->vitals[bed->vital_first + i]);
    }
    if (w->score_count > 0) {
        draw_section(&p, "Scores");
        draw_scores(&p, w);
    }
    if (w->pause_count > 0) {
        draw_section(&p, "Pauses");
        draw_pauses(&p, shown);
    }
    draw_section(&p, "Monitors");
    draw_monitors(&p, w, bed->id);
    return p.line;
}

int watch_draw_help(const struct watch_shown *shown, struct screen *screen, struct rect rect, int first)
{
    (void)shown;
    static const char *const lines[] = {
        "q               quit",
        "s               sort beds and lines by severity, or by name",
        "Tab             the next list: b beds, a alarms, l lines",
        "arrows PgUp Dn  go through the list; Home and End",
        "Enter           the bed at the cursor in detail; Esc goes back",
        "/               show only what has these letters in it; Esc shows all",
        "p               pause: the screen stands still, and says so",
        "",
        "!!! high, !! medium, ! low priority; (ack) acknowledged; +2 more at this bed",
        "72p  is the pulse, where there is no heart rate",
        "3+   is a score of at least 3: some of its parts are missing",
        "age  of the newest value that comes by itself. Values of 30 s ago are not shown",
        "",
        "Instead of a value:",
        "-   nothing yet     off   sensor off    impl  implausible      old   too old",
        "--  absent          n/a   no answer     jump spik  no belief   frzn  frozen",
        "demo stby  demo, standby                who?  another monitor or patient",
        "",
        "Secondary information: do not rely on it for alarms. It changes nothing; to",
        "acknowledge: wardgate command BED acknowledge alarm_id=ID rev=N"};
    struct pager p = {.screen = screen, .rect = rect, .first = first};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        (void)screen_put(screen, next_row(&p), 1, rect.right, STYLE_PLAIN, lines[i]);
    }
    return p.line;
}
