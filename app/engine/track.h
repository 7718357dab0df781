/*
 * track.h: the ring behind the windows: entries in order of time, with running sums before each.
 *
 * An entry is one observation, or one pane: the observations of 10 s of the stay. A series has a track of each kind,
 * as far as its windows ask. Everything from entry `first` on is the difference between the totals and what stood
 * before `first`. Sums wrap without harm; a difference is exact as long as the true one fits.
 *
 * Panes are counted from the stay's start and, like spans, closed at their end: (start + k * 10 s, start + (k + 1) *
 * 10 s]. Panes without an observation take no entry.
 *
 * Of an instant an entry keeps the low 32 bits, which is enough to tell the age of a recent one. Windows in time hold
 * no others: what lies further back is left out of searches by time, and counted by number only.
 *
 * A full track gives up its oldest entries, TRACK_GIVEN_UP at a time. What it must know of the last of them is kept
 * (`pushed`), and giving up one still inside the longest span is counted. Storage is from an arena; what few windows
 * ask for has arrays of its own, each only where it is asked for. Thread: the engine's.
 */
#ifndef WARDGATE_TRACK_H
#define WARDGATE_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/extrema.h"
#include "app/engine/series.h"
#include "app/engine/sums.h"

/*
 * A valid observation. stood_ms: how long the observations of the stay stood altogether up to its instant; it wraps,
 * and means something only as a difference over less than 49 days.
 */
struct point {
    int64_t at_ms;
    int32_t value_milli;
    uint32_t stood_ms;
};

/* Of an entry's first observation; the sum is that of all values before it. */
struct entry {
    uint32_t at_ms; /* low 32 bits */
    uint32_t stood_ms;
    uint64_t values;
};

/* What a pane has besides: observations of the stay before it, and how long nothing stood just before it. */
struct pane {
    uint32_t count;
    uint32_t hole_ms; /* UINT32_MAX and more: as much, which is longer than any span */
};

/* Running count of the observations that meet a comparison. */
struct tally {
    enum comparison comparison;
    int64_t threshold_micro;
    uint32_t total;
    uint32_t *before;       /* of each entry */
    int64_t counts_from_ms; /* observations up to this instant were counted with another threshold */
};

struct track_times {
    uint64_t instants;
    struct wide squares, products;
};

/* What few windows ask for, by entry; NULL where none does. Sums are those before it. */
struct track_more {
    int32_t *first_milli; /* the value of its first observation */
    struct wide *squares;
    struct track_times *times;
    struct tally *tallies;
    uint16_t tally_count, tallies_taken;
};

/* A track is made for as many more than its windows can hold. */
#define TRACK_GIVEN_UP 8

/* The number of a stay's first entry: none has number 0. */
#define TRACK_FIRST 1

/* Everything so far of a series. */
struct totals {
    uint64_t values;
    uint32_t count;
    struct sums *all; /* NULL: no window asks for more than these two */
};

struct extent;

struct track {
    struct entry *entries;
    struct pane *panes; /* NULL: an entry is one observation */
    uint32_t capacity;
    uint32_t end_slot;      /* where the next entry goes */
    uint64_t begin, end;    /* entries kept, numbered from TRACK_FIRST at the stay's start */
    uint64_t whole;         /* from here on nothing was given up: what lies before is kept, or never was */
    struct extent *extents; /* of the windows over it, one for each length */

    struct extrema *extrema[2]; /* by enum extremum; NULL where nobody asks */

    struct track_more *more; /* NULL: nothing of it is kept */
    const struct totals *totals;

    uint64_t recent;   /* entries from here on are told apart by their instants; may lie before `begin` */
    int64_t recent_ms; /* none of those is earlier */

    int64_t pushed_ms; /* the instant of the entry given up last, INT64_MIN when it is long ago or there is none ... */
    uint32_t pushed_stood_ms; /* ... and how long observations had stood by then */
    uint32_t span_ms;         /* longest window in time */
    uint64_t overruns;

    int64_t start_ms;      /* of the stay */
    int64_t pane_until_ms; /* the newest pane takes observations up to here, included */
};

/* Where an entry from begin to end stands. */
static inline uint32_t track_slot(const struct track *track, uint64_t entry)
{
    const uint32_t back = (uint32_t)(track->end - entry);
    return track->end_slot - back + (back > track->end_slot ? track->capacity : 0);
}

static inline uint32_t track_next_slot(const struct track *track, uint32_t slot)
{
    return slot + 1 < track->capacity ? slot + 1 : 0;
}

/* True when what stands there, which is recent, came no later than an instant less than 24 days from it. */
static inline bool track_came_by(const struct track *track, uint32_t slot, int64_t at_ms)
{
    return (int32_t)(track->entries[slot].at_ms - (uint32_t)at_ms) <= 0;
}

/* For at least so many entries; NULL while the arena measures. */
struct track *track_make(struct arena *arena, const struct series_demand_part *demand, uint32_t entries, bool of_panes,
                         const struct totals *totals);
void track_reset(struct track *track, int64_t start_ms);

/* Into the one kind, or the other. previous: the observation before, its content is ignored when there is none. */
void track_put_observation(struct track *track, const struct point *newest, const struct point *previous);
void track_put_into_pane(struct track *track, const struct point *newest, const struct point *previous);

/* Forgets the newest observation. */
void track_take_back(struct track *track, const struct point *newest);

/* The last pane boundary at or before at_ms, of panes counted from start_ms. */
static inline int64_t track_pane_start(int64_t start_ms, int64_t at_ms)
{
    const int64_t into_pane_ms = (at_ms - start_ms) % SERIES_PANE_MS;
    return at_ms - (into_pane_ms < 0 ? into_pane_ms + SERIES_PANE_MS : into_pane_ms);
}

/*
 * The first entry later than from_ms, of panes a boundary; track->end when there is none. By search around a guess.
 * newest_ms: the newest observation, no more than a day later.
 */
uint64_t track_search(const struct track *track, int64_t from_ms, int64_t newest_ms, uint64_t guess);

/* The instant of a recent entry. */
int64_t track_at_ms(const struct track *track, uint32_t slot, int64_t newest_ms);

/* How long nothing stood just before a recent entry; false when there was nothing before it, or long ago. */
bool track_hole_before(const struct track *track, uint64_t entry, uint32_t *out_ms);

/* Over everything from entry `first` on, which is there: standard deviation, and slope if there are two instants. */
int64_t track_stddev_micro(const struct track *track, uint64_t first);
int64_t track_slope_micro(const struct track *track, uint64_t first);

/* Changes what a tally counts. Observations still kept are counted again; panes cannot be, and start over. */
void track_set_tally(const struct track *track, uint16_t tally, enum comparison comparison, int64_t threshold_micro,
                     int64_t newest_ms);
uint32_t track_tally(const struct track *track, uint16_t tally, uint64_t first);

#endif
