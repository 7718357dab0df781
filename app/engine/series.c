#include "app/engine/series.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/extent.h"

/* Room for the jitter of a monitor that sends a little faster than expected, where the span is only a few periods. */
#define OBSERVATIONS_SLACK 8
/* A span of n panes touches n + 1 of them, and one more while it is cut. */
#define PANES_SLACK 2

static void demand_aggregate(struct series_demand_part *part, enum aggregate aggregate)
{
    switch (aggregate) {
    case AGGREGATE_MEAN:
        part->sum = true;
        return;
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
        part->extrema = true;
        return;
    case AGGREGATE_SHARE:
        assert(part->tallies < UINT16_MAX);
        part->tallies++;
        return;
    case AGGREGATE_STDDEV:
        part->stddev = true;
        return;
    case AGGREGATE_SLOPE:
        part->slope = true;
        return;
    case AGGREGATE_DELTA:
    case AGGREGATE_COUNT:
    case AGGREGATE_LAST:
    case AGGREGATE_AGE:
        return;
    }
    assert(false && "an aggregate on the list");
}

void series_demand_add(struct series_demand *demand, const struct window_spec *spec)
{
    assert(demand != NULL && spec != NULL && (spec->span_ms == 0 || spec->count == 0));
    assert(spec->span_ms <= SERIES_SPAN_MS_MAX && spec->count <= SERIES_COUNT_MAX);
    if (window_is_newest_only(spec)) {
        return;
    }
    struct series_demand_part *part = spec->span_ms <= SERIES_RAW_SPAN_MS_MAX ? &demand->observations : &demand->panes;
    part->span_ms = spec->span_ms > part->span_ms ? spec->span_ms : part->span_ms;
    part->count = spec->count > part->count ? spec->count : part->count;
    demand_aggregate(part, spec->aggregate);
}

/* 1.5 times what the longest span holds at the expected period, and no less than the longest window by number. */
static uint32_t observations_wanted(const struct series_demand_part *demand, uint32_t period_ms)
{
    const uint32_t in_span = (demand->span_ms + period_ms - 1) / period_ms;
    const uint32_t wanted = in_span + in_span / 2;
    const uint32_t most = wanted > demand->count ? wanted : demand->count;
    return most > 0 ? most + OBSERVATIONS_SLACK : 0;
}

static uint32_t panes_wanted(const struct series_demand_part *demand)
{
    return demand->span_ms > 0 ? demand->span_ms / SERIES_PANE_MS + 1 + PANES_SLACK : 0;
}

struct series *series_make(struct arena *arena, const struct series_config *config)
{
    assert(arena != NULL && config != NULL && config->period_ms > 0);
    struct series *series = ARENA_TAKE(arena, struct series, 1);
    struct series made = {.period_ms = config->period_ms,
                          .stand_ms = config->episodic ? config->stale_ms : config->period_ms + config->period_ms / 2,
                          .episodic = config->episodic};
    const struct series_demand *demand = &config->demand;
    const struct sums *totals = series != NULL ? &series->totals : NULL;
    track_make(&made.observations, arena, &demand->observations,
               observations_wanted(&demand->observations, config->period_ms), 0, totals);
    track_make(&made.panes, arena, &demand->panes, panes_wanted(&demand->panes), SERIES_PANE_MS, totals);
    made.sums_squares = demand->observations.stddev || demand->panes.stddev;
    made.sums_times = demand->observations.slope || demand->panes.slope;
    if (series != NULL) {
        *series = made;
        series_reset(series, 0);
    }
    return series;
}

/* The extents are not where they should be any more. */
static void note_change(struct series *series, uint32_t weight)
{
    series->asked_ms = INT64_MIN;
    series->changes += weight;
}

void series_move(struct series *series, int64_t now_ms)
{
    assert(series->valid_count == 0 || now_ms >= series->newest.at_ms);
    const bool goes_on = series->changes <= 1 && now_ms >= series->moved_ms;
    series->asked_ms = series->moved_ms = now_ms;
    series->changes = 0;
    extents_move(series, &series->observations, goes_on);
    extents_move(series, &series->panes, goes_on);
}

void series_reset(struct series *series, int64_t start_ms)
{
    note_change(series, 2);
    series->start_ms = start_ms;
    series->latest_ms = start_ms - 1;
    series->valid_count = 0;
    series->newest = series->previous = (struct point){.at_ms = start_ms - 1};
    series->until_ms = start_ms - 1;
    series->totals = (struct sums){0};
    track_reset(&series->observations, start_ms);
    track_reset(&series->panes, start_ms);
    extents_reset(&series->observations);
    extents_reset(&series->panes);
}

/* What one observation adds to the sums that somebody asks for. */
static struct sums sums_of(const struct series *series, const struct point *point)
{
    const int64_t value = point->value_milli, instant = point->at_ms - series->start_ms;
    struct sums sums = {.count = 1, .values = (uint64_t)value};
    if (series->sums_squares) {
        sums.squares = wide_of(value * value);
    }
    if (series->sums_times) {
        sums.instants = (uint64_t)instant;
        sums.instant_squares = wide_product(instant, instant);
        sums.products = wide_product(instant, value);
    }
    return sums;
}

/* Apart, as is what happens seldom: a put needs no stack for it. */
__attribute__((noinline)) static void add_all_sums(struct series *series, const struct point *point)
{
    const struct sums added = sums_of(series, point);
    series->totals = sums_add(&series->totals, &added);
}

static void add_to_totals(struct series *series, const struct point *point)
{
    if (series->sums_squares || series->sums_times) {
        add_all_sums(series, point);
    } else {
        series->totals.count++;
        series->totals.values += (uint64_t)(int64_t)point->value_milli;
    }
}

/*
 * Two observations at one instant: the last wins. The one before has then ended at this instant, or earlier, all the
 * same.
 */
__attribute__((noinline)) static void take_back_newest(struct series *series)
{
    const struct point *newest = &series->newest, *previous = &series->previous;
    const struct sums added = sums_of(series, newest);
    series->totals = sums_subtract(&series->totals, &added);
    if (series->observations.capacity > 0) {
        track_take_back(&series->observations, newest, previous);
    }
    if (series->panes.capacity > 0) {
        track_take_back(&series->panes, newest, previous);
    }
    extents_take_back(&series->observations, newest->at_ms);
    extents_take_back(&series->panes, newest->at_ms);
    series->until_ms = previous->at_ms + (uint32_t)(newest->stood_ms - previous->stood_ms);
    series->newest = *previous;
    series->valid_count--;
}

/* True when the observation now arriving is the first of its instant. */
static bool arrive(struct series *series, int64_t at_ms)
{
    assert(at_ms >= series->start_ms && at_ms >= series->latest_ms);
    const bool first = at_ms > series->latest_ms;
    series->latest_ms = at_ms;
    if (series->newest.at_ms == at_ms) {
        note_change(series, 2);
        take_back_newest(series);
    }
    return first;
}

/* Only an observation that follows a hole, or none, can be the first after a gap. */
static void note_hole(struct series *series, int64_t at_ms)
{
    const struct point *before = series->valid_count > 0 ? &series->newest : NULL;
    extents_note_hole(series, &series->observations, at_ms, before);
    extents_note_hole(series, &series->panes, at_ms, before);
}

bool series_put(struct series *series, int64_t at_ms, int32_t value_milli)
{
    const bool first = arrive(series, at_ms);
    note_change(series, 1);
    if (at_ms > series->until_ms) {
        note_hole(series, at_ms);
    }
    const uint32_t stood_ms = series_stood_ms(series, at_ms);
    series->previous = series->newest;
    series->newest = (struct point){.at_ms = at_ms, .value_milli = value_milli, .stood_ms = stood_ms};
    series->until_ms = at_ms + series->stand_ms;
    series->valid_count++;
    if (series->observations.capacity > 0) {
        track_put_observation(&series->observations, &series->newest);
    }
    if (series->panes.capacity > 0) {
        track_put_into_pane(&series->panes, &series->newest);
    }
    add_to_totals(series, &series->newest);
    return first;
}

bool series_put_invalid(struct series *series, int64_t at_ms)
{
    const bool first = arrive(series, at_ms);
    note_change(series, 2);
    if (series->until_ms > at_ms) {
        series->until_ms = at_ms;
    }
    return first;
}

bool series_last(const struct series *series, int64_t *at_ms, int32_t *value_milli)
{
    if (series->valid_count == 0) {
        return false;
    }
    *at_ms = series->newest.at_ms;
    *value_milli = series->newest.value_milli;
    return true;
}

bool series_stands(const struct series *series, int64_t now_ms)
{
    return series->valid_count > 0 && now_ms < series->until_ms;
}

uint64_t series_overruns(const struct series *series)
{
    return series->observations.overruns;
}
