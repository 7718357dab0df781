/*
 * watch_view.h: the screens of `wardgate status --watch`: what is known of the gateway, drawn into cells.
 *
 *     header: gateway, clock, brokers, queue, store; beds and alarms counted; what is wrong with this screen itself
 *     lists:  beds, alarms, lines. One at a time on a small screen, all three on one of WATCH_TALL rows
 *     or:     one bed in detail, help
 *     footer: keys
 *
 * A value is shown until it expires; what is old because the gateway does not answer says so over everything. A priority is told by `!!!`, `!!`, `!`, whatever
 * its colour. watch_draw is pure: the same arguments, the same cells. One thread.
 */
#ifndef WARDGATE_WATCH_VIEW_H
#define WARDGATE_WATCH_VIEW_H

#include "app/cli/screen.h"
#include "app/cli/watch_ward.h"

#define WATCH_TALL       36 /* rows */
#define WATCH_WIDE       150
#define WATCH_FILTER_MAX 24
#define WATCH_LINES_MAX  (SETTINGS_BUSES_MAX + WATCH_MONITORS_MAX)

enum watch_list { WATCH_BEDS, WATCH_ALARMS, WATCH_LINES, WATCH_LISTS };

/* What its user has chosen. */
struct watch_state {
    enum watch_list list; /* the one that keys are for */
    bool in_detail, in_help, is_by_name, is_paused, is_typing;
    char filter[WATCH_FILTER_MAX];
    char bed[WATCH_ID_MAX];    /* in detail */
    char chosen[WATCH_ID_MAX]; /* the bed that the cursor goes with; "": it stays where it is */
    int cursor[WATCH_LISTS], scroll;
};

struct watch_shown {
    const struct watch_ward *ward;
    const struct watch_state *state;
    bool has_ward;       /* one has come */
    bool is_lost;        /* and now there is no answer */
    int64_t since_ms;    /* how old `ward` is */
    const char *why;     /* is_lost: what is wrong, in words */
    const char *clock;   /* "14:13:52" */
    const char *lost_at; /* likewise, of the last answer */
};

struct rect {
    int top, left, bottom, right; /* the two last are outside */
};

/* What stands in each list, in order. */
struct watch_lists {
    int counts[WATCH_LISTS];
    uint16_t beds[SETTINGS_BEDS_MAX], alarms[WATCH_ALARMS_MAX];
    struct watch_line {
        uint16_t bus;
        int16_t monitor; /* index in monitors; -1: the line itself */
    } lines[WATCH_LINES_MAX];
};
void watch_lists_make(const struct watch_ward *ward, const struct watch_state *state, struct watch_lists *out);

/* Where the cursor of the list is now. */
int watch_cursor(const struct watch_ward *ward, const struct watch_state *state, const struct watch_lists *lists,
                 enum watch_list list);

/* Returns the most that a page, which is longer than its room, can be scrolled by: state->scroll beyond it is drawn as that. */
int watch_draw(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen);

/* ---- its parts; lists and screens draw into a rectangle ---- */

int watch_draw_header(const struct watch_shown *shown, struct screen *screen); /* the first row behind it */
void watch_draw_footer(const struct watch_shown *shown, struct screen *screen);
void watch_draw_beds(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                     struct rect rect, int first, int cursor);
void watch_draw_alarms(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                       struct rect rect, int first, int cursor);
void watch_draw_lines(const struct watch_shown *shown, const struct watch_lists *lists, struct screen *screen,
                      struct rect rect, int first, int cursor);
/* From the row `first` on; they return how many rows they have in all. */
int watch_draw_detail(const struct watch_shown *shown, struct screen *screen, struct rect rect, int first);
int watch_draw_help(const struct watch_shown *shown, struct screen *screen, struct rect rect, int first);

#endif
