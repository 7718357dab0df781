/*
 * What arrives in a series: standing, one instant, episodes, full rings, stays. Spans and aggregates are in
 * test_window.c, the random comparison with the naive reference in test_series_random.c.
 */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/naive_window.h"
#include "tests/unit/support/series_fixture.h"

static struct fixture make_episodic(unsigned count, const struct window_spec *specs)
{
    const struct series_config config = {.period_ms = FIXTURE_PERIOD_MS, .stale_ms = 75 * MINUTE_MS, .episodic = true};
    return fixture_make_of(config, count, specs);
}

static void nothing_is_known_of_an_empty_stay(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_MAX, 5000), spec_in_time(AGGREGATE_COUNT, 5000),
                                        spec_by_number(AGGREGATE_MAX, 1), spec_in_time(AGGREGATE_LAST, 0)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    assert_false(series_last(fixture.series, &at_ms, &value_milli));
    assert_false(series_stands(fixture.series, 0));
    assert_window_unknown(&fixture, 0, 9000);
    assert_window_micro(&fixture, 1, 9000, 0);
    assert_window_unknown(&fixture, 2, 9000);
    assert_window_unknown(&fixture, 3, 9000);
    for (unsigned window = 0; window < 4; window++) {
        assert_window_next(&fixture, window, 9000, SERIES_NEVER);
    }
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 0, 9000), VERDICT_UNKNOWN);
}

static void observation_stands_for_one_and_a_half_periods(void **state)
{
    (void)state;
    struct window_spec bare = spec_in_time(AGGREGATE_LAST, 0);
    bare.bare = true;
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 1, &bare);
    series_put(fixture.series, 2000, 72000);
    assert_window_micro(&fixture, 0, 3499, 72000000);
    assert_window_next(&fixture, 0, 2000, 3500);
    assert_window_unknown(&fixture, 0, 3500);
    assert_window_next(&fixture, 0, 3500, SERIES_NEVER);
    series_put(fixture.series, 4000, 73000);
    assert_true(series_put_invalid(fixture.series, 4200));
    assert_false(series_stands(fixture.series, 4200));
    assert_window_unknown(&fixture, 0, 4200);
}

static void last_is_known_while_the_window_holds_it(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_LAST, 5000), spec_in_time(AGGREGATE_LAST, 0),
                                        spec_in_time(AGGREGATE_AGE, 0)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 3, specs);
    series_put(fixture.series, 1000, 60000);
    series_put_invalid(fixture.series, 2000);
    assert_window_next(&fixture, 0, 2000, 6000);
    assert_window_micro(&fixture, 0, 5999, 60000000);
    assert_window_unknown(&fixture, 0, 6000);
    assert_window_micro(&fixture, 1, 3600000, 60000000);
    assert_window_next(&fixture, 1, 2000, SERIES_NEVER);
    assert_window_micro(&fixture, 2, 3600250, 3599250000);
    assert_window_next(&fixture, 2, 2000, SERIES_NEVER);
}

static void last_of_one_instant_wins(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_MAX, 5000), spec_in_time(AGGREGATE_COUNT, 5000),
                                        spec_in_time(AGGREGATE_MIN, 600000), spec_in_time(AGGREGATE_LAST, 0)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    fixture_put_regularly(&fixture, 0, 9000, 50000);
    assert_true(series_put(fixture.series, 10000, 90000));
    assert_false(series_put(fixture.series, 10000, 40000));
    assert_window_micro(&fixture, 0, 10000, 50000000);
    assert_window_micro(&fixture, 1, 10000, 5000000);
    assert_false(series_put(fixture.series, 10000, 95000));
    assert_window_micro(&fixture, 0, 10000, 95000000);
    assert_int_equal(window_compare(fixture.windows[2], COMPARISON_LE, 40000000, 10000), VERDICT_UNKNOWN);
    assert_false(series_put_invalid(fixture.series, 10000));
    assert_window_micro(&fixture, 0, 10000, 50000000);
    assert_window_micro(&fixture, 1, 10000, 4000000);
    assert_window_micro(&fixture, 3, 10000, 50000000);
    assert_false(series_stands(fixture.series, 10000));
    assert_false(series_put(fixture.series, 10000, 30000));
    assert_true(series_stands(fixture.series, 10000));
    assert_window_micro(&fixture, 3, 10000, 30000000);
}

static void episodic_measurements_count_by_number(void **state)
{
    (void)state;
    struct window_spec specs[] = {spec_by_number(AGGREGATE_MEAN, 2), spec_in_time(AGGREGATE_LAST, 0),
                                  spec_in_time(AGGREGATE_COUNT, 240 * MINUTE_MS), spec_by_number(AGGREGATE_MIN, 3)};
    specs[1].bare = true;
    struct fixture fixture = make_episodic(4, specs);
    series_put(fixture.series, 0, 120000);
    assert_window_unknown(&fixture, 0, 0);
    series_put(fixture.series, 180 * MINUTE_MS, 90000);
    assert_window_micro(&fixture, 0, 180 * MINUTE_MS, 105000000);
    assert_window_micro(&fixture, 2, 180 * MINUTE_MS, 2000000);
    assert_window_next(&fixture, 1, 180 * MINUTE_MS, 255 * MINUTE_MS);
    assert_window_micro(&fixture, 1, 255 * MINUTE_MS - 1, 90000000);
    assert_window_unknown(&fixture, 1, 255 * MINUTE_MS);
    assert_window_micro(&fixture, 0, 400 * MINUTE_MS, 105000000);
    assert_int_equal(window_compare(fixture.windows[3], COMPARISON_LT, 100000000, 400 * MINUTE_MS), VERDICT_MET);
    assert_window_micro(&fixture, 2, 240 * MINUTE_MS, 1000000);
}

static void overrun_leaves_the_window_unknown_until_it_has_passed(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_COUNT, 10000), spec_in_time(AGGREGATE_MAX, 10000),
                                        spec_in_time(AGGREGATE_LAST, 10000)};
    /* 10 periods, 8 more for jitter and 8 that are given up at once: 26 places. */
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 3, specs);
    for (int64_t step = 0; step < 40; step++) {
        series_put(fixture.series, step * 100, 60000);
    }
    assert_int_equal(series_overruns(fixture.series), 16);
    assert_window_unknown(&fixture, 0, 3900);
    assert_window_unknown(&fixture, 1, 10000);
    assert_int_equal(window_compare(fixture.windows[1], COMPARISON_GE, 60000000, 10000), VERDICT_MET);
    assert_window_micro(&fixture, 2, 10000, 60000000);
    assert_window_next(&fixture, 0, 10000, 11500);
    assert_window_unknown(&fixture, 0, 11499);
    assert_window_micro(&fixture, 0, 11500, 24000000);
}

/* Of an instant a track keeps 32 bits: silences and stays of any length must not bring old observations back. */
static void old_observations_do_not_come_back(void **state)
{
    (void)state;
    static const int64_t silences_ms[] = {INT64_C(1) << 29, INT64_C(1) << 30,       INT64_C(1) << 31,
                                          INT64_C(1) << 32, (INT64_C(1) << 32) + 1, INT64_C(5) << 32};
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_COUNT, 10000), spec_in_time(AGGREGATE_MAX, 10000),
                                        spec_in_time(AGGREGATE_COUNT, 600000), spec_in_time(AGGREGATE_COUNT, 290000)};
    for (unsigned i = 0; i < sizeof(silences_ms) / sizeof(silences_ms[0]); i++) {
        struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
        fixture_put_regularly(&fixture, 0, 20000, 140000);
        const int64_t late_ms = 20000 + silences_ms[i];
        assert_window_micro(&fixture, 0, late_ms, 0); /* nothing came: time alone */
        assert_window_unknown(&fixture, 1, late_ms);
        fixture_put_regularly(&fixture, late_ms, late_ms + 4000, 60000);
        assert_window_micro(&fixture, 0, late_ms + 4000, 5000000);
        assert_window_micro(&fixture, 2, late_ms + 4000, 5000000);
        assert_window_micro(&fixture, 3, late_ms + 4000, 5000000);
        fixture_put_regularly(&fixture, late_ms + 5000, late_ms + 20000, 60000);
        assert_window_micro(&fixture, 1, late_ms + 20000, 60000000);
    }
}

/* By number they count however old they are; in time, at intervals of a few days, each stands alone. */
static void seldom_measurements_count_by_number(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_by_number(AGGREGATE_MEAN, 8), spec_in_time(AGGREGATE_COUNT, 200000),
                                        spec_in_time(AGGREGATE_COUNT, 86400000)};
    struct fixture fixture = make_episodic(3, specs);
    int64_t at_ms = 0;
    for (int32_t measured = 1; measured <= 100; measured++, at_ms += INT64_C(7) << 27) {
        series_put(fixture.series, at_ms, measured * 1000);
        assert_window_micro(&fixture, 1, at_ms, 1000000);
        assert_window_micro(&fixture, 2, at_ms, 1000000);
        if (measured >= 8) {
            assert_window_micro(&fixture, 0, at_ms, measured * INT64_C(1000000) - 3500000);
        }
    }
}

static void reset_forgets_the_stay(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_MAX, 5000), spec_by_number(AGGREGATE_MIN, 2),
                                        spec_in_time(AGGREGATE_COUNT, 600000), spec_in_time(AGGREGATE_LAST, 0)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    fixture_put_regularly(&fixture, 0, 20000, 140000);
    series_reset(fixture.series, 10000); /* a stay that counts from a little while ago */
    assert_window_unknown(&fixture, 0, 20000);
    assert_window_unknown(&fixture, 1, 20000);
    assert_window_micro(&fixture, 2, 20000, 0);
    assert_window_unknown(&fixture, 3, 20000);
    assert_int_equal(window_compare(fixture.windows[0], COMPARISON_GT, 100000000, 20000), VERDICT_UNKNOWN);
    fixture_put_regularly(&fixture, 10000, 15000, 60000);
    assert_window_micro(&fixture, 0, 15000, 60000000);
    assert_window_micro(&fixture, 1, 15000, 60000000);
    assert_window_micro(&fixture, 2, 15000, 6000000);
}

/* The highest pane cuts off all others, while the pane that is taken back has pushed the oldest of them out. */
static void newest_pane_of_a_full_ring_is_taken_back(void **state)
{
    (void)state;
    static struct naive_series naive;
    const struct naive_window highest = {.spec = spec_in_time(AGGREGATE_MAX, 310000)};
    struct fixture fixture = fixture_make(SERIES_PANE_MS, 1, &highest.spec);
    naive.period_ms = SERIES_PANE_MS;
    naive_reset(&naive, 0);
    for (int32_t pane = 0; pane < 600; pane++) {
        const int64_t at_ms = 5000 + (int64_t)pane * SERIES_PANE_MS;
        const int32_t value_milli = pane % 150 == 100 ? 2000000 : 1000000 - pane;
        for (unsigned again = pane % 150 == 101 ? 1 : 0;; again--) {
            series_put(fixture.series, at_ms, value_milli + (int32_t)again);
            naive_put(&naive, at_ms, value_milli + (int32_t)again, true);
            if (again == 0) {
                break;
            }
        }
        const struct answer wanted = naive_answer(&naive, &highest, at_ms);
        const struct answer got = window_answer(fixture.windows[0], at_ms);
        assert_int_equal(got.known, wanted.known);
        assert_true(!got.known || got.value_micro == wanted.value_micro);
    }
}

static void windows_of_one_length_are_asked_in_any_order(void **state)
{
    (void)state;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_MAX, 5000), spec_in_time(AGGREGATE_MIN, 5000),
                                        spec_in_time(AGGREGATE_MEAN, 5000), spec_in_time(AGGREGATE_COUNT, 5000)};
    struct fixture fixture = fixture_make(FIXTURE_PERIOD_MS, 4, specs);
    fixture_put_regularly(&fixture, 0, 20000, 60000);
    assert_window_micro(&fixture, 2, 20000, 60000000);
    series_put(fixture.series, 21000, 75000); /* both before anybody asks */
    series_put(fixture.series, 22000, 45000);
    assert_window_micro(&fixture, 1, 22000, 45000000);
    assert_window_micro(&fixture, 0, 22000, 75000000);
    assert_window_micro(&fixture, 2, 22000, 60000000);
    assert_window_micro(&fixture, 3, 22000, 5000000);
    assert_window_micro(&fixture, 0, 23400, 75000000); /* nothing came: time alone */
    assert_window_micro(&fixture, 3, 23400, 4000000);
    assert_window_micro(&fixture, 0, 22000, 75000000); /* and back */
    assert_window_micro(&fixture, 3, 22000, 5000000);
    series_put(fixture.series, 22000, 90000); /* the same instant as was asked about */
    assert_window_micro(&fixture, 0, 22000, 90000000);
    assert_window_micro(&fixture, 1, 22000, 60000000);
    series_put_invalid(fixture.series, 22000);
    assert_window_micro(&fixture, 0, 22000, 75000000);
    assert_window_micro(&fixture, 3, 22000, 4000000);
}

static void demand_keeps_only_what_is_asked(void **state)
{
    (void)state;
    struct series_demand demand = {0};
    struct window_spec bare = spec_in_time(AGGREGATE_LAST, 0);
    bare.bare = true;
    const struct window_spec age = spec_in_time(AGGREGATE_AGE, 0), recent = spec_in_time(AGGREGATE_LAST, 900000);
    series_demand_add(&demand, &bare);
    series_demand_add(&demand, &age);
    series_demand_add(&demand, &recent);
    const struct series_demand none = {0};
    assert_memory_equal(&demand.observations, &none.observations, sizeof(none.observations));
    assert_memory_equal(&demand.panes, &none.panes, sizeof(none.panes));

    struct arena idle = {.base = NULL}, plain = {.base = NULL}, rich = {.base = NULL};
    struct series_config config = {.period_ms = FIXTURE_PERIOD_MS};
    (void)series_make(&idle, &config);
    const struct window_spec mean = spec_in_time(AGGREGATE_MEAN, 60000), slope = spec_in_time(AGGREGATE_SLOPE, 60000);
    series_demand_add(&config.demand, &mean);
    (void)series_make(&plain, &config);
    series_demand_add(&config.demand, &slope);
    (void)series_make(&rich, &config);
    assert_true(idle.used < plain.used && plain.used < rich.used);
    assert_true(plain.used - idle.used <=
                128 * 32); /* 60 observations, half as many again and some slack: 128 places */

    struct arena polled = {.base = NULL};
    const struct series_config asked = {.period_ms = FIXTURE_PERIOD_MS, .polled = true, .demand = config.demand};
    (void)series_make(&polled, &asked);
    assert_true(polled.used < rich.used);
}

/* One that is asked comes in its turn, a little early now and then: four more in a span are no overrun. */
static void a_polled_series_has_room_for_early_turns(void **state)
{
    (void)state;
    static alignas(64) unsigned char storage[1 << 14];
    struct arena arena = {.base = storage, .size = sizeof storage};
    const struct window_spec spec = spec_in_time(AGGREGATE_COUNT, 60000);
    struct series_config config = {.period_ms = FIXTURE_PERIOD_MS, .polled = true};
    series_demand_add(&config.demand, &spec);
    struct series *series = series_make(&arena, &config);
    struct window *window = window_make(&arena, series, &spec);
    for (int64_t i = 0; i < 1000; i++) {
        assert_true(series_put(series, i * 60000 / 64, 60000));
        if (i >= 64) {
            assert_true(window_answer(window, i * 60000 / 64).known);
        }
    }
}

/* Instants are kept in 32 bits: what is weeks apart is told apart all the same. */
static void what_is_weeks_apart_is_told_apart(void **state)
{
    (void)state;
    const int64_t week_ms = INT64_C(7) * 24 * 60 * MINUTE_MS;
    const struct window_spec specs[] = {spec_in_time(AGGREGATE_COUNT, MINUTE_MS), spec_by_number(AGGREGATE_LAST, 4)};
    struct fixture f = fixture_make(FIXTURE_PERIOD_MS, 2, specs);
    for (int64_t i = 0; i < 2000; i++) {
        assert_true(series_put(f.series, i * 2 * week_ms, (int32_t)i));
        assert_window_micro(&f, 0, i * 2 * week_ms, 1000000);
    }
    assert_window_micro(&f, 0, 1999 * 2 * week_ms + MINUTE_MS, 0);
    for (int64_t at_ms = 4000 * week_ms; at_ms < 4008 * week_ms; at_ms += 360 * MINUTE_MS) { /* and four a day */
        assert_true(series_put(f.series, at_ms, 1));
        assert_window_micro(&f, 0, at_ms, 1000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_weeks_apart_is_told_apart),
        cmocka_unit_test(a_polled_series_has_room_for_early_turns),
        cmocka_unit_test(nothing_is_known_of_an_empty_stay),
        cmocka_unit_test(observation_stands_for_one_and_a_half_periods),
        cmocka_unit_test(last_is_known_while_the_window_holds_it),
        cmocka_unit_test(last_of_one_instant_wins),
        cmocka_unit_test(episodic_measurements_count_by_number),
        cmocka_unit_test(overrun_leaves_the_window_unknown_until_it_has_passed),
        cmocka_unit_test(old_observations_do_not_come_back),
        cmocka_unit_test(seldom_measurements_count_by_number),
        cmocka_unit_test(reset_forgets_the_stay),
        cmocka_unit_test(newest_pane_of_a_full_ring_is_taken_back),
        cmocka_unit_test(windows_of_one_length_are_asked_in_any_order),
        cmocka_unit_test(demand_keeps_only_what_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
