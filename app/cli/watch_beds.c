/* The list of beds: a row a bed, as many columns as there is room for, of what any bed has. */
#include <stdio.h>
#include <string.h>

#include "app/cli/watch_text.h"
#include "app/cli/watch_view.h"
#include "app/flow/payload.h"

#define ID_MOST      16
#define ALARM_LEAST  16
#define ALARM_WANTED 26 /* before another column of values is added */
#define AGE_WIDTH    5
#define SCORE_WIDTH  6
#define COLUMNS_MAX  24

/* In the order in which they are added while there is room. */
static const struct column {
    const char *title;
    int width;               /* with a space before it */
    enum vital vital, other; /* other: stands in for it, or is the lower of a pair */
    bool is_pair;
} COLUMNS[] = {{"HR", 5, VITAL_hr, VITAL_pulse, false},
               {"SpO2", 6, VITAL_spo2, VITAL_NONE, false},
               {"RR", 6, VITAL_resp, VITAL_NONE, false},
               {"NIBP", 9, VITAL_nibp_sys, VITAL_nibp_dia, true},
               {"Temp", 6, VITAL_temp, VITAL_temp_core, false},
               {"ABP", 9, VITAL_abp_sys, VITAL_abp_dia, true},
               {"PR", 6, VITAL_pulse, VITAL_NONE, false},
               {"etCO2", 6, VITAL_etco2, VITAL_NONE, false},
               {"O2", 6, VITAL_oxygen_flow, VITAL_NONE, false},
               {"FiO2", 6, VITAL_fio2, VITAL_NONE, false},
               {"CVP", 6, VITAL_cvp, VITAL_NONE, false},
               {"ICP", 6, VITAL_icp, VITAL_NONE, false},
               {"Gluc", 7, VITAL_glucose, VITAL_NONE, false},
               {"PI", 6, VITAL_perfusion, VITAL_NONE, false},
               {"room", 6, VITAL_room_pressure, VITAL_NONE, false},
               {"room", 6, VITAL_room_temp, VITAL_NONE, false},
               {"hum.", 6, VITAL_humidity, VITAL_NONE, false},
               {"insul.", 7, VITAL_insulation, VITAL_NONE, false},
               {"gas", 6, VITAL_gas_pressure, VITAL_NONE, false}};
#define COLUMN_COUNT (sizeof COLUMNS / sizeof COLUMNS[0])

struct table {
    const struct watch_shown *shown;
    struct screen *screen;
    struct rect rect;
    int id_end, alarm_end, score_end; /* where these columns end */
    int count, ends[COLUMN_COUNT];
    const struct column *columns[COLUMN_COUNT];
    uint32_t vitals; /* bit per enum vital that any bed has */
};

static bool has(uint32_t vitals, enum vital vital)
{
    return vital != VITAL_NONE && (vitals >> vital & 1U) != 0;
}

static bool is_used(const struct table *t, const struct column *column)
{
    if (column->vital == VITAL_pulse) {
        return has(t->vitals, VITAL_pulse) && has(t->vitals, VITAL_hr);
    }
    return has(t->vitals, column->vital) || (!column->is_pair && has(t->vitals, column->other));
}

static int id_width(const struct watch_ward *w, const struct screen *screen)
{
    int width = 4;
    for (unsigned b = 0; b < w->bed_count; b++) {
        const int length = screen_text_width(screen, w->beds[b].id);
        width = length > width ? length : width;
    }
    const int most = screen->cols < 60 ? 8 : screen->cols < 120 ? ID_MOST : WATCH_ID_MAX;
    return width > most ? most : width;
}

/* From the right: age, score, values; what is left between them and the id is the alarm's. */
static void plan(struct table *t)
{
    const struct watch_ward *w = t->shown->ward;
    for (unsigned i = 0; i < w->vital_count; i++) {
        t->vitals |= 1U << w->vitals[i].vital;
    }
    t->id_end = t->rect.left + 1 + id_width(w, t->screen);
    int room = t->rect.right - t->id_end - 1 - AGE_WIDTH;
    bool has_score = false;
    for (unsigned b = 0; b < w->bed_count; b++) {
        has_score = has_score || w->beds[b].score.name[0] != '\0';
    }
    const int score = has_score && room - SCORE_WIDTH >= ALARM_LEAST + 12 ? SCORE_WIDTH : 0;
    room -= score;
    int values = 0;
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        const int least = c < 5 ? ALARM_LEAST : ALARM_WANTED;
        if (is_used(t, &COLUMNS[c]) && room - values - COLUMNS[c].width >= least) {
            values += COLUMNS[c].width;
            t->columns[t->count++] = &COLUMNS[c];
        }
    }
    t->score_end = t->rect.right - AGE_WIDTH;
    int end = t->score_end - score;
    for (int c = t->count; c-- > 0;) {
        t->ends[c] = end;
        end -= t->columns[c]->width;
    }
    t->alarm_end = end;
    t->score_end = score > 0 ? t->score_end : 0;
}

static void draw_names(const struct table *t)
{
    struct screen *screen = t->screen;
    const int row = t->rect.top;
    (void)screen_put(screen, row, t->rect.left + 1, t->id_end, STYLE_FAINT, "bed");
    (void)screen_put(screen, row, t->id_end + 1, t->alarm_end, STYLE_FAINT, "alarm");
    for (int c = 0; c < t->count; c++) {
        const char *unit = watch_unit_text(t->columns[c]->vital, screen->unicode);
        char text[32];
        const int width = t->columns[c]->width - 1;
        (void)snprintf(text, sizeof text, "%s %s", t->columns[c]->title, unit);
        const bool fits = screen_text_width(screen, text) <= width;
        screen_put_right(screen, row, t->ends[c] - width, t->ends[c], STYLE_FAINT, fits ? text : t->columns[c]->title);
    }
    if (t->score_end > 0) {
        screen_put_right(screen, row, t->score_end - SCORE_WIDTH, t->score_end, STYLE_FAINT, "score");
    }
    screen_put_right(screen, row, t->rect.right - AGE_WIDTH, t->rect.right, STYLE_FAINT, "age");
}

static bool is_shown(const struct watch_vital *v, int64_t since_ms)
{
    return v != NULL && watch_is_live(v, since_ms);
}

static void value_text(const struct watch_vital *v, int64_t since_ms, char text[WATCH_SHORT_MAX])
{
    if (v == NULL) {
        (void)snprintf(text, WATCH_SHORT_MAX, "--");
    } else if (!v->is_valid) {
        (void)snprintf(text, WATCH_SHORT_MAX, "%s", watch_invalid_text(v->invalid));
    } else if (!watch_is_live(v, since_ms)) {
        (void)snprintf(text, WATCH_SHORT_MAX, "old");
    } else {
        watch_milli_text(v->value_milli, vital_info((enum vital)v->vital)->places, text);
    }
}

/* "121/74"; "p" behind a heart rate that is the pulse. */
static void cell_text(const struct table *t, const struct watch_bed *bed, const struct column *column,
                      char text[2 * WATCH_SHORT_MAX], enum style *style)
{
    const struct watch_ward *w = t->shown->ward;
    const int64_t since_ms = t->shown->since_ms;
    const struct watch_vital *v = watch_find_vital(w, bed, column->vital);
    const struct watch_vital *other = column->other != VITAL_NONE ? watch_find_vital(w, bed, column->other) : NULL;
    const bool is_instead =
        !column->is_pair && !is_shown(v, since_ms) && other != NULL && (v == NULL || is_shown(other, since_ms));
    char a[WATCH_SHORT_MAX], b[WATCH_SHORT_MAX];
    text[0] = '\0';
    *style = STYLE_FAINT;
    v = is_instead ? other : v;
    if (v == NULL) {
        return;
    }
    value_text(v, since_ms, a);
    *style = is_shown(v, since_ms) ? STYLE_STRONG : STYLE_FAINT;
    if (column->is_pair && is_shown(v, since_ms)) {
        value_text(other, since_ms, b);
        (void)snprintf(text, 2 * WATCH_SHORT_MAX, "%s/%s", a, b);
    } else {
        (void)snprintf(text, 2 * WATCH_SHORT_MAX, "%s%s", a,
                       v->vital == VITAL_pulse && column->vital == VITAL_hr && is_shown(v, since_ms) ? "p" : "");
    }
}

static void score_text(const struct watch_score *score, char text[WATCH_SHORT_MAX])
{
    char total[WATCH_SHORT_MAX];
    text[0] = '\0';
    if (score->name[0] != '\0') {
        watch_milli_text(score->total_milli, 0, total);
        (void)snprintf(text, WATCH_SHORT_MAX, "%.*s%s", WATCH_SHORT_MAX - 2, score->has_total ? total : "-",
                       score->has_total && !score->is_complete ? "+" : "");
    }
}

/* Of the newest value that comes by itself. */
static int64_t newest_age_ms(const struct table *t, const struct watch_bed *bed)
{
    int64_t least = WATCH_AGE_UNKNOWN;
    for (unsigned i = 0; i < bed->vital_count; i++) {
        const struct watch_vital *v = &t->shown->ward->vitals[bed->vital_first + i];
        if (v->is_valid && !v->is_episodic && v->age_ms >= 0 && (least < 0 || v->age_ms < least)) {
            least = v->age_ms;
        }
    }
    return least < 0 ? least : least + t->shown->since_ms;
}

static void draw_state(const struct table *t, const struct watch_bed *bed, int row)
{
    char span[WATCH_SHORT_MAX];
    const int col = t->id_end + 5;
    switch ((enum ward_state)bed->state) {
    case WARD_away:
        watch_span_text(bed->away_left_ms / 1000, span);
        (void)screen_print(t->screen, row, col, t->alarm_end, STYLE_PLAIN, "away, %s left", span);
        break;
    case WARD_not_monitored:
        (void)screen_put(t->screen, row, col, t->alarm_end, STYLE_BAD, "NOT MONITORED");
        break;
    case WARD_vacant:
        (void)screen_put(t->screen, row, col, t->alarm_end, STYLE_FAINT, "vacant");
        break;
    case WARD_occupied:
    case WARD_STATE_COUNT:
        if (bed->paused[0] != '\0') {
            (void)screen_print(t->screen, row, col, t->alarm_end, STYLE_MEDIUM, "%s paused", bed->paused);
        }
        break;
    }
}

/* "(ack)": what somebody did about it, or that it is over and waits to be seen. */
static const char *done_about(const struct watch_alarm *alarm)
{
    return alarm->is_latched                                  ? " (latched)"
           : strcmp(alarm->inactivation, "acknowledged") == 0 ? " (ack)"
           : strcmp(alarm->inactivation, "audio_paused") == 0 ? " (silenced)"
           : strcmp(alarm->inactivation, "alarm_paused") == 0 ? " (paused)"
                                                              : "";
}

/* The others by name, as far as there is room for whole names; how many are left. */
static int draw_others(const struct table *t, const struct watch_bed *bed, int row, int col, unsigned *left)
{
    for (unsigned i = 1; i < bed->alarms_told; i++) {
        const struct watch_alarm *alarm = &t->shown->ward->alarms[bed->alarm_first + i];
        char text[WATCH_NAME_MAX + 8];
        (void)snprintf(text, sizeof text, ", %s %s", watch_mark(alarm->priority), alarm->name);
        if (col + screen_text_width(t->screen, text) > t->alarm_end - 5) {
            break;
        }
        col = screen_put(t->screen, row, col, t->alarm_end, STYLE_PLAIN, text);
        --*left;
    }
    return col;
}

/* The text where there is room for it, else the name; what was done about it; the others, or how many. */
static void draw_alarm(const struct table *t, const struct watch_bed *bed, int row)
{
    const struct watch_alarm *alarm = &t->shown->ward->alarms[bed->alarm_first];
    const char *done = done_about(alarm);
    char more[16] = "";
    unsigned left = bed->alarm_count > 0 ? bed->alarm_count - 1U : 0;
    if (left > 0) {
        (void)snprintf(more, sizeof more, " +%u", left);
    }
    const int end = t->alarm_end - screen_text_width(t->screen, more) - screen_text_width(t->screen, done);
    const bool has_text = alarm->text[0] != '\0' && screen_text_width(t->screen, alarm->text) <= end - t->id_end - 5;
    (void)screen_print(t->screen, row, t->id_end + 1, t->alarm_end, watch_priority_style(bed->priority), "%-3s",
                       watch_mark(bed->priority));
    int col = screen_put(t->screen, row, t->id_end + 5, end, done[0] == '\0' ? STYLE_STRONG : STYLE_PLAIN,
                         has_text ? alarm->text : alarm->name);
    col = screen_put(t->screen, row, col, t->alarm_end, STYLE_PLAIN, done);
    col = has_text ? draw_others(t, bed, row, col, &left) : col;
    if (left > 0) {
        (void)screen_print(t->screen, row, col, t->alarm_end, STYLE_PLAIN, " +%u", left);
    }
}

static void draw_bed(const struct table *t, const struct watch_bed *bed, int row)
{
    struct screen *screen = t->screen;
    char text[2 * WATCH_SHORT_MAX];
    const bool has_patient = bed->state != WARD_vacant;
    (void)screen_put(screen, row, t->rect.left + 1, t->id_end, STYLE_STRONG, bed->id);
    if (t->shown->is_lost && t->shown->since_ms > PAYLOAD_HEALTH_EXPIRY_MS) {
        (void)screen_put(screen, row, t->id_end + 5, t->alarm_end, STYLE_BAD, "GATEWAY LOST");
    } else if (bed->alarms_told > 0) {
        draw_alarm(t, bed, row);
    } else {
        draw_state(t, bed, row);
    }
    for (int c = 0; c < t->count; c++) {
        enum style style = STYLE_PLAIN;
        cell_text(t, bed, t->columns[c], text, &style);
        screen_put_right(screen, row, t->ends[c] - t->columns[c]->width + 1, t->ends[c],
                         has_patient ? style : STYLE_FAINT, text);
    }
    if (t->score_end > 0) {
        score_text(&bed->score, text);
        screen_put_right(screen, row, t->score_end - SCORE_WIDTH + 1, t->score_end, STYLE_PLAIN, text);
    }
    watch_age_text(newest_age_ms(t, bed), text);
    screen_put_right(screen, row, t->rect.right - AGE_WIDTH + 1, t->rect.right, STYLE_FAINT, text);
}

void watch_draw_beds(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                     struct rect rect, int first, int cursor)
{
    struct table table = {.shown = shown, .screen = screen, .rect = rect};
    plan(&table);
    draw_names(&table);
    for (int i = first; i < lists->counts[WATCH_BEDS] && rect.top + 1 + i - first < rect.bottom; i++) {
        const int row = rect.top + 1 + i - first;
        draw_bed(&table, &shown->ward->beds[lists->beds[i]], row);
        if (i == cursor) {
            (void)screen_put(screen, row, rect.left, rect.right, STYLE_STRONG, ">");
            screen_style(screen, row, rect.left, table.id_end, STYLE_CHOSEN);
        }
    }
    if (lists->counts[WATCH_BEDS] == 0) {
        (void)screen_put(screen, rect.top + 1, rect.left + 1, rect.right, STYLE_PLAIN,
                         shown->state->filter[0] != '\0' ? "no bed like that, / changes the filter" : "no beds yet");
    }
}
