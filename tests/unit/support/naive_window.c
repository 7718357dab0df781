#include "tests/unit/support/naive_window.h"

#include <assert.h>
#include <stdlib.h>

#if NAIVE_HAS_WIDE
__extension__ typedef __int128 int128;
#endif

void naive_reset(struct naive_series *series, int64_t start_ms)
{
    series->start_ms = start_ms;
    series->count = 0;
}

bool naive_put(struct naive_series *series, int64_t at_ms, int32_t value_milli, bool valid)
{
    const bool replaces = series->count > 0 && series->events[series->count - 1].at_ms == at_ms;
    series->count -= replaces ? 1 : 0;
    if (series->count == NAIVE_EVENTS_MAX) {
        abort();
    }
    series->events[series->count++] = (struct naive_event){at_ms, value_milli, valid};
    return !replaces;
}

bool naive_last(const struct naive_series *series, struct naive_event *out)
{
    for (size_t index = series->count; index-- > 0;) {
        if (series->events[index].valid) {
            *out = series->events[index];
            return true;
        }
    }
    return false;
}

/* From its instant for 1.5 periods (episodic: until stale), or until the next event, valid or not. */
static int64_t stands_until(const struct naive_series *series, size_t index)
{
    const int64_t stand_ms = series->episodic ? series->stale_ms : (int64_t)series->period_ms * 3 / 2;
    const int64_t until_ms = series->events[index].at_ms + stand_ms;
    if (index + 1 < series->count && series->events[index + 1].at_ms < until_ms) {
        return series->events[index + 1].at_ms;
    }
    return until_ms;
}

bool naive_stands(const struct naive_series *series, int64_t now_ms)
{
    for (size_t index = 0; index < series->count; index++) {
        const struct naive_event *event = &series->events[index];
        if (event->valid && event->at_ms <= now_ms && now_ms < stands_until(series, index)) {
            return true;
        }
    }
    return false;
}

static int64_t floor_to_pane(int64_t start_ms, int64_t at_ms)
{
    int64_t panes = (at_ms - start_ms) / SERIES_PANE_MS;
    if (start_ms + panes * SERIES_PANE_MS > at_ms) {
        panes--;
    }
    return start_ms + panes * SERIES_PANE_MS;
}

/* The window holds what is later than this. */
static int64_t begins_after(const struct naive_series *series, const struct naive_window *window, int64_t now_ms)
{
    const int64_t exact_ms = now_ms - (int64_t)window->spec.span_ms;
    return window->spec.span_ms > SERIES_RAW_SPAN_MS_MAX ? floor_to_pane(series->start_ms, exact_ms) : exact_ms;
}

/*
 * The first valid observation of the stay or after a gap of at least gap_ms, in which the one before did not stand to
 * the end; false when there is none.
 */
static bool find_start(const struct naive_series *series, int64_t gap_ms, size_t *out)
{
    bool found = false;
    size_t previous = 0;
    for (size_t index = 0; index < series->count; index++) {
        const int64_t at_ms = series->events[index].at_ms;
        if (series->events[index].valid) {
            if (!found ||
                (at_ms - series->events[previous].at_ms >= gap_ms && stands_until(series, previous) < at_ms)) {
                *out = index;
            }
            found = true;
            previous = index;
        }
    }
    return found;
}

/* Indices of the valid observations in the window, oldest first. */
struct held {
    size_t count;
    size_t indices[NAIVE_EVENTS_MAX];
};

static void hold_by_number(const struct naive_series *series, const struct naive_window *window, struct held *held)
{
    const int64_t gap_ms = series->episodic ? INT64_MAX : (int64_t)window->spec.count * (int64_t)series->period_ms;
    size_t start = 0;
    held->count = 0;
    if (!find_start(series, gap_ms, &start)) {
        return;
    }
    size_t first = series->count;
    for (uint32_t wanted = window->spec.count; wanted > 0 && first > start;) {
        first--;
        wanted -= series->events[first].valid ? 1 : 0;
    }
    for (; first < series->count; first++) {
        if (series->events[first].valid) {
            held->indices[held->count++] = first;
        }
    }
}

static void hold_in_time(const struct naive_series *series, int64_t from_ms, int64_t now_ms, struct held *held)
{
    held->count = 0;
    for (size_t index = 0; index < series->count; index++) {
        const struct naive_event *event = &series->events[index];
        if (event->valid && event->at_ms > from_ms && event->at_ms <= now_ms) {
            held->indices[held->count++] = index;
        }
    }
}

static void hold(const struct naive_series *series, const struct naive_window *window, int64_t now_ms,
                 struct held *held)
{
    if (window->spec.count > 0) {
        hold_by_number(series, window, held);
    } else {
        hold_in_time(series, begins_after(series, window, now_ms), now_ms, held);
    }
}

static int64_t time_stood(const struct naive_series *series, int64_t from_ms, int64_t now_ms)
{
    int64_t stood_ms = 0;
    for (size_t index = 0; index < series->count; index++) {
        if (series->events[index].valid) {
            const int64_t at_ms = series->events[index].at_ms, until_ms = stands_until(series, index);
            const int64_t low_ms = at_ms > from_ms ? at_ms : from_ms;
            const int64_t high_ms = until_ms < now_ms ? until_ms : now_ms;
            stood_ms += high_ms > low_ms ? high_ms - low_ms : 0;
        }
    }
    return stood_ms;
}

static bool is_whole(const struct naive_series *series, int64_t span_ms, int64_t now_ms)
{
    size_t start = 0;
    return find_start(series, span_ms, &start) && now_ms >= series->events[start].at_ms + span_ms;
}

static bool is_known(const struct naive_series *series, const struct naive_window *window, const struct held *held,
                     int64_t now_ms)
{
    const struct window_spec *spec = &window->spec;
    if (spec->count > 0) {
        return held->count == spec->count && (series->episodic || naive_stands(series, now_ms));
    }
    if (spec->aggregate == AGGREGATE_COUNT) {
        return true;
    }
    const int64_t from_ms = begins_after(series, window, now_ms);
    if (spec->aggregate == AGGREGATE_SHARE && spec->span_ms > SERIES_RAW_SPAN_MS_MAX && from_ms < window->changed_ms) {
        return false;
    }
    return held->count > 0 && spec->span_ms >= series->period_ms && is_whole(series, spec->span_ms, now_ms) &&
           time_stood(series, from_ms, now_ms) * 1000 >= (int64_t)spec->span_ms * spec->coverage_permille;
}

static int64_t value_at(const struct naive_series *series, const struct held *held, size_t position)
{
    return series->events[held->indices[position]].value_milli;
}

static int64_t divide_rounded(int64_t dividend, int64_t divisor)
{
    assert(divisor != 0);
    const int64_t twice = 2 * (dividend % divisor);
    return dividend / divisor + (twice >= divisor ? 1 : twice <= -divisor ? -1 : 0);
}

static int64_t sum_of(const struct naive_series *series, const struct held *held)
{
    int64_t sum = 0;
    for (size_t position = 0; position < held->count; position++) {
        sum += value_at(series, held, position);
    }
    return sum;
}

static int64_t extreme_of(const struct naive_series *series, const struct held *held, bool largest)
{
    int64_t extreme = value_at(series, held, 0);
    for (size_t position = 1; position < held->count; position++) {
        const int64_t value = value_at(series, held, position);
        if (largest ? value > extreme : value < extreme) {
            extreme = value;
        }
    }
    return extreme;
}

static bool holds(enum comparison comparison, int64_t left, int64_t right)
{
    return comparison == COMPARISON_LT   ? left < right
           : comparison == COMPARISON_LE ? left <= right
           : comparison == COMPARISON_GT ? left > right
           : comparison == COMPARISON_GE ? left >= right
           : comparison == COMPARISON_EQ ? left == right
                                         : left != right;
}

static int64_t share_of(const struct naive_series *series, const struct naive_window *window, const struct held *held)
{
    int64_t met = 0;
    for (size_t position = 0; position < held->count; position++) {
        met += holds(window->comparison, value_at(series, held, position) * 1000, window->threshold_micro) ? 1 : 0;
    }
    return divide_rounded(met * 1000000, (int64_t)held->count);
}

#if NAIVE_HAS_WIDE
/* The whole number nearest to the root of a / b, half up: the largest r with (2r - 1)^2 b <= 4a, found bit by bit. */
static int64_t root_of_ratio(int128 a, int128 b)
{
    int64_t root = 0;
    for (int bit = 42; bit >= 0; bit--) { /* no standard deviation of int32 thousandths passes 2^42 millionths */
        const int128 larger = root + ((int64_t)1 << bit);
        if ((2 * larger - 1) * (2 * larger - 1) * b <= 4 * a) {
            root = (int64_t)larger;
        }
    }
    return root;
}

static int64_t stddev_of(const struct naive_series *series, const struct held *held)
{
    int128 sum = 0, squares = 0;
    for (size_t position = 0; position < held->count; position++) {
        const int128 value = value_at(series, held, position);
        sum += value;
        squares += value * value;
    }
    const int128 count = (int128)held->count;
    return root_of_ratio((count * squares - sum * sum) * 1000000, count * count);
}

static int64_t slope_of(const struct naive_series *series, const struct held *held)
{
    const int128 count = (int128)held->count;
    int128 sum_t = 0, sum_y = 0, sum_tt = 0, sum_ty = 0;
    for (size_t position = 0; position < held->count; position++) {
        const int128 t = series->events[held->indices[position]].at_ms - series->events[held->indices[0]].at_ms;
        const int128 y = value_at(series, held, position);
        sum_t += t;
        sum_y += y;
        sum_tt += t * t;
        sum_ty += t * y;
    }
    const int128 dividend = (count * sum_ty - sum_t * sum_y) * 60000 * 1000, divisor = count * sum_tt - sum_t * sum_t;
    assert(divisor != 0);
    const int128 twice = 2 * (dividend % divisor);
    return (int64_t)(dividend / divisor + (twice >= divisor ? 1 : twice <= -divisor ? -1 : 0));
}
#else
static int64_t stddev_of(const struct naive_series *series, const struct held *held)
{
    (void)series, (void)held;
    abort();
}

static int64_t slope_of(const struct naive_series *series, const struct held *held)
{
    (void)series, (void)held;
    abort();
}
#endif

static int64_t value_of(const struct naive_series *series, const struct naive_window *window, const struct held *held)
{
    switch (window->spec.aggregate) {
    case AGGREGATE_MEAN:
        return divide_rounded(sum_of(series, held) * 1000, (int64_t)held->count);
    case AGGREGATE_MAX:
        return extreme_of(series, held, true) * 1000;
    case AGGREGATE_MIN:
        return extreme_of(series, held, false) * 1000;
    case AGGREGATE_SHARE:
        return share_of(series, window, held);
    case AGGREGATE_STDDEV:
        return stddev_of(series, held);
    case AGGREGATE_SLOPE:
        return slope_of(series, held);
    case AGGREGATE_DELTA:
        return (value_at(series, held, held->count - 1) - value_at(series, held, 0)) * 1000;
    case AGGREGATE_COUNT:
        return (int64_t)held->count * 1000000;
    case AGGREGATE_LAST:
        return value_at(series, held, held->count - 1) * 1000;
    case AGGREGATE_AGE:
        break;
    }
    abort();
}

static struct answer answer_of_newest(const struct naive_series *series, const struct naive_window *window,
                                      int64_t now_ms)
{
    struct naive_event newest;
    if (!naive_last(series, &newest)) {
        return (struct answer){.known = false};
    }
    if (window->spec.aggregate == AGGREGATE_AGE) {
        return (struct answer){true, (now_ms - newest.at_ms) * 1000};
    }
    const struct answer last = {true, (int64_t)newest.value_milli * 1000};
    if (window->spec.bare) {
        return naive_stands(series, now_ms) ? last : (struct answer){.known = false};
    }
    const bool is_inside = window->spec.span_ms == 0 || newest.at_ms > begins_after(series, window, now_ms);
    return is_inside ? last : (struct answer){.known = false};
}

static bool asks_for_newest(const struct window_spec *spec)
{
    return spec->bare || spec->aggregate == AGGREGATE_AGE || (spec->aggregate == AGGREGATE_LAST && spec->count == 0);
}

struct answer naive_answer(const struct naive_series *series, const struct naive_window *window, int64_t now_ms)
{
    if (asks_for_newest(&window->spec)) {
        return answer_of_newest(series, window, now_ms);
    }
    static struct held held;
    hold(series, window, now_ms, &held);
    if (!is_known(series, window, &held, now_ms) || (window->spec.aggregate == AGGREGATE_SLOPE && held.count < 2)) {
        return (struct answer){.known = false};
    }
    return (struct answer){true, value_of(series, window, &held)};
}

/* One observation decides as far as it can: a maximum is at least the largest seen, a minimum at most the smallest. */
static enum verdict witness(bool largest, int64_t seen_micro, enum comparison comparison, int64_t threshold_micro)
{
    if (largest && seen_micro >= threshold_micro) {
        if (comparison == COMPARISON_GE) {
            return VERDICT_MET;
        }
        if (comparison == COMPARISON_LT) {
            return VERDICT_CLEAR;
        }
    }
    if (!largest && seen_micro <= threshold_micro) {
        if (comparison == COMPARISON_LE) {
            return VERDICT_MET;
        }
        if (comparison == COMPARISON_GT) {
            return VERDICT_CLEAR;
        }
    }
    if (largest ? seen_micro > threshold_micro : seen_micro < threshold_micro) {
        return holds(comparison, largest ? 1 : -1, 0) ? VERDICT_MET : VERDICT_CLEAR;
    }
    return VERDICT_UNKNOWN;
}

enum verdict naive_compare(const struct naive_series *series, const struct naive_window *window,
                           enum comparison comparison, int64_t threshold_micro, int64_t now_ms)
{
    const struct answer answer = naive_answer(series, window, now_ms);
    static struct held held;
    const enum aggregate aggregate = window->spec.aggregate;
    if (!asks_for_newest(&window->spec)) {
        hold(series, window, now_ms, &held);
    }
    if (answer.known && aggregate == AGGREGATE_MEAN) {
        const int64_t sum_micro = sum_of(series, &held) * 1000, count = (int64_t)held.count;
        return holds(comparison, sum_micro, threshold_micro * count) ? VERDICT_MET : VERDICT_CLEAR;
    }
    if (answer.known) {
        return holds(comparison, answer.value_micro, threshold_micro) ? VERDICT_MET : VERDICT_CLEAR;
    }
    if ((aggregate != AGGREGATE_MAX && aggregate != AGGREGATE_MIN) || held.count == 0 ||
        (window->spec.count > 0 && !series->episodic && !naive_stands(series, now_ms))) {
        return VERDICT_UNKNOWN;
    }
    const bool largest = aggregate == AGGREGATE_MAX;
    return witness(largest, extreme_of(series, &held, largest) * 1000, comparison, threshold_micro);
}
