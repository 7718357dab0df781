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
 * A full track gives up its oldest entry. What it must know of it is kept (`pushed`), and giving up one still inside
 * the longest span is counted. Storage is a structure of arrays from an arena, each only where a window asks for it.
 * Thread: the engine's.
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

/* The newest observation of an entry, for the entry that follows it. */
struct track_edge {
    int64_t at_ms;
    uint32_t stood_ms;
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

struct extent;

struct track {
    uint32_t capacity;        /* entries, a power of two; 0: nothing is kept */
    uint32_t mask;            /* capacity - 1 */
    uint32_t pane_ms;         /* 0: an entry is one observation */
    uint32_t span_ms;         /* longest window in time */
    int64_t start_ms;         /* of the stay */
    struct extent *extents;   /* of the windows over it, one for each length */
    uint64_t begin, end;      /* entries kept, numbered from the stay's start */
    struct track_edge pushed; /* the entry given up last; of INT64_MIN when there is none */
    uint64_t overruns;
    const struct sums *totals; /* of the series: everything so far */

    /* By entry. Of a track of observations first and last are the same arrays, and so are value, highest and lowest. */
    int64_t *first_at_ms, *last_at_ms;
    uint32_t *first_stood_ms, *last_stood_ms;
    int32_t *first_value_milli, *highest_milli, *lowest_milli;
    /* Sums before the entry; NULL where nobody asks. An observation's number is its count. */
    bool keeps_more; /* than the sum of values */
    uint32_t *counts;
    uint64_t *values;
    struct wide *squares;
    struct track_times *times;

    struct extrema extrema[2]; /* MAXIMA and MINIMA; of panes, without the newest: it changes still */
    int64_t pane_until_ms;     /* the newest pane takes observations up to this instant, included */
    int32_t highest_before_milli, lowest_before_milli; /* of the newest pane, before its newest observation */
    struct tally *tallies;
    uint16_t tally_count, tallies_taken;
};

/* Where the arrays hold an entry. */
static inline uint32_t track_slot(const struct track *track, uint64_t entry)
{
    return (uint32_t)entry & track->mask;
}

/* For at least `entries` of them (0: none are kept), of the kind that pane_ms says. */
void track_make(struct track *track, struct arena *arena, const struct series_demand_part *demand, uint32_t entries,
                uint32_t pane_ms, const struct sums *totals);
void track_reset(struct track *track, int64_t start_ms);

/* Into the one kind, or the other. */
void track_put_observation(struct track *track, const struct point *newest);
void track_put_into_pane(struct track *track, const struct point *newest);

/* Forgets the newest observation; `previous` is the one before it (its content is ignored when there is none). */
void track_take_back(struct track *track, const struct point *newest, const struct point *previous);

/* The last pane boundary at or before at_ms, of panes counted from start_ms. */
int64_t track_pane_start(int64_t start_ms, int64_t at_ms);

/* The first entry with an observation later than from_ms; track->end when there is none. By search around a guess. */
uint64_t track_search(const struct track *track, int64_t from_ms, uint64_t guess);

static inline bool track_ends_by(const struct track *track, uint64_t entry, int64_t at_ms)
{
    return track->last_at_ms[track_slot(track, entry)] <= at_ms;
}

/* The same; as a rule it is the guess still, or the next one. */
static inline uint64_t track_first(const struct track *track, int64_t from_ms, uint64_t guess)
{
    const uint64_t begin = track->begin, end = track->end;
    if (guess >= begin && guess < end) {
        guess += track_ends_by(track, guess, from_ms) ? 1 : 0;
        if ((guess == end || !track_ends_by(track, guess, from_ms)) &&
            (guess == begin || track_ends_by(track, guess - 1, from_ms))) {
            return guess;
        }
    }
    return track_search(track, from_ms, guess);
}

/* The newest observation before entry `first`; false when the stay has none. */
bool track_before(const struct track *track, uint64_t first, struct track_edge *out);

/* Over everything from entry `first` on, which is there: standard deviation, and slope if there are two instants. */
int64_t track_stddev_micro(const struct track *track, uint64_t first);
int64_t track_slope_micro(const struct track *track, uint64_t first);

/* Changes what a tally counts. Observations still kept are counted again; panes cannot be, and start over. */
void track_set_tally(struct track *track, uint16_t tally, enum comparison comparison, int64_t threshold_micro);
uint32_t track_tally(const struct track *track, uint16_t tally, uint64_t first);

#endif
