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

/* A largest or smallest value, and the first kept one (extrema.h) of the extent. */
struct extreme {
    int32_t value_milli;
    uint32_t index;
};

struct extent {
    struct extent *next; /* over the same track */
    uint32_t length;     /* milliseconds, or observations */
    uint32_t needed_ms;  /* in time: of standing, to be known; more than there can be where the span is too short */
    bool is_by_number, is_of_panes;

    /* At the instant that the series was asked about last; behind `held`, only if anything is held. */
    uint32_t held;                   /* observations */
    uint32_t slot;                   /* where the first entry stands */
    uint32_t next_change_in_ms;      /* in time, of all but a count; 0 until somebody asks */
    struct extreme maximum, minimum; /* if the track keeps those */
    uint64_t first;                  /* entry of the track; 0 when nothing is held */
    uint64_t values;                 /* their sum */
    int64_t pane_start_ms;           /* of panes: the boundary that it begins after; INT64_MIN: not known */

    /*
     * That instant, if it is known then, by its filling, its standing and its coverage (count over time does not ask
     * for that); INT64_MIN otherwise.
     */
    int64_t known_ms;

    /*
     * The first observation of the stay, or after the newest gap: in time its instant (INT64_MIN: none), by number its
     * entry. In time the one before, too: the newest observation may be taken back.
     */
    int64_t start, start_before;
};

/* Empty. */
void extent_make(struct extent *extent, const struct series *series, const struct window_spec *spec);

/* About all extents over a track. */
void extents_reset(const struct track *track);

/* Something arrives at at_ms after a hole; `before` is the newest observation so far, or NULL. */
void extents_note_hole(const struct series *series, const struct track *track, int64_t at_ms,
                       const struct point *before);

/* The newest observation, of at_ms, is taken back. */
void extents_take_back(const struct track *track, int64_t at_ms);

/*
 * All of a series, to its asked_ms: from anywhere; or, if since they moved last no more happened than that one
 * observation followed, and less than a day passed, from there.
 */
void extents_search(const struct series *series);
void extents_follow(const struct series *series);

/* How long the observation before one that is not empty stood into it (at most until its first one). */
int64_t extent_stood_into_ms(const struct extent *extent, const struct series *series);

/* How long observations stood within one that is not empty; into_ms: by the above. */
int64_t extent_stood_ms(const struct extent *extent, const struct series *series, int64_t into_ms);

static inline struct track *extent_track(const struct extent *extent, const struct series *series)
{
    return extent->is_of_panes ? series->panes : series->observations;
}

/* In time: the instant that it begins after, if it ends at now_ms. */
static inline int64_t extent_begins_after(const struct extent *extent, const struct series *series, int64_t now_ms)
{
    const int64_t exact_ms = now_ms - (int64_t)extent->length;
    return extent->is_of_panes ? track_pane_start(series->start_ms, exact_ms) : exact_ms;
}

/* The instant of its first entry. */
static inline int64_t extent_first_ms(const struct extent *extent, const struct series *series)
{
    return track_at_ms(extent_track(extent, series), extent->slot, series->newest.at_ms);
}

/* In time: true when a full ring gave up an observation that it should still hold. */
static inline bool extent_has_lost(const struct extent *extent, const struct series *series)
{
    return extent_track(extent, series)->pushed_ms > extent_begins_after(extent, series, series->asked_ms);
}

/* In time: when the first whole span since its start is complete; long ago while nothing is there. */
static inline int64_t extent_whole_ms(const struct extent *extent)
{
    return extent->start + (int64_t)extent->length;
}

#endif
