#include "app/engine/series.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/series_internal.h"

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
    track_make(&made.observations, arena, &demand->observations,
               observations_wanted(&demand->observations, config->period_ms), 0);
    track_make(&made.panes, arena, &demand->panes, panes_wanted(&demand->panes), SERIES_PANE_MS);
    if (series != NULL) {
        *series = made;
        series_reset(series, 0);
    }
    return series;
}

void series_reset(struct series *series, int64_t start_ms)
{
    series->start_ms = start_ms;
    series->latest_ms = start_ms - 1;
    series->valid_count = 0;
    track_reset(&series->observations, start_ms);
    track_reset(&series->panes, start_ms);
    for (struct window *window = series->by_number; window != NULL; window = window->next_by_number) {
        window->since = 0;
    }
}

uint32_t series_stood_ms(const struct series *series, int64_t now_ms)
{
    const int64_t end_ms = now_ms < series->until_ms ? now_ms : series->until_ms;
    return series->newest.stood_ms + (uint32_t)(end_ms - series->newest.at_ms);
}

/*
 * Two observations at one instant: the last wins. The one before has then ended at this instant, or earlier, all the
 * same.
 */
static void take_back_newest(struct series *series)
{
    const struct point *newest = &series->newest, *previous = &series->previous;
    track_take_back(&series->observations, newest, previous);
    track_take_back(&series->panes, newest, previous);
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
    if (series->valid_count > 0 && series->newest.at_ms == at_ms) {
        take_back_newest(series);
    }
    return first;
}

/* For a window of N observations a gap is a stretch of N expected periods without one: what follows it counts anew. */
static void note_gaps(struct series *series, uint64_t newest, int64_t stretch_ms)
{
    for (struct window *window = series->by_number; window != NULL; window = window->next_by_number) {
        if (stretch_ms >= (int64_t)window->spec.count * series->period_ms) {
            window->since = newest;
        }
    }
}

bool series_put(struct series *series, int64_t at_ms, int32_t value_milli)
{
    const bool first = arrive(series, at_ms);
    struct point point = {.at_ms = at_ms, .value_milli = value_milli};
    if (series->valid_count > 0) {
        point.stood_ms = series_stood_ms(series, at_ms);
        series->previous = series->newest;
        if (!series->episodic) {
            note_gaps(series, series->valid_count, at_ms - series->previous.at_ms);
        }
    }
    series->newest = point;
    series->until_ms = at_ms + series->stand_ms;
    series->valid_count++;
    track_put(&series->observations, &point);
    track_put(&series->panes, &point);
    return first;
}

bool series_put_invalid(struct series *series, int64_t at_ms)
{
    const bool first = arrive(series, at_ms);
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
