/*
 * series_internal.h: what series.c (observations arrive) and window.c (questions are asked) share; nobody else
 * includes it.
 */
#ifndef WARDGATE_SERIES_INTERNAL_H
#define WARDGATE_SERIES_INTERNAL_H

#include "app/engine/series.h"
#include "app/engine/track.h"

struct series {
    uint32_t period_ms;
    uint32_t stand_ms; /* how long an observation stands if nothing follows: 1.5 periods; episodic: until it is stale */
    bool episodic;
    int64_t start_ms;  /* of the stay */
    int64_t latest_ms; /* of the newest observation, valid or not; before the start when there is none */
    uint64_t valid_count;
    struct point newest, previous; /* valid ones, where valid_count says they are there */
    int64_t until_ms;              /* the newest stands until here, this instant excluded */
    struct track observations, panes;
    struct window *by_number; /* windows by number over this series */
};

struct window {
    struct series *series;
    struct window_spec spec;
    struct track *track; /* NULL where the newest observation is all it takes */
    uint16_t tally;
    uint64_t first_guess, extreme_guess; /* where the last search ended */
    uint64_t since;                      /* by number: the first observation since the newest gap */
    struct window *next_by_number;
};

/* True where the newest observation is all it takes. */
bool window_is_newest_only(const struct window_spec *spec);

/* How long the observations of the stay stood up to now_ms, which does not lie before the newest; see struct point. */
uint32_t series_stood_ms(const struct series *series, int64_t now_ms);

#endif
