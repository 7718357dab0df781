/* What the header series.h says of windows, sentence by sentence, at the very milliseconds where it turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/series_fixture.h"

static void span_is_open_at_its_beginning(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_MAX, 3000);
    series_put(fixture.series, 0, 99000);
    fixture_put_regularly(&fixture, 1000, 3000, 70000);
    assert_window_micro(&fixture, 0, 3000, 70000000); /* (0, 3000]: the one at 0 has just left */
    fixture_put_regularly(&fixture, 4000, 5000, 71000);
    assert_window_micro(&fixture, 0, 5999, 71000000);
}

static void whole_span_must_have_passed(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_MEAN, 5000);
    fixture_put_regularly(&fixture, 300, 4300, 60000);
    assert_window_next(&fixture, 0, 4300, 5300);
    assert_window_unknown(&fixture, 0, 5299);
    assert_window_micro(&fixture, 0, 5300, 60000000);
}

static void gap_of_a_span_starts_anew(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_MEAN, 5000);
    fixture_put_regularly(&fixture, 0, 6000, 60000);
    fixture_put_regularly(&fixture, 11000, 15000, 80000);
    assert_window_unknown(&fixture, 0, 15999);
    assert_window_micro(&fixture, 0, 16000, 80000000);
}

static void shorter_hole_only_lowers_coverage(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_MEAN, 5000);
    fixture_put_regularly(&fixture, 0, 6000, 60000);
    fixture_put_regularly(&fixture, 10999, 13999, 80000);
    assert_window_next(&fixture, 0, 13999, 14499);
    assert_window_unknown(&fixture, 0, 14498);
    assert_window_micro(&fixture, 0, 14499, 80000000); /* stood from 10 999 on: 3500 of 5000 ms */
}

static void coverage_is_known_at_exactly_its_threshold(void **state)
{
    (void)state;
    struct window_spec specs[] = {spec_in_time(AGGREGATE_MIN, 10000), spec_in_time(AGGREGATE_MIN, 10000),
                                  spec_in_time(AGGREGATE_MIN, 10000)};
    specs[1].coverage_permille = 500;
    specs[2].coverage_permille = 1000;
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 3, specs);
    fixture_put_regularly(&fixture, 0, 20000, 97000); /* the last one stands until 21 500 */
    assert_window_micro(&fixture, 2, 21500, 97000000);
    assert_window_unknown(&fixture, 2, 21501);
    assert_window_next(&fixture, 0, 24000, 24501);
    assert_window_micro(&fixture, 0, 24500, 97000000);
    assert_window_unknown(&fixture, 0, 24501);
    assert_window_micro(&fixture, 1, 26500, 97000000);
    assert_window_unknown(&fixture, 1, 26501);
}

static void earlier_observation_stands_into_the_span(void **state)
{
    (void)state;
    struct window_spec spec = spec_in_time(AGGREGATE_MAX, 2000);
    spec.coverage_permille = 1000;
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 1, &spec);
    fixture_put_regularly(&fixture, 0, 3000, 50000);
    series_put(fixture.series, 4400, 60000);
    assert_window_micro(&fixture, 0, 5100,
                        60000000); /* (3100, 5100]: the one at 3000 stands up to 4400, but is not in it */
}

static void invalid_ends_the_standing_at_once(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_MEAN, 10000);
    fixture_put_regularly(&fixture, 0, 20000, 97000);
    series_put_invalid(fixture.series, 20100);
    assert_window_micro(&fixture, 0, 23100, 97000000);
    assert_window_unknown(&fixture, 0, 23101);
}

static void span_shorter_than_the_period_is_never_known(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_MEAN, 59999), spec_in_time(AGGREGATE_MEAN, 60000),
                                        spec_in_time(AGGREGATE_MIN, 59999)};
    struct fixture fixture = fixture_make(MINUTE_MS, 3, specs);
    fixture_put_regularly(&fixture, 0, 10 * MINUTE_MS, 88000);
    assert_window_unknown(&fixture, 0, 10 * MINUTE_MS);
    assert_window_micro(&fixture, 1, 10 * MINUTE_MS, 88000000);
    assert_window_unknown(&fixture, 2, 10 * MINUTE_MS);
    assert_int_equal(window_compare(fixture.windows[2], COMPARISON_LT, 90000000, 10 * MINUTE_MS), VERDICT_MET);
}

struct witness_row {
    enum comparison comparison;
    int64_t threshold_micro;
    enum verdict verdict;
};

static void assert_witness(enum aggregate aggregate, const struct witness_row *rows, unsigned count)
{
    struct fixture fixture = fixture_make_one(aggregate, 10000);
    series_put(fixture.series, 1000, 85000);
    assert_window_unknown(&fixture, 0, 1000);
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
        struct fixture fixture = fixture_make_one(aggregates[index], 10000);
        series_put(fixture.series, 1000, 85000);
        assert_int_equal(window_compare(fixture.windows[0], COMPARISON_LT, 90000000, 1000), VERDICT_UNKNOWN);
    }
}

static void mean_is_compared_exactly(void **state)
{
    (void)state;
    const struct window_spec spec = spec_by_number(AGGREGATE_MEAN, 3);
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 1, &spec);
    struct window *mean = fixture.windows[0];
    fixture_put_regularly(&fixture, 0, 1000, 0);
    fixture_put_regularly(&fixture, 2000, 2000, 1);
    assert_window_micro(&fixture, 0, 2000, 333);
    assert_int_equal(window_compare(mean, COMPARISON_EQ, 333, 2000), VERDICT_CLEAR);
    assert_int_equal(window_compare(mean, COMPARISON_GT, 333, 2000), VERDICT_MET);
    fixture_put_regularly(&fixture, 3000, 3000, 1);
    assert_window_micro(&fixture, 0, 3000, 667);
    assert_int_equal(window_compare(mean, COMPARISON_LT, 667, 3000), VERDICT_MET);
    fixture_put_regularly(&fixture, 4000, 4000, 1);
    assert_int_equal(window_compare(mean, COMPARISON_EQ, 1000, 4000), VERDICT_MET);
    assert_int_equal(window_compare(mean, COMPARISON_LT, INT64_MAX, 4000), VERDICT_MET);
    assert_int_equal(window_compare(mean, COMPARISON_LT, INT64_MIN, 4000), VERDICT_CLEAR);
}

static void halves_round_away_from_zero(void **state)
{
    (void)state;
    const struct window_spec spec = spec_by_number(AGGREGATE_MEAN, 16);
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 1, &spec);
    fixture_put_regularly(&fixture, 0, 14000, 0);
    fixture_put_regularly(&fixture, 15000, 15000, 1);
    assert_window_micro(&fixture, 0, 15000, 63); /* 62.5 */
    series_put(fixture.series, 15000, -1);
    assert_window_micro(&fixture, 0, 15000, -63);
}

static void statistics_of_known_figures(void **state)
{
    (void)state;
    static const int32_t values[] = {2000, 4000, 4000, 4000, 5000, 5000, 7000, 9000};
    const struct window_spec specs[] = {spec_by_number(AGGREGATE_STDDEV, 8), spec_by_number(AGGREGATE_STDDEV, 1),
                                        spec_by_number(AGGREGATE_DELTA, 8), spec_by_number(AGGREGATE_SLOPE, 2)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    for (unsigned index = 0; index < 8; index++) {
        series_put(fixture.series, index * 1000, values[index]);
    }
    assert_window_micro(&fixture, 0, 7000, 2000000);
    assert_window_micro(&fixture, 1, 7000, 0);
    assert_window_micro(&fixture, 2, 7000, 7000000);
    assert_window_micro(&fixture, 3, 7000, 120000000); /* 2 a second */
}

static void slope_is_exact_late_in_a_long_stay(void **state)
{
    (void)state;
    const int64_t late_ms = 400LL * 24 * 3600 * 1000;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_SLOPE, 60000), spec_in_time(AGGREGATE_SLOPE, 1000)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 2, specs);
    series_put(fixture.series, 0, 1000000);
    for (int32_t step = 0; step <= 60; step++) {
        series_put(fixture.series, late_ms + step * 1000, 100000 - step * 7);
    }
    assert_window_micro(&fixture, 0, late_ms + 60000, -420000);
    assert_window_unknown(&fixture, 1, late_ms + 60000); /* one observation has no slope */
}

static void largest_numbers_stay_exact(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_by_number(AGGREGATE_STDDEV, 2), spec_by_number(AGGREGATE_SLOPE, 2),
                                        spec_by_number(AGGREGATE_DELTA, 2), spec_by_number(AGGREGATE_MEAN, 2)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    series_put(fixture.series, 0, INT32_MIN);
    series_put(fixture.series, 1, INT32_MAX);
    assert_window_micro(&fixture, 0, 1, 2147483647500);
    assert_window_micro(&fixture, 1, 1, 257698037700000000);
    assert_window_micro(&fixture, 2, 1, 4294967295000);
    assert_window_micro(&fixture, 3, 1, -500);
}

static void share_counts_what_meets_its_comparison(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_SHARE, 10000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 90000000);
    for (int64_t step = 0; step < 20; step++) {
        series_put(fixture.series, step * 1000, step % 5 == 0 ? 90000 : 89999);
    }
    series_put_invalid(fixture.series, 19500);
    assert_window_micro(&fixture, 0, 19500, 800000);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GE, 800000, 19500), VERDICT_MET);
    window_set_share(fixture.windows[0], COMPARISON_LE, 90000000);
    assert_window_micro(&fixture, 0, 19500, 1000000);
    window_set_share(fixture.windows[0], COMPARISON_LE, 89998999);
    assert_window_micro(&fixture, 0, 19500, 0);
    series_put(fixture.series, 20000, 50000);
    assert_window_micro(&fixture, 0, 20000, 100000);
}

static void count_is_never_unknown(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_COUNT, 5000);
    series_put(fixture.series, 1000, 60000);
    series_put_invalid(fixture.series, 2000);
    series_put(fixture.series, 3000, 60000);
    assert_window_micro(&fixture, 0, 3000, 2000000);
    assert_window_next(&fixture, 0, 3000, 6000);
    assert_window_micro(&fixture, 0, 5999, 2000000);
    assert_window_micro(&fixture, 0, 6000, 1000000);
    assert_window_micro(&fixture, 0, 8000, 0);
}

static void number_counts_from_the_start_and_from_a_gap(void **state)
{
    (void)state;
    const struct window_spec spec = spec_by_number(AGGREGATE_MAX, 3);
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 1, &spec);
    fixture_put_regularly(&fixture, 0, 1000, 90000);
    assert_window_unknown(&fixture, 0, 1000);
    fixture_put_regularly(&fixture, 3999, 3999, 60000); /* a hole of 2999 ms is none for 3 periods */
    assert_window_micro(&fixture, 0, 3999, 90000000);
    fixture_put_regularly(&fixture, 6999, 7999, 70000);
    assert_window_unknown(&fixture, 0, 7999);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 80000000, 7999), VERDICT_UNKNOWN);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 65000000, 7999), VERDICT_MET);
    fixture_put_regularly(&fixture, 8999, 8999, 70000);
    assert_window_micro(&fixture, 0, 8999, 70000000);
    assert_window_next(&fixture, 0, 8999, 10499);
    assert_window_unknown(&fixture, 0, 10499);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 65000000, 10499), VERDICT_UNKNOWN);
}

static void pane_cut_by_the_beginning_is_included(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_COUNT, 600000), spec_in_time(AGGREGATE_MAX, 600000),
                                        spec_in_time(AGGREGATE_DELTA, 600000), spec_in_time(AGGREGATE_MEAN, 600000)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    fixture_put_regularly(&fixture, 0, 0, 99000);
    fixture_put_regularly(&fixture, 1000, 1000, 80000);
    fixture_put_regularly(&fixture, 2000, 599000, 60000);
    assert_window_unknown(&fixture, 3, 599999);
    fixture_put_regularly(&fixture, 600000, 605000, 60000);
    assert_window_micro(&fixture, 0, 605000, 605000000); /* from 5000, rounded down to 0 */
    assert_window_micro(&fixture, 1, 605000, 80000000);
    assert_window_micro(&fixture, 2, 605000, -20000000);
    assert_window_next(&fixture, 0, 605000, 610000);
    fixture_put_regularly(&fixture, 606000, 610000, 60000);
    assert_window_micro(&fixture, 0, 610000, 600000000);
    assert_window_micro(&fixture, 1, 610000, 60000000);
    assert_window_micro(&fixture, 2, 610000, 0);
    assert_window_micro(&fixture, 3, 610000, 60000000);
}

static void panes_count_from_the_start_of_the_stay(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_COUNT, 600000);
    series_reset(fixture.series, -12345);
    series_put(fixture.series, -12345, 60000); /* closes a pane of its own */
    series_put(fixture.series, -2345, 60000);  /* the end of the first pane */
    series_put(fixture.series, -2344, 60000);
    assert_window_micro(&fixture, 0, 587654, 3000000);
    assert_window_micro(&fixture, 0, 587655, 2000000);
    assert_window_micro(&fixture, 0, 597654, 2000000);
    assert_window_micro(&fixture, 0, 597655, 1000000);
    assert_window_micro(&fixture, 0, 607655, 0);
}

static void changed_share_over_panes_starts_over(void **state)
{
    (void)state;
    struct fixture fixture = fixture_make_one(AGGREGATE_SHARE, 600000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 90000000);
    fixture_put_regularly(&fixture, 0, 601000, 85000);
    assert_window_micro(&fixture, 0, 601000, 1000000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 90000000); /* no change */
    assert_window_micro(&fixture, 0, 601000, 1000000);
    window_set_share(fixture.windows[0], COMPARISON_LT, 80000000);
    assert_window_unknown(&fixture, 0, 601000);
    fixture_put_regularly(&fixture, 602000, 1209000, 85000);
    assert_window_unknown(&fixture, 0, 1209999);
    assert_window_next(&fixture, 0, 1209999, 1210000);
    assert_window_micro(&fixture, 0, 1210000, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(number_counts_from_the_start_and_from_a_gap),
        cmocka_unit_test(pane_cut_by_the_beginning_is_included),
        cmocka_unit_test(panes_count_from_the_start_of_the_stay),
        cmocka_unit_test(changed_share_over_panes_starts_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
