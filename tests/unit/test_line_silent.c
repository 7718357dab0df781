/* What monitors that do not answer cost the others on their line, and how they come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/draw.h"
#include "tests/unit/support/line_bench.h"

/* --- monitors that do not answer ----------------------------------------------------------------------------- */

/* One of eight falls silent. The others keep 95 % of their rate, from the first second on. */
static void expect_the_others_go_on(uint32_t interval_ms, int64_t span_us)
{
    (void)set_up(NULL);
    add_monitors(8, interval_ms);
    begin();
    run_for(60 * SECOND);
    forget();
    run_for(span_us);
    unsigned before = 0;
    for (unsigned i = 1; i < 8; i++) {
        before += asked[i];
    }
    silent[0] = true;
    forget();
    run_for(span_us);
    unsigned after = 0;
    for (unsigned i = 1; i < 8; i++) {
        after += asked[i];
    }
    assert_true(after * 100 >= before * 95);
    assert_true(probed[0] >= 3);
}

static void test_one_silent_monitor(void **state)
{
    (void)state;
    expect_the_others_go_on(1000, 20 * SECOND);
    expect_the_others_go_on(1000, 300 * SECOND);
    expect_the_others_go_on(250, 20 * SECOND);
    expect_the_others_go_on(100, 20 * SECOND); /* as fast as the line can */
    expect_the_others_go_on(100, 300 * SECOND);
}

/* On an idle line it is probed at least once an interval at first, then every two seconds. */
static void test_probes_on_an_idle_line(void **state)
{
    (void)state;
    add_monitors(8, 1000);
    begin();
    run_for(60 * SECOND);
    silent[0] = true;
    forget();
    run_for(4 * SECOND);
    assert_in_range(probed[0], 2, 4);
    run_for(60 * SECOND);
    assert_in_range(probed[0], 27, 35);
    assert_int_equal(missed(), 0);
}

/* Within one interval of answering a probe it has had all of its turns again. */
static void test_back_at_full_rate(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        (void)set_up(NULL);
        add_monitors(8, 1000);
        begin();
        run_for(60 * SECOND + (int64_t)draw(1000000));
        silent[3] = true;
        run_for(SECOND + (int64_t)draw(200) * SECOND / 10);
        silent[3] = false;
        forget();
        while (probed[3] == 0) {
            assert_true(step(now_us + 10 * SECOND));
        }
        assert_true(now_us - newest_us[3] > 0);
        const int64_t back_us = now_us;
        run_for(SECOND);
        assert_true(asked[3] >= 1 && newest_us[3] - back_us < SECOND);
        const unsigned then = asked[3];
        run_for(10 * SECOND);
        assert_in_range(asked[3] - then, 10, 11);
    }
}

static void test_most_are_silent(void **state)
{
    (void)state;
    add_monitors(8, 100);
    begin();
    for (unsigned i = 1; i < 8; i++) {
        silent[i] = true;
    }
    run_for(20 * SECOND);
    forget();
    run_for(120 * SECOND);
    assert_true(asked[0] >= 1140); /* of 1200 */
    for (unsigned i = 1; i < 8; i++) {
        silent[i] = false;
    }
    run_for(60 * SECOND);
    forget();
    run_for(10 * SECOND);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(asked[i], 45, 55); /* all of them share the line again */
    }
}

static void test_all_are_silent(void **state)
{
    (void)state;
    add_monitors(8, 1000);
    begin();
    for (unsigned i = 0; i < 8; i++) {
        silent[i] = true;
    }
    run_for(100 * SECOND);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(probed[i], 30, 50);
        silent[i] = false;
    }
    run_for(10 * SECOND);
    forget();
    run_for(10 * SECOND);
    for (unsigned i = 0; i < 8; i++) {
        assert_in_range(asked[i], 10, 11);
    }
}

/* Turns that pass while a line hums, or a monitor is silent, are not the plan's fault. */
static void test_what_is_excused_is_not_missed(void **state)
{
    (void)state;
    add_monitors(2, 100);
    begin();
    run_for(10 * SECOND);
    now_us += 30 * SECOND;
    line_plan_excuse(&plan, now_us);
    run_for(10 * SECOND);
    assert_int_equal(missed(), 0);
    now_us += 30 * SECOND;
    run_for(10 * SECOND);
    assert_in_range(missed(), 598, 602);
}

int main(void)
{
    draw_seed(20240702);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_silent_monitor, set_up),
        cmocka_unit_test_setup(test_probes_on_an_idle_line, set_up),
        cmocka_unit_test_setup(test_back_at_full_rate, set_up),
        cmocka_unit_test_setup(test_most_are_silent, set_up),
        cmocka_unit_test_setup(test_all_are_silent, set_up),
        cmocka_unit_test_setup(test_what_is_excused_is_not_missed, set_up),
    };
    return cmocka_run_group_tests_name("silent monitors", tests, NULL, NULL);
}
