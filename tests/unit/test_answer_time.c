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
    uint32_t begins_us;
    assert_false(answer_time_is_trusted(&answer));
    assert_int_equal(answer_time_limit_us(&answer), FLOOR_US);
    assert_false(answer_time_foresees(&answer, &begins_us));
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

static void test_an_answer_that_can_be_foreseen(void **state)
{
    (void)state;
    uint32_t begins_us;
    for (unsigned i = 0; i < ANSWER_TRUST_AFTER; i++) {
        take(1, 4000 + draw(60));
    }
    assert_true(answer_time_foresees(&answer, &begins_us));
    assert_in_range(begins_us, 4030, 4200);
    unsigned unseen = 0;
    while (answer_time_foresees(&answer, &begins_us)) {
        take(1, ANSWER_UNSEEN);
        unseen++;
    }
    assert_int_equal(unseen, ANSWER_MEASURED_EVERY - 1); /* then one is watched */
    take(1, 4020);
    assert_true(answer_time_foresees(&answer, &begins_us));
}

static void test_an_unsteady_one_is_watched(void **state)
{
    (void)state;
    uint32_t begins_us;
    for (unsigned i = 0; i < 1000; i++) {
        take(1, 4000 + draw(2000));
        assert_false(answer_time_foresees(&answer, &begins_us) && answer.deviation_us > ANSWER_STEADY_US);
    }
    assert_false(answer_time_foresees(&answer, &begins_us));
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
        cmocka_unit_test_setup(test_an_unsteady_one_is_watched, set_up),
        cmocka_unit_test_setup(test_extremes, set_up),
    };
    return cmocka_run_group_tests_name("answer time", tests, NULL, NULL);
}
