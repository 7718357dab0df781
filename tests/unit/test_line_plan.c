/* The plan of a line: who is asked when, and what everybody gets on a line that carries too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/line_bench.h"

/* --- rates --------------------------------------------------------------------------------------------------- */

static void test_every_turn_on_a_line_that_can(void **state)
{
    (void)state;
    add_monitors(4, 1000);
    add_monitors(2, 250);
    add_monitors(2, 10000);
    begin();
    run_for(600 * SECOND);
    static const unsigned turns[] = {600, 600, 600, 600, 2400, 2400, 60, 60};
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(asked[i], turns[i], turns[i] + 1); /* the first one may come before its grid */
    }
    assert_int_equal(missed(), 0);
}

/* The grid: after an hour every turn still begins within a poll or two of where it should. */
static void test_no_drift(void **state)
{
    (void)state;
    add_monitors(8, 1000);
    begin();
    for (unsigned hour = 0; hour < 2; hour++) {
        for (unsigned i = 0; i < 8; i++) {
            run_for(SECOND);
            for (unsigned m = 0; m < 8; m++) {
                const int64_t off_us = (newest_us[m] - START - pollers[m].phases_us[0]) % SECOND;
                assert_in_range(off_us, 0, 1000);
            }
        }
        run_for(3600 * SECOND);
    }
}

/* 200 %: eight monitors of three intervals. All get half of what they asked for. */
static void test_an_overbooked_line_degrades_evenly(void **state)
{
    (void)state;
    static const uint32_t intervals_ms[] = {100, 100, 100, 100, 250, 250, 1000, 10000};
    for (unsigned i = 0; i < 8; i++) {
        struct profile *profile = add_monitor(intervals_ms[i]);
        for (unsigned more = 0; i < 6 && more < 1; more++) {
            add_run(profile, TABLE_INPUT, intervals_ms[i]);
        }
    }
    begin();
    const uint32_t permille = line_plan_permille(&plan, &wire);
    assert_in_range(permille, 2000, 2700);
    run_for(20 * SECOND);
    forget();
    const int64_t span_us = 400 * SECOND;
    run_for(span_us);
    for (unsigned i = 0; i < 8; i++) {
        const double wanted = (double)span_us / 1000 / intervals_ms[i] * (i < 6 ? 2 : 1);
        const double got = asked[i] / wanted * permille / 1000; /* 1: its share */
        assert_true(got > 0.98 && got < 1.02);
    }
    assert_true(busy_us > span_us * 99 / 100);
    assert_true(missed() > 0);
}

/* Missed turns are counted to the last. */
static void test_missed_turns_are_counted(void **state)
{
    (void)state;
    add_monitors(8, 100);
    begin();
    run_for(100 * SECOND);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(asked[i] + pollers[i].missed, 995, 1005);
        assert_in_range(asked[i] * (uint64_t)line_plan_permille(&plan, &wire) / 1000, 980, 1010);
    }
}

static void wait_for_vitals(uint32_t vitals)
{
    for (unsigned i = 0; i < plan.count; i++) {
        configs[i].urgent_vitals = vitals;
    }
}

/* Each monitor has one run that rules wait for, and one that only trends: 57 and 114 % of the line. */
static void test_what_rules_wait_for_goes_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        add_run(add_monitor(200), TABLE_INPUT, 100);
    }
    wait_for_vitals(1U << 1);
    begin();
    run_for(20 * SECOND);
    forget();
    run_for(100 * SECOND);
    for (unsigned i = 0; i < 5; i++) {
        assert_in_range(urgent[i], 495, 501); /* all of them */
        const unsigned trends = asked[i] - urgent[i];
        assert_in_range(trends, 360, 390); /* what is left */
    }
}

/* What rules wait for alone is more than the line can carry: the others still get a quarter of their rate. */
static void test_trends_do_not_starve(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        add_run(add_monitor(50), TABLE_INPUT, 1000);
    }
    wait_for_vitals(1U << 1);
    begin();
    run_for(20 * SECOND);
    forget();
    run_for(400 * SECOND);
    for (unsigned i = 0; i < 4; i++) {
        assert_in_range(asked[i] - urgent[i], 98, 110);
        assert_true(urgent[i] > 3500); /* of 8000; the line can carry half */
    }
}

/* --- spread -------------------------------------------------------------------------------------------------- */

/* The most that is asked of the line within a slot of `slot_ms`, in thousandths of it. */
static uint32_t fullest_permille(uint32_t slot_ms, int64_t span_us)
{
    int64_t most_us = 0;
    for (int64_t slot = 0; slot < span_us / 1000 / slot_ms; slot++) {
        const int64_t before_us = busy_us;
        run_for(slot_ms * INT64_C(1000));
        most_us = busy_us - before_us > most_us ? busy_us - before_us : most_us;
    }
    return (uint32_t)(most_us / slot_ms);
}

static void test_the_load_is_spread(void **state)
{
    (void)state;
    add_monitors(24, 1000); /* 60 % */
    begin();
    run_for(3 * SECOND);
    assert_in_range(fullest_permille(200, 20 * SECOND), 500, 760); /* no slot of eight polls has more than six begun */
    (void)set_up(NULL);
    add_monitors(12, 1000); /* 30 %, and 24 % */
    for (unsigned i = 0; i < 12; i++) {
        add_run(&profiles[i], TABLE_INPUT, 5000);
        add_run(&profiles[i], TABLE_COIL, 5000);
    }
    begin();
    run_for(10 * SECOND);
    assert_in_range(fullest_permille(500, 20 * SECOND), 300, 560);
}

/* Long requests stand farther apart than short ones. */
static void test_spread_by_wire_time(void **state)
{
    (void)state;
    add_monitors(2, 1000);
    add_run(&profiles[0], TABLE_INPUT, 1000);
    begin();
    assert_int_equal(pollers[0].phases_us[0], 0);
    assert_in_range(pollers[0].phases_us[1], 330000, 337000);
    assert_in_range(pollers[1].phases_us[0], 660000, 670000);
    assert_in_range(pollers[1].begin_us, 660000, 670000);
    wire = (struct wire){0}; /* nobody knows */
    line_plan_spread(&plan, &wire);
    assert_in_range(pollers[1].phases_us[0], 660000, 670000);
    assert_int_equal(line_plan_permille(&plan, &wire), 0);
}

static void test_the_first_round_takes_a_second(void **state)
{
    (void)state;
    add_monitors(16, 60000);
    begin();
    run_for(SECOND + SECOND / 10);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(asked[i], 1);
    }
    run_for(60 * SECOND);
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(asked[i], 2); /* now on their grids */
        assert_in_range(newest_us[i] - START, 60 * SECOND * i / 16, 60 * SECOND * i / 16 + 60 * SECOND);
    }
}

static void test_nothing_to_ask(void **state)
{
    (void)state;
    configs[0] = (struct monitor_config){.address = 1, .profile = &profiles[0]};
    plan.count = 1;
    begin();
    const struct line_turn turn = line_plan_next(&plan, now_us, 0);
    assert_null(turn.poller);
    assert_int_equal(turn.at_us, BUS_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_turn_on_a_line_that_can, set_up),
        cmocka_unit_test_setup(test_no_drift, set_up),
        cmocka_unit_test_setup(test_an_overbooked_line_degrades_evenly, set_up),
        cmocka_unit_test_setup(test_missed_turns_are_counted, set_up),
        cmocka_unit_test_setup(test_what_rules_wait_for_goes_first, set_up),
        cmocka_unit_test_setup(test_trends_do_not_starve, set_up),
        cmocka_unit_test_setup(test_the_load_is_spread, set_up),
        cmocka_unit_test_setup(test_spread_by_wire_time, set_up),
        cmocka_unit_test_setup(test_the_first_round_takes_a_second, set_up),
        cmocka_unit_test_setup(test_nothing_to_ask, set_up),
    };
    return cmocka_run_group_tests_name("line plan", tests, NULL, NULL);
}
