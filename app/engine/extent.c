#include "app/engine/extent.h"

#include <assert.h>
#include <stddef.h>

#define PERMILLE 1000

/* What is done for each observation and each length. */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline

static uint32_t needed_ms(const struct window_spec *spec, uint32_t period_ms)
{
    const uint64_t permille_ms = (uint64_t)spec->span_ms * spec->coverage_permille;
    return spec->span_ms < period_ms ? UINT32_MAX : (uint32_t)((permille_ms + PERMILLE - 1) / PERMILLE);
}

static inline void note_known(struct extent *extent, const struct series *series, bool is_known)
{
    extent->known_ms = is_known ? series->asked_ms : INT64_MIN;
}

static void hold_nothing(struct extent *extent)
{
    extent->first = 0;
    extent->held = 0;
    extent->known_ms = INT64_MIN;
}

static void reset(struct extent *extent)
{
    hold_nothing(extent);
    extent->pane_start_ms = INT64_MIN;
    extent->start = extent->start_before = extent->is_by_number ? TRACK_FIRST : INT64_MIN;
}

void extent_make(struct extent *extent, const struct series *series, const struct window_spec *spec)
{
    const bool is_of_panes = spec->span_ms > SERIES_RAW_SPAN_MS_MAX;
    *extent = (struct extent){
        .length = spec->count > 0 ? spec->count : spec->span_ms,
        .needed_ms = needed_ms(spec, series->period_ms),
        .is_by_number = spec->count > 0,
        .is_of_panes = is_of_panes,
    };
    reset(extent);
}

void extents_reset(const struct track *track)
{
    for (struct extent *extent = track->extents; extent != NULL; extent = extent->next) {
        reset(extent);
    }
}

/*
 * A gap is a stretch of at least the span, or of N expected periods, without an observation. In time only one that did
 * not stand all the while: none where the one before stood until this one came.
 */
void extents_note_hole(const struct series *series, const struct track *track, int64_t at_ms,
                       const struct point *before)
{
    for (struct extent *extent = track->extents; extent != NULL; extent = extent->next) {
        const int64_t gap_ms = (int64_t)extent->length * (extent->is_by_number ? series->period_ms : 1);
        if ((before != NULL && at_ms - before->at_ms < gap_ms) || (extent->is_by_number && series->episodic)) {
            continue;
        }
        extent->start_before = extent->start;
        extent->start = extent->is_by_number ? (int64_t)track->end : at_ms;
    }
}

void extents_take_back(const struct track *track, int64_t at_ms)
{
    for (struct extent *extent = track->extents; extent != NULL; extent = extent->next) {
        if (!extent->is_by_number && extent->start == at_ms) {
            extent->start = extent->start_before;
        }
    }
}

int64_t extent_stood_into_ms(const struct extent *extent, const struct series *series)
{
    uint32_t hole_ms;
    if (!track_hole_before(extent_track(extent, series), extent->first, &hole_ms)) {
        return 0;
    }
    const int64_t from_ms = extent_begins_after(extent, series, series->asked_ms);
    const int64_t into_ms = extent_first_ms(extent, series) - hole_ms - from_ms;
    return into_ms > 0 ? into_ms : 0;
}

int64_t extent_stood_ms(const struct extent *extent, const struct series *series, int64_t into_ms)
{
    const uint32_t first_stood_ms = extent_track(extent, series)->entries[extent->slot].stood_ms;
    return into_ms + (uint32_t)(series_stood_ms(series, series->asked_ms) - first_stood_ms);
}

static bool has_stood_enough(const struct extent *extent, const struct series *series)
{
    return extent_stood_ms(extent, series, extent_stood_into_ms(extent, series)) >= extent->needed_ms;
}

/* The larger of what is settled and the newest, which is settled when another follows. */
static inline void take_extreme(struct extreme *extreme, const struct extrema *extrema, enum extremum sought,
                                uint32_t index)
{
    const uint32_t key = extrema_at(extrema, index)->key, newest = extrema_at(extrema, extrema->tail)->key;
    extreme->index = index;
    extreme->value_milli = extrema_value(sought, key > newest ? key : newest);
}

/*
 * At most one observation came since: one entry was settled, which stands last now and may have cut off the first kept
 * one; and one entry left, which may have been that. No branches, for values come in no order.
 */
ALWAYS_INLINE void follow(struct extreme *extreme, const struct extrema *extrema, enum extremum sought, uint32_t first)
{
    const uint32_t last = extrema->tail - 1;
    const uint32_t index = extreme->index < last ? extreme->index : last;
    take_extreme(extreme, extrema, sought, index + extrema_precedes(extrema_at(extrema, index)->entry, first));
}

ALWAYS_INLINE void follow_extremes(struct extent *extent, const struct track *track, uint32_t first)
{
    if (track->extrema[EXTREMUM_LARGEST] != NULL) {
        follow(&extent->maximum, track->extrema[EXTREMUM_LARGEST], EXTREMUM_LARGEST, first);
    }
    if (track->extrema[EXTREMUM_SMALLEST] != NULL) {
        follow(&extent->minimum, track->extrema[EXTREMUM_SMALLEST], EXTREMUM_SMALLEST, first);
    }
}

static void search(struct extreme *extreme, const struct extrema *extrema, enum extremum sought, uint32_t first)
{
    if (extrema != NULL) {
        take_extreme(extreme, extrema, sought, extrema_search(extrema, first, extreme->index));
    }
}

static void search_extremes(struct extent *extent, const struct track *track, uint32_t first)
{
    search(&extent->maximum, track->extrema[EXTREMUM_LARGEST], EXTREMUM_LARGEST, first);
    search(&extent->minimum, track->extrema[EXTREMUM_SMALLEST], EXTREMUM_SMALLEST, first);
}

/* It begins with this entry, and holds something. */
static inline void hold_from(struct extent *extent, const struct series *series, const struct track *track,
                             uint64_t first, uint32_t slot, bool of_panes)
{
    extent->first = first;
    extent->slot = slot;
    extent->held = of_panes ? series->totals.count - track->panes[slot].count : (uint32_t)(track->end - first);
    extent->values = series->totals.values - track->entries[slot].values;
    extent->next_change_in_ms = 0;
}

static uint64_t first_by_number(const struct extent *extent, const struct track *track)
{
    const uint64_t there = track->end - (uint64_t)extent->start;
    return track->end - (there < extent->length ? there : extent->length);
}

static bool is_known_by_number(const struct extent *extent, const struct series *series)
{
    return extent->held == extent->length && (series->episodic || series_stands(series, series->asked_ms));
}

static bool is_known_in_time(const struct extent *extent, const struct series *series)
{
    return extent_whole_ms(extent) <= series->asked_ms && !extent_has_lost(extent, series) &&
           has_stood_enough(extent, series);
}

/* ---- from anywhere to anywhere ---- */

static void jump(struct extent *extent, const struct series *series, const struct track *track)
{
    const uint64_t first = extent->is_by_number
                               ? first_by_number(extent, track)
                               : track_search(track, extent_begins_after(extent, series, series->asked_ms),
                                              series->newest.at_ms, extent->first);
    if (first == track->end) {
        hold_nothing(extent);
        return;
    }
    hold_from(extent, series, track, first, track_slot(track, first), extent->is_of_panes);
    search_extremes(extent, track, (uint32_t)first);
    note_known(extent, series,
               extent->is_by_number ? is_known_by_number(extent, series) : is_known_in_time(extent, series));
}

static void jump_all(const struct series *series, const struct track *track)
{
    for (struct extent *extent = track->extents; extent != NULL; extent = extent->next) {
        jump(extent, series, track);
    }
}

void extents_search(const struct series *series)
{
    if (series->observations != NULL) {
        jump_all(series, series->observations);
    }
    if (series->panes != NULL) {
        jump_all(series, series->panes);
    }
}

/* ---- from where they were: at most one observation, which just followed, came since ---- */

/* As a rule it begins after the same boundary still. */
static inline int64_t follow_panes(struct extent *extent, const struct series *series, int64_t exact_ms)
{
    if ((uint64_t)exact_ms - (uint64_t)extent->pane_start_ms >= SERIES_PANE_MS) {
        extent->pane_start_ms = track_pane_start(series->start_ms, exact_ms);
    }
    return extent->pane_start_ms;
}

/*
 * If it held something, it begins with the same entry still, or with the next one, as a rule. What stood since its
 * first observation is enough to be known, as a rule.
 */
ALWAYS_INLINE void step_in_time(struct extent *extent, const struct series *series, const struct track *track,
                                uint32_t stood_ms, bool of_panes)
{
    const int64_t exact_ms = series->asked_ms - (int64_t)extent->length;
    const int64_t from_ms = of_panes ? follow_panes(extent, series, exact_ms) : exact_ms;
    uint64_t first = extent->first;
    uint32_t slot = extent->slot;
    if (first < track->whole) {
        jump(extent, series, track);
        return;
    }
    if (track_came_by(track, slot, from_ms)) {
        slot = track_next_slot(track, slot);
        first++;
        if (first == track->end || track_came_by(track, slot, from_ms)) {
            jump(extent, series, track);
            return;
        }
    }
    hold_from(extent, series, track, first, slot, of_panes);
    follow_extremes(extent, track, (uint32_t)first);
    note_known(extent, series,
               extent->start <= exact_ms &&
                   (stood_ms - track->entries[slot].stood_ms >= extent->needed_ms || has_stood_enough(extent, series)));
}

/* After a gap it begins anew. */
static inline void step_by_number(struct extent *extent, const struct series *series, const struct track *track)
{
    const uint64_t first = first_by_number(extent, track);
    if (extent->held == 0 || first - extent->first > 1) {
        jump(extent, series, track);
        return;
    }
    hold_from(extent, series, track, first, track_slot(track, first), false);
    follow_extremes(extent, track, (uint32_t)first);
    note_known(extent, series, is_known_by_number(extent, series));
}

void extents_follow(const struct series *series)
{
    const struct track *const observations = series->observations, *const panes = series->panes;
    const uint32_t stood_ms = series_stood_ms(series, series->asked_ms);
    for (struct extent *extent = observations != NULL ? observations->extents : NULL; extent != NULL;
         extent = extent->next) {
        if (extent->is_by_number) {
            step_by_number(extent, series, observations);
        } else {
            step_in_time(extent, series, observations, stood_ms, false);
        }
    }
    for (struct extent *extent = panes != NULL ? panes->extents : NULL; extent != NULL; extent = extent->next) {
        step_in_time(extent, series, panes, stood_ms, true);
    }
}
