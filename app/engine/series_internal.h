/*
 * series_internal.h: what series.c (observations arrive), extent.c and window.c (questions are asked) share; nobody
 * else includes it.
 */
#ifndef WARDGATE_SERIES_INTERNAL_H
#define WARDGATE_SERIES_INTERNAL_H

#include "app/engine/series.h"
#include "app/engine/track.h"

struct series {
    uint32_t period_ms;
    uint32_t stand_ms; /* how long an observation stands if nothing follows: 1.5 periods; episodic: until it is stale */
    bool episodic;
    bool sums_squares, sums_times; /* asked for by some window */
    bool in_step;                  /* all that came reached the extents, each when it came */
    int64_t asked_ms;              /* where the extents are */
    int64_t start_ms;              /* of the stay */
    int64_t latest_ms;             /* of the newest observation, valid or not; before the start when there is none */
    uint64_t valid_count;
    struct point newest, previous;      /* valid ones; before there is one, of just before the start */
    int64_t until_ms;                   /* the newest stands until here, this instant excluded */
    struct track *observations, *panes; /* NULL: no window needs them */
    struct totals totals;               /* of all observations of the stay */
};

/* True where the newest observation is all it takes. */
bool window_is_newest_only(const struct window_spec *spec);

/* How long the observations of the stay stood up to now_ms, which does not lie before the newest; see struct point. */
static inline uint32_t series_stood_ms(const struct series *series, int64_t now_ms)
{
    const int64_t end_ms = now_ms < series->until_ms ? now_ms : series->until_ms;
    return series->newest.stood_ms + (uint32_t)(end_ms - series->newest.at_ms);
}

/* Moves the extents to now_ms, if they are not there. */
void series_move(struct series *series, int64_t now_ms);

static inline void series_ask(struct series *series, int64_t now_ms)
{
    if (series->asked_ms != now_ms) {
        series_move(series, now_ms);
    }
}

#endif
