/*
 * Windows against the naive reference, over random histories of many shapes: every answer, verdict and state at every
 * step (now and then after many without a question), and between the steps that nothing changes before the instant that
 * was promised.
 *
 * WARDGATE_SEED=N runs one history; WARDGATE_CASES=N that many. A failure prints the command that reproduces it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/series.h"
#include "tests/unit/support/naive_window.h"

#define CASES_DEFAULT 900
#define SEED_DEFAULT  20240229U
#define WINDOWS       14
#define STEPS_MAX     400
#define ARENA_BYTES   (8 << 20)
#define DAY_MS        86400000

enum scale { SCALE_TINY, SCALE_SECONDS, SCALE_PANES, SCALE_EPISODIC, SCALE_COUNT };
enum rhythm {
    RHYTHM_REGULAR,
    RHYTHM_JITTER,
    RHYTHM_EDGES,
    RHYTHM_BURSTS,
    RHYTHM_GAPS,
    RHYTHM_MIXED,
    RHYTHM_OVERRUN,
    RHYTHM_COUNT
};
enum shape { SHAPE_RANDOM, SHAPE_FALLING, SHAPE_RISING, SHAPE_FLAT, SHAPE_FEW, SHAPE_EXTREME, SHAPE_SAW, SHAPE_COUNT };

static const char *program;
static uint64_t operations, excused, promises;
static _Alignas(64) unsigned char storage[ARENA_BYTES];

struct run {
    uint64_t seed, random;
    enum scale scale;
    enum rhythm rhythm;
    enum shape shape;
    uint32_t period_ms, longest_ms;
    int64_t now_ms;
    unsigned step;
    unsigned unasked; /* steps to come without a question */
    int32_t value_milli;
    uint64_t overruns_before;
    struct series *series;
    struct window *windows[WINDOWS];
    struct naive_window specs[WINDOWS];
    struct naive_series naive;
};

/* xorshift64*, Vigna 2016. */
static uint64_t next_random(struct run *run)
{
    run->random ^= run->random >> 12;
    run->random ^= run->random << 25;
    run->random ^= run->random >> 27;
    return run->random * 2685821657736338717ULL;
}

static uint32_t below(struct run *run, uint32_t limit)
{
    return (uint32_t)((next_random(run) >> 33) % limit);
}

static bool one_in(struct run *run, uint32_t limit)
{
    return below(run, limit) == 0;
}

static void fail_run(const struct run *run, unsigned window, int64_t at_ms, const char *what, int64_t got,
                     int64_t wanted)
{
    const struct window_spec *spec = &run->specs[window].spec;
    print_error("seed %" PRIu64 " step %u at %" PRId64 " ms: %s is %" PRId64 ", should be %" PRId64 "\n", run->seed,
                run->step, at_ms, what, got, wanted);
    print_error("  window %u: aggregate %d span %u ms count %u coverage %u bare %d; period %u ms, scale %d rhythm %d "
                "shape %d\n",
                window, (int)spec->aggregate, spec->span_ms, spec->count, (unsigned)spec->coverage_permille,
                (int)spec->bare, run->period_ms, (int)run->scale, (int)run->rhythm, (int)run->shape);
    print_error("  reproduce: WARDGATE_SEED=%" PRIu64 " %s\n", run->seed, program);
    fail();
}

/* ---- what is asked ---- */

static uint32_t span_in_time(struct run *run)
{
    const uint32_t period_ms = run->period_ms;
    uint32_t span_ms = 1 + below(run, 30 * period_ms);
    switch (below(run, 6)) {
    case 0:
        span_ms = period_ms;
        break;
    case 1:
        span_ms = period_ms + 1;
        break;
    case 2:
        span_ms = period_ms * (1 + below(run, 20));
        break;
    case 3:
        span_ms = period_ms * 10;
        break;
    default:
        break;
    }
    if (run->scale == SCALE_PANES && !one_in(run, 4)) {
        span_ms = SERIES_RAW_SPAN_MS_MAX + 1 + below(run, one_in(run, 3) ? 20000 : 1200000);
    }
    return span_ms;
}

static struct window_spec random_spec(struct run *run)
{
    struct window_spec spec = {.vital = VITAL_hr, .aggregate = (enum aggregate)below(run, AGGREGATE_AGE + 1)};
    spec.coverage_permille = (uint16_t)(one_in(run, 2) ? 700 : below(run, 1001));
    if (!NAIVE_HAS_WIDE && (spec.aggregate == AGGREGATE_STDDEV || spec.aggregate == AGGREGATE_SLOPE)) {
        spec.aggregate = AGGREGATE_MEAN;
    }
    const bool is_time_allowed =
        run->scale != SCALE_EPISODIC || spec.aggregate == AGGREGATE_COUNT || spec.aggregate == AGGREGATE_LAST;
    if (spec.aggregate == AGGREGATE_AGE) {
        return spec;
    }
    if (spec.aggregate == AGGREGATE_LAST && one_in(run, 2)) {
        spec.bare = one_in(run, 2);
        return spec;
    }
    if (!is_time_allowed || one_in(run, 4)) {
        spec.count = 1 + below(run, one_in(run, 2) ? 4 : 40);
    } else {
        spec.span_ms = span_in_time(run);
    }
    return spec;
}

/* Windows of one length share what they find: every other one has the length of one before it. */
static void share_length(struct run *run, unsigned window)
{
    struct window_spec *spec = &run->specs[window].spec;
    const struct window_spec *other = window > 0 ? &run->specs[below(run, window)].spec : spec;
    const bool is_either_of_length = spec->span_ms + spec->count > 0 && other->span_ms + other->count > 0;
    const bool needs_number = run->scale == SCALE_EPISODIC && other->span_ms > 0;
    if (!is_either_of_length || needs_number || one_in(run, 2)) {
        return;
    }
    spec->span_ms = other->span_ms;
    spec->count = other->count;
    spec->coverage_permille = one_in(run, 4) ? spec->coverage_permille : other->coverage_permille;
}

static int64_t random_threshold(struct run *run)
{
    const int64_t micro = (int64_t)run->value_milli * 1000;
    return one_in(run, 2) ? micro : micro + (int64_t)below(run, 2001) * 1000 - 1000000;
}

static void set_share(struct run *run, unsigned window)
{
    struct naive_window *spec = &run->specs[window];
    const enum comparison comparison = (enum comparison)below(run, COMPARISON_NE + 1);
    const int64_t threshold_micro = random_threshold(run);
    struct naive_event newest;
    if (comparison != spec->comparison || threshold_micro != spec->threshold_micro) {
        spec->changed_ms = naive_last(&run->naive, &newest) ? newest.at_ms : INT64_MIN;
    }
    spec->comparison = comparison;
    spec->threshold_micro = threshold_micro;
    window_set_share(run->windows[window], comparison, threshold_micro);
}

/* Everything out of `arena`; pointers are NULL while it only measures. */
static void make_from(struct run *run, struct arena *arena, const struct series_config *config)
{
    run->series = series_make(arena, config);
    for (unsigned window = 0; window < WINDOWS; window++) {
        run->windows[window] = window_make(arena, run->series, &run->specs[window].spec);
    }
}

static void build(struct run *run)
{
    struct series_config config = {
        .period_ms = run->period_ms, .stale_ms = run->period_ms * 50, .episodic = run->scale == SCALE_EPISODIC};
    for (unsigned window = 0; window < WINDOWS; window++) {
        run->specs[window] = (struct naive_window){.spec = random_spec(run), .changed_ms = INT64_MIN};
        share_length(run, window);
        series_demand_add(&config.demand, &run->specs[window].spec);
        const uint32_t span_ms = run->specs[window].spec.span_ms;
        run->longest_ms = span_ms > run->longest_ms ? span_ms : run->longest_ms;
    }
    run->naive.period_ms = config.period_ms;
    run->naive.stale_ms = config.stale_ms;
    run->naive.episodic = config.episodic;
    struct arena measure = {.base = NULL};
    make_from(run, &measure, &config);
    assert_null(run->series);
    assert_true(measure.used <= sizeof(storage));
    memset(storage, 0, measure.used);
    struct arena arena = {.base = storage, .size = measure.used};
    make_from(run, &arena, &config);
    assert_int_equal(arena.used, measure.used);
}

/* ---- what happens ---- */

static uint32_t next_step_ms(struct run *run)
{
    const uint32_t period_ms = run->period_ms, edge_ms = run->specs[below(run, WINDOWS)].spec.span_ms;
    switch (run->rhythm == RHYTHM_MIXED ? (enum rhythm)below(run, RHYTHM_MIXED) : run->rhythm) {
    case RHYTHM_JITTER:
        return period_ms / 2 + below(run, period_ms + 1);
    case RHYTHM_EDGES:
        switch (below(run, 5)) {
        case 0:
            return period_ms * 3 / 2;
        case 1:
            return period_ms * 3 / 2 + 1;
        case 2:
            return edge_ms;
        case 3:
            return edge_ms + 1;
        default:
            return edge_ms > 0 ? edge_ms - 1 : 0;
        }
    case RHYTHM_BURSTS:
        return one_in(run, 6) ? period_ms * (1 + below(run, 6)) : period_ms;
    case RHYTHM_GAPS:
        return one_in(run, 30)   ? run->longest_ms + below(run, run->longest_ms + 1)
               : one_in(run, 10) ? period_ms * (2 + below(run, 5))
                                 : period_ms;
    case RHYTHM_OVERRUN:
        return one_in(run, 40) ? 3 * run->longest_ms : 1 + below(run, period_ms / 3 + 1);
    case RHYTHM_REGULAR:
    case RHYTHM_MIXED:
    case RHYTHM_COUNT:
        break;
    }
    return one_in(run, 300) ? 3U * DAY_MS : period_ms;
}

static int32_t next_value(struct run *run)
{
    const uint32_t turn = run->step;
    switch (run->shape) {
    case SHAPE_RANDOM:
        return (int32_t)below(run, 200000) - 20000;
    case SHAPE_FALLING:
        return 150000 - (int32_t)(turn * 37);
    case SHAPE_RISING:
        return (int32_t)(turn * 41) - 3000;
    case SHAPE_FEW:
        return (int32_t)below(run, 3) * 1000 + 88000;
    case SHAPE_EXTREME:
        return one_in(run, 3) ? INT32_MIN + (int32_t)below(run, 2) : INT32_MAX - (int32_t)below(run, 2);
    case SHAPE_SAW:
        return (int32_t)(turn % 17) * 1000 - (turn % 2 ? 500 : 0);
    case SHAPE_FLAT:
    case SHAPE_COUNT:
        break;
    }
    return 70000;
}

static void reset(struct run *run)
{
    static const int64_t starts_ms[] = {0, 1, -5000, -987654321, 1700000000123};
    run->now_ms = starts_ms[below(run, sizeof(starts_ms) / sizeof(starts_ms[0]))];
    series_reset(run->series, run->now_ms);
    naive_reset(&run->naive, run->now_ms);
    run->overruns_before = series_overruns(run->series);
    for (unsigned window = 0; window < WINDOWS; window++) {
        run->specs[window].changed_ms = INT64_MIN;
    }
}

static void happen(struct run *run)
{
    const unsigned repeats = one_in(run, 12) ? 2 + below(run, 2) : 1;
    for (unsigned repeat = 0; repeat < repeats; repeat++) {
        const bool valid = !one_in(run, repeats > 1 ? 3 : 15);
        run->value_milli = valid ? next_value(run) : run->value_milli;
        const bool first = naive_put(&run->naive, run->now_ms, run->value_milli, valid);
        const bool accepted = valid ? series_put(run->series, run->now_ms, run->value_milli)
                                    : series_put_invalid(run->series, run->now_ms);
        if (first != accepted) {
            fail_run(run, 0, run->now_ms, "first of its instant", accepted, first);
        }
    }
}

/* ---- what must hold ---- */

/* A ring that was overrun may say unknown where the reference knows better; never anything else. */
static bool is_excused(const struct run *run, bool known)
{
    if (known || series_overruns(run->series) == run->overruns_before) {
        return false;
    }
    excused++;
    return true;
}

static void check_answer(struct run *run, unsigned window, int64_t now_ms)
{
    const struct answer wanted = naive_answer(&run->naive, &run->specs[window], now_ms);
    const struct answer got = window_answer(run->windows[window], now_ms);
    operations++;
    if (got.known != wanted.known && !is_excused(run, got.known)) {
        fail_run(run, window, now_ms, "known", got.known, wanted.known);
    }
    if (got.known && got.value_micro != wanted.value_micro) {
        fail_run(run, window, now_ms, "the answer", got.value_micro, wanted.value_micro);
    }
}

static int64_t threshold_near(struct run *run, unsigned window, int64_t now_ms)
{
    const struct answer answer = naive_answer(&run->naive, &run->specs[window], now_ms);
    return answer.known && one_in(run, 2) ? answer.value_micro + (int64_t)below(run, 3) - 1 : random_threshold(run);
}

static void check_verdict(struct run *run, unsigned window, int64_t now_ms)
{
    const enum comparison comparison = (enum comparison)below(run, COMPARISON_NE + 1);
    const int64_t threshold_micro = threshold_near(run, window, now_ms);
    const enum verdict wanted = naive_compare(&run->naive, &run->specs[window], comparison, threshold_micro, now_ms);
    const enum verdict got = window_compare(run->windows[window], comparison, threshold_micro, now_ms);
    operations++;
    if (got != wanted && !is_excused(run, got != VERDICT_UNKNOWN)) {
        fail_run(run, window, now_ms, "the verdict", (int64_t)got, (int64_t)wanted);
    }
}

static void check_newest(struct run *run)
{
    struct naive_event newest = {0};
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    const bool any = naive_last(&run->naive, &newest);
    if (series_last(run->series, &at_ms, &value_milli) != any || at_ms != newest.at_ms ||
        value_milli != newest.value_milli) {
        fail_run(run, 0, run->now_ms, "the newest value", value_milli, newest.value_milli);
    }
    if (series_stands(run->series, run->now_ms) != naive_stands(&run->naive, run->now_ms)) {
        fail_run(run, 0, run->now_ms, "standing", series_stands(run->series, run->now_ms), 0);
    }
}

/* Strictly between an instant and the next promised change, the answer is what it was. */
static void check_calm(struct run *run, unsigned window, int64_t from_ms, int64_t until_ms)
{
    const struct answer before = window_answer(run->windows[window], from_ms);
    const int64_t between_ms = until_ms - from_ms - 1;
    const bool all = run->scale == SCALE_TINY && between_ms < 300;
    const int64_t looks = all ? between_ms : between_ms > 0 ? 3 : 0;
    for (int64_t look = 1; look <= looks; look++) {
        const int64_t at_ms = all             ? from_ms + look
                              : look == looks ? until_ms - 1
                                              : from_ms + 1 + (int64_t)(next_random(run) >> 1) % between_ms;
        const struct answer now = naive_answer(&run->naive, &run->specs[window], at_ms);
        operations++;
        if (now.known != before.known && !is_excused(run, before.known)) {
            fail_run(run, window, at_ms, "known, before the promised change,", now.known, before.known);
        }
        if (now.known && before.known && run->specs[window].spec.aggregate != AGGREGATE_AGE &&
            now.value_micro != before.value_micro) {
            fail_run(run, window, at_ms, "the answer, before the promised change,", now.value_micro,
                     before.value_micro);
        }
    }
}

static void walk(struct run *run, unsigned window, int64_t from_ms, int64_t until_ms)
{
    while (from_ms < until_ms) {
        const int64_t promised_ms = window_next_change(run->windows[window], from_ms);
        operations++;
        if (promised_ms <= from_ms) {
            fail_run(run, window, from_ms, "the next change", promised_ms, from_ms + 1);
        }
        check_calm(run, window, from_ms, promised_ms < until_ms ? promised_ms : until_ms);
        if (promised_ms < until_ms) {
            promises++;
            check_answer(run, window, promised_ms);
        }
        from_ms = promised_ms;
    }
}

static void take_step(struct run *run)
{
    const int64_t before_ms = run->now_ms;
    const bool is_crowd = run->rhythm == RHYTHM_BURSTS && !one_in(run, 4);
    run->now_ms += is_crowd ? below(run, 2) : next_step_ms(run);
    for (unsigned window = 0; window < WINDOWS; window++) {
        if (run->unasked == 0 && (run->scale == SCALE_TINY || one_in(run, 3))) {
            walk(run, window, before_ms, run->now_ms);
        }
    }
    if (!one_in(run, 10)) {
        happen(run);
    }
    check_newest(run);
    if (run->unasked > 0) {
        run->unasked--;
        return;
    }
    run->unasked = one_in(run, 8) ? below(run, one_in(run, 4) ? 40 : 4) : 0;
    for (unsigned turn = 0, from = below(run, WINDOWS); turn < WINDOWS; turn++) {
        const unsigned window = (from + turn) % WINDOWS;
        if (run->specs[window].spec.aggregate == AGGREGATE_SHARE && one_in(run, 40)) {
            set_share(run, window);
        }
        check_answer(run, window, run->now_ms);
        check_verdict(run, window, run->now_ms);
    }
}

static uint32_t period_of(struct run *run)
{
    static const uint32_t seconds_ms[] = {250, 333, 500, 1000, 2000, 60000};
    switch (run->scale) {
    case SCALE_TINY:
        return 1 + below(run, 12);
    case SCALE_PANES:
        return 2000 + below(run, 20000);
    case SCALE_SECONDS:
    case SCALE_EPISODIC:
    case SCALE_COUNT:
        break;
    }
    return run->scale == SCALE_SECONDS ? seconds_ms[below(run, sizeof(seconds_ms) / sizeof(seconds_ms[0]))] : 5000;
}

static void run_case(uint64_t seed)
{
    static struct run run;
    run = (struct run){.seed = seed, .random = (seed + 1) * 0x9E3779B97F4A7C15ULL};
    for (unsigned warm_up = 0; warm_up < 4; warm_up++) {
        (void)next_random(&run);
    }
    run.scale = (enum scale)below(&run, SCALE_COUNT);
    run.rhythm = (enum rhythm)below(&run, RHYTHM_COUNT);
    run.shape = (enum shape)below(&run, SHAPE_COUNT);
    run.period_ms = period_of(&run);
    build(&run);
    reset(&run);
    const unsigned steps = STEPS_MAX / 4 + below(&run, STEPS_MAX * 3 / 4);
    for (run.step = 0; run.step < steps; run.step++) {
        if (one_in(&run, 250)) {
            reset(&run);
        }
        take_step(&run);
    }
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

static void windows_equal_the_naive_reference(void **state)
{
    (void)state;
    const bool is_one = getenv("WARDGATE_SEED") != NULL;
    const uint64_t seed = number_from("WARDGATE_SEED", SEED_DEFAULT);
    const uint64_t cases = number_from("WARDGATE_CASES", is_one ? 1 : CASES_DEFAULT);
    for (uint64_t index = 0; index < cases; index++) {
        run_case(seed + index);
    }
    print_message("%" PRIu64 " checks, %" PRIu64 " promised changes, %" PRIu64
                  " excused by overrun, seeds from %" PRIu64 "\n",
                  operations, promises, excused, seed);
    assert_true(is_one || (promises > operations / 100 && excused < operations / 20));
}

int main(int argc, char **argv)
{
    (void)argc;
    program = argv[0];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_equal_the_naive_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
