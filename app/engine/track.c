#include "app/engine/track.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/gallop.h"

#define MICRO_PER_MILLI 1000

static uint32_t round_up_to_power_of_two(uint32_t entries)
{
    uint32_t capacity = 2;
    while (capacity < entries) {
        capacity *= 2;
    }
    return capacity;
}

static void make_entries(struct track *track, struct arena *arena)
{
    track->first_at_ms = track->last_at_ms = ARENA_TAKE(arena, int64_t, track->capacity);
    track->first_stood_ms = track->last_stood_ms = ARENA_TAKE(arena, uint32_t, track->capacity);
    track->first_value_milli = ARENA_TAKE(arena, int32_t, track->capacity);
    if (track->pane_ms > 0) {
        track->last_at_ms = ARENA_TAKE(arena, int64_t, track->capacity);
        track->last_stood_ms = ARENA_TAKE(arena, uint32_t, track->capacity);
        track->counts = ARENA_TAKE(arena, uint32_t, track->capacity);
    }
}

static void make_extrema(struct track *track, struct arena *arena)
{
    track->highest_milli = track->lowest_milli = track->first_value_milli;
    if (track->pane_ms > 0) {
        track->highest_milli = ARENA_TAKE(arena, int32_t, track->capacity);
        track->lowest_milli = ARENA_TAKE(arena, int32_t, track->capacity);
    }
    extrema_make(&track->extrema[MAXIMA], arena, track->highest_milli, track->capacity, EXTREMUM_LARGEST);
    extrema_make(&track->extrema[MINIMA], arena, track->lowest_milli, track->capacity, EXTREMUM_SMALLEST);
}

static void make_sums(struct track *track, struct arena *arena, const struct series_demand_part *demand)
{
    if (demand->sum || demand->stddev || demand->slope) {
        track->values = ARENA_TAKE(arena, uint64_t, track->capacity);
    }
    if (demand->stddev) {
        track->squares = ARENA_TAKE(arena, struct wide, track->capacity);
    }
    if (demand->slope) {
        track->times = ARENA_TAKE(arena, struct track_times, track->capacity);
    }
}

static void make_tallies(struct track *track, struct arena *arena, uint16_t count)
{
    track->tally_count = count;
    track->tallies = count > 0 ? ARENA_TAKE(arena, struct tally, count) : NULL;
    for (uint16_t index = 0; index < count; index++) {
        uint32_t *before = ARENA_TAKE(arena, uint32_t, track->capacity);
        if (track->tallies != NULL) {
            track->tallies[index].before = before;
        }
    }
}

void track_make(struct track *track, struct arena *arena, const struct series_demand_part *demand, uint32_t entries,
                uint32_t pane_ms, const struct sums *totals)
{
    *track = (struct track){.totals = totals, .pane_ms = pane_ms, .span_ms = demand->span_ms};
    if (entries == 0) {
        return;
    }
    track->capacity = round_up_to_power_of_two(entries);
    track->mask = track->capacity - 1;
    make_entries(track, arena);
    make_sums(track, arena, demand);
    if (demand->extrema) {
        make_extrema(track, arena);
    }
    make_tallies(track, arena, demand->tallies);
    track->keeps_more = pane_ms > 0 || demand->stddev || demand->slope || demand->tallies > 0;
}

void track_reset(struct track *track, int64_t start_ms)
{
    track->start_ms = start_ms;
    track->begin = track->end = 0;
    track->pushed.at_ms = INT64_MIN;
    extrema_reset(&track->extrema[MAXIMA]);
    extrema_reset(&track->extrema[MINIMA]);
    for (uint16_t index = 0; index < track->tally_count; index++) {
        track->tallies[index].total = 0;
        track->tallies[index].counts_from_ms = INT64_MIN;
    }
}

int64_t track_pane_start(int64_t start_ms, int64_t at_ms)
{
    const int64_t into_pane_ms = (at_ms - start_ms) % SERIES_PANE_MS;
    return at_ms - (into_pane_ms < 0 ? into_pane_ms + SERIES_PANE_MS : into_pane_ms);
}

static bool keeps_extrema(const struct track *track)
{
    return track->extrema[MAXIMA].positions != NULL;
}

/* A full track gives up its oldest entry. */
static inline void make_room(struct track *track, int64_t now_ms)
{
    if (track->end - track->begin < track->capacity) {
        return;
    }
    const uint32_t oldest = track_slot(track, track->begin);
    track->pushed = (struct track_edge){track->last_at_ms[oldest], track->last_stood_ms[oldest]};
    track->overruns += track->pushed.at_ms > now_ms - (int64_t)track->span_ms ? 1 : 0;
    if (keeps_extrema(track)) {
        extrema_drop(&track->extrema[MAXIMA], track->begin);
        extrema_drop(&track->extrema[MINIMA], track->begin);
    }
    track->begin++;
}

/* Those that few windows ask for. */
static void note_more_totals(struct track *track, uint32_t entry)
{
    const struct sums *totals = track->totals;
    if (track->counts != NULL) {
        track->counts[entry] = totals->count;
    }
    if (track->squares != NULL) {
        track->squares[entry] = totals->squares;
    }
    if (track->times != NULL) {
        track->times[entry] = (struct track_times){totals->instants, totals->instant_squares, totals->products};
    }
    for (uint16_t index = 0; index < track->tally_count; index++) {
        track->tallies[index].before[entry] = track->tallies[index].total;
    }
}

static inline uint32_t open_entry(struct track *track, const struct point *first)
{
    const uint32_t entry = track_slot(track, track->end++);
    track->first_at_ms[entry] = first->at_ms;
    track->first_stood_ms[entry] = first->stood_ms;
    track->first_value_milli[entry] = first->value_milli;
    if (track->values != NULL) {
        track->values[entry] = track->totals->values;
    }
    if (track->keeps_more) {
        note_more_totals(track, entry);
    }
    return entry;
}

/* The newest pane has its extremes now, and takes its place among the others. */
static void close_pane(struct track *track)
{
    const uint32_t entry = track_slot(track, track->end - 1);
    extrema_put(&track->extrema[MAXIMA], track->end - 1, track->highest_milli[entry]);
    extrema_put(&track->extrema[MINIMA], track->end - 1, track->lowest_milli[entry]);
}

static void open_pane(struct track *track, const struct point *first)
{
    make_room(track, first->at_ms);
    if (keeps_extrema(track) && track->end > track->begin) {
        close_pane(track);
    }
    const uint32_t entry = open_entry(track, first);
    if (keeps_extrema(track)) {
        track->highest_milli[entry] = track->lowest_milli[entry] = first->value_milli;
    }
    track->pane_until_ms = track_pane_start(track->start_ms, first->at_ms - 1) + SERIES_PANE_MS;
}

/* Every value is compared and kept: a branch would be a guess. */
static void widen_pane(struct track *track, int32_t value_milli)
{
    const uint32_t entry = track_slot(track, track->end - 1);
    const int32_t highest_milli = track->highest_milli[entry], lowest_milli = track->lowest_milli[entry];
    track->highest_before_milli = highest_milli;
    track->lowest_before_milli = lowest_milli;
    track->highest_milli[entry] = value_milli > highest_milli ? value_milli : highest_milli;
    track->lowest_milli[entry] = value_milli < lowest_milli ? value_milli : lowest_milli;
}

static uint32_t meets(const struct tally *tally, int32_t value_milli)
{
    const int64_t value_micro = (int64_t)value_milli * MICRO_PER_MILLI;
    return comparison_holds(tally->comparison, value_micro, tally->threshold_micro) ? 1 : 0;
}

static void count_in_tallies(struct track *track, int32_t value_milli)
{
    for (uint16_t index = 0; index < track->tally_count; index++) {
        track->tallies[index].total += meets(&track->tallies[index], value_milli);
    }
}

void track_put_observation(struct track *track, const struct point *newest)
{
    make_room(track, newest->at_ms);
    (void)open_entry(track, newest);
    if (keeps_extrema(track)) {
        extrema_put_both(track->extrema, track->end - 1, newest->value_milli);
    }
    if (track->tally_count > 0) {
        count_in_tallies(track, newest->value_milli);
    }
}

void track_put_into_pane(struct track *track, const struct point *newest)
{
    if (track->begin == track->end || newest->at_ms > track->pane_until_ms) {
        open_pane(track, newest);
    } else if (keeps_extrema(track)) {
        widen_pane(track, newest->value_milli);
    }
    const uint32_t entry = track_slot(track, track->end - 1);
    track->last_at_ms[entry] = newest->at_ms;
    track->last_stood_ms[entry] = newest->stood_ms;
    if (track->tally_count > 0) {
        count_in_tallies(track, newest->value_milli);
    }
}

/*
 * The newest goes with its only observation. Of panes, the one before is the newest again, but what follows comes too
 * late for it.
 */
static void take_back_entry(struct track *track)
{
    track->end--;
    track->pane_until_ms = INT64_MIN;
    if (keeps_extrema(track) && (track->pane_ms == 0 || track->end > track->begin)) {
        extrema_take_back(&track->extrema[MAXIMA]);
        extrema_take_back(&track->extrema[MINIMA]);
    }
}

static void shorten_pane(struct track *track, const struct point *previous)
{
    const uint32_t entry = track_slot(track, track->end - 1);
    track->last_at_ms[entry] = previous->at_ms;
    track->last_stood_ms[entry] = previous->stood_ms;
    if (keeps_extrema(track)) {
        track->highest_milli[entry] = track->highest_before_milli;
        track->lowest_milli[entry] = track->lowest_before_milli;
    }
}

void track_take_back(struct track *track, const struct point *newest, const struct point *previous)
{
    const uint32_t entry = track_slot(track, track->end - 1);
    assert(track->end > track->begin && track->last_at_ms[entry] == newest->at_ms);
    for (uint16_t index = 0; index < track->tally_count; index++) {
        track->tallies[index].total -= meets(&track->tallies[index], newest->value_milli);
    }
    if (track->first_at_ms[entry] == newest->at_ms) {
        take_back_entry(track);
    } else {
        shorten_pane(track, previous);
    }
}

static bool ends_by(const void *items, uint64_t entry, int64_t from_ms)
{
    return track_ends_by(items, entry, from_ms);
}

uint64_t track_search(const struct track *track, int64_t from_ms, uint64_t guess)
{
    return gallop(ends_by, track, from_ms, track->begin, track->end, guess);
}

bool track_before(const struct track *track, uint64_t first, struct track_edge *out)
{
    assert(first >= track->begin && first <= track->end);
    if (first == 0) {
        return false;
    }
    const uint32_t entry = track_slot(track, first - 1);
    *out = first == track->begin ? track->pushed
                                 : (struct track_edge){track->last_at_ms[entry], track->last_stood_ms[entry]};
    return true;
}

static struct sums sums_from(const struct track *track, uint64_t first)
{
    assert(first >= track->begin && first < track->end);
    const uint32_t entry = track_slot(track, first);
    struct sums before = {.count = track->counts != NULL ? track->counts[entry] : (uint32_t)first,
                          .values = track->values[entry]};
    if (track->squares != NULL) {
        before.squares = track->squares[entry];
    }
    if (track->times != NULL) {
        before.instants = track->times[entry].instants;
        before.instant_squares = track->times[entry].squares;
        before.products = track->times[entry].products;
    }
    return sums_subtract(track->totals, &before);
}

int64_t track_stddev_micro(const struct track *track, uint64_t first)
{
    const struct sums sums = sums_from(track, first);
    return sums_stddev_micro(&sums);
}

int64_t track_slope_micro(const struct track *track, uint64_t first)
{
    const struct sums sums = sums_from(track, first);
    return sums_slope_micro(&sums);
}

static void count_again(struct track *track, struct tally *tally)
{
    tally->total = 0;
    for (uint64_t entry = track->begin; entry < track->end; entry++) {
        tally->before[track_slot(track, entry)] = tally->total;
        tally->total += meets(tally, track->first_value_milli[track_slot(track, entry)]);
    }
}

void track_set_tally(struct track *track, uint16_t tally, enum comparison comparison, int64_t threshold_micro)
{
    assert(tally < track->tally_count);
    struct tally *changed = &track->tallies[tally];
    if (changed->comparison == comparison && changed->threshold_micro == threshold_micro) {
        return;
    }
    changed->comparison = comparison;
    changed->threshold_micro = threshold_micro;
    if (track->pane_ms == 0) {
        count_again(track, changed);
    } else if (track->end > track->begin) {
        changed->counts_from_ms = track->last_at_ms[track_slot(track, track->end - 1)];
    }
}

uint32_t track_tally(const struct track *track, uint16_t tally, uint64_t first)
{
    assert(tally < track->tally_count && first >= track->begin && first < track->end);
    return track->tallies[tally].total - track->tallies[tally].before[track_slot(track, first)];
}
