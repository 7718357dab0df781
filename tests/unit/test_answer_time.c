/* What is learnt of how long a monitor takes to answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/monitor/modbus/answer_time.h"
#include "tests/unit/support/draw.h"

#define FLOOR_US 50000U

static struct answer_time answer;

static int set_up(void **state)
{
    (void)state;
    answer = (struct answer_time){.floor_us = FLOOR_US};
    return 0;
}

static void take(unsigned answers, uint64_t begun_us)
{
    for (unsigned i = 0; i < answers; i++) {
        answer_time_note(&answer, (uint32_t)begun_us);
    }
}

static void test_one_that_never_answered(void **state)
{
    (void)state;
    uint32_t aim_us;
    assert_false(answer_time_is_trusted(&answer));
    assert_int_equal(answer_time_limit_us(&answer), FLOOR_US);
    assert_false(answer_time_foresees(&answer, &aim_us));
}

/* RFC 6298, 2.2 and 2.3: the first sample R gives R and R / 2, limit R + 4 R / 2. */
static void test_the_first_answer(void **state)
{
    (void)state;
    take(1, 100000);
    assert_int_equal(answer_time_limit_us(&answer), 300000);
    take(1, 60000); /* deviation 3/4 * 50 + 1/4 * 40, then smooth 7/8 * 100 + 1/8 * 60 */
    assert_int_equal(answer.smooth_us, 95000);
    assert_int_equal(answer.deviation_us, 47500);
}

static void test_trust_takes_a_while(void **state)
{
    (void)state;
    take(ANSWER_TRUST_AFTER - 1, 20000);
    assert_false(answer_time_is_trusted(&answer));
    take(1, 20000);
    assert_true(answer_time_is_trusted(&answer));
    answer_time_failed(&answer);
    assert_false(answer_time_is_trusted(&answer));
}

static void test_usb_adapters_do_not_break_the_floor(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) { /* they hold bytes back for up to 16 ms */
        take(1, 3000 + draw(16000));
        assert_true(answer_time_limit_us(&answer) >= FLOOR_US);
    }
}

/* It becomes slower for good: one limit is passed, then it is followed. */
static void test_a_monitor_that_becomes_slower(void **state)
{
    (void)state;
    take(100, 20000);
    answer_time_failed(&answer); /* cut short at the limit, or a probe told */
    take(1, 400000);
    assert_true(answer_time_limit_us(&answer) > 400000);
    take(200, 400000);
    assert_in_range(answer_time_limit_us(&answer), 400000, 420000);
    assert_true(answer_time_is_trusted(&answer));
}

/* One answer in `every` takes 500 ms. Cut short while it is trusted; received while it is not. */
static unsigned count_cut(unsigned answers, unsigned every)
{
    unsigned cut = 0;
    for (unsigned i = 1; i <= answers; i++) {
        const uint64_t begun_us = i % every == 0 ? 500000 : 18000 + draw(4000);
        if (answer_time_is_trusted(&answer) && begun_us > answer_time_limit_us(&answer)) {
            answer_time_failed(&answer);
            cut++;
        } else {
            answer_time_note(&answer, (uint32_t)begun_us);
        }
    }
    return cut;
}

static void test_now_and_then_half_a_second(void **state)
{
    (void)state;
    assert_int_equal(count_cut(10000, 20), 0); /* never trusted */
    (void)set_up(NULL);
    assert_in_range(count_cut(10000, 40), 1, 1);
    (void)set_up(NULL);
    assert_in_range(count_cut(100000, 1000), 1, 6); /* of 100 */
}

/* Asked so many times, looked for as foreseen: it begins jitter_us later or less than begins_us. How many looks came too
 * soon, and how late the others were on average. */
static unsigned look(unsigned polls, uint32_t begins_us, uint32_t jitter_us, uint32_t *out_late_us)
{
    unsigned misses = 0;
    uint64_t late_us = 0;
    for (unsigned i = 0; i < polls; i++) {
        const uint32_t begun_us = begins_us + (uint32_t)draw(jitter_us + 1);
        uint32_t aim_us = 0;
        assert_true(answer_time_foresees(&answer, &aim_us));
        if (begun_us > aim_us) {
            misses++;
            take(1, begun_us + draw(answer.grain_us + 1)); /* to a byte */
        } else {
            late_us += aim_us - begun_us;
            take(1, ANSWER_UNSEEN);
        }
    }
    *out_late_us = (uint32_t)(late_us / (polls - misses));
    return misses;
}

static void test_an_answer_that_can_be_foreseen(void **state)
{
    (void)state;
    uint32_t aim_us;
    uint32_t late_us;
    answer.grain_us = 573;
    take(1, 4300); /* the first, seen late */
    for (unsigned i = 0; i < ANSWER_STEADY_AFTER; i++) {
        assert_false(answer_time_foresees(&answer, &aim_us));
        take(1, 4150 + draw(60));
    }
    (void)look(100, 4000, 60, &late_us);
    assert_in_range(look(2000, 4000, 60, &late_us), 60, 300); /* 3 to 15 % */
    assert_in_range(late_us, 1, 100);
}

/* It becomes quicker or slower for good: that is noticed, and it can be foreseen again. */
static void test_a_change_is_noticed(void **state)
{
    (void)state;
    uint32_t aim_us;
    uint32_t late_us;
    take(10, 4000);
    (void)look(200, 2000, 0, &late_us);
    (void)look(100, 2000, 0, &late_us);
    assert_in_range(late_us, 0, 100);
    take(1, 9000);
    assert_true(answer_time_foresees(&answer, &aim_us)); /* that may happen */
    assert_in_range(aim_us, 1800, 2200);
    take(2, 9000);
    assert_false(answer_time_foresees(&answer, &aim_us)); /* watched again */
    take(ANSWER_STEADY_AFTER, 9000);
    assert_true(answer_time_foresees(&answer, &aim_us));
    assert_in_range(aim_us, 8900, 9100);
    answer_time_failed(&answer);
    assert_false(answer_time_foresees(&answer, &aim_us));
}

static void test_an_unsteady_one_is_watched(void **state)
{
    (void)state;
    uint32_t aim_us;
    answer.grain_us = 573;
    for (unsigned i = 0; i < 1000; i++) {
        take(1, i % 2 == 0 ? 4000 : 4000 - ANSWER_STEADY_US - answer.grain_us - 1 - draw(1000));
        assert_false(answer_time_foresees(&answer, &aim_us));
    }
}

static void test_extremes(void **state)
{
    (void)state;
    take(3, 0);
    assert_int_equal(answer_time_limit_us(&answer), FLOOR_US);
    take(3, UINT32_MAX - 1);
    take(10000, UINT32_MAX - 1);
    assert_true(answer_time_limit_us(&answer) >= UINT32_MAX - 1);
    for (unsigned i = 0; i < 100; i++) {
        answer.in_time = UINT16_MAX;
        answer_time_failed(&answer);
    }
    take(ANSWER_TRUST_MAX - 1, 1);
    assert_false(answer_time_is_trusted(&answer));
    take(ANSWER_TRUST_MAX, 1);
    assert_true(answer_time_is_trusted(&answer));
}

int main(void)
{
    draw_seed(20240701);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_that_never_answered, set_up),
        cmocka_unit_test_setup(test_the_first_answer, set_up),
        cmocka_unit_test_setup(test_trust_takes_a_while, set_up),
        cmocka_unit_test_setup(test_usb_adapters_do_not_break_the_floor, set_up),
        cmocka_unit_test_setup(test_a_monitor_that_becomes_slower, set_up),
        cmocka_unit_test_setup(test_now_and_then_half_a_second, set_up),
        cmocka_unit_test_setup(test_an_answer_that_can_be_foreseen, set_up),
        cmocka_unit_test_setup(test_a_change_is_noticed, set_up),
        cmocka_unit_test_setup(test_an_unsteady_one_is_watched, set_up),
        cmocka_unit_test_setup(test_extremes, set_up),
    };
    return cmocka_run_group_tests_name("answer time", tests, NULL, NULL);
}
