#include "app/engine/window.h"

#include <assert.h>

#define MICRO_PER_MILLI WINDOW_MICRO_PER_MILLI
#define MICRO_PER_UNIT  1000000

bool window_is_newest_only(const struct window_spec *spec)
{
    return spec->bare || spec->aggregate == AGGREGATE_AGE || (spec->aggregate == AGGREGATE_LAST && spec->count == 0);
}

/* The one that windows of this length share already; NULL when this is the first. */
static struct extent *find_extent(const struct track *track, const struct extent *own)
{
    struct extent *extent = track->extents;
    while (extent != NULL && (extent->length != own->length || extent->is_by_number != own->is_by_number ||
                              extent->needed_ms != own->needed_ms)) {
        extent = extent->next;
    }
    return extent;
}

static void share_extent(struct window *window, struct track *track)
{
    window->extent = find_extent(track, &window->own);
    if (window->extent == NULL) {
        window->extent = &window->own;
        window->own.next = track->extents;
        track->extents = &window->own;
    }
    window->extreme = window->aggregate == AGGREGATE_MAX   ? &window->extent->maximum
                      : window->aggregate == AGGREGATE_MIN ? &window->extent->minimum
                                                           : NULL;
}

static struct track *track_of(const struct window *window)
{
    return extent_track(window->extent, window->series);
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
    *window = (struct window){.series = series,
                              .aggregate = (uint8_t)spec->aggregate,
                              .bare = spec->bare,
                              .newest_only = window_is_newest_only(spec)};
    extent_make(&window->own, series, spec);
    window->extent = &window->own;
    if (!window->newest_only) {
        assert(track_of(window) != NULL);
        share_extent(window, track_of(window));
    }
    if (spec->aggregate == AGGREGATE_SHARE) {
        struct track_more *more = track_of(window)->more;
        assert(more->tallies_taken < more->tally_count);
        window->tally = more->tallies_taken++;
    }
    return window;
}

void window_set_share(struct window *window, enum comparison comparison, int64_t threshold_micro)
{
    assert(window->aggregate == AGGREGATE_SHARE);
    track_set_tally(track_of(window), window->tally, comparison, threshold_micro, window->series->newest.at_ms);
}

/* Of a share: some of the window's panes were counted before the threshold of its share changed. */
static bool has_stale_tally(const struct window *window)
{
    const struct extent *extent = window->extent;
    return track_of(window)->more->tallies[window->tally].counts_from_ms >
           extent_begins_after(extent, window->series, window->series->asked_ms);
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
        window->bare ? !series_stands(series, now_ms)
                     : extent->length > 0 && series->newest.at_ms <= extent_begins_after(extent, series, now_ms);
    return is_gone ? unknown() : known((int64_t)series->newest.value_milli * MICRO_PER_MILLI);
}

static int64_t newest_milli(const struct window *window)
{
    return window->series->newest.value_milli;
}

static int64_t oldest_milli(const struct window *window)
{
    return track_of(window)->more->first_milli[window->extent->slot];
}

static int64_t extreme_milli(const struct window *window)
{
    assert(window->extreme != NULL);
    return window->extreme->value_milli;
}

/* Unknown also while its threshold is too new. */
static struct answer share(const struct window *window)
{
    const struct extent *extent = window->extent;
    if (has_stale_tally(window)) {
        return unknown();
    }
    return known(sums_share_micro(track_tally(track_of(window), window->tally, extent->first), extent->held));
}

static struct answer slope(const struct window *window)
{
    const struct extent *extent = window->extent;
    return extent->held > 1 ? known(track_slope_micro(track_of(window), extent->first)) : unknown();
}

/* Of one that is known, where it is asked about. */
static struct answer answer_of_extent(const struct window *window)
{
    const struct extent *extent = window->extent;
    switch ((enum aggregate)window->aggregate) {
    case AGGREGATE_SHARE:
        return share(window);
    case AGGREGATE_STDDEV:
        return known(track_stddev_micro(track_of(window), extent->first));
    case AGGREGATE_SLOPE:
        return slope(window);
    case AGGREGATE_DELTA:
        return known((newest_milli(window) - oldest_milli(window)) * MICRO_PER_MILLI);
    case AGGREGATE_COUNT:
        return known((int64_t)extent->held * MICRO_PER_UNIT);
    case AGGREGATE_LAST:
        return known(newest_milli(window) * MICRO_PER_MILLI);
    case AGGREGATE_MEAN:
        return known(sums_mean_micro(extent->values, extent->held));
    case AGGREGATE_MAX:
    case AGGREGATE_MIN:
        return known(extreme_milli(window) * MICRO_PER_MILLI);
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

struct answer window_work_out(const struct window *window, int64_t now_ms)
{
    if (window->newest_only) {
        return answer_of_newest(window, now_ms);
    }
    series_ask(window->series, now_ms);
    return window->extent->known_ms == now_ms ? answer_of_extent(window) : count_anyway(window);
}

struct answer window_answer(struct window *window, int64_t now_ms)
{
    return window_answer_inline(window, now_ms);
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
    return window->extreme != NULL && extent->held > 0 &&
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
        const bool is_known = extent->known_ms == now_ms;
        const int order = is_known ? sums_compare_mean(extent->values, extent->held, threshold_micro) : 0;
        return is_known ? verdict_of(comparison_holds(comparison, order, 0)) : VERDICT_UNKNOWN;
    }
    const struct answer answer = window_answer_inline(window, now_ms);
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
    if (!extent->is_of_panes) {
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
    const int64_t into_ms = extent_stood_into_ms(extent, series);
    const int64_t spare_ms = extent_stood_ms(extent, series, into_ms) - (int64_t)extent->needed_ms;
    const bool grows = series_stands(series, now_ms);
    const bool shrinks = !extent->is_of_panes && into_ms > 0;
    int64_t next_ms = SERIES_NEVER;
    if (grows) {
        next_ms = series->until_ms;
    }
    if (shrinks) {
        next_ms = earlier(next_ms, now_ms + into_ms);
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
    const struct series *series = window->series;
    const int64_t next_ms =
        extent->is_of_panes ? extent_begins_after(extent, series, series->asked_ms) + SERIES_PANE_MS + extent->length
                            : leaves_ms(window, extent_first_ms(extent, series));
    return extent_has_lost(extent, series) ? earlier(next_ms, leaves_ms(window, track_of(window)->pushed_ms)) : next_ms;
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
    if (extent->next_change_in_ms == 0) {
        extent->next_change_in_ms = (uint32_t)(next_change_of_extent(window) - window->series->asked_ms);
    }
    return window->series->asked_ms + extent->next_change_in_ms;
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
