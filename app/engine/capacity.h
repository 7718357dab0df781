/*
 * capacity.h: what a ward's admissions say about its beds: the load, whether a bed is free, and how that moves.
 *
 * From what was counted (admissions.h) in a rolling window, or from arrivals and a mean stay that somebody gave. What was
 * counted is unknown until enough stays have ended. The trend asks the same of windows that ended one to seven days
 * ago; its slope is the least-squares line through those that are known, three at least. What somebody gave has none.
 * Pure: integers only. Thread: any.
 */
#ifndef WARDGATE_CAPACITY_H
#define WARDGATE_CAPACITY_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/admissions.h"
#include "app/engine/erlang.h"

#define CAPACITY_TREND_DAYS   7
#define CAPACITY_SLOPE_POINTS 3

struct capacity_config {
    int64_t window_ms; /* at most ADMISSIONS_WINDOW_MS_MAX */
    bool given;        /* arrivals and stay, instead of counting */
    uint32_t arrivals_milli, stay_s;
};

struct capacity {
    bool known;                /* else only what was counted */
    struct admissions_sum sum; /* not given: what was counted */
    uint32_t arrivals_milli, stay_s, load_milli;
    struct erlang erlang;
    /* Of the probability that no bed is free. */
    bool has_day_ago, has_week_ago, has_slope;
    uint32_t day_ago_micro, week_ago_micro;
    int32_t slope_micro; /* a day */
};

/* The mean wait of all who come (Erlang C), in hours; known and not overloaded. */
int64_t capacity_wait_hours_milli(const struct capacity *capacity);

void capacity_compute(const struct capacity_config *config, const struct admissions *admissions, uint16_t beds,
                      int64_t wall_ms, struct capacity *out);

#endif
