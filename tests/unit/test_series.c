/*
 * What the header series.h says of windows, sentence by sentence, at the very milliseconds where it turns.
 * The random comparison with the naive reference is in test_series_random.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "app/engine/series.h"

#define PERIOD_MS   1000
#define WINDOWS_MAX 4
#define MINUTE_MS   60000

static _Alignas(64) unsigned char storage[1 << 20];

/* A series with up to four windows, made as the engine makes them: measured first. */
struct fixture {
    struct series_config config;
    struct window_spec specs[WINDOWS_MAX];
    unsigned count;
    struct series *series;
    struct window *windows[WINDOWS_MAX];
};

static struct window_spec in_time(enum aggregate aggregate, uint32_t span_ms)
{
    return (struct window_spec){
        .vital = VITAL_hr, .aggregate = aggregate, .span_ms = span_ms, .coverage_permille = 700};
}

static struct window_spec by_number(enum aggregate aggregate, uint32_t count)
{
    return (struct window_spec){.vital = VITAL_hr, .aggregate = aggregate, .count = count, .coverage_permille = 700};
}

static void make_from(struct fixture *fixture, struct arena *arena)
{
    fixture->series = series_make(arena, &fixture->config);
    for (unsigned index = 0; index < fixture->count; index++) {
        fixture->windows[index] = window_make(arena, fixture->series, &fixture->specs[index]);
    }
}

static struct fixture make_of(struct series_config config, unsigned count, const struct window_spec *specs)
{
    struct fixture fixture = {.config = config, .count = count};
    for (unsigned index = 0; index < count; index++) {
        fixture.specs[index] = specs[index];
        series_demand_add(&fixture.config.demand, &specs[index]);
    }
    struct arena measure = {.base = NULL};
    make_from(&fixture, &measure);
    assert_true(measure.used <= sizeof(storage));
    memset(storage, 0, sizeof(storage));
    struct arena arena = {.base = storage, .size = measure.used};
    make_from(&fixture, &arena);
    assert_int_equal(arena.used, measure.used);
    series_reset(fixture.series, 0);
    return fixture;
}

static struct fixture make(uint32_t period_ms, unsigned count, const struct window_spec *specs)
{
    return make_of((struct series_config){.period_ms = period_ms}, count, specs);
}

static struct fixture make_one(enum aggregate aggregate, uint32_t span_ms)
{
    const struct window_spec spec = in_time(aggregate, span_ms);
    return make(PERIOD_MS, 1, &spec);
}

static struct fixture make_episodic(unsigned count, const struct window_spec *specs)
{
    const struct series_config config = {.period_ms = PERIOD_MS, .stale_ms = 75 * MINUTE_MS, .episodic = true};
    return make_of(config, count, specs);
}

/* One observation a period from `from_ms` to `to_ms`, both included. */
static void put_regularly(struct fixture *fixture, int64_t from_ms, int64_t to_ms, int32_t value_milli)
{
    for (int64_t at_ms = from_ms; at_ms <= to_ms; at_ms += fixture->config.period_ms) {
        assert_true(series_put(fixture->series, at_ms, value_milli));
    }
}

static void assert_unknown(struct fixture *fixture, unsigned window, int64_t now_ms)
{
    assert_false(window_answer(fixture->windows[window], now_ms).known);
}

static void assert_micro(struct fixture *fixture, unsigned window, int64_t now_ms, int64_t micro)
{
    const struct answer answer = window_answer(fixture->windows[window], now_ms);
    assert_true(answer.known);
    assert_int_equal(answer.value_micro, micro);
}

static void assert_next(struct fixture *fixture, unsigned window, int64_t now_ms, int64_t next_ms)
{
    assert_int_equal(window_next_change(fixture->windows[window], now_ms), next_ms);
}

static void nothing_is_known_of_an_empty_stay(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_MAX, 5000), in_time(AGGREGATE_COUNT, 5000),
                                        by_number(AGGREGATE_MAX, 1), in_time(AGGREGATE_LAST, 0)};
    struct fixture fixture = make(PERIOD_MS, 4, specs);
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    assert_false(series_last(fixture.series, &at_ms, &value_milli));
    assert_false(series_stands(fixture.series, 0));
    assert_unknown(&fixture, 0, 9000);
    assert_micro(&fixture, 1, 9000, 0);
    assert_unknown(&fixture, 2, 9000);
    assert_unknown(&fixture, 3, 9000);
    for (unsigned window = 0; window < 4; window++) {
        assert_next(&fixture, window, 9000, SERIES_NEVER);
        assert_false(window_is_filling(fixture.windows[window], 9000));
    }
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 0, 9000), VERDICT_UNKNOWN);
}

static void observation_stands_for_one_and_a_half_periods(void **state)
{
    (void)state;
    struct window_spec bare = in_time(AGGREGATE_LAST, 0);
    bare.bare = true;
    struct fixture fixture = make(PERIOD_MS, 1, &bare);
    series_put(fixture.series, 2000, 72000);
    assert_micro(&fixture, 0, 3499, 72000000);
    assert_next(&fixture, 0, 2000, 3500);
    assert_unknown(&fixture, 0, 3500);
    assert_next(&fixture, 0, 3500, SERIES_NEVER);
    series_put(fixture.series, 4000, 73000);
    assert_true(series_put_invalid(fixture.series, 4200));
    assert_false(series_stands(fixture.series, 4200));
    assert_unknown(&fixture, 0, 4200);
}

static void span_is_open_at_its_beginning(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_MAX, 3000);
    series_put(fixture.series, 0, 99000);
    put_regularly(&fixture, 1000, 3000, 70000);
    assert_micro(&fixture, 0, 3000, 70000000); /* (0, 3000]: the one at 0 has just left */
    put_regularly(&fixture, 4000, 5000, 71000);
    assert_micro(&fixture, 0, 5999, 71000000);
}

static void whole_span_must_have_passed(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_MEAN, 5000);
    put_regularly(&fixture, 300, 4300, 60000);
    assert_next(&fixture, 0, 4300, 5300);
    assert_unknown(&fixture, 0, 5299);
    assert_true(window_is_filling(fixture.windows[0], 5299));
    assert_micro(&fixture, 0, 5300, 60000000);
    assert_false(window_is_filling(fixture.windows[0], 5300));
}

static void gap_of_a_span_starts_anew(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_MEAN, 5000);
    put_regularly(&fixture, 0, 6000, 60000);
    put_regularly(&fixture, 11000, 15000, 80000);
    assert_unknown(&fixture, 0, 15999);
    assert_true(window_is_filling(fixture.windows[0], 15999));
    assert_micro(&fixture, 0, 16000, 80000000);
}

static void shorter_hole_only_lowers_coverage(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_MEAN, 5000);
    put_regularly(&fixture, 0, 6000, 60000);
    put_regularly(&fixture, 10999, 13999, 80000);
    assert_false(window_is_filling(fixture.windows[0], 13999));
    assert_next(&fixture, 0, 13999, 14499);
    assert_unknown(&fixture, 0, 14498);
    assert_micro(&fixture, 0, 14499, 80000000); /* stood from 10 999 on: 3500 of 5000 ms */
}

static void coverage_is_known_at_exactly_its_threshold(void **state)
{
    (void)state;
    struct window_spec specs[] = {in_time(AGGREGATE_MIN, 10000), in_time(AGGREGATE_MIN, 10000),
                                  in_time(AGGREGATE_MIN, 10000)};
    specs[1].coverage_permille = 500;
    specs[2].coverage_permille = 1000;
    struct fixture fixture = make(PERIOD_MS, 3, specs);
    put_regularly(&fixture, 0, 20000, 97000); /* the last one stands until 21 500 */
    assert_micro(&fixture, 2, 21500, 97000000);
    assert_unknown(&fixture, 2, 21501);
    assert_next(&fixture, 0, 24000, 24501);
    assert_micro(&fixture, 0, 24500, 97000000);
    assert_unknown(&fixture, 0, 24501);
    assert_micro(&fixture, 1, 26500, 97000000);
    assert_unknown(&fixture, 1, 26501);
}

static void earlier_observation_stands_into_the_span(void **state)
{
    (void)state;
    struct window_spec spec = in_time(AGGREGATE_MAX, 2000);
    spec.coverage_permille = 1000;
    struct fixture fixture = make(PERIOD_MS, 1, &spec);
    put_regularly(&fixture, 0, 3000, 50000);
    series_put(fixture.series, 4400, 60000);
    assert_micro(&fixture, 0, 5100, 60000000); /* (3100, 5100]: the one at 3000 stands up to 4400, but is not in it */
}

static void invalid_ends_the_standing_at_once(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_MEAN, 10000);
    put_regularly(&fixture, 0, 20000, 97000);
    series_put_invalid(fixture.series, 20100);
    assert_micro(&fixture, 0, 23100, 97000000);
    assert_unknown(&fixture, 0, 23101);
}

static void span_shorter_than_the_period_is_never_known(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_MEAN, 59999), in_time(AGGREGATE_MEAN, 60000),
                                        in_time(AGGREGATE_MIN, 59999)};
    struct fixture fixture = make(MINUTE_MS, 3, specs);
    put_regularly(&fixture, 0, 10 * MINUTE_MS, 88000);
    assert_unknown(&fixture, 0, 10 * MINUTE_MS);
    assert_micro(&fixture, 1, 10 * MINUTE_MS, 88000000);
    assert_unknown(&fixture, 2, 10 * MINUTE_MS);
    assert_int_equal(window_compare(fixture.windows[2], COMPARISON_LT, 90000000, 10 * MINUTE_MS), VERDICT_MET);
}

struct witness_row {
    enum comparison comparison;
    int64_t threshold_micro;
    enum verdict verdict;
};

static void assert_witness(enum aggregate aggregate, const struct witness_row *rows, unsigned count)
{
    struct fixture fixture = make_one(aggregate, 10000);
    series_put(fixture.series, 1000, 85000);
    assert_unknown(&fixture, 0, 1000);
    for (unsigned row = 0; row < count; row++) {
        const enum verdict verdict =
            window_compare(fixture.windows[0], rows[row].comparison, rows[row].threshold_micro, 10999);
        if (verdict != rows[row].verdict) {
            fail_msg("row %u: verdict %d", row, (int)verdict);
        }
        assert_int_equal(window_compare(fixture.windows[0], rows[row].comparison, rows[row].threshold_micro, 11000),
                         VERDICT_UNKNOWN);
    }
}

static void one_observation_decides_a_minimum(void **state)
{
    (void)state;
    static const struct witness_row rows[] = {
        {COMPARISON_LT, 90000000, VERDICT_MET},     {COMPARISON_LE, 90000000, VERDICT_MET},
        {COMPARISON_GE, 90000000, VERDICT_CLEAR},   {COMPARISON_GT, 90000000, VERDICT_CLEAR},
        {COMPARISON_EQ, 90000000, VERDICT_CLEAR},   {COMPARISON_NE, 90000000, VERDICT_MET},
        {COMPARISON_LT, 85000000, VERDICT_UNKNOWN}, {COMPARISON_LE, 85000000, VERDICT_MET},
        {COMPARISON_GE, 85000000, VERDICT_UNKNOWN}, {COMPARISON_GT, 85000000, VERDICT_CLEAR},
        {COMPARISON_EQ, 85000000, VERDICT_UNKNOWN}, {COMPARISON_NE, 85000000, VERDICT_UNKNOWN},
        {COMPARISON_LT, 80000000, VERDICT_UNKNOWN}, {COMPARISON_GT, 80000000, VERDICT_UNKNOWN},
        {COMPARISON_EQ, 80000000, VERDICT_UNKNOWN}, {COMPARISON_NE, 80000000, VERDICT_UNKNOWN},
    };
    assert_witness(AGGREGATE_MIN, rows, sizeof(rows) / sizeof(rows[0]));
}

static void one_observation_decides_a_maximum(void **state)
{
    (void)state;
    static const struct witness_row rows[] = {
        {COMPARISON_GT, 80000000, VERDICT_MET},     {COMPARISON_GE, 80000000, VERDICT_MET},
        {COMPARISON_LE, 80000000, VERDICT_CLEAR},   {COMPARISON_LT, 80000000, VERDICT_CLEAR},
        {COMPARISON_EQ, 80000000, VERDICT_CLEAR},   {COMPARISON_NE, 80000000, VERDICT_MET},
        {COMPARISON_GT, 85000000, VERDICT_UNKNOWN}, {COMPARISON_GE, 85000000, VERDICT_MET},
        {COMPARISON_LE, 85000000, VERDICT_UNKNOWN}, {COMPARISON_LT, 85000000, VERDICT_CLEAR},
        {COMPARISON_EQ, 85000000, VERDICT_UNKNOWN}, {COMPARISON_GT, 90000000, VERDICT_UNKNOWN},
        {COMPARISON_LT, 90000000, VERDICT_UNKNOWN}, {COMPARISON_NE, 90000000, VERDICT_UNKNOWN},
    };
    assert_witness(AGGREGATE_MAX, rows, sizeof(rows) / sizeof(rows[0]));
}

static void nothing_else_has_a_witness(void **state)
{
    (void)state;
    static const enum aggregate aggregates[] = {AGGREGATE_MEAN, AGGREGATE_DELTA, AGGREGATE_STDDEV, AGGREGATE_SHARE};
    for (unsigned index = 0; index < 4; index++) {
        struct fixture fixture = make_one(aggregates[index], 10000);
        series_put(fixture.series, 1000, 85000);
        assert_int_equal(window_compare(fixture.windows[0], COMPARISON_LT, 90000000, 1000), VERDICT_UNKNOWN);
    }
}

static void mean_is_compared_exactly(void **state)
{
    (void)state;
    const struct window_spec spec = by_number(AGGREGATE_MEAN, 3);
    struct fixture fixture = make(PERIOD_MS, 1, &spec);
    struct window *mean = fixture.windows[0];
    put_regularly(&fixture, 0, 1000, 0);
    put_regularly(&fixture, 2000, 2000, 1);
    assert_micro(&fixture, 0, 2000, 333);
    assert_int_equal(window_compare(mean, COMPARISON_EQ, 333, 2000), VERDICT_CLEAR);
    assert_int_equal(window_compare(mean, COMPARISON_GT, 333, 2000), VERDICT_MET);
    put_regularly(&fixture, 3000, 3000, 1);
    assert_micro(&fixture, 0, 3000, 667);
    assert_int_equal(window_compare(mean, COMPARISON_LT, 667, 3000), VERDICT_MET);
    put_regularly(&fixture, 4000, 4000, 1);
    assert_int_equal(window_compare(mean, COMPARISON_EQ, 1000, 4000), VERDICT_MET);
    assert_int_equal(window_compare(mean, COMPARISON_LT, INT64_MAX, 4000), VERDICT_MET);
    assert_int_equal(window_compare(mean, COMPARISON_LT, INT64_MIN, 4000), VERDICT_CLEAR);
}

static void halves_round_away_from_zero(void **state)
{
    (void)state;
    const struct window_spec spec = by_number(AGGREGATE_MEAN, 16);
    struct fixture fixture = make(PERIOD_MS, 1, &spec);
    put_regularly(&fixture, 0, 14000, 0);
    put_regularly(&fixture, 15000, 15000, 1);
    assert_micro(&fixture, 0, 15000, 63); /* 62.5 */
    series_put(fixture.series, 15000, -1);
    assert_micro(&fixture, 0, 15000, -63);
}

static void statistics_of_known_figures(void **state)
{
    (void)state;
    static const int32_t values[] = {2000, 4000, 4000, 4000, 5000, 5000, 7000, 9000};
    const struct window_spec specs[] = {by_number(AGGREGATE_STDDEV, 8), by_number(AGGREGATE_STDDEV, 1),
                                        by_number(AGGREGATE_DELTA, 8), by_number(AGGREGATE_SLOPE, 2)};
    struct fixture fixture = make(PERIOD_MS, 4, specs);
    for (unsigned index = 0; index < 8; index++) {
        series_put(fixture.series, index * 1000, values[index]);
    }
    assert_micro(&fixture, 0, 7000, 2000000);
    assert_micro(&fixture, 1, 7000, 0);
    assert_micro(&fixture, 2, 7000, 7000000);
    assert_micro(&fixture, 3, 7000, 120000000); /* 2 a second */
}

static void slope_is_exact_late_in_a_long_stay(void **state)
{
    (void)state;
    const int64_t late_ms = 400LL * 24 * 3600 * 1000;
    const struct window_spec specs[] = {in_time(AGGREGATE_SLOPE, 60000), in_time(AGGREGATE_SLOPE, 1000)};
    struct fixture fixture = make(PERIOD_MS, 2, specs);
    series_put(fixture.series, 0, 1000000);
    for (int32_t step = 0; step <= 60; step++) {
        series_put(fixture.series, late_ms + step * 1000, 100000 - step * 7);
    }
    assert_micro(&fixture, 0, late_ms + 60000, -420000);
    assert_unknown(&fixture, 1, late_ms + 60000); /* one observation has no slope */
}

static void largest_numbers_stay_exact(void **state)
{
    (void)state;
    const struct window_spec specs[] = {by_number(AGGREGATE_STDDEV, 2), by_number(AGGREGATE_SLOPE, 2),
                                        by_number(AGGREGATE_DELTA, 2), by_number(AGGREGATE_MEAN, 2)};
    struct fixture fixture = make(PERIOD_MS, 4, specs);
    series_put(fixture.series, 0, INT32_MIN);
    series_put(fixture.series, 1, INT32_MAX);
    assert_micro(&fixture, 0, 1, 2147483647500);
    assert_micro(&fixture, 1, 1, 257698037700000000);
    assert_micro(&fixture, 2, 1, 4294967295000);
    assert_micro(&fixture, 3, 1, -500);
}

static void share_counts_what_meets_its_comparison(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_SHARE, 10000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 90000000);
    for (int64_t step = 0; step < 20; step++) {
        series_put(fixture.series, step * 1000, step % 5 == 0 ? 90000 : 89999);
    }
    series_put_invalid(fixture.series, 19500);
    assert_micro(&fixture, 0, 19500, 800000);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GE, 800000, 19500), VERDICT_MET);
    window_set_share(fixture.windows[0], COMPARISON_LE, 90000000);
    assert_micro(&fixture, 0, 19500, 1000000);
    window_set_share(fixture.windows[0], COMPARISON_LE, 89998999);
    assert_micro(&fixture, 0, 19500, 0);
    series_put(fixture.series, 20000, 50000);
    assert_micro(&fixture, 0, 20000, 100000);
}

static void count_is_never_unknown(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_COUNT, 5000);
    series_put(fixture.series, 1000, 60000);
    series_put_invalid(fixture.series, 2000);
    series_put(fixture.series, 3000, 60000);
    assert_micro(&fixture, 0, 3000, 2000000);
    assert_next(&fixture, 0, 3000, 6000);
    assert_micro(&fixture, 0, 5999, 2000000);
    assert_micro(&fixture, 0, 6000, 1000000);
    assert_micro(&fixture, 0, 8000, 0);
    assert_false(window_is_filling(fixture.windows[0], 3000));
}

static void last_is_known_while_the_window_holds_it(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_LAST, 5000), in_time(AGGREGATE_LAST, 0),
                                        in_time(AGGREGATE_AGE, 0)};
    struct fixture fixture = make(PERIOD_MS, 3, specs);
    series_put(fixture.series, 1000, 60000);
    series_put_invalid(fixture.series, 2000);
    assert_next(&fixture, 0, 2000, 6000);
    assert_micro(&fixture, 0, 5999, 60000000);
    assert_unknown(&fixture, 0, 6000);
    assert_micro(&fixture, 1, 3600000, 60000000);
    assert_next(&fixture, 1, 2000, SERIES_NEVER);
    assert_micro(&fixture, 2, 3600250, 3599250000);
    assert_next(&fixture, 2, 2000, SERIES_NEVER);
}

static void last_of_one_instant_wins(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_MAX, 5000), in_time(AGGREGATE_COUNT, 5000),
                                        in_time(AGGREGATE_MIN, 600000), in_time(AGGREGATE_LAST, 0)};
    struct fixture fixture = make(PERIOD_MS, 4, specs);
    put_regularly(&fixture, 0, 9000, 50000);
    assert_true(series_put(fixture.series, 10000, 90000));
    assert_false(series_put(fixture.series, 10000, 40000));
    assert_micro(&fixture, 0, 10000, 50000000);
    assert_micro(&fixture, 1, 10000, 5000000);
    assert_false(series_put(fixture.series, 10000, 95000));
    assert_micro(&fixture, 0, 10000, 95000000);
    assert_int_equal(window_compare(fixture.windows[2], COMPARISON_LE, 40000000, 10000), VERDICT_UNKNOWN);
    assert_false(series_put_invalid(fixture.series, 10000));
    assert_micro(&fixture, 0, 10000, 50000000);
    assert_micro(&fixture, 1, 10000, 4000000);
    assert_micro(&fixture, 3, 10000, 50000000);
    assert_false(series_stands(fixture.series, 10000));
    assert_false(series_put(fixture.series, 10000, 30000));
    assert_true(series_stands(fixture.series, 10000));
    assert_micro(&fixture, 3, 10000, 30000000);
}

static void number_counts_from_the_start_and_from_a_gap(void **state)
{
    (void)state;
    const struct window_spec spec = by_number(AGGREGATE_MAX, 3);
    struct fixture fixture = make(PERIOD_MS, 1, &spec);
    put_regularly(&fixture, 0, 1000, 90000);
    assert_unknown(&fixture, 0, 1000);
    assert_true(window_is_filling(fixture.windows[0], 1000));
    assert_false(window_is_filling(fixture.windows[0], 2500)); /* nothing arrives: it does not fill */
    put_regularly(&fixture, 3999, 3999, 60000);                /* a hole of 2999 ms is none for 3 periods */
    assert_micro(&fixture, 0, 3999, 90000000);
    put_regularly(&fixture, 6999, 7999, 70000);
    assert_unknown(&fixture, 0, 7999);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 80000000, 7999), VERDICT_UNKNOWN);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 65000000, 7999), VERDICT_MET);
    put_regularly(&fixture, 8999, 8999, 70000);
    assert_micro(&fixture, 0, 8999, 70000000);
    assert_next(&fixture, 0, 8999, 10499);
    assert_unknown(&fixture, 0, 10499);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 65000000, 10499), VERDICT_UNKNOWN);
}

static void episodic_measurements_count_by_number(void **state)
{
    (void)state;
    struct window_spec specs[] = {by_number(AGGREGATE_MEAN, 2), in_time(AGGREGATE_LAST, 0),
                                  in_time(AGGREGATE_COUNT, 240 * MINUTE_MS), by_number(AGGREGATE_MIN, 3)};
    specs[1].bare = true;
    struct fixture fixture = make_episodic(4, specs);
    series_put(fixture.series, 0, 120000);
    assert_unknown(&fixture, 0, 0);
    series_put(fixture.series, 180 * MINUTE_MS, 90000);
    assert_micro(&fixture, 0, 180 * MINUTE_MS, 105000000);
    assert_micro(&fixture, 2, 180 * MINUTE_MS, 2000000);
    assert_next(&fixture, 1, 180 * MINUTE_MS, 255 * MINUTE_MS);
    assert_micro(&fixture, 1, 255 * MINUTE_MS - 1, 90000000);
    assert_unknown(&fixture, 1, 255 * MINUTE_MS);
    assert_micro(&fixture, 0, 400 * MINUTE_MS, 105000000);
    assert_int_equal(window_compare(fixture.windows[3], COMPARISON_LT, 100000000, 400 * MINUTE_MS), VERDICT_MET);
    assert_micro(&fixture, 2, 240 * MINUTE_MS, 1000000);
}

static void overrun_leaves_the_window_unknown_until_it_has_passed(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_COUNT, 10000), in_time(AGGREGATE_MAX, 10000),
                                        in_time(AGGREGATE_LAST, 10000)};
    struct fixture fixture = make(PERIOD_MS, 3, specs); /* 10 periods, half as many again and some slack: 32 places */
    for (int64_t step = 0; step < 40; step++) {
        series_put(fixture.series, step * 100, 60000);
    }
    assert_int_equal(series_overruns(fixture.series), 8);
    assert_unknown(&fixture, 0, 3900);
    assert_unknown(&fixture, 1, 10000);
    assert_int_equal(window_compare(fixture.windows[1], COMPARISON_GE, 60000000, 10000), VERDICT_MET);
    assert_micro(&fixture, 2, 10000, 60000000);
    assert_next(&fixture, 0, 10000, 10700);
    assert_unknown(&fixture, 0, 10699);
    assert_micro(&fixture, 0, 10700, 32000000);
}

static void pane_cut_by_the_beginning_is_included(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_COUNT, 600000), in_time(AGGREGATE_MAX, 600000),
                                        in_time(AGGREGATE_DELTA, 600000), in_time(AGGREGATE_MEAN, 600000)};
    struct fixture fixture = make(PERIOD_MS, 4, specs);
    put_regularly(&fixture, 0, 0, 99000);
    put_regularly(&fixture, 1000, 1000, 80000);
    put_regularly(&fixture, 2000, 599000, 60000);
    assert_unknown(&fixture, 3, 599999);
    put_regularly(&fixture, 600000, 605000, 60000);
    assert_micro(&fixture, 0, 605000, 605000000); /* from 5000, rounded down to 0 */
    assert_micro(&fixture, 1, 605000, 80000000);
    assert_micro(&fixture, 2, 605000, -20000000);
    assert_next(&fixture, 0, 605000, 610000);
    put_regularly(&fixture, 606000, 610000, 60000);
    assert_micro(&fixture, 0, 610000, 600000000);
    assert_micro(&fixture, 1, 610000, 60000000);
    assert_micro(&fixture, 2, 610000, 0);
    assert_micro(&fixture, 3, 610000, 60000000);
}

static void panes_count_from_the_start_of_the_stay(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_COUNT, 600000);
    series_reset(fixture.series, -12345);
    series_put(fixture.series, -12345, 60000); /* closes a pane of its own */
    series_put(fixture.series, -2345, 60000);  /* the end of the first pane */
    series_put(fixture.series, -2344, 60000);
    assert_micro(&fixture, 0, 587654, 3000000);
    assert_micro(&fixture, 0, 587655, 2000000);
    assert_micro(&fixture, 0, 597654, 2000000);
    assert_micro(&fixture, 0, 597655, 1000000);
    assert_micro(&fixture, 0, 607655, 0);
}

static void changed_share_over_panes_starts_over(void **state)
{
    (void)state;
    struct fixture fixture = make_one(AGGREGATE_SHARE, 600000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 90000000);
    put_regularly(&fixture, 0, 601000, 85000);
    assert_micro(&fixture, 0, 601000, 1000000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 90000000); /* no change */
    assert_micro(&fixture, 0, 601000, 1000000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 80000000);
    assert_unknown(&fixture, 0, 601000);
    assert_true(window_is_filling(fixture.windows[0], 601000));
    put_regularly(&fixture, 602000, 1209000, 85000);
    assert_unknown(&fixture, 0, 1209999);
    assert_true(window_is_filling(fixture.windows[0], 1209999));
    assert_next(&fixture, 0, 1209999, 1210000);
    assert_micro(&fixture, 0, 1210000, 0);
    assert_false(window_is_filling(fixture.windows[0], 1210000));
}

static void reset_forgets_the_stay(void **state)
{
    (void)state;
    const struct window_spec specs[] = {in_time(AGGREGATE_MAX, 5000), by_number(AGGREGATE_MIN, 2),
                                        in_time(AGGREGATE_COUNT, 600000), in_time(AGGREGATE_LAST, 0)};
    struct fixture fixture = make(PERIOD_MS, 4, specs);
    put_regularly(&fixture, 0, 20000, 140000);
    series_reset(fixture.series, 10000); /* a stay that counts from a little while ago */
    assert_unknown(&fixture, 0, 20000);
    assert_unknown(&fixture, 1, 20000);
    assert_micro(&fixture, 2, 20000, 0);
    assert_unknown(&fixture, 3, 20000);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 100000000, 20000), VERDICT_UNKNOWN);
    put_regularly(&fixture, 10000, 15000, 60000);
    assert_micro(&fixture, 0, 15000, 60000000);
    assert_micro(&fixture, 1, 15000, 60000000);
    assert_micro(&fixture, 2, 15000, 6000000);
}

static void demand_keeps_only_what_is_asked(void **state)
{
    (void)state;
    struct series_demand demand = {0};
    struct window_spec bare = in_time(AGGREGATE_LAST, 0);
    bare.bare = true;
    const struct window_spec age = in_time(AGGREGATE_AGE, 0), recent = in_time(AGGREGATE_LAST, 900000);
    series_demand_add(&demand, &bare);
    series_demand_add(&demand, &age);
    series_demand_add(&demand, &recent);
    const struct series_demand none = {0};
    assert_memory_equal(&demand.observations, &none.observations, sizeof(none.observations));
    assert_memory_equal(&demand.panes, &none.panes, sizeof(none.panes));

    struct arena idle = {.base = NULL}, plain = {.base = NULL}, rich = {.base = NULL};
    struct series_config config = {.period_ms = PERIOD_MS};
    (void)series_make(&idle, &config);
    const struct window_spec mean = in_time(AGGREGATE_MEAN, 60000), slope = in_time(AGGREGATE_SLOPE, 60000);
    series_demand_add(&config.demand, &mean);
    (void)series_make(&plain, &config);
    series_demand_add(&config.demand, &slope);
    (void)series_make(&rich, &config);
    assert_true(idle.used < plain.used && plain.used < rich.used);
    assert_true(plain.used - idle.used <=
                128 * 32); /* 60 observations, half as many again and some slack: 128 places */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_of_an_empty_stay),
        cmocka_unit_test(observation_stands_for_one_and_a_half_periods),
        cmocka_unit_test(span_is_open_at_its_beginning),
        cmocka_unit_test(whole_span_must_have_passed),
        cmocka_unit_test(gap_of_a_span_starts_anew),
        cmocka_unit_test(shorter_hole_only_lowers_coverage),
        cmocka_unit_test(coverage_is_known_at_exactly_its_threshold),
        cmocka_unit_test(earlier_observation_stands_into_the_span),
        cmocka_unit_test(invalid_ends_the_standing_at_once),
        cmocka_unit_test(span_shorter_than_the_period_is_never_known),
        cmocka_unit_test(one_observation_decides_a_minimum),
        cmocka_unit_test(one_observation_decides_a_maximum),
        cmocka_unit_test(nothing_else_has_a_witness),
        cmocka_unit_test(mean_is_compared_exactly),
        cmocka_unit_test(halves_round_away_from_zero),
        cmocka_unit_test(statistics_of_known_figures),
        cmocka_unit_test(slope_is_exact_late_in_a_long_stay),
        cmocka_unit_test(largest_numbers_stay_exact),
        cmocka_unit_test(share_counts_what_meets_its_comparison),
        cmocka_unit_test(count_is_never_unknown),
        cmocka_unit_test(last_is_known_while_the_window_holds_it),
        cmocka_unit_test(last_of_one_instant_wins),
        cmocka_unit_test(number_counts_from_the_start_and_from_a_gap),
        cmocka_unit_test(episodic_measurements_count_by_number),
        cmocka_unit_test(overrun_leaves_the_window_unknown_until_it_has_passed),
        cmocka_unit_test(pane_cut_by_the_beginning_is_included),
        cmocka_unit_test(panes_count_from_the_start_of_the_stay),
        cmocka_unit_test(changed_share_over_panes_starts_over),
        cmocka_unit_test(reset_forgets_the_stay),
        cmocka_unit_test(demand_keeps_only_what_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
