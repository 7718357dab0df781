/* Admissions in fixed memory, and what is made of them: rates, load, probability, trend. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/capacity.h"

#define DAY_MS  ADMISSIONS_DAY_MS
#define HOUR_MS INT64_C(3600000)
#define T0_MS   (INT64_C(20000) * DAY_MS) /* a slot begins here */

static struct admissions history;
static const struct capacity_config counted = {.window_ms = 28 * DAY_MS};

static int set_up(void **state)
{
    (void)state;
    memset(&history, 0, sizeof history);
    return 0;
}

/* `a_day` come and leave each day after a stay of so many hours. */
static void live(int64_t from_ms, int days, unsigned a_day, int64_t stay_hours)
{
    for (int day = 0; day < days; day++) {
        for (unsigned i = 0; i < a_day; i++) {
            const int64_t at_ms = from_ms + day * DAY_MS + i * (DAY_MS / a_day);
            admissions_note_came(&history, at_ms);
            admissions_note_left(&history, at_ms, stay_hours * HOUR_MS);
        }
    }
}

static void test_unknown_until_enough(void **state)
{
    (void)state;
    struct admissions_sum sum;
    admissions_sum(&history, T0_MS, 28 * DAY_MS, &sum);
    assert_true(sum.came == 0 && sum.counted_ms == 0 && !admissions_is_enough(&sum));
    admissions_begin(&history, T0_MS);
    for (unsigned i = 0; i < ADMISSIONS_STAYS_LEAST - 1; i++) {
        admissions_note_left(&history, T0_MS + DAY_MS, DAY_MS);
    }
    admissions_sum(&history, T0_MS + 8 * DAY_MS, 28 * DAY_MS, &sum);
    assert_int_equal(sum.left, ADMISSIONS_STAYS_LEAST - 1);
    assert_false(admissions_is_enough(&sum));
    admissions_note_left(&history, T0_MS + DAY_MS, DAY_MS);
    admissions_sum(&history, T0_MS + 8 * DAY_MS, 28 * DAY_MS, &sum);
    assert_true(admissions_is_enough(&sum));
    admissions_sum(&history, T0_MS + ADMISSIONS_MS_LEAST - 1, 28 * DAY_MS, &sum);
    assert_false(admissions_is_enough(&sum));
    admissions_sum(&history, T0_MS + ADMISSIONS_MS_LEAST, 28 * DAY_MS, &sum);
    assert_true(admissions_is_enough(&sum));
}

static void test_rates(void **state)
{
    (void)state;
    struct admissions_sum sum;
    live(T0_MS, 28, 2, 96);
    admissions_sum(&history, T0_MS + 28 * DAY_MS - 1, 28 * DAY_MS, &sum);
    assert_int_equal(sum.came, 56);
    assert_int_equal(sum.left, 56);
    assert_in_range(admissions_arrivals_milli(&sum), 1999, 2001);
    assert_int_equal(admissions_stay_s(&sum), 96 * 3600);
    assert_int_equal(admissions_load_milli(2000, 96 * 3600), 8000);
}

/* A slot that left the window counts no more, whatever the ring still holds; and its place is used again. */
static void test_window_and_ring(void **state)
{
    (void)state;
    struct admissions_sum sum;
    admissions_note_came(&history, T0_MS);
    admissions_sum(&history, T0_MS + 7 * DAY_MS - 1, 7 * DAY_MS, &sum);
    assert_int_equal(sum.came, 1);
    admissions_sum(&history, T0_MS + 7 * DAY_MS, 7 * DAY_MS, &sum);
    assert_int_equal(sum.came, 0);
    admissions_sum(&history, T0_MS + 7 * DAY_MS, 28 * DAY_MS, &sum);
    assert_int_equal(sum.came, 1);
    admissions_note_came(&history, T0_MS + (int64_t)ADMISSIONS_SLOTS * ADMISSIONS_SLOT_MS);
    admissions_sum(&history, T0_MS + 7 * DAY_MS, 28 * DAY_MS, &sum);
    assert_int_equal(sum.came, 0);
}

static void test_bounds(void **state)
{
    (void)state;
    struct admissions_sum sum;
    for (unsigned i = 0; i < UINT16_MAX + 10U; i++) {
        admissions_note_came(&history, T0_MS);
        admissions_note_left(&history, T0_MS, INT64_MAX);
    }
    admissions_sum(&history, T0_MS + 8 * DAY_MS, 28 * DAY_MS, &sum);
    assert_int_equal(sum.came, UINT16_MAX);
    assert_int_equal(sum.left, UINT16_MAX);
    assert_int_equal(sum.stayed_s, UINT32_MAX);
    admissions_note_left(&history, T0_MS - DAY_MS, -5); /* the clock fell back, and a stay of no length */
    assert_int_equal(history.since_ms, T0_MS - DAY_MS);
    assert_int_equal(admissions_load_milli(UINT32_MAX, UINT32_MAX), UINT32_MAX);
    admissions_note_came(&history, -1);
    assert_true(history.since_ms < 0);
}

static void test_counted(void **state)
{
    (void)state;
    struct capacity c;
    live(T0_MS, 27, 2, 96);
    capacity_compute(&counted, &history, 10, T0_MS + 27 * DAY_MS, &c);
    assert_true(c.known);
    assert_in_range(c.load_milli, 7990, 8010);
    assert_in_range(c.erlang.blocked_micro, 121000, 122300);
    capacity_compute(&counted, &history, 10, T0_MS + 6 * DAY_MS, &c);
    assert_false(c.known);
    assert_false(c.has_slope);
}

static void test_given(void **state)
{
    (void)state;
    struct capacity c;
    const struct capacity_config given = {.given = true, .arrivals_milli = 2000, .stay_s = 4 * 86400};
    capacity_compute(&given, &history, 10, T0_MS, &c);
    assert_true(c.known && !c.has_slope && !c.has_day_ago && !c.has_week_ago);
    assert_int_equal(c.load_milli, 8000);
    assert_int_equal(c.erlang.blocked_micro, 121661);
    capacity_compute(&given, &history, 8, T0_MS, &c);
    assert_true(c.erlang.overloaded && c.erlang.waiting_micro == 1000000);
}

/* Three weeks of four stays a day, then a week of six. */
static void test_trend(void **state)
{
    (void)state;
    struct capacity c;
    live(T0_MS, 28, 4, 48);
    capacity_compute(&counted, &history, 10, T0_MS + 28 * DAY_MS - 1, &c);
    assert_true(c.has_day_ago && c.has_week_ago && c.has_slope);
    assert_in_range(c.slope_micro + 1000, 0, 2000);
    assert_in_range(c.week_ago_micro, c.erlang.blocked_micro - 3000, c.erlang.blocked_micro + 3000);
    live(T0_MS + 28 * DAY_MS, 7, 6, 48);
    capacity_compute(&counted, &history, 10, T0_MS + 35 * DAY_MS - 1, &c);
    assert_true(c.has_day_ago && c.has_week_ago && c.has_slope);
    assert_true(c.week_ago_micro < c.day_ago_micro && c.day_ago_micro < c.erlang.blocked_micro);
    assert_in_range(c.slope_micro, (c.erlang.blocked_micro - c.week_ago_micro) / 10,
                    (c.erlang.blocked_micro - c.week_ago_micro) / 5);
}

/* After ten days only today and the two days before have a week behind them. */
static void test_trend_begins(void **state)
{
    (void)state;
    struct capacity c;
    live(T0_MS, 10, 4, 48);
    capacity_compute(&counted, &history, 10, T0_MS + 9 * DAY_MS - HOUR_MS, &c);
    assert_true(c.known && !c.has_slope && !c.has_week_ago);
    capacity_compute(&counted, &history, 10, T0_MS + 10 * DAY_MS - HOUR_MS, &c);
    assert_true(c.known && c.has_day_ago && c.has_slope && !c.has_week_ago);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_unknown_until_enough, set_up),
                                       cmocka_unit_test_setup(test_rates, set_up),
                                       cmocka_unit_test_setup(test_window_and_ring, set_up),
                                       cmocka_unit_test_setup(test_bounds, set_up),
                                       cmocka_unit_test_setup(test_counted, set_up),
                                       cmocka_unit_test_setup(test_given, set_up),
                                       cmocka_unit_test_setup(test_trend, set_up),
                                       cmocka_unit_test_setup(test_trend_begins, set_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
