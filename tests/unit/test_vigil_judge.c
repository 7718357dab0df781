/* Which signs of life are missed when, and what is told at the box itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/vigil_bench.h"

static struct vigil_finding judge(int64_t at_us)
{
    return vigil_judge(&parts, &config, main_us, START_US, at_us);
}

static void test_who_is_stuck(void **state)
{
    (void)state;
    static const struct {
        atomic_llong *alive_us;
        enum vigil_part part;
    } signs[] = {{&board.engine_alive_us, VIGIL_ENGINE},
                 {&board.store_alive_us, VIGIL_STORE},
                 {&board.deliver_alive_us, VIGIL_UPLINK}};
    assert_int_equal(judge(START_US + SECOND_US).stuck, 0); /* what has not begun is not missed */
    for (unsigned i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const int64_t now_us = START_US + 100 * SECOND_US;
        all_alive(now_us);
        atomic_store(signs[i].alive_us, now_us - VIGIL_STUCK_US + 1);
        assert_int_equal(judge(now_us).stuck, 0);
        atomic_store(signs[i].alive_us, now_us - VIGIL_STUCK_US);
        const struct vigil_finding found = judge(now_us);
        assert_int_equal(found.stuck, BIT(signs[i].part));
        assert_int_equal(found.excused, 0);
        assert_int_equal(found.reasons, BIT(LOCAL_gateway_stuck));
    }
    all_alive(START_US);
    main_us = START_US + SECOND_US;
    atomic_store(&board.engine_alive_us, START_US + 11 * SECOND_US);
    atomic_store(&board.store_alive_us, START_US + 11 * SECOND_US);
    atomic_store(&board.deliver_alive_us, START_US + 11 * SECOND_US);
    assert_int_equal(judge(START_US + 11 * SECOND_US).stuck, BIT(VIGIL_MAIN)); /* a runner is no part of it */
}

/* A disk that hangs resets nothing: whoever reads the store may wait for it. The engine and the store's own thread do not. */
static void test_a_disk_that_hangs(void **state)
{
    (void)state;
    const int64_t now_us = START_US + 100 * SECOND_US;
    all_alive(START_US);
    atomic_store(&board.engine_alive_us, now_us);
    atomic_store(&board.store_alive_us, now_us);
    atomic_store(&store_state.failing_since_us, now_us - COMMIT_DIRECT_US);
    struct vigil_finding found = judge(now_us);
    assert_int_equal(found.stuck, BIT(VIGIL_MAIN) | BIT(VIGIL_UPLINK));
    assert_int_equal(found.excused, found.stuck);
    assert_true((found.reasons & BIT(LOCAL_store_failing)) != 0);
    atomic_store(&board.engine_alive_us, START_US);
    atomic_store(&board.store_alive_us, START_US);
    found = judge(now_us);
    assert_int_equal(found.stuck & ~found.excused, BIT(VIGIL_ENGINE) | BIT(VIGIL_STORE));
    atomic_store(&store_state.failing_since_us, now_us - COMMIT_DIRECT_US + 1); /* not yet */
    assert_int_equal(judge(now_us).excused, 0);
}

static void test_a_reload(void **state)
{
    (void)state;
    parts = (struct vigil_parts){.board = NULL, .alone_us = VIGIL_RELOAD_US};
    assert_int_equal(judge(START_US + VIGIL_RELOAD_US - 1).stuck, 0);
    assert_int_equal(judge(START_US + VIGIL_RELOAD_US).stuck, BIT(VIGIL_MAIN));
    assert_int_equal(judge(START_US + VIGIL_RELOAD_US).reasons, BIT(LOCAL_gateway_stuck));
}

static unsigned reasons_at(int64_t at_us)
{
    all_alive(at_us);
    return judge(at_us).reasons;
}

static void test_no_broker(void **state)
{
    (void)state;
    assert_int_equal(reasons_at(START_US + 100 * SECOND_US), 0);
    atomic_store(&board.uplink_connected, false);
    atomic_store(&board.uplink_changed_us, START_US + 100 * SECOND_US);
    assert_int_equal(reasons_at(START_US + 130 * SECOND_US - 1), 0);
    assert_int_equal(reasons_at(START_US + 130 * SECOND_US), BIT(LOCAL_uplink_lost));
    atomic_store(&board.uplink_connected, true);
    assert_int_equal(reasons_at(START_US + 131 * SECOND_US), 0);
}

/* Never connected since the start: the first seconds are nobody's fault. */
static void test_no_broker_from_the_start(void **state)
{
    (void)state;
    atomic_store(&board.uplink_connected, false);
    atomic_store(&board.uplink_changed_us, 0);
    atomic_store(&board.high_seq, 7);
    assert_int_equal(reasons_at(START_US + VIGIL_FRESH_US - 1), 0);
    assert_int_equal(reasons_at(START_US + VIGIL_FRESH_US), BIT(LOCAL_high_undelivered));
    assert_int_equal(reasons_at(START_US + 30 * SECOND_US), BIT(LOCAL_uplink_lost) | BIT(LOCAL_high_undelivered));
}

static void test_a_high_alert_that_waits(void **state)
{
    (void)state;
    atomic_store(&board.uplink_connected, false);
    atomic_store(&board.uplink_changed_us, START_US + 100 * SECOND_US);
    atomic_store(&board.high_seq, 41);
    atomic_store(&board.passed_seq, 40);
    assert_int_equal(reasons_at(START_US + 100 * SECOND_US), BIT(LOCAL_high_undelivered)); /* at once */
    atomic_store(&board.passed_seq, 41);
    assert_int_equal(reasons_at(START_US + 101 * SECOND_US), 0);
    atomic_store(&board.passed_seq, 40);
    atomic_store(&store_state.direct_acknowledged_seq, 41); /* it went around a sick store */
    assert_int_equal(reasons_at(START_US + 102 * SECOND_US), 0);
    atomic_store(&store_state.direct_acknowledged_seq, 0);
    atomic_store(&board.passed_seq, 41);
    atomic_store(&board.high_row, 9); /* it waited at the start */
    assert_int_equal(reasons_at(START_US + 102 * SECOND_US), BIT(LOCAL_high_undelivered));
    atomic_store(&board.passed_row, 9);
    assert_int_equal(reasons_at(START_US + 102 * SECOND_US), 0);
    atomic_store(&board.passed_seq, 40);
    atomic_store(&board.uplink_connected, true); /* it is on its way */
    assert_int_equal(reasons_at(START_US + 103 * SECOND_US), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_who_is_stuck, set_up),
        cmocka_unit_test_setup(test_a_disk_that_hangs, set_up),
        cmocka_unit_test_setup(test_a_reload, set_up),
        cmocka_unit_test_setup(test_no_broker, set_up),
        cmocka_unit_test_setup(test_no_broker_from_the_start, set_up),
        cmocka_unit_test_setup(test_a_high_alert_that_waits, set_up),
    };
    return cmocka_run_group_tests_name("vigil_judge", tests, NULL, NULL);
}
