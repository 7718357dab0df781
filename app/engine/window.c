#include <assert.h>
#include <stddef.h>

#include "app/engine/extent.h"

#define MICRO_PER_MILLI 1000
#define MICRO_PER_UNIT  1000000

struct window {
    struct series *series;
    struct extent *extent; /* shared by all windows of its length: its own, or that of the first of them */
    enum aggregate aggregate;
    uint16_t tally;
    bool bare, newest_only;
    struct extent own;
};

/* Windows are many: two cache lines each. */
_Static_assert(sizeof(struct window) <= 128, "the arena hands out cache lines");

bool window_is_newest_only(const struct window_spec *spec)
{
    return spec->bare || spec->aggregate == AGGREGATE_AGE || (spec->aggregate == AGGREGATE_LAST && spec->count == 0);
}

/* The one that windows of this length share already; NULL when this is the first. */
static struct extent *find_extent(const struct extent *own)
{
    struct extent *extent = own->track->extents;
    while (extent != NULL && (extent->length != own->length || extent->is_by_number != own->is_by_number ||
                              extent->needed_ms != own->needed_ms)) {
        extent = extent->next;
    }
    return extent;
}

static void share_extent(struct window *window)
{
    window->extent = find_extent(&window->own);
    if (window->extent == NULL) {
        window->extent = &window->own;
        window->own.next = window->own.track->extents;
        window->own.track->extents = &window->own;
    }
    window->extent->asks_mean |= window->aggregate == AGGREGATE_MEAN;
    window->extent->asks_max |= window->aggregate == AGGREGATE_MAX;
    window->extent->asks_min |= window->aggregate == AGGREGATE_MIN;
}

struct window *window_make(struct arena *arena, struct series *series, const struct window_spec *spec)
{
    assert(arena != NULL && spec != NULL && (spec->span_ms == 0 || spec->count == 0));
    assert(window_is_newest_only(spec) || spec->span_ms > 0 || spec->count > 0);
    struct window *window = ARENA_TAKE(arena, struct window, 1);
    if (window == NULL) {
        return NULL;
    }
    assert(series != NULL);
    *window = (struct window){
        .series = series, .aggregate = spec->aggregate, .bare = spec->bare, .newest_only = window_is_newest_only(spec)};
    extent_make(&window->own, series, spec);
    window->extent = &window->own;
    if (!window->newest_only) {
        share_extent(window);
        assert(window->extent->track->capacity > 0);
    }
    if (spec->aggregate == AGGREGATE_SHARE) {
        struct track *track = window->extent->track;
        assert(track->tallies_taken < track->tally_count);
        window->tally = track->tallies_taken++;
    }
    return window;
}

void window_set_share(struct window *window, enum comparison comparison, int64_t threshold_micro)
{
    assert(window->aggregate == AGGREGATE_SHARE);
    track_set_tally(window->extent->track, window->tally, comparison, threshold_micro);
}

/* Some of the window's panes were counted before the threshold of its share changed. */
static bool has_stale_tally(const struct window *window)
{
    const struct extent *extent = window->extent;
    return window->aggregate == AGGREGATE_SHARE &&
           extent->track->tallies[window->tally].counts_from_ms >
               extent_begins_after(extent, window->series, extent->track, window->series->asked_ms);
}

static struct answer known(int64_t value_micro)
{
    return (struct answer){.known = true, .value_micro = value_micro};
}

static struct answer unknown(void)
{
    return (struct answer){.known = false};
}

/* The bare vital, `last` and `age`. */
static struct answer answer_of_newest(const struct window *window, int64_t now_ms)
{
    const struct extent *extent = window->extent;
    const struct series *series = window->series;
    if (series->valid_count == 0) {
        return unknown();
    }
    if (window->aggregate == AGGREGATE_AGE) {
        return known((now_ms - series->newest.at_ms) * MICRO_PER_MILLI);
    }
    const bool is_gone =
        window->bare
            ? !series_stands(series, now_ms)
            : extent->length > 0 && series->newest.at_ms <= extent_begins_after(extent, series, extent->track, now_ms);
    return is_gone ? unknown() : known((int64_t)series->newest.value_milli * MICRO_PER_MILLI);
}

static int64_t newest_milli(const struct window *window)
{
    return window->series->newest.value_milli;
}

static int64_t oldest_milli(const struct window *window)
{
    const struct extent *extent = window->extent;
    return extent->track->first_value_milli[track_slot(extent->track, extent->first)];
}

static int64_t extreme_milli(const struct window *window)
{
    const struct extent *extent = window->extent;
    return window->aggregate == AGGREGATE_MAX ? extent->maximum.value_milli : extent->minimum.value_milli;
}

/* Unknown also while its threshold is too new. */
static struct answer share(const struct window *window)
{
    const struct extent *extent = window->extent;
    if (has_stale_tally(window)) {
        return unknown();
    }
    return known(sums_share_micro(track_tally(extent->track, window->tally, extent->first), extent->held));
}

static struct answer slope(const struct extent *extent)
{
    return extent->held > 1 ? known(track_slope_micro(extent->track, extent->first)) : unknown();
}

/* The aggregates that are not at hand in the extent. */
static struct answer work_out(const struct window *window)
{
    const struct extent *extent = window->extent;
    switch (window->aggregate) {
    case AGGREGATE_SHARE:
        return share(window);
    case AGGREGATE_STDDEV:
        return known(track_stddev_micro(extent->track, extent->first));
    case AGGREGATE_SLOPE:
        return slope(extent);
    case AGGREGATE_DELTA:
        return known((newest_milli(window) - oldest_milli(window)) * MICRO_PER_MILLI);
    case AGGREGATE_COUNT:
        return known((int64_t)extent->held * MICRO_PER_UNIT);
    case AGGREGATE_LAST:
        return known(newest_milli(window) * MICRO_PER_MILLI);
    case AGGREGATE_MEAN:
        return known(sums_mean_micro(extent->values, extent->held));
    case AGGREGATE_MAX:
        return known((int64_t)extent->maximum.value_milli * MICRO_PER_MILLI);
    case AGGREGATE_MIN:
        return known((int64_t)extent->minimum.value_milli * MICRO_PER_MILLI);
    case AGGREGATE_AGE:
        break;
    }
    assert(false && "an aggregate of more than the newest");
    return unknown();
}

/* Over an extent that is not known: all the same a count over time, as far as nothing was lost. */
static struct answer count_anyway(const struct window *window)
{
    const struct extent *extent = window->extent;
    if (window->aggregate != AGGREGATE_COUNT || extent->is_by_number || extent_has_lost(extent, window->series)) {
        return unknown();
    }
    return known((int64_t)extent->held * MICRO_PER_UNIT);
}

/* The extent is where it is asked about. */
/* Apart, so that the short way does not save registers for the long one. */
__attribute__((noinline)) static struct answer answer_in_full(const struct window *window, int64_t now_ms)
{
    if (window->newest_only) {
        return answer_of_newest(window, now_ms);
    }
    series_ask(window->series, now_ms);
    return window->extent->is_known ? work_out(window) : count_anyway(window);
}

/* What is asked most is at hand: the first window over a series that is asked moves the extents of all. */
struct answer window_answer(struct window *window, int64_t now_ms)
{
    const struct extent *extent = window->extent;
    if (window->series->asked_ms == now_ms && extent->is_known) {
        if (window->aggregate == AGGREGATE_MEAN) {
            return known(sums_mean_micro(extent->values, extent->held));
        }
        if (window->aggregate == AGGREGATE_MAX) {
            return known((int64_t)extent->maximum.value_milli * MICRO_PER_MILLI);
        }
        if (window->aggregate == AGGREGATE_MIN) {
            return known((int64_t)extent->minimum.value_milli * MICRO_PER_MILLI);
        }
    }
    return answer_in_full(window, now_ms);
}

static enum verdict verdict_of(bool met)
{
    return met ? VERDICT_MET : VERDICT_CLEAR;
}

/* Max and min of a window that holds something; by number on a continuous vital, only while the newest stands. */
static bool may_witness(const struct window *window)
{
    const struct extent *extent = window->extent;
    const struct series *series = window->series;
    return (window->aggregate == AGGREGATE_MAX || window->aggregate == AGGREGATE_MIN) && extent->held > 0 &&
           (!extent->is_by_number || series->episodic || series_stands(series, series->asked_ms));
}

/*
 * What is there decides as far as it can: the true maximum is the one seen or higher (the true minimum the one seen
 * or lower). Once that reaches the threshold, a comparison that holds for all of these is met, and one that holds for
 * none is clear.
 */
static enum verdict verdict_of_witness(const struct window *window, enum comparison comparison, int64_t threshold_micro)
{
    if (!may_witness(window)) {
        return VERDICT_UNKNOWN;
    }
    const bool largest = window->aggregate == AGGREGATE_MAX;
    const bool met = comparison_holds(comparison, largest ? 1 : -1, 0);
    const int64_t seen_micro = extreme_milli(window) * MICRO_PER_MILLI;
    const bool falls_short = largest ? seen_micro < threshold_micro : seen_micro > threshold_micro;
    return !falls_short && comparison_holds(comparison, seen_micro, threshold_micro) == met ? verdict_of(met)
                                                                                            : VERDICT_UNKNOWN;
}

enum verdict window_compare(struct window *window, enum comparison comparison, int64_t threshold_micro, int64_t now_ms)
{
    const struct extent *extent = window->extent;
    if (window->aggregate == AGGREGATE_MEAN) {
        series_ask(window->series, now_ms);
        const int order = extent->is_known ? sums_compare_mean(extent->values, extent->held, threshold_micro) : 0;
        return extent->is_known ? verdict_of(comparison_holds(comparison, order, 0)) : VERDICT_UNKNOWN;
    }
    const struct answer answer = window_answer(window, now_ms);
    if (answer.known) {
        return verdict_of(comparison_holds(comparison, answer.value_micro, threshold_micro));
    }
    return window->newest_only ? VERDICT_UNKNOWN : verdict_of_witness(window, comparison, threshold_micro);
}

static int64_t earlier(int64_t left_ms, int64_t right_ms)
{
    return left_ms < right_ms ? left_ms : right_ms;
}

/* When a window in time first no longer holds an observation of at_ms. */
static int64_t leaves_ms(const struct window *window, int64_t at_ms)
{
    const struct extent *extent = window->extent;
    const int64_t span_ms = extent->length;
    if (extent->track->pane_ms == 0) {
        return at_ms + span_ms;
    }
    return track_pane_start(window->series->start_ms, at_ms - 1) + SERIES_PANE_MS + span_ms;
}

static int64_t next_change_of_newest(const struct window *window, int64_t now_ms)
{
    const struct extent *extent = window->extent;
    const struct series *series = window->series;
    if (series->valid_count == 0) {
        return SERIES_NEVER;
    }
    int64_t next_ms = SERIES_NEVER;
    if (window->bare) {
        next_ms = series->until_ms;
    } else if (window->aggregate == AGGREGATE_LAST && extent->length > 0) {
        next_ms = leaves_ms(window, series->newest.at_ms);
    }
    return next_ms > now_ms ? next_ms : SERIES_NEVER;
}

/*
 * Time stood grows while the newest observation stands, and shrinks while the window's start leaves time that was
 * stood behind; panes leave all at once. Until one of the two ends it moves by 1, 0 or -1 ms a ms: where it crosses
 * what is needed is a subtraction.
 */
static int64_t next_change_of_coverage(const struct window *window)
{
    const struct extent *extent = window->extent;
    const struct series *series = window->series;
    const int64_t now_ms = series->asked_ms;
    const int64_t spare_ms = extent_stood_ms(extent, series) - (int64_t)extent->needed_ms;
    int64_t next_ms = SERIES_NEVER, until_ms = 0;
    const bool grows = series_stands(series, now_ms);
    const bool shrinks = extent->track->pane_ms == 0 && extent_is_stood_into(extent, series, &until_ms);
    if (grows) {
        next_ms = series->until_ms;
    }
    if (shrinks) {
        next_ms = earlier(next_ms, until_ms + extent->length);
    }
    if (grows && !shrinks && spare_ms < 0) {
        next_ms = earlier(next_ms, now_ms - spare_ms);
    }
    if (shrinks && !grows && spare_ms >= 0) {
        next_ms = earlier(next_ms, now_ms + spare_ms + 1);
    }
    return next_ms;
}

/* When what the window holds next changes, because its start passes something. */
static int64_t next_change_of_content(const struct window *window)
{
    const struct extent *extent = window->extent;
    const struct track *track = extent->track;
    const int64_t next_ms = extent->track->pane_ms > 0
                                ? extent_begins_after(extent, window->series, extent->track, window->series->asked_ms) +
                                      SERIES_PANE_MS + extent->length
                                : leaves_ms(window, track->first_at_ms[track_slot(track, extent->first)]);
    return extent_has_lost(extent, window->series) ? earlier(next_ms, leaves_ms(window, track->pushed.at_ms)) : next_ms;
}

/* Of an extent that holds something: what comes first of its content, its coverage and its first whole span. */
static int64_t next_change_of_extent(const struct window *window)
{
    const int64_t whole_ms = extent_whole_ms(window->extent);
    const int64_t next_ms = earlier(next_change_of_content(window), next_change_of_coverage(window));
    return whole_ms > window->series->asked_ms ? earlier(next_ms, whole_ms) : next_ms;
}

static int64_t next_change_in_time(const struct window *window)
{
    struct extent *extent = window->extent;
    if (extent->held == 0) {
        return SERIES_NEVER;
    }
    if (window->aggregate == AGGREGATE_COUNT) {
        return next_change_of_content(window);
    }
    if (extent->next_change_ms == EXTENT_CHANGE_UNKNOWN) {
        extent->next_change_ms = next_change_of_extent(window);
    }
    return extent->next_change_ms;
}

int64_t window_next_change(struct window *window, int64_t now_ms)
{
    struct extent *extent = window->extent;
    if (window->newest_only) {
        return next_change_of_newest(window, now_ms);
    }
    if (extent->is_by_number) {
        return series_stands(window->series, now_ms) ? window->series->until_ms : SERIES_NEVER;
    }
    series_ask(window->series, now_ms);
    return next_change_in_time(window);
}

bool window_is_filling(struct window *window, int64_t now_ms)
{
    struct extent *extent = window->extent;
    if (window->newest_only || (window->aggregate == AGGREGATE_COUNT && !extent->is_by_number)) {
        return false;
    }
    series_ask(window->series, now_ms);
    if (extent->is_by_number) {
        return extent->held > 0 && extent->track->end - extent->first < extent->length &&
               series_stands(window->series, now_ms);
    }
    return extent_whole_ms(extent) > now_ms || (extent->held > 0 && has_stale_tally(window));
}
