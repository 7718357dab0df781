#include "app/engine/series.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/extent.h"

/* More than the span holds: turns of a line come a little early; who sends of his own accord may be faster than said. */
#define POLLED_SLACK      4
#define UNASKED_SLACK_MIN 8
/* A span of n panes touches n + 1 of them, and one more while it is cut. */
#define PANES_CUT 2

static void demand_aggregate(struct series_demand_part *part, enum aggregate aggregate)
{
    switch (aggregate) {
    case AGGREGATE_MAX:
        part->maxima = true;
        return;
    case AGGREGATE_MIN:
        part->minima = true;
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
        part->firsts = true;
        return;
    case AGGREGATE_MEAN:
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

/*
 * What the longest span holds at the expected period and, where the monitor talks of its own accord, half as many again;
 * no less than the longest window by number.
 */
static uint32_t observations_wanted(const struct series_demand_part *demand, uint32_t period_ms, bool polled)
{
    const uint32_t in_span = (demand->span_ms + period_ms - 1) / period_ms;
    const uint32_t half = in_span / 2;
    const uint32_t unasked = half > UNASKED_SLACK_MIN ? half : UNASKED_SLACK_MIN;
    const uint32_t slack = polled ? POLLED_SLACK : unasked;
    const uint32_t wanted = in_span > 0 ? in_span + slack : 0;
    const uint32_t most = wanted > demand->count ? wanted : demand->count;
    return most > 0 ? most + TRACK_GIVEN_UP : 0;
}

static uint32_t panes_wanted(const struct series_demand_part *demand)
{
    return demand->span_ms > 0 ? demand->span_ms / SERIES_PANE_MS + 1 + PANES_CUT + TRACK_GIVEN_UP : 0;
}

/* NULL where no window needs it, and while the arena measures. */
static struct track *make_track(struct arena *arena, const struct series_demand_part *demand, uint32_t entries,
                                bool of_panes, const struct totals *totals)
{
    return entries > 0 ? track_make(arena, demand, entries, of_panes, totals) : NULL;
}

struct series *series_make(struct arena *arena, const struct series_config *config)
{
    assert(arena != NULL && config != NULL && config->period_ms > 0);
    const struct series_demand_part *observations = &config->demand.observations, *panes = &config->demand.panes;
    struct series *series = ARENA_TAKE(arena, struct series, 1);
    struct series made = {.period_ms = config->period_ms,
                          .stand_ms = config->episodic ? config->stale_ms : config->period_ms + config->period_ms / 2,
                          .episodic = config->episodic,
                          .sums_squares = observations->stddev || panes->stddev,
                          .sums_times = observations->slope || panes->slope};
    const struct totals *totals = series != NULL ? &series->totals : NULL;
    made.totals.all = made.sums_squares || made.sums_times ? ARENA_TAKE(arena, struct sums, 1) : NULL;
    made.observations = make_track(arena, observations,
                                   observations_wanted(observations, config->period_ms, config->polled), false, totals);
    made.panes = make_track(arena, panes, panes_wanted(panes), true, totals);
    if (series != NULL) {
        *series = made;
        series_reset(series, 0);
    }
    return series;
}

/*
 * From where they are the extents follow one observation, and time that goes on; from anywhere else they search. They
 * move as soon as something arrives, for it is then that most is asked.
 */
void series_move(struct series *series, int64_t now_ms)
{
    assert(series->valid_count == 0 || now_ms >= series->newest.at_ms);
    const bool goes_on = series->in_step && (uint64_t)(now_ms - series->asked_ms) < SERIES_SPAN_MS_MAX;
    series->asked_ms = now_ms;
    series->in_step = true;
    (goes_on ? extents_follow : extents_search)(series);
}

static void reset_track(struct track *track, int64_t start_ms)
{
    track_reset(track, start_ms);
    extents_reset(track);
}

void series_reset(struct series *series, int64_t start_ms)
{
    series->asked_ms = series->start_ms = start_ms;
    series->in_step = false;
    series->latest_ms = start_ms - 1;
    series->valid_count = 0;
    series->newest = series->previous = (struct point){.at_ms = start_ms - 1};
    series->until_ms = start_ms - 1;
    series->totals = (struct totals){.all = series->totals.all};
    if (series->totals.all != NULL) {
        *series->totals.all = (struct sums){0};
    }
    if (series->observations != NULL) {
        reset_track(series->observations, start_ms);
    }
    if (series->panes != NULL) {
        reset_track(series->panes, start_ms);
    }
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
    *series->totals.all = sums_add(series->totals.all, &added);
}

static void add_to_totals(struct series *series, const struct point *point)
{
    series->totals.count++;
    series->totals.values += (uint64_t)(int64_t)point->value_milli;
    if (series->totals.all != NULL) {
        add_all_sums(series, point);
    }
}

/*
 * Two observations at one instant: the last wins. The one before has then ended at this instant, or earlier, all the
 * same.
 */
__attribute__((noinline)) static void take_back_newest(struct series *series)
{
    const struct point *newest = &series->newest, *previous = &series->previous;
    struct track *const tracks[] = {series->observations, series->panes};
    series->totals.count--;
    series->totals.values -= (uint64_t)(int64_t)newest->value_milli;
    if (series->totals.all != NULL) {
        const struct sums added = sums_of(series, newest);
        *series->totals.all = sums_subtract(series->totals.all, &added);
    }
    for (unsigned i = 0; i < sizeof(tracks) / sizeof(tracks[0]); i++) {
        if (tracks[i] != NULL) {
            track_take_back(tracks[i], newest);
            extents_take_back(tracks[i], newest->at_ms);
        }
    }
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
        series->in_step = false;
        take_back_newest(series);
    }
    return first;
}

/* Only an observation that follows a hole, or none, can be the first after a gap. */
static void note_hole(struct series *series, int64_t at_ms)
{
    const struct point *before = series->valid_count > 0 ? &series->newest : NULL;
    if (series->observations != NULL) {
        extents_note_hole(series, series->observations, at_ms, before);
    }
    if (series->panes != NULL) {
        extents_note_hole(series, series->panes, at_ms, before);
    }
}

bool series_put(struct series *series, int64_t at_ms, int32_t value_milli)
{
    const bool first = arrive(series, at_ms);
    if (at_ms > series->until_ms) {
        note_hole(series, at_ms);
    }
    const uint32_t stood_ms = series_stood_ms(series, at_ms);
    series->previous = series->newest;
    series->newest = (struct point){.at_ms = at_ms, .value_milli = value_milli, .stood_ms = stood_ms};
    series->until_ms = at_ms + series->stand_ms;
    series->valid_count++;
    if (series->observations != NULL) {
        track_put_observation(series->observations, &series->newest, &series->previous);
    }
    if (series->panes != NULL) {
        track_put_into_pane(series->panes, &series->newest, &series->previous);
    }
    add_to_totals(series, &series->newest);
    series_move(series, at_ms);
    return first;
}

bool series_put_invalid(struct series *series, int64_t at_ms)
{
    const bool first = arrive(series, at_ms);
    if (series->until_ms > at_ms) {
        series->until_ms = at_ms;
    }
    series_move(series, at_ms);
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
    return series->observations != NULL ? series->observations->overruns : 0;
}
