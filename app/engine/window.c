#include <assert.h>
#include <stddef.h>

#include "app/engine/series_internal.h"

#define MICRO_PER_MILLI 1000
#define MICRO_PER_UNIT  1000000
#define PERMILLE        1000

/*
 * What a window holds at one instant: the observations later than from_ms, which begin with entry `first` of its
 * track.
 */
struct extent {
    int64_t now_ms, from_ms;
    uint64_t first;
};

bool window_is_newest_only(const struct window_spec *spec)
{
    return spec->bare || spec->aggregate == AGGREGATE_AGE || (spec->aggregate == AGGREGATE_LAST && spec->count == 0);
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
    *window = (struct window){.series = series, .spec = *spec};
    if (!window_is_newest_only(spec)) {
        window->track = spec->span_ms <= SERIES_RAW_SPAN_MS_MAX ? &series->observations : &series->panes;
        assert(window->track->capacity > 0);
        if (spec->aggregate == AGGREGATE_SHARE) {
            assert(window->track->tallies_taken < window->track->tally_count);
            window->tally = window->track->tallies_taken++;
        }
    }
    if (spec->count > 0) {
        window->next_by_number = series->by_number;
        series->by_number = window;
    }
    return window;
}

void window_set_share(struct window *window, enum comparison comparison, int64_t threshold_micro)
{
    assert(window->spec.aggregate == AGGREGATE_SHARE);
    track_set_tally(window->track, window->tally, comparison, threshold_micro);
}

static bool is_by_number(const struct window *window)
{
    return window->spec.count > 0;
}

static bool is_made_of_panes(const struct window *window)
{
    return window->spec.span_ms > SERIES_RAW_SPAN_MS_MAX;
}

/* The instant that the window begins after; meaningless for one by number. */
static int64_t from_ms(const struct window *window, int64_t now_ms)
{
    const int64_t exact_ms = now_ms - (int64_t)window->spec.span_ms;
    return is_made_of_panes(window) ? track_pane_start(window->series->start_ms, exact_ms) : exact_ms;
}

static struct extent find_extent(const struct window *window, int64_t now_ms)
{
    const struct track *track = window->track;
    struct extent extent = {.now_ms = now_ms, .from_ms = from_ms(window, now_ms)};
    assert(window->series->valid_count == 0 || now_ms >= window->series->newest.at_ms);
    if (is_by_number(window)) {
        const uint64_t there = track->end - window->since;
        extent.first = track->end - (there < window->spec.count ? there : window->spec.count);
    } else {
        extent.first = track_first(track, extent.from_ms, window->first_guess);
    }
    return extent;
}

/* The next search begins where this one ended: time moves on by little. */
static struct extent move_to(struct window *window, int64_t now_ms)
{
    const struct extent extent = find_extent(window, now_ms);
    window->first_guess = extent.first;
    return extent;
}

static bool is_empty(const struct window *window, const struct extent *extent)
{
    return extent->first == window->track->end;
}

/* A full ring gave up an observation that the window should still hold. */
static bool has_lost(const struct window *window, const struct extent *extent)
{
    return window->track->begin > 0 && window->track->pushed.at_ms > extent->from_ms;
}

/* Some of the window's panes were counted before the threshold of its share changed. */
static bool has_stale_tally(const struct window *window, const struct extent *extent)
{
    return window->spec.aggregate == AGGREGATE_SHARE &&
           window->track->tallies[window->tally].counts_from_ms > extent->from_ms;
}

/* A stretch of at least w without an observation; none where the one before stood until this one came. */
static bool follows_gap(const struct window *window, uint64_t entry)
{
    const struct track *track = window->track;
    struct track_edge before;
    if (!track_before(track, entry, &before)) {
        return true; /* the first of the stay */
    }
    const int64_t stretch_ms = track->first_at_ms[track_slot(track, entry)] - before.at_ms;
    const uint32_t stood_ms = track->first_stood_ms[track_slot(track, entry)] - before.stood_ms;
    return stretch_ms >= (int64_t)window->spec.span_ms && stretch_ms > (int64_t)stood_ms;
}

/*
 * When the first whole span since start is complete; now_ms or earlier when it is. The start lies within the span only
 * if the first observation there follows a gap: later ones follow each other more closely.
 */
static int64_t whole_ms(const struct window *window, const struct extent *extent)
{
    const struct track *track = window->track;
    const int64_t span_ms = window->spec.span_ms;
    uint64_t entry = extent->first;
    if (entry < track->end && track->last_at_ms[track_slot(track, entry)] <= extent->now_ms - span_ms) {
        entry++; /* the part of a cut pane that the exact span does not hold */
    }
    if (entry == track->end || !follows_gap(window, entry)) {
        return extent->now_ms;
    }
    return track->first_at_ms[track_slot(track, entry)] + span_ms;
}

/* The observation before the window, and until when it stood (at most until the window's first one). */
static bool stood_into_until(const struct window *window, const struct extent *extent, int64_t *until_ms)
{
    const struct track *track = window->track;
    struct track_edge before;
    if (!track_before(track, extent->first, &before)) {
        return false;
    }
    const uint32_t first_stood_ms = track->first_stood_ms[track_slot(track, extent->first)];
    *until_ms = before.at_ms + (uint32_t)(first_stood_ms - before.stood_ms);
    return *until_ms > extent->from_ms;
}

/* How long observations stood within a window that is not empty. */
static int64_t stood_ms(const struct window *window, const struct extent *extent)
{
    const struct track *track = window->track;
    const uint32_t first_stood_ms = track->first_stood_ms[track_slot(track, extent->first)];
    const uint32_t inside_ms = series_stood_ms(window->series, extent->now_ms) - first_stood_ms;
    int64_t until_ms;
    return inside_ms + (stood_into_until(window, extent, &until_ms) ? until_ms - extent->from_ms : 0);
}

/* Time that must have been stood for the window to be known. */
static int64_t needed_ms(const struct window *window)
{
    return ((int64_t)window->spec.span_ms * window->spec.coverage_permille + PERMILLE - 1) / PERMILLE;
}

static bool is_current(const struct window *window, int64_t now_ms)
{
    return window->series->episodic || series_stands(window->series, now_ms);
}

static bool is_known_in_time(const struct window *window, const struct extent *extent)
{
    if (has_lost(window, extent)) {
        return false;
    }
    if (window->spec.aggregate == AGGREGATE_COUNT) {
        return true;
    }
    return !is_empty(window, extent) && window->spec.span_ms >= window->series->period_ms &&
           whole_ms(window, extent) <= extent->now_ms && stood_ms(window, extent) >= needed_ms(window) &&
           !has_stale_tally(window, extent);
}

static bool is_known(const struct window *window, const struct extent *extent)
{
    if (is_by_number(window)) {
        return window->track->end - extent->first == window->spec.count && is_current(window, extent->now_ms);
    }
    return is_known_in_time(window, extent);
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
    const struct series *series = window->series;
    if (series->valid_count == 0) {
        return unknown();
    }
    if (window->spec.aggregate == AGGREGATE_AGE) {
        return known((now_ms - series->newest.at_ms) * MICRO_PER_MILLI);
    }
    const bool is_gone = window->spec.bare
                             ? !series_stands(series, now_ms)
                             : window->spec.span_ms > 0 && series->newest.at_ms <= from_ms(window, now_ms);
    return is_gone ? unknown() : known((int64_t)series->newest.value_milli * MICRO_PER_MILLI);
}

static int64_t extreme_milli(struct window *window, const struct extent *extent)
{
    const struct track *track = window->track;
    const struct extrema *extrema = window->spec.aggregate == AGGREGATE_MAX ? &track->maxima : &track->minima;
    return extrema_from(extrema, extent->first, &window->extreme_guess);
}

static int64_t delta_milli(const struct window *window, const struct extent *extent)
{
    const struct track *track = window->track;
    return (int64_t)window->series->newest.value_milli - track->first_value_milli[track_slot(track, extent->first)];
}

static struct answer answer_of_sums(enum aggregate aggregate, const struct sums *sums)
{
    if (aggregate == AGGREGATE_MEAN) {
        return known(sums_mean_micro(sums));
    }
    if (aggregate == AGGREGATE_STDDEV) {
        return known(sums_stddev_micro(sums));
    }
    if (aggregate == AGGREGATE_SLOPE) {
        return sums->count > 1 ? known(sums_slope_micro(sums)) : unknown();
    }
    assert(aggregate == AGGREGATE_COUNT);
    return known((int64_t)sums->count * MICRO_PER_UNIT);
}

/* The aggregate of a window that is known. */
static struct answer evaluate(struct window *window, const struct extent *extent)
{
    const enum aggregate aggregate = window->spec.aggregate;
    if (is_empty(window, extent)) {
        return known(0); /* a count: nothing else is known of an empty window */
    }
    if (aggregate == AGGREGATE_MAX || aggregate == AGGREGATE_MIN) {
        return known(extreme_milli(window, extent) * MICRO_PER_MILLI);
    }
    if (aggregate == AGGREGATE_DELTA) {
        return known(delta_milli(window, extent) * MICRO_PER_MILLI);
    }
    if (aggregate == AGGREGATE_LAST) {
        return known((int64_t)window->series->newest.value_milli * MICRO_PER_MILLI);
    }
    const struct sums sums = track_sums(window->track, extent->first);
    if (aggregate == AGGREGATE_SHARE) {
        return known(sums_share_micro(track_tally(window->track, window->tally, extent->first), sums.count));
    }
    return answer_of_sums(aggregate, &sums);
}

struct answer window_answer(struct window *window, int64_t now_ms)
{
    if (window->track == NULL) {
        return answer_of_newest(window, now_ms);
    }
    const struct extent extent = move_to(window, now_ms);
    return is_known(window, &extent) ? evaluate(window, &extent) : unknown();
}

static enum verdict verdict_of(bool met)
{
    return met ? VERDICT_MET : VERDICT_CLEAR;
}

static enum verdict compare_answer(struct answer answer, enum comparison comparison, int64_t threshold_micro)
{
    return answer.known ? verdict_of(comparison_holds(comparison, answer.value_micro, threshold_micro))
                        : VERDICT_UNKNOWN;
}

/*
 * What is there decides as far as it can: the true maximum is the one seen or higher (the true minimum the one seen
 * or lower). Once that reaches the threshold, a comparison that holds for all of these is met, and one that holds for
 * none is clear.
 */
static enum verdict verdict_of_witness(struct window *window, enum comparison comparison, int64_t threshold_micro,
                                       const struct extent *extent)
{
    const enum aggregate aggregate = window->spec.aggregate;
    if ((aggregate != AGGREGATE_MAX && aggregate != AGGREGATE_MIN) || is_empty(window, extent) ||
        (is_by_number(window) && !is_current(window, extent->now_ms))) {
        return VERDICT_UNKNOWN;
    }
    const int beyond = aggregate == AGGREGATE_MAX ? 1 : -1;
    const bool met = comparison_holds(comparison, beyond, 0);
    const int64_t seen_micro = extreme_milli(window, extent) * MICRO_PER_MILLI;
    const bool falls_short = aggregate == AGGREGATE_MAX ? seen_micro < threshold_micro : seen_micro > threshold_micro;
    return !falls_short && comparison_holds(comparison, seen_micro, threshold_micro) == met ? verdict_of(met)
                                                                                            : VERDICT_UNKNOWN;
}

enum verdict window_compare(struct window *window, enum comparison comparison, int64_t threshold_micro, int64_t now_ms)
{
    if (window->track == NULL) {
        return compare_answer(answer_of_newest(window, now_ms), comparison, threshold_micro);
    }
    const struct extent extent = move_to(window, now_ms);
    if (!is_known(window, &extent)) {
        return verdict_of_witness(window, comparison, threshold_micro, &extent);
    }
    if (window->spec.aggregate == AGGREGATE_MEAN) {
        const struct sums sums = track_sums(window->track, extent.first);
        return verdict_of(comparison_holds(comparison, sums_compare_mean(&sums, threshold_micro), 0));
    }
    return compare_answer(evaluate(window, &extent), comparison, threshold_micro);
}

static int64_t earlier(int64_t left_ms, int64_t right_ms)
{
    return left_ms < right_ms ? left_ms : right_ms;
}

/* When a window in time first no longer holds an observation of at_ms. */
static int64_t leaves_ms(const struct window *window, int64_t at_ms)
{
    const int64_t span_ms = window->spec.span_ms;
    if (!is_made_of_panes(window)) {
        return at_ms + span_ms;
    }
    return track_pane_start(window->series->start_ms, at_ms - 1) + SERIES_PANE_MS + span_ms;
}

static int64_t next_change_of_newest(const struct window *window, int64_t now_ms)
{
    const struct series *series = window->series;
    if (series->valid_count == 0) {
        return SERIES_NEVER;
    }
    int64_t next_ms = SERIES_NEVER;
    if (window->spec.bare) {
        next_ms = series->until_ms;
    } else if (window->spec.aggregate == AGGREGATE_LAST && window->spec.span_ms > 0) {
        next_ms = leaves_ms(window, series->newest.at_ms);
    }
    return next_ms > now_ms ? next_ms : SERIES_NEVER;
}

/*
 * Time stood grows while the newest observation stands, and shrinks while the window's start leaves time that was
 * stood behind; panes leave all at once. Until one of the two ends it moves by 1, 0 or -1 ms a ms: where it crosses
 * what is needed is a subtraction.
 */
static int64_t next_change_of_coverage(const struct window *window, const struct extent *extent)
{
    const struct series *series = window->series;
    const int64_t spare_ms = stood_ms(window, extent) - needed_ms(window);
    int64_t next_ms = SERIES_NEVER, until_ms = 0;
    const bool grows = series_stands(series, extent->now_ms);
    const bool shrinks = !is_made_of_panes(window) && stood_into_until(window, extent, &until_ms);
    if (grows) {
        next_ms = series->until_ms;
    }
    if (shrinks) {
        next_ms = earlier(next_ms, until_ms + window->spec.span_ms);
    }
    if (grows && !shrinks && spare_ms < 0) {
        next_ms = earlier(next_ms, extent->now_ms - spare_ms);
    }
    if (shrinks && !grows && spare_ms >= 0) {
        next_ms = earlier(next_ms, extent->now_ms + spare_ms + 1);
    }
    return next_ms;
}

static int64_t next_change_in_time(const struct window *window, const struct extent *extent)
{
    if (is_empty(window, extent)) {
        return SERIES_NEVER;
    }
    int64_t next_ms = is_made_of_panes(window)
                          ? extent->from_ms + SERIES_PANE_MS + window->spec.span_ms
                          : leaves_ms(window, window->track->first_at_ms[track_slot(window->track, extent->first)]);
    if (has_lost(window, extent)) {
        next_ms = earlier(next_ms, leaves_ms(window, window->track->pushed.at_ms));
    }
    if (window->spec.aggregate == AGGREGATE_COUNT) {
        return next_ms;
    }
    const int64_t complete_ms = whole_ms(window, extent);
    if (complete_ms > extent->now_ms) {
        next_ms = earlier(next_ms, complete_ms);
    }
    return earlier(next_ms, next_change_of_coverage(window, extent));
}

int64_t window_next_change(struct window *window, int64_t now_ms)
{
    if (window->track == NULL) {
        return next_change_of_newest(window, now_ms);
    }
    if (is_by_number(window)) {
        return series_stands(window->series, now_ms) ? window->series->until_ms : SERIES_NEVER;
    }
    const struct extent extent = move_to(window, now_ms);
    return next_change_in_time(window, &extent);
}

bool window_is_filling(const struct window *window, int64_t now_ms)
{
    if (window->track == NULL || (window->spec.aggregate == AGGREGATE_COUNT && !is_by_number(window))) {
        return false;
    }
    const struct extent extent = find_extent(window, now_ms);
    if (is_by_number(window)) {
        return !is_empty(window, &extent) && window->track->end - extent.first < window->spec.count &&
               series_stands(window->series, now_ms);
    }
    return whole_ms(window, &extent) > now_ms || (!is_empty(window, &extent) && has_stale_tally(window, &extent));
}
