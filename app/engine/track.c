#include "app/engine/track.h"

#include <assert.h>
#include <stddef.h>

#include "app/engine/gallop.h"

#define MICRO_PER_MILLI 1000

/* Ages of 32 bits are told apart with room to spare: at most twice this before any are forgotten. */
#define RECENT_MS_MAX (INT64_C(1) << 30)
_Static_assert(SERIES_SPAN_MS_MAX + SERIES_PANE_MS < RECENT_MS_MAX / 2, "what a window in time holds is recent");

static struct extrema *make_extrema(struct arena *arena, uint32_t capacity)
{
    struct extrema made;
    struct extrema *extrema = ARENA_TAKE(arena, struct extrema, 1);
    extrema_make(&made, arena, capacity);
    if (extrema != NULL) {
        *extrema = made;
    }
    return extrema;
}

static void make_tallies(struct track_more *more, struct arena *arena, uint16_t count, uint32_t capacity)
{
    more->tally_count = count;
    more->tallies = count > 0 ? ARENA_TAKE(arena, struct tally, count) : NULL;
    for (uint16_t index = 0; index < count; index++) {
        uint32_t *before = ARENA_TAKE(arena, uint32_t, capacity);
        if (more->tallies != NULL) {
            more->tallies[index].before = before;
        }
    }
}

static struct track_more *make_more(struct arena *arena, const struct series_demand_part *demand, uint32_t capacity)
{
    if (!demand->firsts && !demand->stddev && !demand->slope && demand->tallies == 0) {
        return NULL;
    }
    struct track_more *more = ARENA_TAKE(arena, struct track_more, 1);
    struct track_more made = {.first_milli = NULL};
    if (demand->firsts || demand->tallies > 0) {
        made.first_milli = ARENA_TAKE(arena, int32_t, capacity);
    }
    if (demand->stddev) {
        made.squares = ARENA_TAKE(arena, struct wide, capacity);
    }
    if (demand->slope) {
        made.times = ARENA_TAKE(arena, struct track_times, capacity);
    }
    make_tallies(&made, arena, demand->tallies, capacity);
    if (more != NULL) {
        *more = made;
    }
    return more;
}

struct track *track_make(struct arena *arena, const struct series_demand_part *demand, uint32_t entries, bool of_panes,
                         const struct totals *totals)
{
    assert(entries > 0);
    struct track *track = ARENA_TAKE(arena, struct track, 1);
    struct track made = {.totals = totals, .capacity = entries, .span_ms = demand->span_ms};
    made.entries = ARENA_TAKE(arena, struct entry, entries);
    made.panes = of_panes ? ARENA_TAKE(arena, struct pane, entries) : NULL;
    made.extrema[EXTREMUM_LARGEST] = demand->maxima ? make_extrema(arena, entries) : NULL;
    made.extrema[EXTREMUM_SMALLEST] = demand->minima ? make_extrema(arena, entries) : NULL;
    made.more = make_more(arena, demand, entries);
    if (track != NULL) {
        *track = made;
    }
    return track;
}

static void reset_tallies(struct track_more *more)
{
    for (uint16_t index = 0; index < more->tally_count; index++) {
        more->tallies[index].total = 0;
        more->tallies[index].counts_from_ms = INT64_MIN;
    }
}

void track_reset(struct track *track, int64_t start_ms)
{
    track->start_ms = start_ms;
    track->begin = track->end = track->whole = track->recent = TRACK_FIRST;
    track->end_slot = 0;
    track->recent_ms = start_ms;
    track->pushed_ms = track->pane_until_ms = INT64_MIN;
    for (unsigned index = EXTREMUM_LARGEST; index <= EXTREMUM_SMALLEST; index++) {
        if (track->extrema[index] != NULL) {
            extrema_reset(track->extrema[index]);
        }
    }
    if (track->more != NULL) {
        reset_tallies(track->more);
    }
}

/* ---- entries come and go ---- */

int64_t track_at_ms(const struct track *track, uint32_t slot, int64_t newest_ms)
{
    return newest_ms - (uint32_t)((uint32_t)newest_ms - track->entries[slot].at_ms);
}

static bool came_by(const void *items, uint64_t entry, int64_t at_ms)
{
    const struct track *track = items;
    return track_came_by(track, track_slot(track, entry), at_ms);
}

static uint64_t first_recent(const struct track *track)
{
    return track->recent > track->begin ? track->recent : track->begin;
}

/* Before an entry of now_ms: nothing over half of what is recent at most remains so, that it seldom happens. */
__attribute__((noinline)) static void forget_instants(struct track *track, int64_t now_ms, int64_t newest_ms)
{
    const int64_t from_ms = now_ms - RECENT_MS_MAX / 2;
    const uint64_t first = first_recent(track);
    track->recent = newest_ms <= from_ms ? track->end : gallop(came_by, track, from_ms, first, track->end, first);
    track->recent_ms = from_ms;
}

/* Several entries at once, for to look what they are costs more than what they make room for. */
__attribute__((noinline)) static void make_room(struct track *track, int64_t now_ms, int64_t newest_ms)
{
    const uint64_t begin = track->begin + TRACK_GIVEN_UP;
    const uint32_t last = track_slot(track, begin - 1);
    const int64_t span_from_ms = now_ms - (int64_t)track->span_ms;
    track->pushed_ms = begin <= track->recent ? INT64_MIN : track_at_ms(track, last, newest_ms);
    track->pushed_stood_ms = track->entries[last].stood_ms;
    if (track->pushed_ms > span_from_ms) {
        track->overruns += begin - gallop(came_by, track, span_from_ms, first_recent(track), begin, begin);
    }
    for (unsigned sought = EXTREMUM_LARGEST; sought <= EXTREMUM_SMALLEST; sought++) {
        if (track->extrema[sought] != NULL) {
            extrema_drop(track->extrema[sought], (uint32_t)begin);
        }
    }
    track->begin = begin;
    track->whole = begin + 1;
}

static void note_more(const struct track *track, uint32_t slot, int32_t first_milli)
{
    const struct sums *all = track->totals->all; /* for times and squares */
    const struct track_more *more = track->more;
    if (more->first_milli != NULL) {
        more->first_milli[slot] = first_milli;
    }
    if (more->squares != NULL) {
        more->squares[slot] = all->squares;
    }
    if (more->times != NULL) {
        more->times[slot] = (struct track_times){all->instants, all->instant_squares, all->products};
    }
    for (uint16_t index = 0; index < more->tally_count; index++) {
        more->tallies[index].before[slot] = more->tallies[index].total;
    }
}

static inline void put_extremes(const struct track *track, int32_t value_milli)
{
    if (track->extrema[EXTREMUM_LARGEST] != NULL) {
        extrema_put(track->extrema[EXTREMUM_LARGEST], (uint32_t)track->end, extrema_key(EXTREMUM_LARGEST, value_milli));
    }
    if (track->extrema[EXTREMUM_SMALLEST] != NULL) {
        extrema_put(track->extrema[EXTREMUM_SMALLEST], (uint32_t)track->end,
                    extrema_key(EXTREMUM_SMALLEST, value_milli));
    }
}

/* Returns where it stands. */
static inline uint32_t open_entry(struct track *track, const struct point *first, const struct point *previous)
{
    if (first->at_ms - track->recent_ms > RECENT_MS_MAX) {
        forget_instants(track, first->at_ms, previous->at_ms);
    }
    if (track->end - track->begin == track->capacity) {
        make_room(track, first->at_ms, previous->at_ms);
    }
    const uint32_t slot = track->end_slot;
    track->entries[slot] = (struct entry){(uint32_t)first->at_ms, first->stood_ms, track->totals->values};
    track->end_slot = track_next_slot(track, slot);
    track->end++;
    return slot;
}

static uint32_t hole_between(const struct point *before, const struct point *after)
{
    const int64_t hole_ms = after->at_ms - before->at_ms - (uint32_t)(after->stood_ms - before->stood_ms);
    return hole_ms < UINT32_MAX ? (uint32_t)hole_ms : UINT32_MAX;
}

static void open_pane(struct track *track, const struct point *first, const struct point *previous)
{
    put_extremes(track, first->value_milli);
    const uint32_t slot = open_entry(track, first, previous);
    track->panes[slot] = (struct pane){.count = track->totals->count, .hole_ms = hole_between(previous, first)};
    track->pane_until_ms = track_pane_start(track->start_ms, first->at_ms - 1) + SERIES_PANE_MS;
    if (track->more != NULL) {
        note_more(track, slot, first->value_milli);
    }
}

static inline void widen_pane(const struct track *track, int32_t value_milli)
{
    if (track->extrema[EXTREMUM_LARGEST] != NULL) {
        extrema_widen(track->extrema[EXTREMUM_LARGEST], extrema_key(EXTREMUM_LARGEST, value_milli));
    }
    if (track->extrema[EXTREMUM_SMALLEST] != NULL) {
        extrema_widen(track->extrema[EXTREMUM_SMALLEST], extrema_key(EXTREMUM_SMALLEST, value_milli));
    }
}

static uint32_t meets(const struct tally *tally, int32_t value_milli)
{
    const int64_t value_micro = (int64_t)value_milli * MICRO_PER_MILLI;
    return comparison_holds(tally->comparison, value_micro, tally->threshold_micro) ? 1 : 0;
}

static void count_in_tallies(const struct track_more *more, int32_t value_milli)
{
    for (uint16_t index = 0; index < more->tally_count; index++) {
        more->tallies[index].total += meets(&more->tallies[index], value_milli);
    }
}

/* Apart, as is what happens seldom: a put needs no registers for it. */
__attribute__((noinline)) static void put_more(const struct track *track, uint32_t slot, int32_t value_milli)
{
    note_more(track, slot, value_milli);
    count_in_tallies(track->more, value_milli);
}

void track_put_observation(struct track *track, const struct point *newest, const struct point *previous)
{
    put_extremes(track, newest->value_milli);
    const uint32_t slot = open_entry(track, newest, previous);
    if (track->more != NULL) {
        put_more(track, slot, newest->value_milli);
    }
}

void track_put_into_pane(struct track *track, const struct point *newest, const struct point *previous)
{
    if (newest->at_ms > track->pane_until_ms) {
        open_pane(track, newest, previous);
    } else {
        widen_pane(track, newest->value_milli);
    }
    if (track->more != NULL) {
        count_in_tallies(track->more, newest->value_milli);
    }
}

/*
 * The newest goes with its only observation. Of panes, the one before is the newest again, but what follows comes too
 * late for it.
 */
static void take_back_entry(struct track *track, uint32_t slot)
{
    track->end--;
    track->end_slot = slot;
    track->pane_until_ms = INT64_MIN;
}

void track_take_back(struct track *track, const struct point *newest)
{
    assert(track->end > track->begin);
    const struct track_more *more = track->more;
    const uint32_t slot = track_slot(track, track->end - 1);
    const bool is_alone = track->entries[slot].at_ms == (uint32_t)newest->at_ms;
    for (uint16_t index = 0; more != NULL && index < more->tally_count; index++) {
        more->tallies[index].total -= meets(&more->tallies[index], newest->value_milli);
    }
    for (unsigned sought = EXTREMUM_LARGEST; sought <= EXTREMUM_SMALLEST; sought++) {
        if (track->extrema[sought] != NULL) {
            (is_alone ? extrema_take_back : extrema_narrow)(track->extrema[sought]);
        }
    }
    if (is_alone) {
        take_back_entry(track, slot);
    }
}

/* ---- what is asked ---- */

uint64_t track_search(const struct track *track, int64_t from_ms, int64_t newest_ms, uint64_t guess)
{
    return from_ms < newest_ms ? gallop(came_by, track, from_ms, first_recent(track), track->end, guess) : track->end;
}

bool track_hole_before(const struct track *track, uint64_t entry, uint32_t *out_ms)
{
    assert(entry >= first_recent(track) && entry < track->end);
    const uint32_t slot = track_slot(track, entry);
    const struct entry *after = &track->entries[slot];
    if (track->panes != NULL) {
        *out_ms = track->panes[slot].hole_ms;
    } else if (entry == track->begin) {
        *out_ms = after->at_ms - (uint32_t)track->pushed_ms - (after->stood_ms - track->pushed_stood_ms);
    } else {
        const struct entry *before = &track->entries[track_slot(track, entry - 1)];
        *out_ms = after->at_ms - before->at_ms - (after->stood_ms - before->stood_ms);
    }
    return entry > track->recent;
}

static struct sums sums_from(const struct track *track, uint64_t first)
{
    assert(first >= track->begin && first < track->end);
    const uint32_t slot = track_slot(track, first);
    const struct track_more *more = track->more;
    struct sums before = {.count = track->panes != NULL ? track->panes[slot].count : (uint32_t)(first - TRACK_FIRST),
                          .values = track->entries[slot].values};
    if (more->squares != NULL) {
        before.squares = more->squares[slot];
    }
    if (more->times != NULL) {
        before.instants = more->times[slot].instants;
        before.instant_squares = more->times[slot].squares;
        before.products = more->times[slot].products;
    }
    return sums_subtract(track->totals->all, &before);
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

static void count_again(const struct track *track, struct tally *tally)
{
    tally->total = 0;
    for (uint64_t entry = track->begin; entry < track->end; entry++) {
        const uint32_t slot = track_slot(track, entry);
        tally->before[slot] = tally->total;
        tally->total += meets(tally, track->more->first_milli[slot]);
    }
}

void track_set_tally(const struct track *track, uint16_t tally, enum comparison comparison, int64_t threshold_micro,
                     int64_t newest_ms)
{
    assert(tally < track->more->tally_count);
    struct tally *changed = &track->more->tallies[tally];
    if (changed->comparison == comparison && changed->threshold_micro == threshold_micro) {
        return;
    }
    changed->comparison = comparison;
    changed->threshold_micro = threshold_micro;
    if (track->panes == NULL) {
        count_again(track, changed);
    } else if (track->end > track->begin) {
        changed->counts_from_ms = newest_ms;
    }
}

uint32_t track_tally(const struct track *track, uint16_t tally, uint64_t first)
{
    assert(tally < track->more->tally_count && first >= track->begin && first < track->end);
    const struct tally *counted = &track->more->tallies[tally];
    return counted->total - counted->before[track_slot(track, first)];
}
