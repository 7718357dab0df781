/* The lines above and below the lists: the gateway as a whole, the ward in numbers, what is wrong with this screen itself. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/watch_text.h"
#include "app/cli/watch_view.h"
#include "app/engine/plural.h"

#define LOW_ROWS     18 /* below: the lines that can be done without are left out */
#define NOTICE       "Secondary notification: watch the monitors themselves."
#define NOTICE_SHORT "Secondary: watch the monitors."

static void draw_name(const struct watch_shown *shown, struct screen *screen, int row)
{
    const struct watch_ward *w = shown->ward;
    char text[160], span[WATCH_SHORT_MAX];
    watch_span_text(w->uptime_s + shown->since_ms / 1000, span);
    screen_fill(screen, row, 0, screen->cols, STYLE_HEAD, ' ');
    const int col = screen_print(screen, row, 1, screen->cols, STYLE_HEAD, "%s  %s/%s", w->gateway, w->site, w->ward);
    (void)snprintf(text, sizeof text, "wardgate %s  up %s  %s ", w->version, span, shown->clock);
    if (!shown->has_ward || screen_text_width(screen, text) > screen->cols - col - 2) {
        (void)snprintf(text, sizeof text, "%s ", shown->clock);
    }
    screen_put_right(screen, row, col + 1, screen->cols, STYLE_HEAD, text);
}

static void draw_broker(const struct watch_ward *w, struct screen *screen, int row)
{
    const struct watch_broker *in_use = NULL;
    for (unsigned i = 0; i < w->broker_count; i++) {
        in_use = w->brokers[i].is_in_use ? &w->brokers[i] : in_use;
    }
    const bool is_good = in_use != NULL && strcmp(in_use->state, "connected") == 0;
    int col =
        screen_print(screen, row, 1, screen->cols, is_good ? STYLE_PLAIN : STYLE_BAD, "%sbroker %s %s",
                     is_good ? "" : "!! ", in_use != NULL ? in_use->url : "none", in_use != NULL ? in_use->state : "");
    for (unsigned i = 0; i < w->broker_count; i++) {
        if (&w->brokers[i] != in_use && screen->cols > 100) {
            col = screen_print(screen, row, col, screen->cols, STYLE_FAINT, ", %s %s", w->brokers[i].url,
                               w->brokers[i].state);
        }
    }
    if (w->broker_count > 1 && screen->cols <= 100) {
        col = screen_print(screen, row, col, screen->cols, STYLE_FAINT, ", %u more", w->broker_count - 1U);
    }
    (void)screen_print(screen, row, col, screen->cols, w->waiting > 0 && !is_good ? STYLE_BAD : STYLE_PLAIN,
                       ", %" PRIu64 " alert%s waiting", w->waiting, plural_s(w->waiting));
}

static void draw_store(const struct watch_ward *w, struct screen *screen, int row)
{
    const bool is_good = w->store_error[0] == '\0';
    int col = screen_print(screen, row, 1, screen->cols, is_good ? STYLE_PLAIN : STYLE_BAD, "%sstore %s",
                           is_good ? "" : "!! ", is_good ? "ok" : w->store_error);
    col = screen_print(screen, row, col, screen->cols, STYLE_PLAIN,
                       " %" PRIu64 " of %" PRIu64 " KiB, %" PRIu64 " commit%s", w->kib, w->kib_max, w->commits,
                       plural_s(w->commits));
    if (w->omitted > 0) {
        col = screen_print(screen, row, col, screen->cols, STYLE_BAD, ", !! %" PRIu64 " left out", w->omitted);
    }
    if (w->trends_failing) {
        col = screen_put(screen, row, col, screen->cols, STYLE_BAD, ", !! trends failing");
    }
    if (w->dropped > 0) {
        col = screen_print(screen, row, col, screen->cols, STYLE_BAD, ", !! %" PRIu64 " value%s dropped", w->dropped,
                           plural_s(w->dropped));
    }
    col = screen_put(screen, row, col + 2, screen->cols, w->is_synced ? STYLE_PLAIN : STYLE_BAD,
                     w->is_synced ? "clock synced" : "!! clock not synced");
    if (w->has_local) {
        const enum style style = w->local_is_on ? watch_priority_style(w->local_priority) : STYLE_PLAIN;
        const bool tells = w->local_is_on && w->local_what[0] != '\0';
        (void)screen_print(screen, row, col + 2, screen->cols, style, "local alarm %s%s%s",
                           w->local_is_on ? watch_mark(w->local_priority) : "", w->local_is_on ? " " : "",
                           tells ? w->local_what : w->local_state);
    }
}

struct tally {
    unsigned states[WARD_STATE_COUNT], alarms[PRIORITY_HIGH + 1], faulty;
};

static struct tally tally_up(const struct watch_ward *w)
{
    struct tally t = {.faulty = 0};
    for (unsigned b = 0; b < w->bed_count; b++) {
        t.states[w->beds[b].state]++;
        t.alarms[w->beds[b].priority]++;
    }
    for (unsigned b = 0; b < w->bus_count; b++) {
        const struct watch_bus *bus = &w->buses[b];
        t.faulty += bus->fault[0] != '\0' || bus->answering_count < bus->monitor_count || bus->planned_permille > 1000;
    }
    return t;
}

/* Adds to a list that is told in one line. */
static void PRINTF_LIKE(3, 4) add(char *text, size_t size, const char *format, ...)
{
    const size_t length = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    const int head = snprintf(text + length, size - length, "%s", length > 0 ? ", " : "");
    if (head >= 0 && (size_t)head < size - length) {
        (void)vsnprintf(text + length + head, size - length - (size_t)head, format, arguments);
    }
    va_end(arguments);
}

/* Right of the notice, as far as there is room: boards, staff, capacity. */
static void draw_staff(const struct watch_ward *w, struct screen *screen, int row, int col)
{
    char number[WATCH_SHORT_MAX], text[200] = "";
    const bool too_few = w->has_boards && w->boards_looking < w->boards_expected;
    if (w->has_boards && w->boards_expected > 0) {
        add(text, sizeof text, "boards %u/%u%s", w->boards_looking, w->boards_expected, too_few ? " (!)" : "");
    } else if (w->has_boards) {
        add(text, sizeof text, "boards %u", w->boards_looking);
    }
    if (w->has_staff) {
        watch_milli_text((int32_t)w->patients_each_milli, 1, number);
        add(text, sizeof text, "%u nurse%s, %s each%s", w->nurses, plural_s(w->nurses), number,
            w->over_ratio ? " (!)" : "");
    }
    if (w->has_capacity) {
        watch_milli_text((int32_t)w->no_bed_percent_milli, 1, number);
        add(text, sizeof text, "no bed free %s %%", number);
    }
    if (screen_text_width(screen, text) <= screen->cols - col - 3) {
        screen_put_right(screen, row, col, screen->cols - 1,
                         too_few || (w->has_staff && w->over_ratio) ? STYLE_BAD : STYLE_PLAIN, text);
    }
}

static void draw_notice(const struct watch_shown *shown, struct screen *screen, int row)
{
    const bool fits = screen->cols > (int)sizeof NOTICE;
    const int col = screen_put(screen, row, 1, screen->cols, STYLE_FAINT, fits ? NOTICE : NOTICE_SHORT);
    if (shown->has_ward) {
        draw_staff(shown->ward, screen, row, col);
    }
}

static void draw_tally(const struct watch_ward *w, struct screen *screen, int row)
{
    const struct tally t = tally_up(w);
    int col = 1;
    for (unsigned p = PRIORITY_HIGH; p > PRIORITY_NONE; p--) {
        char text[24];
        (void)snprintf(text, sizeof text, " %s %u ", watch_mark(p), t.alarms[p]);
        col = screen_put(screen, row, col, screen->cols, t.alarms[p] > 0 ? watch_priority_style(p) : STYLE_FAINT, text);
    }
    col = screen_print(screen, row, col, screen->cols, STYLE_PLAIN, " %u bed%s: %u occupied", w->bed_count,
                       plural_s(w->bed_count), w->bed_count - t.states[WARD_vacant]);
    if (t.states[WARD_away] > 0) {
        col = screen_print(screen, row, col, screen->cols, STYLE_PLAIN, ", %u away", t.states[WARD_away]);
    }
    if (t.states[WARD_not_monitored] > 0) {
        col =
            screen_print(screen, row, col, screen->cols, STYLE_BAD, ", %u not monitored", t.states[WARD_not_monitored]);
    }
    if (t.faulty > 0) {
        (void)screen_print(screen, row, col, screen->cols, STYLE_BAD, "  %u/%u line%s bad", t.faulty, w->bus_count,
                           plural_s(w->bus_count));
    }
}

static int draw_bar(struct screen *screen, int row, enum style style, const char *text)
{
    screen_fill(screen, row, 0, screen->cols, style, ' ');
    (void)screen_put(screen, row, 1, screen->cols, style, text);
    return row + 1;
}

/* Why this screen does not show what is: before everything else. */
static int draw_banner(const struct watch_shown *shown, struct screen *screen, int row)
{
    char text[WATCH_WORDS_MAX];
    if (shown->is_lost) {
        (void)snprintf(text, sizeof text, "GATEWAY LOST%s%s: %s. Trying again.", shown->has_ward ? " since " : "",
                       shown->has_ward ? shown->lost_at : "", shown->why);
        row = draw_bar(screen, row, STYLE_HIGH, text);
    } else if (shown->state->is_paused) {
        (void)snprintf(text, sizeof text, "PAUSED since %s: alarms may have changed. p goes on.", shown->lost_at);
        row = draw_bar(screen, row, STYLE_MEDIUM, text);
    }
    if (shown->state->filter[0] != '\0') {
        (void)snprintf(text, sizeof text, "Only what has '%s' in it is shown. Esc shows all.", shown->state->filter);
        row = draw_bar(screen, row, STYLE_MEDIUM, text);
    }
    return row;
}

int watch_draw_header(const struct watch_shown *shown, struct screen *screen)
{
    int row = 0;
    draw_name(shown, screen, row++);
    row = draw_banner(shown, screen, row);
    if (shown->has_ward && screen->rows >= LOW_ROWS) {
        draw_broker(shown->ward, screen, row++);
        draw_store(shown->ward, screen, row++);
    }
    if (shown->has_ward) {
        draw_tally(shown->ward, screen, row++);
    }
    draw_notice(shown, screen, row++);
    return row;
}

void watch_draw_footer(const struct watch_shown *shown, struct screen *screen)
{
    static const char *const lists[] = {"q quit  s sort  Tab list  arrows  Enter bed  / filter  p pause  ? help",
                                        "q quit  Tab list  Enter bed  ? help", "q quit  ? help"};
    static const char *const details[] = {"q quit  Esc back  arrows scroll  p pause  ? help", "q quit  Esc back"};
    const struct watch_state *state = shown->state;
    const bool is_page = state->in_help || state->in_detail;
    const char *const *words = is_page ? details : lists;
    const int last = screen->rows - 1;
    for (size_t left = is_page ? 1 : 2; left > 0 && screen_text_width(screen, *words) > screen->cols - 2; left--) {
        words++;
    }
    screen_fill(screen, last, 0, screen->cols, STYLE_HEAD, ' ');
    if (state->is_typing) {
        (void)screen_print(screen, last, 1, screen->cols, STYLE_HEAD, "filter: %s_   Enter keeps it, Esc takes it away",
                           state->filter);
        return;
    }
    (void)screen_put(screen, last, 1, screen->cols, STYLE_HEAD, *words);
}
