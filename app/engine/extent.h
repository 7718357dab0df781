/*
 * extent.h: what the windows of one length hold at one instant, found once for all of them.
 *
 * Windows over one track that differ only in their aggregate begin at the same place and are known by the same rules.
 * They share an extent; the extents of a series move together, at the first question about another instant or after
 * something arrived. Each looks where it was last time and one further on, and gallops from there: time that goes on
 * by little costs little, a long silence O(log n). What is found depends on the series and the instant alone, never on
 * what was asked before. Thread: the engine's.
 */
#ifndef WARDGATE_EXTENT_H
#define WARDGATE_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/series_internal.h"

/* A largest or smallest value, and the entry that has it. */
struct extreme {
    int32_t value_milli;
    uint32_t entry; /* its low 32 bits */
    uint32_t guess; /* where the last search ended */
};

#define EXTENT_CHANGE_UNKNOWN INT64_MIN

struct extent {
    struct track *track;
    struct extent *next; /* over the same track */
    uint32_t length;     /* milliseconds, or observations */
    uint32_t needed_ms;  /* in time: of standing, to be known; more than there can be where the span is too short */
    bool is_by_number;
    bool asks_mean, asks_max, asks_min;

    /*
     * At the instant that the series was asked about last; behind `first`, only what is asked for means something, and
     * only if anything is held.
     */
    bool is_known;   /* by its filling, its standing and its coverage; count over time does not ask for that */
    uint32_t held;   /* observations */
    uint64_t first;  /* entry of the track; its end when nothing is held */
    uint64_t values; /* their sum */
    struct extreme maximum, minimum;
    int64_t next_change_ms; /* in time, of all but a count; EXTENT_CHANGE_UNKNOWN until somebody asks */

    /*
     * The first observation of the stay, or after the newest gap: in time its instant (INT64_MIN: none), by number its
     * entry. In time the one before, too: the newest observation may be taken back.
     */
    int64_t start, start_before;
};

/* Empty. */
void extent_make(struct extent *extent, struct series *series, const struct window_spec *spec);

/* The rest is about all extents over a track. */
void extents_reset(const struct track *track);

/* Something arrives at at_ms after a hole; `before` is the newest observation so far, or NULL. */
void extents_note_hole(const struct series *series, const struct track *track, int64_t at_ms,
                       const struct point *before);

/* The newest observation, of at_ms, is taken back. */
void extents_take_back(const struct track *track, int64_t at_ms);

/* To series->asked_ms. goes_on: since they moved last, no more happened than that one observation followed. */
void extents_move(const struct series *series, const struct track *track, bool goes_on);

/* How long observations stood within one that is not empty. */
int64_t extent_stood_ms(const struct extent *extent, const struct series *series);

/* True when the observation before it stood into it (at most until its first one); it is not empty. */
bool extent_is_stood_into(const struct extent *extent, const struct series *series, int64_t *until_ms);

/* In time: the instant that it begins after, if it ends at now_ms. */
static inline int64_t extent_begins_after(const struct extent *extent, const struct series *series,
                                          const struct track *track, int64_t now_ms)
{
    const int64_t exact_ms = now_ms - (int64_t)extent->length;
    return track->pane_ms > 0 ? track_pane_start(series->start_ms, exact_ms) : exact_ms;
}

/* In time: true when a full ring gave up an observation that it should still hold. */
static inline bool extent_has_lost(const struct extent *extent, const struct series *series)
{
    return extent->track->pushed.at_ms > extent_begins_after(extent, series, extent->track, series->asked_ms);
}

/* In time: when the first whole span since its start is complete; long ago while nothing is there. */
static inline int64_t extent_whole_ms(const struct extent *extent)
{
    return extent->start + (int64_t)extent->length;
}

#endif
