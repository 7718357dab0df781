#include "app/engine/extent.h"

#include <assert.h>
#include <stddef.h>

#define PERMILLE 1000

static uint32_t needed_ms(const struct window_spec *spec, uint32_t period_ms)
{
    const uint64_t permille_ms = (uint64_t)spec->span_ms * spec->coverage_permille;
    return spec->span_ms < period_ms ? UINT32_MAX : (uint32_t)((permille_ms + PERMILLE - 1) / PERMILLE);
}

static void reset(struct extent *extent)
{
    extent->held = 0;
    extent->start = extent->start_before = extent->is_by_number ? 0 : INT64_MIN;
}

void extent_make(struct extent *extent, struct series *series, const struct window_spec *spec)
{
    *extent = (struct extent){
        .track = spec->span_ms > SERIES_RAW_SPAN_MS_MAX ? &series->panes : &series->observations,
        .length = spec->count > 0 ? spec->count : spec->span_ms,
        .needed_ms = needed_ms(spec, series->period_ms),
        .is_by_number = spec->count > 0,
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

bool extent_is_stood_into(const struct extent *extent, const struct series *series, int64_t *until_ms)
{
    const struct track *track = extent->track;
    struct track_edge before;
    if (!track_before(track, extent->first, &before)) {
        return false;
    }
    const uint32_t first_stood_ms = track->first_stood_ms[track_slot(track, extent->first)];
    *until_ms = before.at_ms + (uint32_t)(first_stood_ms - before.stood_ms);
    return *until_ms > extent_begins_after(extent, series, extent->track, series->asked_ms);
}

int64_t extent_stood_ms(const struct extent *extent, const struct series *series)
{
    const uint32_t first_stood_ms = extent->track->first_stood_ms[track_slot(extent->track, extent->first)];
    const uint32_t since_first_ms = series_stood_ms(series, series->asked_ms) - first_stood_ms;
    int64_t until_ms;
    if (!extent_is_stood_into(extent, series, &until_ms)) {
        return since_first_ms;
    }
    return since_first_ms + until_ms - extent_begins_after(extent, series, extent->track, series->asked_ms);
}

/* Among the entries that are settled, and the newest. */
static void search(struct extreme *extreme, const struct extrema *extrema, uint64_t first, uint64_t end)
{
    extreme->entry = (uint32_t)end - 1;
    extreme->value_milli = extrema->values[extreme->entry & extrema->mask];
    extreme->guess = extrema_search(extrema, (uint32_t)first, extreme->guess);
    if (extreme->guess < extrema->tail &&
        !extrema_reaches(extreme->value_milli, extrema_value(extrema, extreme->guess), extrema->flip)) {
        extreme->entry = extrema->positions[extreme->guess & extrema->mask];
        extreme->value_milli = extrema_value(extrema, extreme->guess);
    }
}

static void search_extremes(struct extent *extent, const struct track *track)
{
    if (extent->asks_max) {
        search(&extent->maximum, &track->extrema[MAXIMA], extent->first, track->end);
    }
    if (extent->asks_min) {
        search(&extent->minimum, &track->extrema[MINIMA], extent->first, track->end);
    }
}

/*
 * The extreme has left. As a rule it stood in the ring where the last search ended, and the next one kept follows,
 * unless the newest entry, which may not have its place there yet, lies beyond.
 */
static void find_next(struct extreme *extreme, const struct extrema *extrema, uint64_t first, uint64_t end)
{
    const uint32_t next = extreme->guess + 1, entry = extrema->positions[next & extrema->mask];
    const int32_t value_milli = extrema->values[entry & extrema->mask];
    const int32_t newest_milli = extrema->values[(end - 1) & extrema->mask];
    if (extrema->positions[extreme->guess & extrema->mask] != extreme->entry || next >= extrema->tail ||
        (int32_t)(entry - (uint32_t)first) < 0 || extrema_reaches(newest_milli, value_milli, extrema->flip)) {
        search(extreme, extrema, first, end);
        return;
    }
    *extreme = (struct extreme){.value_milli = value_milli, .entry = entry, .guess = next};
}

/* At most the newest came since: either it is the extreme, or the one that was is still, unless it has left. */
static inline void follow(struct extreme *extreme, const struct extrema *extrema, enum extremum sought, uint64_t first,
                          uint64_t end, int32_t newest_milli)
{
    if (extrema_reaches(newest_milli, extreme->value_milli, sought)) {
        extreme->value_milli = newest_milli;
        extreme->entry = (uint32_t)end - 1;
    } else if ((int32_t)(extreme->entry - (uint32_t)first) < 0) {
        find_next(extreme, extrema, first, end);
    }
}

static inline void follow_extremes(struct extent *extent, const struct track *track, uint64_t first,
                                   int32_t newest_milli)
{
    if (extent->asks_max) {
        follow(&extent->maximum, &track->extrema[MAXIMA], EXTREMUM_LARGEST, first, track->end, newest_milli);
    }
    if (extent->asks_min) {
        follow(&extent->minimum, &track->extrema[MINIMA], EXTREMUM_SMALLEST, first, track->end, newest_milli);
    }
}

/* It begins with entry `first`, and holds something. */
static inline void hold_from(struct extent *extent, const struct series *series, const struct track *track,
                             uint64_t first)
{
    const uint32_t slot = track_slot(track, first);
    extent->first = first;
    extent->next_change_ms = EXTENT_CHANGE_UNKNOWN;
    extent->held = series->totals.count - (track->counts != NULL ? track->counts[slot] : (uint32_t)first);
    if (extent->asks_mean) {
        extent->values = series->totals.values - track->values[slot];
    }
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

/* What stood since its first observation is enough, as a rule. */
static inline bool is_known_in_time(const struct extent *extent, const struct series *series, const struct track *track,
                                    int64_t from_ms, uint32_t stood_ms)
{
    const uint32_t first_stood_ms = track->first_stood_ms[track_slot(track, extent->first)];
    return track->pushed.at_ms <= from_ms && extent_whole_ms(extent) <= series->asked_ms &&
           (stood_ms - first_stood_ms >= extent->needed_ms || extent_stood_ms(extent, series) >= extent->needed_ms);
}

/* From anywhere to anywhere. */
static void jump(struct extent *extent, const struct series *series, const struct track *track, uint32_t stood_ms)
{
    const int64_t from_ms = extent_begins_after(extent, series, track, series->asked_ms);
    const uint64_t first =
        extent->is_by_number ? first_by_number(extent, track) : track_first(track, from_ms, extent->first);
    if (first == track->end) {
        extent->first = first;
        extent->held = 0;
        extent->is_known = false;
        return;
    }
    hold_from(extent, series, track, first);
    search_extremes(extent, track);
    extent->is_known = extent->is_by_number ? is_known_by_number(extent, series)
                                            : is_known_in_time(extent, series, track, from_ms, stood_ms);
}

/*
 * It held something, and at most one observation, which just followed, came since: it begins with the same entry still,
 * or with the next one, as a rule.
 */
static inline void step_in_time(struct extent *extent, const struct series *series, const struct track *track,
                                uint32_t stood_ms)
{
    const int64_t from_ms = extent_begins_after(extent, series, track, series->asked_ms);
    uint64_t first = extent->first < track->begin ? track->begin : extent->first;
    if (track_ends_by(track, first, from_ms)) {
        first++;
        if (first == track->end || track_ends_by(track, first, from_ms)) {
            jump(extent, series, track, stood_ms);
            return;
        }
    }
    hold_from(extent, series, track, first);
    follow_extremes(extent, track, first, series->newest.value_milli);
    extent->is_known = is_known_in_time(extent, series, track, from_ms, stood_ms);
}

static void step_by_number(struct extent *extent, const struct series *series, const struct track *track)
{
    const uint64_t first = first_by_number(extent, track);
    hold_from(extent, series, track, first);
    follow_extremes(extent, track, first, series->newest.value_milli);
    extent->is_known = is_known_by_number(extent, series);
}

void extents_move(const struct series *series, const struct track *track, bool goes_on)
{
    const uint32_t stood_ms = series_stood_ms(series, series->asked_ms);
    for (struct extent *extent = track->extents; extent != NULL; extent = extent->next) {
        if (!goes_on || extent->held == 0) {
            jump(extent, series, track, stood_ms);
        } else if (extent->is_by_number) {
            step_by_number(extent, series, track);
        } else {
            step_in_time(extent, series, track, stood_ms);
        }
    }
}
